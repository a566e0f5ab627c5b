import t, { type Test } from 'tap'
import { dailySubject, type FakeDaily } from '../support/fake-daily.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)
const at = (time: string) => new Date(`2026-11-21T${time}Z`)

async function subject (t: Test) {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, { durationSeconds: 1800 })
  const room = await provider.createRoom(spec, signal)
  const { url: doctorWay } = await provider.accessFor(room, spec.doctor, accessWindow, signal)
  const { url: patientWay } = await provider.accessFor(room, spec.patient, accessWindow, signal)
  daily.advance(3600_000)
  daily.requests.length = 0
  return { daily, provider, spec, room, doctorWay, patientWay, inside: () => daily.rooms[0]!.inside }
}

const seat = (userId: string, joinedAt = at('10:00:00')) => ({ userId, joinedAt, owner: false, permissions: {} })
const ejections = (daily: FakeDaily) => daily.requests.filter(({ path }) => path.endsWith('/eject')).map(({ body }) => (body['ids'] as string[]).length)

t.test('who is inside shows since when, and a call runs when two are', async (t) => {
  const { daily, provider, spec, room, doctorWay, patientWay } = await subject(t)
  t.match(await provider.getRoom(room, signal), { status: 'NOT_RUNNING', inside: [], runningSince: undefined })
  await daily.enter(patientWay)
  t.match(await provider.getRoom(room, signal), { status: 'NOT_RUNNING', inside: [{ providerUserId: spec.patient.providerUserId, since: at('10:00:00') }], runningSince: undefined })
  daily.advance(120_000)
  await daily.enter(doctorWay)
  t.same(await provider.getRoom(room, signal), {
    status: 'RUNNING',
    runningSince: at('10:02:00'),
    inside: [{ providerUserId: spec.patient.providerUserId, since: at('10:00:00') }, { providerUserId: spec.doctor.providerUserId, since: at('10:02:00') }],
    creationDate: at('09:00:00'),
    durationInSeconds: 1800,
    recording: 'none'
  })
})

t.test('one person in two windows is one person, and no call', async (t) => {
  const { provider, room, inside } = await subject(t)
  inside().set('s1', seat('usr_a', at('10:05:00'))).set('s2', seat('usr_a', at('10:01:00')))
  const details = await provider.getRoom(room, signal)
  t.match(details, { status: 'NOT_RUNNING' })
  t.same(details !== 'missing' && details.inside, [{ providerUserId: 'usr_a', since: at('10:01:00') }])
})

t.test('a list that Daily cut tells that a call runs, and not who is in it', async (t) => {
  const { provider, room, inside } = await subject(t)
  for (let i = 0; i < 150; i++) inside().set(`s${i}`, seat(`usr_${i}`))
  const details = await provider.getRoom(room, signal)
  t.match(details, { status: 'RUNNING' })
  t.notOk(details !== 'missing' && details.inside)
})

t.test('ending a call puts out everybody, a hundred at a time, and who comes in meanwhile', async (t) => {
  const { daily, provider, room, inside, doctorWay } = await subject(t)
  for (let i = 0; i < 150; i++) inside().set(`s${i}`, seat(`usr_${i}`))
  daily.before(/\/presence$/, () => { daily.before(/\/presence$/, () => { inside().set('late', seat('usr_late')) }) })
  await provider.endCall(room, signal)
  t.equal(inside().size, 0)
  t.same(ejections(daily), [100, 51])
  await daily.enter(doctorWay)
  t.equal(inside().size, 1, 'the room stays')
})

t.test('who is still shown after he was put out is put out once', async (t) => {
  const { daily, provider, room, inside } = await subject(t)
  daily.switches.presenceLags = true
  inside().set('s1', seat('usr_a')).set('s2', seat('usr_b'))
  await provider.endCall(room, signal)
  t.same(ejections(daily), [2])
})

t.test('a room in which there is always somebody else is an error in the end', async (t) => {
  const { daily, provider, room, inside } = await subject(t)
  let people = 0
  const another = () => {
    inside().set(`s${people++}`, seat('usr_a'))
    daily.before(/\/presence$/, another)
  }
  another()
  await t.rejects(provider.endCall(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
  t.ok(people < 10)
})

t.test('deleting ends the call first, and puts out who slipped in before the room was gone', async (t) => {
  const { daily, provider, room, inside, doctorWay, patientWay } = await subject(t)
  daily.switches.presenceAfterDeletion = true
  await daily.enter(doctorWay)
  daily.before(/^DELETE/, async () => { await daily.enter(patientWay) })
  await provider.deleteRoom(room, signal)
  t.equal(inside().size, 0)
  t.same(daily.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`).filter((line) => !line.endsWith('presence')), ['POST eject', `DELETE ${room.providerRoomId}`, 'POST eject'])
  await t.rejects(daily.enter(doctorWay), /no such room/)
})

t.test('a room that is over is deleted, however Daily says so', async (t) => {
  for (const status of [400, 404] as const) {
    const { daily, provider, room } = await subject(t)
    daily.switches.expiredDelete = status
    daily.advance(3600_000)
    await t.resolves(provider.deleteRoom(room, signal))
    t.equal(daily.rooms[0]?.deleted, true)
  }
})

t.test('a refused deletion of a room that is still there is an error', async (t) => {
  const { daily, provider, room } = await subject(t)
  daily.fail('refused', { on: /^DELETE/ })
  await t.rejects(provider.deleteRoom(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'delete room: 400 invalid-request-error' } })
})
