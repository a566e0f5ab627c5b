import t from 'tap'
import type { InjectOptions } from 'fastify'
import { PERMISSION_NAMES } from '../../schemas/permissions.ts'
import { createUniverse, ELSEWHERE, person, type Caller, type Universe } from './universe.ts'
import { embeddedWorld } from './worlds.ts'

const world = await embeddedWorld(t)
const start = async (isDefault = false) => await createUniverse(world, { isGateway: false, isDefault, hasFreeSeat: false })

/** What a refusal says, once it is sure that it stored nothing. */
async function refusal (universe: Universe, caller: Caller, request: InjectOptions): Promise<string> {
  const before = await universe.stored()
  const answer = await universe.send(caller, request)
  const changed = await universe.stored() === before ? '' : ', and it changed something'
  return `${answer.statusCode} ${answer.json<{ code?: string }>().code ?? ''}${changed}`
}
const linkOf = async (universe: Universe, caller: Caller): Promise<Caller> => {
  const { mediaUrl } = (await universe.send(caller, { url: `/sessions/${universe.sessionId}` })).json<{ mediaUrl: string }>()
  return { ...caller, headers: { authorization: `Bearer ${new URL(mediaUrl).hash.slice(1)}` } }
}
const part = ({ sessionId }: Universe, id: string) => `/sessions/${sessionId}/participants/${id}`
const end = ({ sessionId }: Universe): InjectOptions => ({ method: 'POST', url: `/sessions/${sessionId}/end` })

t.test('nobody grants himself a permission, and who may invite gives none', async (t) => {
  const universe = await start()
  const { ids, as, sessionId } = universe
  const grants = PERMISSION_NAMES.map((name) => ({ [name]: true }))
  for (const column of ['participant', 'guest', 'link holder'] as const) {
    const caller = as(column)
    for (const permissions of grants) {
      t.equal(await refusal(universe, caller, { method: 'PATCH', url: part(universe, caller.id ?? ''), payload: { permissions } }), '403 NOT_PERMITTED', `${column}: ${JSON.stringify(permissions)}`)
    }
  }
  await universe.grantOnly(ids.participant, ['canInviteParticipants'])
  for (const permissions of grants) {
    const payload = { ...world.invitee(ids.newcomer), permissions }
    t.equal(await refusal(universe, as('participant'), { method: 'POST', url: `/sessions/${sessionId}/participants`, payload }), '403 NOT_PERMITTED')
  }
})

t.test('what headers say counts for nothing where tokens tell who is calling', async (t) => {
  const universe = await start()
  const { home, ids, as } = universe
  const raised = { 'x-organisation': home, 'x-roles': 'ADMIN' }
  t.equal(await refusal(universe, as('participant'), { ...end(universe), headers: raised }), '403 NOT_PERMITTED')
  t.equal(await refusal(universe, as('outsider'), { ...end(universe), headers: raised }), '404 TELECONSULTATION_NOT_FOUND')
  t.equal(await refusal(universe, as('anonymous'), { ...end(universe), headers: { ...raised, miauserid: ids.owner } }), '401 AUTHENTICATION_REQUIRED')
})

t.test('two identities in one request are refused, the same one twice is not', async (t) => {
  const universe = await start()
  const { ids, as, sessionId } = universe
  for (const column of ['participant', 'link holder', 'owner', 'outsider'] as const) {
    t.equal(await refusal(universe, as(column), { url: `/sessions/${sessionId}`, headers: { miauserid: ids.admin } }), '401 AMBIGUOUS_IDENTITY')
  }
  const twice = await universe.send(as('participant'), { url: `/sessions/${sessionId}`, headers: { miauserid: ids.participant } })
  t.equal(twice.statusCode, 200)
})

t.test('a bad token is refused, also where the request would be the clinic without it', async (t) => {
  const universe = await start(true)
  const { as } = universe
  const [head = '', body = '', seal = ''] = (as('admin').headers['authorization'] ?? '').slice('Bearer '.length).split('.')
  const written = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as object
  const tokens = [`${written({ alg: 'none' })}.${body}.`, `${written({ alg: 'none' })}.${body}.${seal}`, `${head}.${written({ ...claims, sub: 'somebody' })}.${seal}`, `${head}.${body}.${'A'.repeat(seal.length)}`, 'nothing']
  for (const token of tokens) {
    for (const remoteAddress of [ELSEWHERE, '127.0.0.1']) {
      t.equal(await refusal(universe, { remoteAddress, headers: { authorization: `Bearer ${token}` } }, end(universe)), '401 INVALID_TOKEN')
    }
  }
})

t.test('a personal link is a seat: neither the owner’s nor an administrator’s is more, and another session’s is nothing', async (t) => {
  const [universe, other] = [await start(), await start()]
  const { ids, as, manage, sessionId } = universe
  for (const column of ['owner', 'admin'] as const) {
    await manage({ method: 'POST', url: `/sessions/${sessionId}/participants`, payload: world.invitee(ids[column]) })
    const holder = await linkOf(universe, as(column))
    t.equal(await refusal(universe, holder, end(universe)), '403 NOT_PERMITTED')
    t.equal(await refusal(universe, holder, { method: 'PATCH', url: part(universe, ids[column]), payload: { permissions: { canEndSession: true } } }), '403 NOT_PERMITTED')
  }
  t.equal(await refusal(universe, other.as('link holder'), { url: `/sessions/${sessionId}` }), '404 TELECONSULTATION_NOT_FOUND')
})

t.test('who was removed is outside, with a link that is void for ever, and begins anew when invited again', async (t) => {
  const universe = await start()
  const { ids, as, manage, send, sessionId } = universe
  const old = as('link holder')
  await universe.grantOnly(ids.participant, ['canEndSession'])
  await manage({ method: 'DELETE', url: part(universe, ids.participant) })
  const reads: InjectOptions[] = [{ url: `/sessions/${sessionId}` }, { url: `/sessions/${sessionId}/participants` }, { url: `/teleconsultation/${sessionId}` }, end(universe)]
  for (const request of reads) {
    t.equal(await refusal(universe, as('participant'), request), '404 TELECONSULTATION_NOT_FOUND')
    t.equal(await refusal(universe, old, request), '401 INVALID_PERSONAL_LINK')
  }
  t.equal(await refusal(universe, old, { url: '/personal-link' }), '401 UNAUTHORIZED_USER')
  t.same((await send(as('participant'), { url: '/sessions' })).json(), { sessions: [], next: null })
  await manage({ method: 'POST', url: `/sessions/${sessionId}/participants`, payload: world.invitee(ids.participant) })
  t.equal((await send(as('participant'), { url: `/sessions/${sessionId}` })).statusCode, 200)
  t.equal(await refusal(universe, as('participant'), end(universe)), '403 NOT_PERMITTED')
  t.equal(await refusal(universe, old, { url: `/sessions/${sessionId}` }), '401 INVALID_PERSONAL_LINK')
  t.equal(await refusal(universe, old, { url: '/personal-link' }), '401 INVALID_PERSONAL_LINK')
  t.equal((await send(await linkOf(universe, as('participant')), { url: `/sessions/${sessionId}` })).statusCode, 200)
})

t.test('an owner who left the organisation is outside, and so is an administrator who is one elsewhere now', async (t) => {
  const universe = await start()
  const { ids, elsewhere, home, sessionId } = universe
  t.equal(await refusal(universe, person(ids.owner, { [elsewhere]: ['ADMIN'] }), { url: `/sessions/${sessionId}` }), '404 TELECONSULTATION_NOT_FOUND')
  t.equal(await refusal(universe, person(ids.admin, { [elsewhere]: ['ADMIN'], [home]: ['STANDARD'] }), end(universe)), '404 TELECONSULTATION_NOT_FOUND')
})

t.test('the clinic is in charge in its own organisation alone', async (t) => {
  const universe = await start()
  const { as, sessionId } = universe
  for (const request of [{ url: `/sessions/${sessionId}` }, end(universe), { method: 'DELETE', url: `/teleconsultation/${sessionId}` }] as const) {
    t.equal(await refusal(universe, as('clinic'), request), '404 TELECONSULTATION_NOT_FOUND')
  }
})
