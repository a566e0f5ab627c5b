import Fastify, { type InjectOptions } from 'fastify'
import t from 'tap'
import type { RoleName } from '../../schemas/permissions.ts'
import * as errorSchemas from '../../schemas/error.ts'
import * as organisationSchemas from '../../schemas/organisations.ts'
import { loadConfiguration } from '../../lib/config/load.ts'
import type { Actor } from '../../lib/domain/authorization.ts'
import { httpClient } from '../../lib/http/client.ts'
import { memberships } from '../../lib/identity/memberships.ts'
import authorization from '../../lib/plugins/authorization.ts'
import errors, { schemaError } from '../../lib/plugins/errors.ts'
import requestContext from '../../lib/plugins/request-context.ts'
import { schemaController } from '../../lib/plugins/validation.ts'
import { organisationRoutes } from '../../lib/routes/organisations/index.ts'
import { ORGANISATION_MEMBERS } from '../../lib/storage/collections.ts'
import { crudCollection } from '../../lib/storage/crud-client.ts'
import { memberStore } from '../../lib/storage/member-store.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { NOON, type Teardown } from '../support/service.ts'

/** Who calls: somebody whose roles this service keeps, or whom a token tells of. */
type Caller = string | Actor

const CLINIC: Actor = { kind: 'clinic', organisation: 'ward' }
const GATEWAY: Actor = { kind: 'gateway' }
const told = (id: string, organisations: Record<string, RoleName[]>): Actor =>
  ({ kind: 'person', id, organisations: new Map(Object.entries(organisations).map(([name, roles]) => [name, new Set(roles)])) })

/** The routes behind the real guard, over a storage that can fail; the clock stands, so that nothing that is remembered grows old. */
async function start (t: Teardown, { isKept = true, timeoutMs = 30_000 } = {}) {
  const crud = await flakyCrud(t, [ORGANISATION_MEMBERS])
  const http = httpClient({ baseUrl: crud.url, timeoutMs })
  const collection = crudCollection(http, ORGANISATION_MEMBERS.endpointBasePath)
  const replica = () => {
    const members = memberStore(collection)
    return { members, known: memberships({ store: members, clock: () => NOON }) }
  }
  const { members, known } = replica()
  const configuration = loadConfiguration({})
  const app = Fastify({ logger: false, routerOptions: { maxParamLength: 512 }, schemaController: schemaController(), schemaErrorFormatter: (faults, where) => schemaError(faults as Parameters<typeof schemaError>[0], where) })
  t.teardown(async () => { await app.close(); await http.close() })
  await app.register(errors)
  await app.register(requestContext, { headers: configuration.headers, timeoutMs: 3600_000, clock: () => NOON })
  let caller: Caller | undefined
  await app.register(authorization, {
    isGateway: false,
    actorOf: async (request) => ({
      actor: typeof caller === 'string' ? { kind: 'person', id: caller, organisations: await known.of(caller, request.operationContext()) } : caller
    }),
    read: async () => undefined,
    rules: { privilegeOf: () => 'basic', defaultOrganisation: 'ward', tools: () => new Set(), defaults: new Map() },
    seats: { read: () => undefined, proofOf: (nonce) => nonce },
    linkGraceMs: 0,
    clock: () => NOON,
    knowsCallers: true
  })
  for (const schema of [errorSchemas.ErrorBody, ...Object.values(organisationSchemas)]) if (typeof schema === 'object' && '$id' in schema) app.addSchema(schema)
  await app.register(organisationRoutes, { members: isKept ? members : undefined })

  const send = async (by: Caller | undefined, method: NonNullable<InjectOptions['method']>, url: string, payload?: object) => {
    caller = by
    const answer = await app.inject({ method, url, ...(payload === undefined ? {} : { payload }) })
    const body = answer.body === '' ? undefined : answer.json<Record<string, unknown>>()
    return { status: answer.statusCode, code: answer.statusCode < 400 ? undefined : body?.['code'], body, headers: answer.headers }
  }
  const invite = async (by: Caller, userId: string, more: object = {}, organisation = 'ward') => await send(by, 'POST', `/organisations/${organisation}/members`, { userId, ...more })
  const accept = async (by: Caller, userId: string, organisation = 'ward') => await send(by, 'PATCH', `/organisations/${organisation}/members/${userId}`, { state: 'ACCEPTED' })
  const join = async (userId: string, more: object = {}, organisation = 'ward') => {
    const answers = [await invite(GATEWAY, userId, more, organisation), await accept(userId, userId, organisation)]
    if (answers[1]?.status !== 200) throw new Error(`not joined: ${JSON.stringify(answers)}`)
  }
  return {
    crud,
    send,
    invite,
    accept,
    join,
    /** Another replica on the same storage. */
    replica,
    setRoles: async (by: Caller, userId: string, roles: string[], organisation = 'ward') => await send(by, 'PATCH', `/organisations/${organisation}/members/${userId}`, { roles }),
    remove: async (by: Caller, userId: string, organisation = 'ward') => await send(by, 'DELETE', `/organisations/${organisation}/members/${userId}`),
    list: async (by: Caller, query = '', organisation = 'ward') => await send(by, 'GET', `/organisations/${organisation}/members${query}`),
    /** All that is kept, to see that nothing was changed. */
    kept: async () => await collection.list({ limit: 200, sort: 'userId' }, {})
  }
}

const ADMIN = { roles: ['ADMIN'] }
const refusal = (status: number, code: string) => ({ status, code })

t.test('the clinic invites the first ADMIN, who accepts, and invites in turn', async (t) => {
  const { send, invite, accept } = await start(t)
  t.match(await invite(CLINIC, 'ada', { ...ADMIN, fullName: 'Ada' }), { status: 201, body: { userId: 'ada', state: 'INVITED', roles: ['STANDARD', 'ADMIN'], fullName: 'Ada' } })
  t.same((await send('ada', 'GET', '/organisations')).body, { organisations: [], invitations: [{ organisationId: 'ward', roles: ['STANDARD', 'ADMIN'] }] })
  t.match(await send('ada', 'GET', '/organisations/ward'), refusal(404, 'ORGANISATION_NOT_FOUND'), 'an invitation alone opens nothing')
  t.match(await accept('ada', 'ada'), { status: 200, body: { state: 'ACCEPTED', roles: ['STANDARD', 'ADMIN'] } })
  t.match(await accept('ada', 'ada'), { status: 200, body: { state: 'ACCEPTED' } }, 'repeating it is harmless')
  t.same((await send('ada', 'GET', '/organisations')).body, { organisations: [{ organisationId: 'ward', roles: ['SELF', 'STANDARD', 'ADMIN'] }], invitations: [] })
  t.match(await invite('ada', 'bruno'), { status: 201, body: { roles: ['STANDARD'], invitedBy: 'ada' } })
  t.match(await accept('bruno', 'bruno'), { status: 200 })
  t.match(await send('bruno', 'GET', '/organisations/ward'), { status: 200, body: { organisationId: 'ward', roles: ['SELF', 'STANDARD'] }, headers: { 'cache-control': 'no-store' } })
})

t.test('a STANDARD member sees who is there, and profiles no more than his own', async (t) => {
  const { join, invite, list } = await start(t)
  await join('ada', { ...ADMIN, fullName: 'Ada' })
  await join('bruno', { fullName: 'Bruno' })
  await invite('ada', 'carla', { fullName: 'Carla' })
  t.same((await list('bruno')).body, {
    members: [{ userId: 'ada', state: 'ACCEPTED', roles: ['STANDARD', 'ADMIN'] }, { userId: 'bruno', state: 'ACCEPTED', roles: ['STANDARD'], fullName: 'Bruno' }],
    next: null
  })
  for (const caller of ['ada', CLINIC, GATEWAY]) {
    t.match((await list(caller)).body, { members: [{ userId: 'ada', fullName: 'Ada' }, { fullName: 'Bruno' }, { userId: 'carla', state: 'INVITED', fullName: 'Carla', invitedBy: 'ada' }] })
  }
  t.match(await list(told('dino', { ward: ['SELF'] })), refusal(403, 'NOT_PERMITTED'), 'who is nothing but himself there')
})

t.test('the list goes on page by page', async (t) => {
  const { invite, list } = await start(t)
  for (const userId of ['e', 'd', 'ü', 'b', 'a']) await invite(CLINIC, userId)
  const seen: string[] = []
  let query: string | undefined = '?limit=2'
  for (let pages = 0; query !== undefined && pages < 9; pages++) {
    const { members, next } = (await list(CLINIC, query)).body as { members: Array<{ userId: string }>, next: string | null }
    seen.push(...members.map(({ userId }) => userId))
    query = next === null ? undefined : `?limit=2&cursor=${next}`
  }
  t.same(seen, ['a', 'b', 'd', 'e', 'ü'])
  t.match(await list(CLINIC, '?cursor=%2F%2F'), refusal(400, 'INVALID_CURSOR'))
  for (const wrong of ['?limit=0', '?limit=101', '?limit=x', '?cursor=']) t.match(await list(CLINIC, wrong), refusal(400, 'FST_ERR_VALIDATION'), wrong)
})

t.test('a foreign organisation answers as one that is not there, whatever is asked', async (t) => {
  const { join, invite, send, kept } = await start(t)
  await join('ada', ADMIN)
  await join('zoe', ADMIN, 'theirs')
  await invite(GATEWAY, 'yuri', {}, 'theirs')
  const before = await kept()
  const foreigners: Caller[] = ['ada', CLINIC, { kind: 'link', room: 'r', id: 'zoe' }, told('ada', {})]
  for (const caller of foreigners) {
    for (const [method, path, payload] of [
      ['GET', ''], ['GET', '/members'], ['POST', '/members', { userId: 'ada', ...ADMIN }],
      ...['zoe', 'yuri', 'nobody', 'ada'].flatMap((userId) => [
        ['PATCH', `/members/${userId}`, { roles: ['STANDARD'] }], ['PATCH', `/members/${userId}`, { state: 'ACCEPTED' }], ['DELETE', `/members/${userId}`]
      ] as const)
    ] as const) {
      const theirs = await send(caller, method, `/organisations/theirs${path}`, payload)
      const none = await send(caller, method, `/organisations/nowhere${path}`, payload)
      t.match(theirs, refusal(404, 'ORGANISATION_NOT_FOUND'), `${method} ${path}`)
      t.same(theirs.body, none.body)
    }
  }
  t.same(await kept(), before)
})

t.test('whoever calls without a name is asked for it, and a personal link opens no list of its own', async (t) => {
  const { send } = await start(t)
  for (const [method, path] of [['GET', ''], ['GET', '/ward'], ['GET', '/ward/members'], ['POST', '/ward/members'], ['PATCH', '/ward/members/ada'], ['DELETE', '/ward/members/ada']] as const) {
    t.match(await send(undefined, method, `/organisations${path}`), refusal(401, 'AUTHENTICATION_REQUIRED'), `${method} ${path}`)
  }
  t.match(await send({ kind: 'link', room: 'r', id: 'ada' }, 'GET', '/organisations'), refusal(403, 'NOT_PERMITTED'))
})

t.test('nobody grants himself anything, and nobody accepts for another', async (t) => {
  const { join, invite, accept, setRoles, remove, kept } = await start(t)
  await join('ada', ADMIN)
  await join('bruno')
  await join('dino', ADMIN)
  await invite('ada', 'carla', ADMIN)
  const before = await kept()
  const token = told('erik', { ward: ['SELF', 'STANDARD', 'ADMIN'] })
  const attempts: Array<[Promise<object>, number, string]> = []
  const attempt = async (answer: Promise<object>, status: number, code: string) => { attempts.push([answer, status, code]); await answer }
  await attempt(setRoles('bruno', 'bruno', ['STANDARD', 'ADMIN']), 403, 'NOT_PERMITTED')
  await attempt(setRoles('bruno', 'ada', ['STANDARD']), 403, 'NOT_PERMITTED')
  await attempt(setRoles('ada', 'ada', ['STANDARD']), 403, 'NOT_PERMITTED')
  await attempt(invite('bruno', 'friend', ADMIN), 403, 'NOT_PERMITTED')
  await attempt(invite(token, 'erik', ADMIN), 403, 'NOT_PERMITTED')
  await attempt(invite({ kind: 'gateway', id: 'erik' }, 'erik', ADMIN), 403, 'NOT_PERMITTED')
  await attempt(remove('bruno', 'ada'), 403, 'NOT_PERMITTED')
  await attempt(accept('ada', 'carla'), 403, 'NOT_PERMITTED')
  await attempt(accept({ ...CLINIC, id: 'carla' }, 'carla'), 403, 'NOT_PERMITTED')
  await attempt(accept({ kind: 'gateway', id: 'ada' }, 'carla'), 403, 'NOT_PERMITTED')
  await attempt(setRoles('carla', 'carla', ['STANDARD', 'ADMIN']), 404, 'ORGANISATION_NOT_FOUND')
  await attempt(setRoles('ada', 'nobody', ['STANDARD']), 404, 'MEMBER_NOT_FOUND')
  await attempt(remove('ada', 'nobody'), 404, 'MEMBER_NOT_FOUND')
  await attempt(accept(token, 'erik'), 404, 'MEMBER_NOT_FOUND')
  await attempt(invite('ada', 'bruno', ADMIN), 409, 'MEMBER_EXISTS')
  await attempt(invite('ada', 'carla'), 409, 'MEMBER_EXISTS')
  await attempt(setRoles('ada', 'bruno', []), 409, 'STANDARD_STAYS')
  await attempt(setRoles('ada', 'bruno', ['ADMIN']), 409, 'STANDARD_STAYS')
  for (const [answer, status, code] of attempts) t.match(await answer, refusal(status, code))
  t.same(await kept(), before)
  t.match(await accept({ kind: 'gateway', id: 'carla' }, 'carla'), { status: 200 }, 'whom the gateway names accepts')
})

t.test('the last ADMIN neither leaves nor is removed nor made less, by whomever', async (t) => {
  const { join, invite, setRoles, remove, kept } = await start(t)
  await join('ada', ADMIN)
  await join('bruno')
  await invite('ada', 'carla', ADMIN)
  const before = await kept()
  t.match(await remove('ada', 'ada'), refusal(409, 'LAST_ADMIN'))
  t.match(await remove(CLINIC, 'ada'), refusal(409, 'LAST_ADMIN'))
  t.match(await setRoles(GATEWAY, 'ada', ['STANDARD']), refusal(409, 'LAST_ADMIN'))
  t.same(await kept(), before)
  t.match(await setRoles('ada', 'bruno', ['STANDARD', 'ADMIN']), { status: 200, body: { roles: ['STANDARD', 'ADMIN'] } })
  t.match(await remove('ada', 'ada'), { status: 204 })
  t.match(await remove('bruno', 'bruno'), refusal(409, 'LAST_ADMIN'))
})

t.test('of two ADMINs that leave at once by two replicas, one stays', async (t) => {
  const { replica, join, kept } = await start(t)
  const context = { headers: {} }
  for (let round = 0; round < 10; round++) {
    const organisation = `ward-${round}`
    for (const userId of ['ada', 'bruno']) await join(userId, ADMIN, organisation)
    const outcomes = await Promise.all(['ada', 'bruno'].map(async (userId) => {
      const { members } = replica()
      const current = await members.get(organisation, userId, context)
      return current === undefined ? 'gone' : await members.replaceIfUnchanged(current, { state: 'REMOVED', roles: new Set() }, context)
    }))
    const left = (await kept()).filter((one) => one['organisation'] === organisation && one['state'] === 'ACCEPTED')
    t.ok(left.length >= 1)
    t.equal(outcomes.filter((outcome) => typeof outcome === 'object').length, 2 - left.length)
  }
})

t.test('members leave, the invited decline, the removed are strangers, and all may be invited again', async (t) => {
  const { join, invite, accept, remove, send, list } = await start(t)
  await join('ada', ADMIN)
  await join('bruno')
  await invite('ada', 'carla')
  t.match(await remove('bruno', 'bruno'), { status: 204 })
  t.match(await remove('carla', 'carla'), { status: 204 })
  for (const userId of ['bruno', 'carla']) {
    t.match(await accept(userId, userId), refusal(404, 'ORGANISATION_NOT_FOUND'))
    t.match(await remove(userId, userId), refusal(404, 'ORGANISATION_NOT_FOUND'))
    t.match(await send(userId, 'GET', '/organisations/ward'), refusal(404, 'ORGANISATION_NOT_FOUND'))
    t.match(await remove('ada', userId), refusal(404, 'MEMBER_NOT_FOUND'))
  }
  t.same((await list('ada')).body?.['members'], [{ userId: 'ada', state: 'ACCEPTED', roles: ['STANDARD', 'ADMIN'] }])
  t.match(await invite('ada', 'bruno'), { status: 201 })
  t.match(await accept('bruno', 'bruno'), { status: 200, body: { roles: ['STANDARD'] } })
  t.match(await remove('ada', 'bruno'), { status: 204 })
})

t.test('rights that another replica took count no more for writes, though they are remembered here', async (t) => {
  const { join, invite, setRoles, remove, replica, kept } = await start(t)
  await join('ada', ADMIN)
  await join('bruno', ADMIN)
  await join('carla', ADMIN)
  const there = replica().members
  for (const [userId, roles, state] of [['bruno', ['STANDARD'], 'ACCEPTED'], ['carla', [], 'REMOVED']] as const) {
    t.match(await invite(userId, `friend-of-${userId}`), { status: 201 }, 'remembered as ADMIN now')
    const current = await there.get('ward', userId, { headers: {} })
    if (current === undefined) throw new Error('he is there')
    t.type(await there.replaceIfUnchanged(current, { state, roles: new Set(roles) }, { headers: {} }), 'object')
  }
  const before = await kept()
  t.match(await invite('bruno', 'dino', ADMIN), refusal(403, 'NOT_PERMITTED'))
  t.match(await setRoles('bruno', 'friend-of-bruno', ['STANDARD', 'ADMIN']), refusal(403, 'NOT_PERMITTED'))
  t.match(await remove('carla', 'ada'), refusal(404, 'ORGANISATION_NOT_FOUND'))
  t.same(await kept(), before)
})

t.test('an ADMIN by his token is one, as long as nothing else is kept of him', async (t) => {
  const { join, invite, list } = await start(t)
  const all: RoleName[] = ['SELF', 'STANDARD', 'ADMIN']
  t.match(await invite(told('zoe', { ward: all }), 'ada'), { status: 201, body: { invitedBy: 'zoe' } })
  await join('bruno')
  t.match(await invite(told('bruno', { ward: all }), 'carla'), refusal(403, 'NOT_PERMITTED'))
  t.match(await list(told('ada', { ward: ['SELF', 'STANDARD'] })), { status: 200 })
})

t.test('what breaks the schema is refused and changes nothing', async (t) => {
  const { send, kept } = await start(t)
  const members = '/organisations/ward/members'
  for (const [method, url, payload] of [
    ['POST', members, {}],
    ['POST', members, { userId: '' }],
    ['POST', members, { userId: 'a\u0000b' }],
    ['POST', members, { userId: 'x'.repeat(257) }],
    ['POST', members, { userId: { $gt: '' } }],
    ['POST', members, { userId: '..' }],
    ['POST', members, { userId: 'ada', roles: ['SELF'] }],
    ['POST', members, { userId: 'ada', roles: ['OWNER'] }],
    ['POST', members, { userId: 'ada', roles: ['ADMIN', 'ADMIN'] }],
    ['POST', members, { userId: 'ada', state: 'ACCEPTED' }],
    ['POST', members, { userId: 'ada', fullName: '' }],
    ['PATCH', `${members}/ada`, {}],
    ['PATCH', `${members}/ada`, { state: 'INVITED' }],
    ['PATCH', `${members}/ada`, { state: 'ACCEPTED', roles: ['STANDARD', 'ADMIN'] }],
    ['PATCH', `${members}/ada`, { userId: 'bruno' }],
    ['DELETE', `${members}/%00`, undefined],
    ['GET', `/organisations/${'x'.repeat(257)}`, undefined],
    ['GET', '/organisations/%0a/members', undefined]
  ] as const) t.match(await send(CLINIC, method, url, payload), refusal(400, 'FST_ERR_VALIDATION'), `${method} ${JSON.stringify(payload)}`)
  t.same(await kept(), [])
})

t.test('ids mean nothing but themselves', async (t) => {
  const { send, invite, list, remove } = await start(t)
  const odd = ['__proto__', 'constructor', '$ne', '{"$gt":""}', 'a/b', '...', 'x y', 'ü'.repeat(256)]
  for (const userId of odd) t.match(await invite(CLINIC, userId), { status: 201, body: { userId } })
  t.same(((await list(CLINIC)).body?.['members'] as Array<{ userId: string }>).map(({ userId }) => userId).sort(), [...odd].sort())
  for (const userId of odd) t.match(await remove(CLINIC, encodeURIComponent(userId)), { status: 204 }, userId)
  t.match(await send(told('ada', {}), 'GET', '/organisations/__proto__'), refusal(404, 'ORGANISATION_NOT_FOUND'))
})

t.test('a storage that fails is told as such by every route that needs it', async (t) => {
  const caller = told('ada', { ward: ['SELF', 'STANDARD', 'ADMIN'] })
  for (const [mode, timeoutMs, status, code] of [['nonsense', 30_000, 502, 'STORAGE_BAD_ANSWER'], ['fail', 30_000, 503, 'STORAGE_UNAVAILABLE'], ['hang', 100, 504, 'STORAGE_TIMEOUT']] as const) {
    const { crud, send } = await start(t, { timeoutMs })
    crud.state.mode = mode
    for (const [method, path, payload] of [
      ['GET', ''], ['GET', '/ward/members'], ['POST', '/ward/members', { userId: 'bruno' }], ['PATCH', '/ward/members/bruno', { roles: ['STANDARD'] }], ['DELETE', '/ward/members/bruno']
    ] as const) t.match(await send(caller, method, `/organisations${path}`, payload), refusal(status, code), `${mode} ${method} ${path}`)
  }
})

t.test('a membership that others keep changing is left to them', async (t) => {
  const { crud, join, setRoles } = await start(t)
  await join('ada', ADMIN)
  await join('bruno')
  crud.state.mode = 'conflict'
  t.match(await setRoles(CLINIC, 'bruno', ['STANDARD', 'ADMIN']), refusal(409, 'MEMBER_CHANGED'))
})

t.test('where no members are kept every route says so', async (t) => {
  const { send } = await start(t, { isKept: false })
  for (const [method, path, payload] of [
    ['GET', ''], ['GET', '/ward'], ['GET', '/ward/members'], ['POST', '/ward/members', { userId: 'bruno' }], ['PATCH', '/ward/members/bruno', { roles: ['STANDARD'] }], ['DELETE', '/ward/members/bruno']
  ] as const) t.match(await send(CLINIC, method, `/organisations${path}`, payload), refusal(501, 'MEMBERS_NOT_KEPT'), `${method} ${path}`)
})
