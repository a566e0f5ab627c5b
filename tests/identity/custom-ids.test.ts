import t from 'tap'
import { httpClient, type HttpClient } from '../../lib/http/client.ts'
import { peopleOfAuthService } from '../../lib/identity/auth-service-people.ts'
import { authServiceDirectory } from '../../lib/identity/auth-service.ts'
import { customIds } from '../../lib/identity/custom-ids.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { fakeAuthService, fakeUserRecords, nobodyListens } from '../support/fake-auth-service.ts'
import { NOON } from '../support/service.ts'

const RECORDS = [
  { _id: 'c1', authUserId: 'auth0|d1', profile: { number: 17, auth: 'auth0|d1' } },
  { _id: 'c2', authUserId: 'auth0|p1', profile: { number: 18, auth: 'auth0|p1' } },
  { _id: 'c3' }
]

const byDefault = (http: HttpClient) => customIds({ http, path: '/users/', source: '_id', target: 'authUserId' })

t.test('many custom ids become ids of the auth service in one request', async (t) => {
  const { http, seen } = await fakeUserRecords(t, RECORDS)
  const ids = await byDefault(http).toAuthIds(['c2', 'c1', 'c3', 'nobody'], { miauserid: 'u1' })
  t.same([...ids].sort(), [['c1', 'auth0|d1'], ['c2', 'auth0|p1']])
  t.equal(seen.length, 1)
  t.equal(seen[0]?.path, '/users/')
  t.same(seen[0]?.query, { _q: '{"_id":{"$in":["c2","c1","c3","nobody"]}}', _p: '_id,authUserId', _l: '200' })
  t.equal(seen[0]?.headers['miauserid'], 'u1')
})

t.test('fields may lie inside of objects and hold numbers', async (t) => {
  const { http, seen } = await fakeUserRecords(t, RECORDS)
  const ids = await customIds({ http, path: '/users/', source: 'profile.number', target: 'profile.auth' }).toAuthIds(['17'], {})
  t.same([...ids], [['17', 'auth0|d1']])
  t.equal(seen[0]?.query['_p'], 'profile')
})

t.test('a field name that cannot exist is refused at once', async (t) => {
  const http = await nobodyListens(t)
  for (const field of ['', '$where', 'a b', 'a,b', '1a', 'a..b', 'a.', 'a"']) {
    t.throws(() => customIds({ http, path: '/users/', source: field, target: 'authUserId' }), TypeError)
    t.throws(() => customIds({ http, path: '/users/', source: '_id', target: field }), TypeError)
  }
})

t.test('one custom id of two users is nobody’s', async (t) => {
  const { http, state } = await fakeUserRecords(t, [])
  state.instead = { status: 200, text: '[{"_id":"c1","authUserId":"a"},{"_id":"c1","authUserId":"a"}]' }
  t.same([...await byDefault(http).toAuthIds(['c1'], {})], [['c1', 'a']])
  state.instead = { status: 200, text: '[{"_id":"c1","authUserId":"a"},{"_id":"c1","authUserId":"b"}]' }
  await t.rejects(byDefault(http).toAuthIds(['c1'], {}), { statusCode: 502, code: 'AUTH_SERVICE_BAD_ANSWER' })
})

t.test('trouble of the user records is told as the auth service’s', async (t) => {
  const { http, state } = await fakeUserRecords(t, RECORDS)
  const cases = [
    [{ status: 500, text: 'secret' }, 503, 'AUTH_SERVICE_UNAVAILABLE'],
    [{ status: 403, text: 'secret' }, 403, 'AUTH_SERVICE_REFUSED'],
    [{ status: 404, text: 'secret' }, 502, 'AUTH_SERVICE_BAD_ANSWER'],
    [{ status: 200, text: '[\n{"_id":"c1"' }, 502, 'AUTH_SERVICE_BAD_ANSWER'],
    ['hang', 504, 'AUTH_SERVICE_TIMEOUT']
  ] as const
  for (const [instead, statusCode, code] of cases) {
    state.instead = instead
    await t.rejects(byDefault(http).toAuthIds(['c1'], {}), { statusCode, code })
  }
  await t.rejects(byDefault(await nobodyListens(t)).toAuthIds(['c1'], {}), { statusCode: 503, code: 'AUTH_SERVICE_UNAVAILABLE' })
})

t.test('a CRUD Service maps ids, a malformed one among them', async (t) => {
  const crud = await startEmbeddedCrud({
    file: ':memory:',
    collections: [{
      name: 'users',
      endpointBasePath: '/users',
      defaultState: 'PUBLIC',
      fields: [{ name: 'authUserId', type: 'string', required: true, nullable: false }],
      indexes: []
    }],
    userIdHeaderKey: 'miauserid',
    clock: () => NOON
  })
  t.teardown(() => crud.close())
  const http = httpClient({ baseUrl: crud.origin, timeoutMs: 2000 })
  t.teardown(() => http.close())
  const create = async (authUserId: string) =>
    (JSON.parse((await http.request({ method: 'POST', path: '/users/', body: { authUserId } })).text) as { _id: string })._id
  const [first, second] = [await create('auth0|1'), await create('auth0|2')]
  t.same(await byDefault(http).toAuthIds([second, first], {}), new Map([[first, 'auth0|1'], [second, 'auth0|2']]))
  t.same(await byDefault(http).toAuthIds([first, 'no object id'], {}), new Map([[first, 'auth0|1']]))
  t.same(await customIds({ http, path: '/users/', source: 'authUserId', target: '_id' }).toAuthIds(['auth0|2'], {}), new Map([['auth0|2', second]]))
})

t.test('participants keep their custom ids, and two requests find them all', async (t) => {
  const records = await fakeUserRecords(t, RECORDS)
  const auth = await fakeAuthService(t, [
    { user_id: 'auth0|d1', name: 'Ada Verdi', app_metadata: { groups: ['doctor'] } },
    { user_id: 'auth0|p1', name: 'Mario Rossi', app_metadata: { groups: ['patient'] } }
  ])
  const { list, one } = peopleOfAuthService({
    directory: authServiceDirectory({ http: auth.http, defaultClientType: undefined, clientTypeHeader: 'client-type' }),
    customIds: byDefault(records.http),
    privileges: {
      plus: { groups: new Set(['doctor']), tools: new Set() },
      basic: { groups: new Set(['patient']), tools: new Set() }
    }
  })
  t.match(await list(['c2', 'c1'], {}), {
    number: 2,
    people: [
      { externalId: 'c2', privilege: 'basic', fullName: 'Mario Rossi' },
      { externalId: 'c1', privilege: 'plus', fullName: 'Ada Verdi' }
    ]
  })
  t.same([records.seen.length, auth.seen.length], [1, 1])
  t.match(await one({ userExternalId: 'c1' }, {}), { externalId: 'c1', privilege: 'plus' })

  auth.seen.length = 0
  await t.rejects(list(['c1', 'c3'], {}), { statusCode: 400, code: 'USER_NOT_FOUND', message: /^body\/participants\/1 / })
  await t.rejects(one({ userExternalId: 'auth0|d1' }, {}), { statusCode: 400, code: 'USER_NOT_FOUND', message: /^body\/userExternalId / })
  t.equal(auth.seen.length, 0, 'an id of the auth service is no custom id')
})
