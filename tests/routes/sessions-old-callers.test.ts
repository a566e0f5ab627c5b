import t from 'tap'
import type { Ruled, SessionView } from '../../schemas/session.ts'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { ADMIN, as, DOCTOR_TOKEN, OWNER, sessionCalls, TOKENS, type Headers } from '../support/session-callers.ts'
import { OFFICIAL_TELECONSULTATIONS } from '../support/collections.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { startProviderWorld } from '../support/providers-world.ts'
import { after, book, booking, NOON, open, startService, type Teardown } from '../support/service.ts'

const BEHIND_TOKENS = { ...TOKENS, AUTHORIZATION: 'sessions' }
/** An administrator of the organisation of sessions that name none. */
const DEFAULT_ADMIN = await as('head', { organisation: 'default', roles: ['ADMIN'] })

/** A teleconsultation as the original stores it: no record, no ids but the provider's. */
async function plant (origin: string, path: string, changes: object = {}): Promise<string> {
  const inserted = await fetch(`${origin}/${path}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      __STATE__: 'PUBLIC',
      bandyerRoomId: '',
      participantsNumber: 2,
      participants: [{ userBandyerId: 'usr_doc', accessLinkURL: null }, { userBandyerId: 'usr_pat', accessLinkURL: null }],
      startDate: after(NOON, 10).toISOString(),
      endDate: after(NOON, 40).toISOString(),
      ...changes
    })
  })
  return (await inserted.json() as { _id: string })._id
}

t.test('a teleconsultation of the original is listed, read, described and ended as a session of the default organisation', async (t) => {
  const world = await startProviderWorld(t)
  const sessions = sessionCalls(await world.start('livekit', BEHIND_TOKENS))
  const people = [{ userBandyerId: 'usr_doc', userExternalId: 'doctor-1', accessLinkURL: null, groups: ['doctor'] }, { bandyerId: 'usr_pat', accessLinkURL: null }]
  const id = await plant(world.crud.origin, 'teleconsultations', { participants: people })
  const listed = await sessions.list(DEFAULT_ADMIN, '?counts=true')
  t.equal(listed.status, 200)
  t.match(listed.body, { sessions: [{ id, organisation: 'default', state: 'planned', streamStatus: 'Not Started', participants: [{ userExternalId: 'doctor-1' }, { userExternalId: '' }] }], counts: { planned: 1 }, next: null })
  t.notOk('owner' in (listed.body.sessions[0] ?? {}))
  t.same((await sessions.list(ADMIN)).body.sessions, [], 'it is no other organisation’s')
  t.equal((await sessions.read(ADMIN, id)).code, 'TELECONSULTATION_NOT_FOUND')
  t.match((await sessions.list(DOCTOR_TOKEN)).body.sessions, [{ id, mediaUrl: /\/join#/ }])
  const described = await sessions.call<SessionView>(DEFAULT_ADMIN, 'PATCH', `/sessions/${id}`, { title: 'named later', types: ['Cardiology'] })
  t.equal(described.status, 200)
  t.match((await sessions.read(DOCTOR_TOKEN, id)).body, { title: 'named later', types: ['Cardiology'] })
  t.equal((await sessions.list(DEFAULT_ADMIN, '?type=Cardiology&text=later')).body.sessions.length, 1)
  const ruled = await sessions.call<Ruled>(DEFAULT_ADMIN, 'PATCH', `/sessions/${id}/participants/doctor-1`, { permissions: { canEndSession: true } })
  t.same([ruled.status, ruled.body.takesEffect], [200, 'now'])
  t.match(ruled.body.participant?.permissions, { canEndSession: true, canEditSession: false })
  t.equal((await sessions.call(DOCTOR_TOKEN, 'POST', `/sessions/${id}/end`)).status, 200)
  t.match((await sessions.list(DEFAULT_ADMIN, '?state=ended')).body.sessions, [{ id, state: 'ended' }])
  const [document] = await world.documents()
  t.same(document?.participants, people, 'they are as they were')
})

t.test('what an old caller books is a session, and what a session becomes an old caller sees', async (t) => {
  const service = await startService(t)
  const sessions = sessionCalls(service)
  const clinic = async <Body>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
    const answer = await service.inject({ method, url, ...payload === undefined ? {} : { payload } })
    return { status: answer.statusCode, body: (answer.body === '' ? {} : answer.json()) as Body }
  }
  const roomId = await book(service)
  const read = await clinic<SessionView>('GET', `/sessions/${roomId}`)
  t.equal(read.status, 200)
  t.match(read.body, { id: roomId, organisation: 'default', mediaUrl: null, state: 'planned' })
  t.equal((await sessions.read({}, roomId)).status, 403, 'from elsewhere nobody is the clinic')
  const described = await clinic<SessionView>('PATCH', `/sessions/${roomId}`, { title: 'A', kind: 'televisit' })
  t.equal(described.status, 200)
  t.equal((await clinic('PATCH', `/teleconsultation/${roomId}`, { duration_in_seconds: 600 })).status, 204)
  t.match((await clinic<SessionView>('GET', `/sessions/${roomId}`)).body, { title: 'A', kind: 'televisit', endAt: after(NOON, 20).toISOString() }, 'an old caller’s change loses nothing')
  service.setClock(after(NOON, 11))
  t.match((await open(service, roomId)).json(), { accessLinkURL: /^http/ })
  t.equal((await clinic('DELETE', `/sessions/${roomId}/participants/patient-1`)).status, 200)
  const gone = await open(service, roomId, 'patient-1')
  t.equal(gone.statusCode, 401)
  t.equal(gone.json<{ code: string }>().code, 'UNAUTHORIZED_USER')
  t.equal((await open(service, roomId)).json<{ participantsBandyerCall: unknown[] }>().participantsBandyerCall.length, 1)
  t.equal((await clinic('DELETE', `/teleconsultation/${roomId}`)).status, 204)
  t.equal((await clinic('GET', `/sessions/${roomId}`)).status, 404)
})

async function startOfficial (t: Teardown, variables: Record<string, string> = BEHIND_TOKENS) {
  const crud = await flakyCrud(t, [OFFICIAL_TELECONSULTATIONS, USER_ID_MAPS])
  const service = await startService(t, { ...crud.variables, STORAGE_TIMEOUT_MS: '5000', RECONCILE_EVERY_SEC: '0', ...variables })
  return { crud, ...sessionCalls(service) }
}

t.test('where the collection has the original’s fields only, what needs more is refused and names the field', async (t) => {
  const { call, crud } = await startOfficial(t)
  const id = await plant(crud.url, 'teleconsultations')
  const participant = { userExternalId: 'nurse-1', groups: ['patient'], fullName: 'Carla Neri' }
  for (const [method, url, payload] of [
    ['GET', '/sessions', undefined], ['POST', '/sessions', booking()], ['PATCH', `/sessions/${id}`, { title: 'A' }], ['PATCH', `/sessions/${id}`, { duration_in_seconds: 600, title: 'A' }],
    ['POST', `/sessions/${id}/participants`, participant], ['PATCH', `/sessions/${id}/participants/doctor-1`, { permissions: { canChat: false } }], ['DELETE', `/sessions/${id}/participants/doctor-1`, undefined],
    ['POST', `/sessions/${id}/end`, undefined], ['POST', `/sessions/${id}/recording`, { record: true }]
  ] as const) {
    const refused = await call(DEFAULT_ADMIN, method, url, payload)
    t.same([refused.status, refused.code], [501, 'FIELD_NOT_DECLARED'], `${method} ${url}`)
    t.match(refused.body['message'], /does not declare the field service/)
  }
  const writes = crud.seen.filter(({ method, path }) => method !== 'GET' && path.startsWith('/teleconsultations'))
  t.equal(writes.length, 1, 'nothing was written but what the test planted')
  t.equal((await call(DEFAULT_ADMIN, 'GET', `/sessions/${id}`)).status, 200, 'what needs nothing more is there')
})

t.test('the drop-in routes go on there', async (t) => {
  const { service, call, list } = await startOfficial(t, { AUTHORIZATION: 'local' })
  const roomId = await book(service)
  t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { duration_in_seconds: 600 } })).statusCode, 204)
  service.setClock(after(NOON, 11))
  t.match((await open(service, roomId)).json(), { accessLinkURL: /^http/ })
  t.equal((await service.inject({ url: '/sessions' })).json<{ code: string }>().code, 'FIELD_NOT_DECLARED')
  t.equal((await service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` })).statusCode, 204)
  t.same([(await list({})).status, (await call({}, 'POST', '/teleconsultation', booking())).status], [403, 403])
})

t.test('behind a gateway everybody may, everybody has his own list, and the caller is the owner', async (t) => {
  const crud = await flakyCrud(t, [TELECONSULTATIONS, USER_ID_MAPS])
  const sessions = sessionCalls(await startService(t, { ...crud.variables, STORAGE_TIMEOUT_MS: '5000', AUTHORIZATION: 'gateway' }))
  const by = (miauserid: string): Headers => ({ miauserid })
  const { id } = await sessions.create(by('booker'), { title: 'A' })
  t.match((await sessions.read(by('doctor-1'), id)).body, { owner: 'booker', organisation: 'default', mediaUrl: /\/join#/ })
  t.equal((await sessions.list(by('doctor-1'))).body.sessions.length, 1)
  t.equal((await sessions.list(by('somebody'))).body.sessions.length, 0)
  t.equal((await sessions.list({})).body.sessions.length, 1, 'without a caller it is everybody’s')
  t.equal((await sessions.call(by('somebody'), 'PATCH', `/sessions/${id}`, { title: 'B' })).status, 200, 'the gateway decides')
  t.equal((await sessions.call({ ...by('somebody'), ...OWNER }, 'GET', `/sessions/${id}`)).status, 200, 'a gateway’s own token is none of ours')
})
