import t, { type Test } from 'tap'
import type { RoomState } from '../../lib/providers/provider.ts'
import type { ToolName } from '../../schemas/tools.ts'
import { fakeTime } from '../support/embedded-hub.ts'
import { claimsIn, type FakeLivekit } from '../support/fake-livekit.ts'
import { HOUR_MS, livekitSubject, person, signal } from '../support/livekit-provider.ts'

const ALL: readonly ToolName[] = ['chat', 'screen_sharing']

/** The adapter without its job, and Ben inside with all tools. */
async function withBen (t: Test, durationSeconds?: number) {
  const subject = await livekitSubject(t)
  const { fake, provider, spec, tokenFor } = subject
  const room = await provider.createRoom(spec({ durationSeconds }), signal)
  const ben = (tools: readonly ToolName[], revocations = 0) => ({ ...person(provider, 'ben', tools), revocations })
  const { providerUserId } = ben([])
  const token = await tokenFor(room, 'ben', ALL)
  fake.join(token)
  const seat = () => fake.rooms.get(room.providerRoomId)?.inside.get(providerUserId)
  const sweep = async () => (await provider.endOverdueRooms(fake.time.now, signal)).putOut
  return { ...subject, room, ben, token, seat, sweep }
}

/** The same with the job on a clock of its own. `until` lets time pass. */
async function withJob (t: Test, everyMs = 30_000) {
  const time = fakeTime()
  const log: string[] = []
  const write = (details: object, message: string) => { log.push(`${message} ${JSON.stringify(details)}`) }
  const subject = await livekitSubject(t, { clock: time.clock, ending: { schedule: time.schedule, everyMs, log: { info: write, warn: write } } }, time.clock())
  const { fake, provider, spec } = subject
  const until = async (holds: () => boolean) => {
    while (!holds()) {
      time.advance(50)
      fake.time.now = time.clock()
      await new Promise(setImmediate)
    }
  }
  const room = await provider.createRoom(spec(), signal)
  const isInside = (id: string) => fake.rooms.get(room.providerRoomId)?.inside.has(person(provider, id).providerUserId) === true
  /** That often the server tells of who is inside. */
  const looks = async (count: number) => {
    const asked = () => fake.requests.filter(({ path }) => path.endsWith('/ListParticipants')).length
    const enough = asked() + count
    await until(() => asked() >= enough)
  }
  return { ...subject, room, log, until, looks, isInside }
}

const notesIn = (fake: FakeLivekit, { providerRoomId }: RoomState) => [...fake.rooms.keys()].filter((name) => name.startsWith(`${providerRoomId}~`))
const isPut = (fake: FakeLivekit, method: string) => fake.requests.filter(({ path }) => path.endsWith(`/${method}`)).map(({ body }) => JSON.parse(body) as Record<string, unknown>)

t.test('who loses something keeps his place, and is told his permission whole before the number', async (t) => {
  const { fake, provider, room, ben, seat, sweep } = await withBen(t)
  const before = seat()?.sid
  await provider.setPermissions(room, ben(['chat'], 1), signal)
  t.equal(seat()?.sid, before)
  t.match(seat(), { grants: { canPublishData: true, canPublishSources: ['camera', 'microphone'], canSubscribe: true }, attributes: { revocations: '1' } })
  const [first, second, ...more] = isPut(fake, 'UpdateParticipant')
  t.strictSame(first?.['permission'], { can_subscribe: true, can_publish: true, can_publish_sources: ['CAMERA', 'MICROPHONE'], can_publish_data: true, can_update_metadata: false })
  t.strictSame(second?.['attributes'], { revocations: '1' })
  t.equal(more.length, 0)
  t.equal(await sweep(), 0)
})

t.test('no token that the server renews has what was taken together with the number', async (t) => {
  const { provider, room, ben, seat } = await withBen(t)
  await provider.setPermissions(room, ben([], 1), signal)
  const renewed = (seat()?.renewed ?? []).map(claimsIn)
  t.equal(renewed.length, 3, 'when he came in, and after each change')
  for (const { attributes, video } of renewed) {
    if (attributes?.['revocations'] !== '1') continue
    t.match(video, { canPublishData: false, canPublishSources: ['camera', 'microphone'] })
  }
})

t.test('with the token that the server renewed he comes back, with an older one he is put out', async (t) => {
  const { fake, provider, room, ben, token, seat, sweep } = await withBen(t)
  await provider.setPermissions(room, ben(['chat'], 1), signal)
  const [older = '', , last = ''] = seat()?.renewed ?? []
  t.equal(fake.join(last), 200)
  t.equal(await sweep(), 0)
  for (const old of [older, token]) {
    t.equal(fake.join(old), 200, 'a server of one’s own takes it')
    t.equal(await sweep(), 1)
    t.equal(seat(), undefined)
  }
})

t.test('who comes in again between the two changes has the number with what was taken, and is put out', async (t) => {
  const { fake, provider, room, ben, token, seat, sweep } = await withBen(t)
  let changes = 0
  fake.onChange.push(() => { if (++changes === 1) fake.join(token) })
  await provider.setPermissions(room, ben([], 1), signal)
  t.match(seat(), { attributes: { revocations: '1' }, grants: { canPublishData: true } })
  t.equal(await sweep(), 1)
})

t.test('what is given to somebody from whom something was taken is his at once, and puts him out at no look', async (t) => {
  const { fake, provider, room, ben, seat, sweep, tokenFor } = await withBen(t)
  await provider.setPermissions(room, ben([], 1), signal)
  await provider.setPermissions(room, ben(ALL, 1), signal)
  t.match(seat(), { grants: { canPublishData: true, canPublishSources: ['camera', 'microphone', 'screen_share'] } })
  t.equal(await sweep(), 0)
  t.equal(fake.join(await tokenFor(room, 'ben', [], 1)), 200)
  t.equal(await sweep(), 0, 'with less than he may he is let alone')
})

t.test('where nothing was ever taken the server keeps no note', async (t) => {
  const { fake, provider, room, ben } = await withBen(t)
  await provider.setPermissions(room, ben([]), signal)
  await provider.setPermissions(room, person(provider, 'ada', ALL), signal)
  t.same(notesIn(fake, room), [])
})

t.test('every replica knows what was taken, and a room’s notes are nobody’s rooms', async (t) => {
  const { fake, provider, room, ben, token, spec } = await withBen(t)
  const replica = await livekitSubject(t, { url: fake.origin, clock: () => fake.time.now })
  const stranger = await livekitSubject(t, { url: fake.origin, clock: () => fake.time.now, userIdSecret: 'another secret' })
  await provider.setPermissions(room, ben([], 1), signal)
  await provider.removeParticipant(room, person(provider, 'ada'), signal)
  t.equal(notesIn(fake, room).length, 2)
  t.ok([...fake.rooms.keys()].every((name) => name.length <= 256))
  t.same(await provider.findRooms('d', spec().startAt, signal), [room])
  fake.join(token)
  t.match(await stranger.provider.endOverdueRooms(fake.time.now, signal), { ended: 0, putOut: 0 })
  t.match(await replica.provider.endOverdueRooms(fake.time.now, signal), { ended: 0, putOut: 1 })
})

t.test('notes are taken away after their call, and not before', async (t) => {
  const { fake, provider, room, ben, advance } = await withBen(t, 1800)
  await provider.removeParticipant(room, ben([]), signal)
  await provider.endOverdueRooms(fake.time.now, signal)
  t.equal(notesIn(fake, room).length, 1)
  advance(HOUR_MS)
  await provider.removeParticipant(room, ben([]), signal)
  t.equal(notesIn(fake, room).length, 1, 'nobody comes into a call that is over')
  for (let look = 0; look < 2; look++) await provider.endOverdueRooms(fake.time.now, signal)
  t.same([...fake.rooms.keys()], [])
})

t.test('a server that heeds revoked tokens refuses who was removed at the door, and nobody else', async (t) => {
  const { fake, provider, room, ben, token, tokenFor } = await withBen(t)
  fake.switches.revokesTokens = true
  const ada = await tokenFor(room, 'ada')
  fake.join(ada)
  await provider.endCall(room, signal)
  t.equal(fake.join(token), 200, 'who was in a call that was ended may come back')
  await provider.removeParticipant(room, ben([]), signal)
  t.equal(fake.join(token), 401)
  t.equal(fake.join(ada), 200)
})

t.test('who comes in by an old way in is put out without anybody asking', async (t) => {
  const { fake, provider, room, until, looks, isInside, tokenFor, log } = await withJob(t)
  const [ada, ben, cyd] = [await tokenFor(room, 'ada', ALL), await tokenFor(room, 'ben', ALL), await tokenFor(room, 'cyd', ALL)]
  for (const token of [ada, ben]) fake.join(token)
  await provider.setPermissions(room, { ...person(provider, 'ben'), revocations: 1 }, signal)
  await provider.removeParticipant(room, person(provider, 'cyd'), signal)
  await looks(5)
  t.ok(isInside('ada') && isInside('ben'))
  for (let again = 0; again < 2; again++) {
    for (const token of [ben, cyd]) fake.join(token)
    await until(() => !isInside('ben') && !isInside('cyd'))
  }
  t.ok(isInside('ada'))
  t.ok(log.some((line) => line.startsWith('Put out of LiveKit calls')))
  t.notMatch(log.join(), /eyJ|tc_|usr_/)
})

t.test('a room that is made again after the server lost it is for ways in alone that were made since', async (t) => {
  const { fake, provider, room, until, looks, isInside, tokenFor } = await withJob(t, 6 * HOUR_MS)
  const [ada, ben] = [await tokenFor(room, 'ada', ALL), await tokenFor(room, 'ben', ALL)]
  fake.rooms.clear()
  fake.switches.autoCreate = false
  t.equal(fake.join(ben), 404)
  t.equal(fake.join(await tokenFor(room, 'ada', ALL)), 200)
  await looks(2)
  t.ok(isInside('ada'))
  fake.join(ben)
  await until(() => !isInside('ben'))
  fake.join(ada)
  await until(() => !isInside('ada'))
  t.not(await provider.getRoom(room, signal), 'missing')
})

t.test('notes that the server lost are written anew by whoever knew them', async (t) => {
  const { fake, provider, room, until, isInside, tokenFor } = await withJob(t)
  await provider.removeParticipant(room, person(provider, 'ben'), signal)
  const notes = notesIn(fake, room)
  fake.rooms.clear()
  const token = await tokenFor(room, 'ben')
  await until(() => notesIn(fake, room).length === notes.length)
  t.same(notesIn(fake, room), notes)
  fake.join(token)
  await until(() => !isInside('ben'))
})

t.test('a server that fails is looked into again, and the log says so once each time', async (t) => {
  const { fake, provider, room, until, looks, isInside, tokenFor, log } = await withJob(t)
  await provider.removeParticipant(room, person(provider, 'ben'), signal)
  const token = await tokenFor(room, 'ben')
  fake.fail('failing', { on: /ListParticipants/ })
  fake.join(token)
  await looks(3)
  t.ok(isInside('ben'))
  const complaints = () => log.filter((line) => line.startsWith('LiveKit calls could not be looked into')).length
  t.equal(complaints(), 1)
  t.notMatch(log.join(), /eyJ|tc_|usr_/)
  fake.recover()
  await until(() => !isInside('ben'))
  fake.fail('failing', { on: /ListParticipants/ })
  await until(() => complaints() === 2)
})

t.test('a change that the server does not take is an error, and said again it is made', async (t) => {
  const { fake, provider, room, ben, token, seat, sweep } = await withBen(t)
  for (const on of [/UpdateParticipant/, /CreateRoom/, /ListParticipants/]) {
    fake.fail('failing', { on })
    await t.rejects(provider.setPermissions(room, ben([], 1), signal), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
    fake.recover()
  }
  for (const on of [/RemoveParticipant/, /CreateRoom/]) {
    fake.fail('failing', { on })
    await t.rejects(provider.removeParticipant(room, ben([], 1), signal), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
    fake.recover()
  }
  await provider.setPermissions(room, ben([], 1), signal)
  await provider.removeParticipant(room, ben([], 1), signal)
  fake.join(token)
  t.equal(await sweep(), 1)
  t.equal(seat(), undefined)
})
