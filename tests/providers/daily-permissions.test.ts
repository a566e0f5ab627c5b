import t, { type Test } from 'tap'
import type { RoomParticipant } from '../../lib/providers/provider.ts'
import { userIdOf } from '../../lib/providers/daily/user-ids.ts'
import { maySend } from '../support/fake-daily-calls.ts'
import { dailySubject } from '../support/fake-daily.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)
const ALL = new Set(['chat', 'screen_sharing'] as const)
const WITHOUT_SCREEN = new Set(['chat'] as const)

async function subject (t: Test) {
  const { daily, provider } = await dailySubject(t)
  const { doctor, patient, ...spec } = await roomSpec(provider)
  const room = await provider.createRoom({ ...spec, participants: [doctor, { ...patient, tools: ALL }] }, signal)
  daily.advance(3600_000)
  const enter = async (who: RoomParticipant) => await daily.enter((await provider.accessFor(room, who, accessWindow, signal)).url)
  const doctorSession = await enter(doctor)
  daily.requests.length = 0
  return {
    daily,
    provider,
    room,
    doctor,
    patient,
    enter,
    doctorSession,
    inside: () => daily.rooms[0]!.inside,
    shares: (session: string) => maySend(daily.rooms[0]!.inside.get(session)!, 'screenVideo'),
    said: () => daily.requests.filter(({ method }) => method === 'POST').map(({ path, body }) => [path.split('/').slice(3).join('/'), body])
  }
}

t.test('what is given reaches the sessions of that one, whole, and puts nobody out', async (t) => {
  const { daily, provider, room, patient, enter, inside, shares, said } = await subject(t)
  const session = await enter({ ...patient, tools: WITHOUT_SCREEN })
  t.equal(shares(session), false)
  daily.requests.length = 0
  await provider.setPermissions(room, { ...patient, tools: ALL }, signal)
  t.same(said(), [['update-permissions', { data: { [session]: { canSend: ['video', 'audio', 'screenVideo', 'screenAudio'] } } }]])
  t.equal(shares(session), true)
  t.equal(inside().size, 2)
})

t.test('what is taken is taken first, and then he is put out and banned by his earlier ids', async (t) => {
  const { daily, provider, room, patient, enter, inside, shares, doctorSession, said } = await subject(t)
  const session = await enter({ ...patient, tools: ALL, revocations: 1 })
  daily.requests.length = 0
  await provider.setPermissions(room, { ...patient, tools: WITHOUT_SCREEN, revocations: 2 }, signal)
  t.same(said(), [
    ['update-permissions', { data: { [session]: { canSend: ['video', 'audio'] } } }],
    ['eject', { ids: [session], user_ids: [patient.providerUserId, userIdOf(patient.providerUserId, 1)], ban: true }]
  ])
  t.same([...inside().keys()], [doctorSession])
  const back = await enter({ ...patient, tools: WITHOUT_SCREEN, revocations: 2 })
  t.equal(shares(back), false)
})

t.test('a change that comes late leaves who came in after a later one as he is', async (t) => {
  const { provider, room, patient, enter, inside, shares } = await subject(t)
  const session = await enter({ ...patient, tools: WITHOUT_SCREEN, revocations: 2 })
  await provider.setPermissions(room, { ...patient, tools: ALL, revocations: 1 }, signal)
  await provider.removeParticipant(room, { ...patient, revocations: 1 }, signal)
  t.equal(inside().has(session), true)
  t.equal(shares(session), false)
})

t.test('he is found in a room of which Daily tells only a part', async (t) => {
  const { daily, provider, room, patient, enter, inside, shares } = await subject(t)
  Object.assign(daily.rooms[0]!.given, { max_participants: 200 })
  for (let i = 0; i < 150; i++) inside().set(`s${i}`, { userId: `usr_${i}`, joinedAt: daily.time.now, owner: false, permissions: {} })
  const session = await enter({ ...patient, tools: WITHOUT_SCREEN, revocations: 1 })
  await provider.setPermissions(room, { ...patient, tools: ALL, revocations: 1 }, signal)
  t.equal(shares(session), true)
})

t.test('chat is taken from the room, and comes back to nobody by giving it to one', async (t) => {
  const { daily, provider, room, patient } = await subject(t)
  t.equal(daily.rooms[0]?.given['enable_chat'], true)
  const given = { ...daily.rooms[0]?.given }
  await provider.setPermissions(room, { ...patient, tools: new Set(), revocations: 1 }, signal)
  t.same(daily.rooms[0]?.given, { ...given, enable_chat: false }, 'all else stays')
  await provider.setPermissions(room, { ...patient, tools: ALL, revocations: 1 }, signal)
  t.equal(daily.rooms[0]?.given['enable_chat'], false)
})

t.test('a room that keeps its chat is an error', async (t) => {
  const { daily, provider, room, patient } = await subject(t)
  daily.switches.distortRoom = (body) => ({ ...body, config: { enable_chat: true } })
  await t.rejects(provider.setPermissions(room, { ...patient, tools: new Set(), revocations: 1 }, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: /a room without chat/ } })
})

t.test('he is put out and banned also where his permissions cannot be changed', async (t) => {
  for (const on of [/update-permissions$/, /GET .*presence$/]) {
    const { daily, provider, room, patient, enter, inside, doctorSession } = await subject(t)
    await enter({ ...patient, tools: ALL })
    daily.fail('refused', { on })
    await t.rejects(provider.setPermissions(room, { ...patient, tools: WITHOUT_SCREEN, revocations: 1 }, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
    t.same([...inside().keys()], [doctorSession])
    await t.rejects(enter({ ...patient, tools: ALL }), /banned/)
  }
})

t.test('who left meanwhile needs no permissions', async (t) => {
  const { daily, provider, room, patient, enter, inside } = await subject(t)
  await enter({ ...patient, tools: ALL })
  daily.before(/update-permissions$/, () => { inside().clear() })
  await t.resolves(provider.setPermissions(room, { ...patient, tools: ALL }, signal))
})
