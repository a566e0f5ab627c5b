import t from 'tap'
import type { Privileges } from '../../lib/config/configuration.ts'
import { peopleOfAuthService } from '../../lib/identity/auth-service-people.ts'
import { authServiceDirectory } from '../../lib/identity/auth-service.ts'
import type { HttpClient } from '../../lib/http/client.ts'
import { fakeAuthService, nobodyListens, type UserList } from '../support/fake-auth-service.ts'
import type { Teardown } from '../support/service.ts'

const DOCTOR = { user_id: 'auth0|d1', name: 'Ada Verdi', nickname: 'ada', locale: 'it', app_metadata: { groups: ['billing', 'doctor', 'doctor'] } }
const PATIENT = { user_id: 'auth0|p1', name: ' ', nickname: 'mario', locale: 'it_IT', app_metadata: { groups: ['patient'] } }
const GUEST = { user_id: 'auth0|g1', name: 'Guest', app_metadata: { groups: ['billing'] }, user_metadata: { groups: ['doctor'] }, groups: ['doctor'] }
const NAMELESS = { user_id: 'auth0|n1', app_metadata: { groups: ['patient'] } }

const PRIVILEGES: Privileges = {
  plus: { groups: new Set(['doctor']), tools: new Set() },
  basic: { groups: new Set(['patient']), tools: new Set() }
}

const directoryOf = (http: HttpClient, defaultClientType?: string) =>
  authServiceDirectory({ http, defaultClientType, clientTypeHeader: 'client-type' })

async function people (t: Teardown, users: UserList = [DOCTOR, PATIENT, GUEST, NAMELESS]) {
  const fake = await fakeAuthService(t, users)
  return { ...fake, people: peopleOfAuthService({ directory: directoryOf(fake.http), privileges: PRIVILEGES }) }
}

t.test('many ids are asked for in one search, each once', async (t) => {
  const { http, seen } = await fakeAuthService(t, [DOCTOR, PATIENT])
  const users = await directoryOf(http).find(['auth0|d1', 'auth0|p1', 'auth0|nobody', 'auth0|d1'], {})
  t.same([...users], [
    ['auth0|d1', { id: 'auth0|d1', groups: ['billing', 'doctor'], fullName: 'Ada Verdi', language: 'it' }],
    ['auth0|p1', { id: 'auth0|p1', groups: ['patient'], fullName: 'mario' }]
  ])
  t.equal(seen.length, 1)
  t.equal(seen[0]?.path, '/users')
  t.same(seen[0]?.query, { _q: '{"user_id":{"$in":["auth0|d1","auth0|p1","auth0|nobody"]}}', _l: '100' })
  t.notOk(seen[0]?.url.includes('|'), 'encoded')
})

t.test('nobody is asked about nobody', async (t) => {
  const { http, seen } = await fakeAuthService(t, [DOCTOR])
  t.equal((await directoryOf(http).find([], {})).size, 0)
  t.equal(seen.length, 0)
})

t.test('the auth service sees the given headers, and the default client type where they hold none', async (t) => {
  const { http, seen } = await fakeAuthService(t, [DOCTOR])
  const directory = directoryOf(http, 'backoffice')
  await directory.find(['auth0|d1'], { cookie: 'sid=1', 'x-request-id': 'r1' })
  await directory.find(['auth0|d1'], { 'client-type': 'mobile' })
  await directoryOf(http).find(['auth0|d1'], {})
  t.same(seen.map(({ headers }) => headers['client-type']), ['backoffice', 'mobile', undefined])
  const { host, ...rest } = seen[0]?.headers ?? {}
  t.ok(host)
  t.same(rest, { accept: 'application/json', connection: 'keep-alive', 'client-type': 'backoffice', cookie: 'sid=1', 'x-request-id': 'r1' })
})

t.test('users are understood in every shape of answer', async (t) => {
  const { http, state } = await fakeAuthService(t, [DOCTOR])
  const directory = directoryOf(http)
  state.wrapped = true
  t.equal((await directory.find(['auth0|d1'], {})).get('auth0|d1')?.fullName, 'Ada Verdi')
  const answers = [
    [{ user_id: 'u1', _id: 'other' }], [{ userId: 'u1' }], [{ sub: 'u1' }], [{ _id: 'u1' }],
    { users: [{ user_id: null, _id: 'u1', name: 7, app_metadata: null }] },
    [{ user_id: 'u1', app_metadata: { groups: 'doctor' } }, { user_id: 7 }, { user_id: 'u1', name: 'Somebody else' }]
  ]
  for (const answer of answers) {
    state.instead = { status: 200, text: JSON.stringify(answer) }
    t.same([...await directory.find(['u1'], {})], [['u1', { id: 'u1', groups: [] }]])
  }
  for (const nobody of ['null', '{"users":null}', '[]']) {
    state.instead = { status: 200, text: nobody }
    t.equal((await directory.find(['u1'], {})).size, 0)
  }
})

t.test('a name is freed of what cannot be stored', async (t) => {
  const { http, state } = await fakeAuthService(t, [])
  state.instead = { status: 200, text: JSON.stringify([{ user_id: 'u1', name: `\u0000Ada\r\nVerdi ${'😀'.repeat(300)}` }]) }
  const name = (await directoryOf(http).find(['u1'], {})).get('u1')?.fullName ?? ''
  t.ok(name.startsWith('Ada Verdi 😀'))
  t.equal([...name].length, 256)
})

t.test('a full page is followed by the next one until everybody is found', async (t) => {
  const many = Array.from({ length: 250 }, (_, index) => ({ user_id: `u${index}`, name: `User ${index}` }))
  const { http, seen, state } = await fakeAuthService(t, many)
  state.ignoresFilter = true
  const users = await directoryOf(http).find(['u7', 'u150'], {})
  t.same([...users.values()].map(({ fullName }) => fullName), ['User 7', 'User 150'])
  t.same(seen.map(({ query }) => query['_sk']), [undefined, '100'])
  seen.length = 0
  t.equal((await directoryOf(http).find(['u999'], {})).size, 0)
  t.same(seen.map(({ query }) => query['_sk']), [undefined, '100', '200'])
})

t.test('an endless list ends', async (t) => {
  const { http, seen, state } = await fakeAuthService(t, [])
  state.instead = { status: 200, text: JSON.stringify(Array.from({ length: 100 }, () => DOCTOR)) }
  t.equal((await directoryOf(http).find(['u1'], {})).size, 0)
  t.equal(seen.length, 4)
})

t.test('ids too long for one address are asked for in several', async (t) => {
  const ids = Array.from({ length: 25 }, (_, index) => `${'ü'.repeat(250)}${index}`)
  const { http, seen } = await fakeAuthService(t, ids.map((id) => ({ user_id: id })))
  t.equal((await directoryOf(http).find(ids, {})).size, 25)
  t.ok(seen.length > 1)
  t.ok(seen.every(({ url }) => url.length < 8000))
})

t.test('an id that asks for more finds nobody else', async (t) => {
  const { http, state } = await fakeAuthService(t, [DOCTOR])
  state.ignoresFilter = true
  t.equal((await directoryOf(http).find(['auth0|*', '" OR app_metadata.groups:"doctor'], {})).size, 0)
})

t.test('one malformed id does not hide the others', async (t) => {
  const { http, state } = await fakeAuthService(t, [DOCTOR, PATIENT])
  state.malformedIds = ['"']
  t.same([...(await directoryOf(http).find(['auth0|d1', '"', 'auth0|p1'], {})).keys()], ['auth0|d1', 'auth0|p1'])
})

t.test('another search can be set', async (t) => {
  const { http, seen } = await fakeAuthService(t, [DOCTOR])
  const directory = authServiceDirectory({
    http,
    defaultClientType: undefined,
    clientTypeHeader: 'client-type',
    searchPath: (ids) => `/users?${new URLSearchParams({ _q: JSON.stringify({ user_id: { $in: ids } }), connection: 'db' })}`
  })
  t.equal((await directory.find(['auth0|d1'], {})).size, 1)
  t.equal(seen[0]?.query['connection'], 'db')
})

t.test('trouble of the auth service has codes of its own, and says nothing of its words', async (t) => {
  const { http, state } = await fakeAuthService(t, [DOCTOR])
  const find = () => directoryOf(http).find(['auth0|d1'], { cookie: 'sid=secret' })
  const answer = (status: number) => ({ status, text: '{"message":"secret-of-auth0 auth0|d1"}' })
  const cases = [
    [answer(500), 503, 'AUTH_SERVICE_UNAVAILABLE'],
    [answer(502), 503, 'AUTH_SERVICE_UNAVAILABLE'],
    [answer(429), 503, 'AUTH_SERVICE_UNAVAILABLE'],
    [answer(401), 401, 'AUTH_SERVICE_REFUSED'],
    [answer(403), 403, 'AUTH_SERVICE_REFUSED'],
    [answer(404), 502, 'AUTH_SERVICE_BAD_ANSWER'],
    [answer(302), 502, 'AUTH_SERVICE_BAD_ANSWER'],
    [answer(200), 502, 'AUTH_SERVICE_BAD_ANSWER'],
    [{ status: 200, text: '[{"user_id":' }, 502, 'AUTH_SERVICE_BAD_ANSWER'],
    [{ status: 200, text: '["auth0|d1"]' }, 502, 'AUTH_SERVICE_BAD_ANSWER'],
    [{ status: 200, text: '' }, 502, 'AUTH_SERVICE_BAD_ANSWER'],
    ['cut', 502, 'AUTH_SERVICE_BAD_ANSWER'],
    ['hang', 504, 'AUTH_SERVICE_TIMEOUT']
  ] as const
  for (const [instead, statusCode, code] of cases) {
    state.instead = instead
    const error = await find().then(() => undefined, (failure: Error) => failure)
    t.match(error, { statusCode, code }, `${typeof instead === 'string' ? instead : instead.status}`)
    t.notMatch(error?.message, /secret|auth0\|/)
  }
  await t.rejects(directoryOf(await nobodyListens(t)).find(['u1'], {}), { statusCode: 503, code: 'AUTH_SERVICE_UNAVAILABLE' })
})

t.test('an array of ids is everybody there is, in its order', async (t) => {
  const { people: { list }, seen } = await people(t)
  t.same(await list(['auth0|p1', 'auth0|d1'], { cookie: 'sid=1' }), {
    number: 2,
    people: [
      { externalId: 'auth0|p1', groups: ['patient'], privilege: 'basic', fullName: 'mario', language: undefined },
      { externalId: 'auth0|d1', groups: ['billing', 'doctor'], privilege: 'plus', fullName: 'Ada Verdi', language: 'it' }
    ]
  })
  t.equal(seen.length, 1)
  t.equal(seen[0]?.headers.cookie, 'sid=1')
})

t.test('groups of a request count for nothing, its language and a missing name do', async (t) => {
  const { people: { list, one } } = await people(t)
  const claims = { groups: ['doctor'], group: 'doctor', fullName: 'By the request', language: 'de' }
  t.same(await list({ number: 5, data: [{ userExternalId: 'auth0|p1', ...claims }] }, {}), {
    number: 5,
    people: [{ externalId: 'auth0|p1', groups: ['patient'], privilege: 'basic', fullName: 'mario', language: 'de' }]
  })
  t.match(await one({ userExternalId: 'auth0|n1', ...claims }, {}), { externalId: 'auth0|n1', groups: ['patient'], privilege: 'basic', fullName: 'By the request', language: 'de' })
  await t.rejects(list({ number: 2, data: [{ userExternalId: 'auth0|g1', ...claims }] }, {}), { statusCode: 400, code: 'UNKNOWN_GROUP' })
})

t.test('a list may be empty', async (t) => {
  const { people: { list }, seen } = await people(t)
  t.same(await list({ number: 2, data: [] }, {}), { number: 2, people: [] })
  t.equal(seen.length, 0)
})

t.test('what is wrong with a participant is told by his place, not by his id', async (t) => {
  const { people: { list, one } } = await people(t)
  const data = (...ids: string[]) => ({ number: 3, data: ids.map((userExternalId) => ({ userExternalId })) })
  await t.rejects(list(['auth0|d1', 'x'], {}), { statusCode: 400, code: 'USER_NOT_FOUND', message: 'body/participants/1 is nobody whom the auth service knows' })
  await t.rejects(list(data('auth0|d1', 'x'), {}), { statusCode: 400, code: 'USER_NOT_FOUND', message: /^body\/participants\/data\/1\/userExternalId is nobody/ })
  await t.rejects(one({ userExternalId: 'x' }, {}), { statusCode: 400, code: 'USER_NOT_FOUND', message: /^body\/userExternalId is nobody/ })
  await t.rejects(list(['auth0|d1', 'auth0|n1'], {}), { statusCode: 400, code: 'USER_WITHOUT_NAME', message: /^body\/participants\/1 is/ })
  await t.rejects(list(['auth0|g1', 'auth0|d1'], {}), { statusCode: 400, code: 'UNKNOWN_GROUP', message: 'body/participants/0 is somebody in no group that a privilege lists' })
})

t.test('a list with somebody twice, or with too many, is refused before anybody is asked', async (t) => {
  const { people: { list }, seen } = await people(t)
  const data = ['a', 'b', 'a'].map((userExternalId) => ({ userExternalId }))
  await t.rejects(list(['a', 'b', 'a'], {}), { statusCode: 400, code: 'DUPLICATE_PARTICIPANT', message: /^body\/participants\/2 / })
  await t.rejects(list({ number: 3, data }, {}), { statusCode: 400, code: 'DUPLICATE_PARTICIPANT', message: /^body\/participants\/data\/2 / })
  await t.rejects(list({ number: 2, data: [...data.slice(0, 2), { userExternalId: 'c' }] }, {}), { statusCode: 400, code: 'TOO_MANY_PARTICIPANTS' })
  t.equal(seen.length, 0)
})
