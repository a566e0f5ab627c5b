import t from 'tap'
import type { Ruled, SessionView } from '../../schemas/session.ts'
import { ADMIN, DOCTOR_TOKEN, OWNER, PATIENT_TOKEN, sessionCalls, startSessions, STRANGER, TOKENS, type Headers, type SessionService } from '../support/session-callers.ts'
import { follow, startProviderWorld } from '../support/providers-world.ts'
import { after, NOON } from '../support/service.ts'

const BEHIND_TOKENS = { ...TOKENS, AUTHORIZATION: 'sessions' }
const NURSE = { userExternalId: 'nurse-1', groups: ['patient'], fullName: 'Carla Neri' }

/** The link that his page is given; null while there is none. */
async function wayIn ({ service, read }: SessionService, caller: Headers, id: string): Promise<string | null | undefined> {
  return (await follow(service, String((await read(caller, id)).body.mediaUrl))).json<{ accessLinkURL?: string | null }>().accessLinkURL
}
const ending = async ({ call }: SessionService, id: string, caller: Headers = OWNER) => await call<Ruled>(caller, 'POST', `/sessions/${id}/end`)

t.test('an ended session gives no way in, is Ended, stays on record, and does not change any more but in words', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER, { title: 'A' })
  sessions.service.setClock(after(NOON, 11))
  t.match(await wayIn(sessions, PATIENT_TOKEN, id), /^http/)
  const ended = await ending(sessions, id)
  t.equal(ended.status, 200)
  t.same(ended.body, { takesEffect: 'now' })
  t.equal(await wayIn(sessions, PATIENT_TOKEN, id), null)
  const dropIn = await sessions.call<{ accessLinkURL: string | null }>(PATIENT_TOKEN, 'GET', `/teleconsultation/${id}`)
  t.equal(dropIn.status, 200)
  t.equal(dropIn.body.accessLinkURL, null)
  t.match((await sessions.read(OWNER, id)).body, { state: 'ended', streamStatus: 'Ended', endedAt: after(NOON, 11).toISOString(), title: 'A', participants: [{ userExternalId: 'doctor-1' }, { userExternalId: 'patient-1' }] })
  for (const [method, url, payload] of [
    ['POST', `/sessions/${id}/participants`, NURSE], ['POST', `/sessions/${id}/recording`, { record: true }], ['POST', `/sessions/${id}/close-feed`, undefined]
  ] as const) {
    const refused = await sessions.call(OWNER, method, url, payload)
    t.same([refused.status, refused.code], [409, 'SESSION_ENDED'], url)
  }
  const noted = await sessions.call<SessionView>(OWNER, 'PATCH', `/sessions/${id}`, { description: 'what was found' })
  t.equal(noted.status, 200)
  t.equal(noted.body.description, 'what was found')
  sessions.service.setClock(after(NOON, 20))
  t.equal((await ending(sessions, id)).status, 200, 'ending it again is harmless')
  t.equal((await sessions.read(OWNER, id)).body.endedAt, after(NOON, 11).toISOString())
})

t.test('a session that was ended before it began is not moved to another day', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  t.equal((await ending(sessions, id)).status, 200)
  const payload = { start_date: after(NOON, 600).toISOString(), duration_in_seconds: 600 }
  for (const url of [`/sessions/${id}`, `/teleconsultation/${id}`]) {
    const refused = await sessions.call(OWNER, 'PATCH', url, payload)
    t.same([refused.status, refused.code], [409, 'SESSION_ENDED'], url)
  }
  t.match((await sessions.read(OWNER, id)).body, { startAt: after(NOON, 10).toISOString(), state: 'ended' })
  t.equal(await wayIn(sessions, DOCTOR_TOKEN, id), null)
})

t.test('a session ends by owner, administrator or who may, and by nobody else', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  for (const [caller, status, code] of [[PATIENT_TOKEN, 403, 'NOT_PERMITTED'], [STRANGER, 404, 'TELECONSULTATION_NOT_FOUND'], [{}, 401, 'AUTHENTICATION_REQUIRED']] as const) {
    const refused = await ending(sessions, id, caller)
    t.same([refused.status, refused.code], [status, code])
  }
  t.equal((await sessions.read(OWNER, id)).body.state, 'planned')
  await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/patient-1`, { permissions: { canEndSession: true } })
  t.equal((await ending(sessions, id, PATIENT_TOKEN)).status, 200)
  const second = await sessions.create(OWNER)
  t.equal((await ending(sessions, second.id, ADMIN)).status, 200)
})

t.test('the call ends at the provider as well, and no earlier way in opens it again', async (t) => {
  const world = await startProviderWorld(t)
  for (const provider of ['daily', 'livekit'] as const) {
    world.setClock(NOON)
    const sessions = sessionCalls(await world.start(provider, BEHIND_TOKENS))
    const { id } = await sessions.create(OWNER)
    world.setClock(after(NOON, 11))
    const [doctor, patient] = [String(await wayIn(sessions, DOCTOR_TOKEN, id)), String(await wayIn(sessions, PATIENT_TOKEN, id))]
    await world.fakes.enter(provider, doctor)
    t.equal((await ending(sessions, id)).body.takesEffect, 'now', provider)
    world.setClock(after(NOON, 12))
    for (const way of [doctor, patient]) await t.rejects(world.fakes.enter(provider, way), provider)
    await sessions.service.app.close()
  }
})

t.test('an end that the provider does not hear of stands, and the provider is told later', async (t) => {
  const world = await startProviderWorld(t)
  const sessions = sessionCalls(await world.start('daily', { ...BEHIND_TOKENS, PROVIDER_TIMEOUT_MS: '1000' }))
  const { id } = await sessions.create(OWNER)
  world.setClock(after(NOON, 11))
  await world.fakes.daily.enter(String(await wayIn(sessions, DOCTOR_TOKEN, id)))
  const inside = () => world.fakes.daily.rooms[0]?.inside.size
  world.fakes.fail('daily', 'failing')
  const ended = await ending(sessions, id)
  t.same([ended.status, ended.body.takesEffect], [200, 'pending'])
  t.equal(await wayIn(sessions, DOCTOR_TOKEN, id), null)
  t.equal(inside(), 1)
  world.fakes.recover()
  // What was sent may arrive for as long as a lease and the provider's time.
  world.setClock(after(NOON, 13))
  await sessions.service.app.reconciler.run()
  t.equal(inside(), 0)
  world.setClock(after(NOON, 15))
  await sessions.service.app.reconciler.run()
  t.equal(sessions.service.app.reconciler.last()?.result.backlog, 0)
})

t.test('closing the feed puts everybody out, and they may come back', async (t) => {
  const world = await startProviderWorld(t)
  const sessions = sessionCalls(await world.start('daily', BEHIND_TOKENS))
  const { id } = await sessions.create(OWNER)
  const close = async (caller: Headers = OWNER) => await sessions.call(caller, 'POST', `/sessions/${id}/close-feed`)
  t.equal((await close()).status, 204, 'there is no room yet')
  world.setClock(after(NOON, 11))
  await world.fakes.daily.enter(String(await wayIn(sessions, DOCTOR_TOKEN, id)))
  t.same([(await close(PATIENT_TOKEN)).status, (await close(PATIENT_TOKEN)).code], [403, 'NOT_PERMITTED'])
  t.equal(world.fakes.daily.rooms[0]?.inside.size, 1)
  t.equal((await close()).status, 204)
  t.equal(world.fakes.daily.rooms[0]?.inside.size, 0)
  t.match((await sessions.read(OWNER, id)).body, { state: 'open' })
  await world.fakes.daily.enter(String(await wayIn(sessions, DOCTOR_TOKEN, id)))
  world.fakes.fail('daily', 'failing')
  const failed = await close()
  t.same([failed.status, failed.code], [503, 'PROVIDER_UNAVAILABLE'])
})

t.test('a call that cannot be ended is said to be so', async (t) => {
  const world = await startProviderWorld(t)
  const sessions = sessionCalls(await world.start('bandyer', BEHIND_TOKENS))
  const { id } = await sessions.create(OWNER)
  const refused = await sessions.call(OWNER, 'POST', `/sessions/${id}/close-feed`)
  t.same([refused.status, refused.code], [501, 'CAPABILITY_UNSUPPORTED'])
  world.setClock(after(NOON, 11))
  const ended = await ending(sessions, id)
  t.equal(ended.status, 200)
  t.equal(await wayIn(sessions, DOCTOR_TOKEN, id), null)
  t.equal((await sessions.read(OWNER, id)).body.streamStatus, 'Ended')
})

t.test('the session tells who is inside and since when it is Active', async (t) => {
  const world = await startProviderWorld(t)
  const sessions = sessionCalls(await world.start('daily', { ...BEHIND_TOKENS, DETAILS_BUDGET_MS: '10000' }))
  const { id } = await sessions.create(OWNER)
  world.setClock(after(NOON, 11))
  const ways = [String(await wayIn(sessions, DOCTOR_TOKEN, id)), String(await wayIn(sessions, PATIENT_TOKEN, id))]
  for (const [index, streamStatus] of ['Not Started', 'Active'].entries()) {
    await world.fakes.daily.enter(ways[index] ?? '')
    world.setClock(new Date(after(NOON, 12 + index).getTime()))
    const { body } = await sessions.read(OWNER, id)
    t.match(body, { streamStatus, participants: [{ inside: true }, { inside: index === 1 }] })
    const [listed] = (await sessions.list(OWNER)).body.sessions
    t.equal(listed?.streamStatus, streamStatus)
  }
})

t.test('with Daily a recording begins and ends when it is asked for', async (t) => {
  const world = await startProviderWorld(t)
  const sessions = sessionCalls(await world.start('daily', BEHIND_TOKENS))
  const { id } = await sessions.create(OWNER)
  const record = async (record: boolean, caller: Headers = OWNER) => await sessions.call<SessionView>(caller, 'POST', `/sessions/${id}/recording`, { record })
  world.setClock(after(NOON, 11))
  const way = String(await wayIn(sessions, DOCTOR_TOKEN, id))
  const nobody = await record(true)
  t.same([nobody.status, nobody.code], [422, 'CAPABILITY_LIMIT'])
  t.notOk('recordedSince' in (await sessions.read(OWNER, id)).body)
  await world.fakes.daily.enter(way)
  const refused = await record(true, PATIENT_TOKEN)
  t.same([refused.status, refused.code], [403, 'NOT_PERMITTED'])
  const begun = await record(true)
  t.equal(begun.status, 200)
  t.equal(begun.body.recordedSince, after(NOON, 11).toISOString())
  t.same(world.fakes.daily.rooms[0]?.recordings, ['running'])
  world.setClock(after(NOON, 12))
  t.equal((await record(true)).body.recordedSince, after(NOON, 11).toISOString(), 'it runs already')
  await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/patient-1`, { permissions: { canRecordSession: true } })
  const over = await record(false, PATIENT_TOKEN)
  t.equal(over.status, 200)
  t.notOk('recordedSince' in over.body)
  t.same(world.fakes.daily.rooms[0]?.recordings, ['ended'])
  t.equal((await record(false)).status, 200, 'ending what is over is harmless')
})

t.test('where nothing is recorded on request that is said, and a body that is none is refused', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  sessions.service.setClock(after(NOON, 11))
  await wayIn(sessions, DOCTOR_TOKEN, id)
  const refused = await sessions.call(OWNER, 'POST', `/sessions/${id}/recording`, { record: true })
  t.same([refused.status, refused.code], [501, 'CAPABILITY_UNSUPPORTED'])
  for (const body of [{}, { record: 'yes' }, { record: null }, { record: true, more: 1 }]) {
    const malformed = await sessions.call(OWNER, 'POST', `/sessions/${id}/recording`, body)
    t.same([malformed.status, malformed.code], [400, 'FST_ERR_VALIDATION'])
  }
})

t.test('who is invited while the call runs gets in with Daily, and with Bandyer, whose rooms do not change, that is refused', async (t) => {
  const world = await startProviderWorld(t)
  for (const [provider, status, code] of [['daily', 201, undefined], ['bandyer', 422, 'CAPABILITY_LIMIT']] as const) {
    world.setClock(NOON)
    const sessions = sessionCalls(await world.start(provider, BEHIND_TOKENS))
    const { id } = await sessions.create(OWNER)
    world.setClock(after(NOON, 11))
    await wayIn(sessions, DOCTOR_TOKEN, id)
    const rooms = world.fakes.rooms()
    const invited = await sessions.call<{ mediaUrl: string }>(OWNER, 'POST', `/sessions/${id}/participants`, NURSE)
    t.same([invited.status, invited.code], [status, code], provider)
    t.same(world.fakes.rooms(), rooms, 'it is the same room')
    t.equal((await sessions.read(OWNER, id)).body.participants.length, status === 201 ? 3 : 2)
    if (status === 201) {
      const { accessLinkURL } = (await follow(sessions.service, invited.body.mediaUrl)).json<{ accessLinkURL: string }>()
      t.ok((await world.fakes.enter(provider, accessLinkURL)).providerUserId)
    }
    await sessions.service.app.close()
  }
})
