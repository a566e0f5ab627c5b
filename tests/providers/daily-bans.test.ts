import t, { type Test } from 'tap'
import type { RoomParticipant } from '../../lib/providers/provider.ts'
import { dailyProvider } from '../../lib/providers/daily/provider.ts'
import { readUserId, userIdOf, userIdsUpTo } from '../../lib/providers/daily/user-ids.ts'
import { DAILY_KEY, dailySubject } from '../support/fake-daily.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)

async function subject (t: Test) {
  const { daily, provider, ...watch } = await dailySubject(t)
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  const wayOf = async (who: RoomParticipant) => (await provider.accessFor(room, who, accessWindow, signal)).url
  const [doctorWay, patientWay] = [await wayOf(spec.doctor), await wayOf(spec.patient)]
  daily.advance(3600_000)
  daily.requests.length = 0
  return {
    daily,
    provider,
    ...watch,
    ...spec,
    room,
    wayOf,
    doctorWay,
    patientWay,
    inside: () => [...daily.rooms[0]!.inside.values()].map(({ userId }) => userId),
    bans: () => daily.requests.filter(({ body }) => body['ban'] === true).map(({ body }) => (body['user_ids'] as string[]).length)
  }
}

t.test('with every revocation somebody is another one to Daily, within its limit, and read back as himself', async (t) => {
  const { patient: { providerUserId } } = await subject(t)
  const numbers = [0, 1, 35, 36, 1035, 46_655]
  const ids = numbers.map((number) => userIdOf(providerUserId, number))
  t.equal(new Set(ids).size, numbers.length)
  t.ok(ids.every((id) => /^[A-Za-z0-9_-]{36}$/.test(id)))
  t.same(ids.map(readUserId), numbers.map((revocations) => ({ providerUserId, revocations })))
  t.same(userIdsUpTo(providerUserId, 1), ids.slice(0, 2))
  t.same(readUserId('r00'), { providerUserId: 'r00', revocations: 0 })
  t.throws(() => userIdOf(providerUserId, 46_656), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
})

t.test('who came back after a revocation is told as himself, and is one person', async (t) => {
  const { daily, provider, room, patient, doctorWay, wayOf } = await subject(t)
  await daily.enter(doctorWay)
  await daily.enter(await wayOf({ ...patient, revocations: 2 }))
  daily.rooms[0]!.inside.set('older', { userId: userIdOf(patient.providerUserId, 1), joinedAt: daily.time.now, owner: false, permissions: {} })
  const details = await provider.getRoom(room, signal)
  t.match(details, { status: 'RUNNING', inside: [{}, { providerUserId: patient.providerUserId }] })
  t.equal(details !== 'missing' && details.inside?.length, 2)
})

t.test('while a call runs a ban holds for who is inside and for who never came', async (t) => {
  const { daily, provider, room, patient, doctor, doctorWay, patientWay, wayOf, inside } = await subject(t)
  const later = await wayOf({ ...patient, revocations: 1 })
  await daily.enter(doctorWay)
  await provider.removeParticipant(room, { ...patient, revocations: 1 }, signal)
  for (const way of [patientWay, later]) await t.rejects(daily.enter(way), /banned/)
  await daily.enter(await wayOf({ ...patient, revocations: 2 }))
  await provider.removeParticipant(room, { ...patient, revocations: 2 }, signal)
  t.same(inside(), [doctor.providerUserId])
})

t.test('where no call runs Daily takes no ban: who comes then is banned from the next look on', async (t) => {
  const { daily, provider, room, patient, doctor, doctorWay, patientWay, look, inside } = await subject(t)
  await provider.removeParticipant(room, patient, signal)
  await daily.enter(doctorWay)
  await look()
  await t.rejects(daily.enter(patientWay), /banned/)
  t.same(inside(), [doctor.providerUserId])
})

t.test('who was banned and came all the same is put out with the next look', async (t) => {
  const { daily, provider, room, patient, doctor, doctorWay, patientWay, look, inside, bans } = await subject(t)
  await provider.setPermissions(room, { ...patient, tools: new Set(['chat']), revocations: 1 }, signal)
  await daily.enter(patientWay)
  await daily.enter(doctorWay)
  await look()
  t.same(inside(), [doctor.providerUserId])
  await t.rejects(daily.enter(patientWay), /banned/)
  await look()
  t.same(bans(), [1, 1], 'what is in force is not said again')
  daily.rooms[0]!.bans.clear()
  await daily.enter(patientWay)
  await look()
  t.same(inside(), [doctor.providerUserId], 'Daily forgot it')
})

t.test('a ban is said again in every call of the room', async (t) => {
  const { daily, provider, room, patient, doctorWay, patientWay, look } = await subject(t)
  await daily.enter(doctorWay)
  await provider.removeParticipant(room, patient, signal)
  await look()
  await provider.endCall(room, signal)
  await look()
  await daily.enter(doctorWay)
  t.equal(daily.rooms[0]!.bans.size, 0, 'it ended with the call')
  await look()
  await t.rejects(daily.enter(patientWay), /banned/)
})

t.test('another process keeps his earlier ways in from working once he asked it for a new one', async (t) => {
  const { daily, room, patient, doctorWay, patientWay, inside } = await subject(t)
  let due: () => unknown = () => {}
  const another = dailyProvider({
    baseUrl: daily.baseUrl, apiKey: DAILY_KEY, timeoutMs: 2000, nameSecret: 'only for tests of names', userIdSecret: 'only for tests', clock: () => daily.time.now, schedule: (_delayMs, run) => { due = run; return () => {} }
  })
  t.teardown(() => another.close())
  const { url } = await another.accessFor(room, { ...patient, revocations: 1 }, accessWindow, signal)
  await daily.enter(doctorWay)
  await daily.enter(patientWay)
  await due()
  t.equal(inside().length, 1)
  await t.rejects(daily.enter(patientWay), /banned/)
  await daily.enter(url)
  t.equal(inside().length, 2)
})

t.test('a look that fails is made again', async (t) => {
  const { daily, provider, room, patient, doctorWay, patientWay, look } = await subject(t)
  await provider.removeParticipant(room, patient, signal)
  await daily.enter(doctorWay)
  daily.fail('failing', { times: 1, on: /\/presence$/ })
  daily.fail('malformed', { times: 1, on: /\/eject$/ })
  for (let i = 0; i < 2; i++) {
    await look()
    t.equal(daily.rooms[0]!.bans.size, 0)
  }
  await look()
  await t.rejects(daily.enter(patientWay), /banned/)
})

t.test('a removal that Daily did not answer holds from the next look on', async (t) => {
  const { daily, provider, room, patient, doctor, doctorWay, patientWay, look, inside } = await subject(t)
  await daily.enter(doctorWay)
  await daily.enter(patientWay)
  daily.fail('failing', { times: 1, on: /\/eject$/ })
  await t.rejects(provider.removeParticipant(room, patient, signal), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
  await look()
  t.same(inside(), [doctor.providerUserId])
})

t.test('many revocations are banned a hundred at a time', async (t) => {
  const { daily, provider, room, patient, doctorWay, patientWay, bans } = await subject(t)
  await daily.enter(doctorWay)
  await provider.removeParticipant(room, { ...patient, revocations: 149 }, signal)
  t.same(bans(), [100, 50])
  await t.rejects(daily.enter(patientWay), /banned/)
})

t.test('nothing is looked for where nobody was banned, the room is gone, or a day and two hours have passed', async (t) => {
  const { daily, provider, room, patient, look, isWatching } = await subject(t)
  await provider.setPermissions(room, patient, signal)
  t.equal(isWatching(), false)

  await provider.removeParticipant(room, patient, signal)
  t.equal(isWatching(), true)
  daily.requests.length = 0
  await provider.deleteRoom(room, signal)
  await provider.removeParticipant({ providerRoomId: 'tcn-another' }, patient, signal)
  daily.advance(26 * 3600_000)
  await look()
  t.equal(isWatching(), false)
})

t.test('closing ends the looks', async (t) => {
  const { provider, room, patient, isWatching } = await subject(t)
  await provider.removeParticipant(room, patient, signal)
  await provider.close()
  t.equal(isWatching(), false)
})
