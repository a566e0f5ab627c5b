import t, { type Test } from 'tap'
import { fakeTime } from '../support/embedded-hub.ts'
import { signed, LIVEKIT_KEY } from '../support/fake-livekit.ts'
import { HOUR_MS, livekitSubject, person, signal } from '../support/livekit-provider.ts'

const HALF_AN_HOUR = 1800
const MINUTE_MS = 60_000

/** The adapter with its job, on one clock with the fake. */
async function withJob (t: Test, everyMs = MINUTE_MS) {
  const time = fakeTime()
  const log: string[] = []
  const write = (details: object, message: string) => { log.push(`${message} ${JSON.stringify(details)}`) }
  const subject = await livekitSubject(t, { clock: time.clock, ending: { schedule: time.schedule, everyMs, log: { info: write, warn: write } } }, time.clock())
  /** Lets time pass, and what is due be done. */
  const pass = async (ms: number) => {
    const until = time.clock().getTime() + ms
    while (time.clock().getTime() < until) {
      subject.fake.time.now = new Date(Math.min(until, time.clock().getTime() + 5000))
      time.advance(subject.fake.time.now.getTime() - time.clock().getTime())
      while (time.timers() === 0) await new Promise(setImmediate)
    }
  }
  return { ...subject, pass, log, time }
}

/** A limited call that has just been ended with Ada inside, her token, and the one that the server gave her in the call. */
async function endedCall (t: Test, { autoCreate }: { autoCreate: boolean }) {
  const { fake, provider, spec, tokenFor, pass } = await withJob(t)
  fake.switches.autoCreate = autoCreate
  const room = await provider.createRoom(spec({ durationSeconds: HALF_AN_HOUR }), signal)
  const token = await tokenFor(room)
  fake.join(token)
  await pass(HALF_AN_HOUR * 1000 - 2000)
  const renewed = fake.renewedToken(room.providerRoomId, person(provider, 'ada').providerUserId)
  await pass(3000)
  return { fake, pass, room, token, renewed }
}

t.test('a limited call is ended when it ends, though looks are rarer, and who is inside is put out', async (t) => {
  const { fake, provider, spec, tokenFor, pass } = await withJob(t, 20 * MINUTE_MS)
  const limited = await provider.createRoom(spec({ durationSeconds: HALF_AN_HOUR }), signal)
  const unlimited = await provider.createRoom(spec({ marker: 'd|2|1|1', endAt: spec({ durationSeconds: HALF_AN_HOUR }).endAt }), signal)
  for (const room of [limited, unlimited]) fake.join(await tokenFor(room))
  await pass(HALF_AN_HOUR * 1000 - 2000)
  t.same([...fake.rooms.keys()], [limited.providerRoomId, unlimited.providerRoomId])
  await pass(3000)
  t.same([...fake.rooms.keys()], [unlimited.providerRoomId], 'a call without limit goes on')
})

t.test('where the server makes no rooms by itself, no token brings an ended call back', async (t) => {
  const { fake, token, renewed } = await endedCall(t, { autoCreate: false })
  t.equal(fake.join(token), 401, 'the token that was given has ended with the call')
  t.equal(fake.join(renewed), 404, 'the one that the server gave needs a room')
  t.equal(fake.rooms.size, 0)
})

t.test('where it does, the token that was given is over with the call, and what another brought back is ended with the next look', async (t) => {
  const { fake, pass, room, token, renewed } = await endedCall(t, { autoCreate: true })
  t.equal(fake.rooms.size, 0)
  t.equal(fake.join(token), 401, 'within the minute that the server adds as well')
  t.equal(fake.join(renewed), 200)
  t.same([...fake.rooms.keys()], [room.providerRoomId])
  await pass(MINUTE_MS)
  t.equal(fake.rooms.size, 0)
})

t.test('a deleted call without limit that a token brings back is ended too', async (t) => {
  const { fake, provider, spec, tokenFor, pass } = await withJob(t)
  const [deleted, kept] = [await provider.createRoom(spec(), signal), await provider.createRoom(spec({ marker: 'd|2|1|1' }), signal)]
  const token = await tokenFor(deleted)
  for (const one of [token, await tokenFor(kept)]) fake.join(one)
  await provider.deleteRoom(deleted, signal)
  t.equal(fake.join(token), 200, 'it is valid for a call of an hour')
  await pass(MINUTE_MS)
  t.same([...fake.rooms.keys()], [kept.providerRoomId])
  fake.switches.autoCreate = false
  t.equal(fake.join(token), 404)
})

t.test('a call without limit is ended once nobody may come in any more and the last one has left', async (t) => {
  const { fake, provider, spec, tokenFor, advance } = await livekitSubject(t)
  const room = await provider.createRoom(spec(), signal)
  fake.join(await tokenFor(room))
  const ended = async () => (await provider.endOverdueRooms(fake.time.now, signal)).ended
  advance(14 * HOUR_MS)
  t.equal(await ended(), 0, 'somebody is inside')
  fake.leave(room.providerRoomId, person(provider, 'ada').providerUserId)
  t.equal(await ended(), 1)
})

t.test('rooms of others are left alone, whatever they are called', async (t) => {
  const { fake, provider, spec, advance } = await livekitSubject(t)
  const other = await livekitSubject(t, { url: fake.origin, userIdSecret: 'another secret', clock: () => fake.time.now })
  const theirs = await other.provider.createRoom(spec({ durationSeconds: 60 }), signal)
  fake.join(signed({ iss: LIVEKIT_KEY, sub: 'them', exp: fake.time.now.getTime() / 1000 + 60, video: { roomJoin: true, room: 'tc_like-ours' } }))
  advance(2 * MINUTE_MS)
  t.same(await provider.endOverdueRooms(fake.time.now, signal), { ended: 0, failed: 0, putOut: 0, nextEndAt: undefined })
  t.same([...fake.rooms.keys()], [theirs.providerRoomId, 'tc_like-ours'])
})

t.test('two replicas that look at once do no harm', async (t) => {
  const { fake, provider, spec, advance } = await livekitSubject(t)
  const replica = await livekitSubject(t, { url: fake.origin, clock: () => fake.time.now })
  await provider.createRoom(spec({ durationSeconds: 60 }), signal)
  advance(MINUTE_MS)
  const results = await Promise.all([provider, replica.provider].map((one) => one.endOverdueRooms(fake.time.now, signal)))
  t.ok(results.every(({ failed }) => failed === 0))
  t.equal(fake.rooms.size, 0)
})

t.test('one room that cannot be ended holds up no other, and is tried again', async (t) => {
  const { fake, provider, spec, advance } = await livekitSubject(t)
  for (const marker of ['d|1|1|1', 'd|2|1|1']) await provider.createRoom(spec({ marker, durationSeconds: 60 }), signal)
  advance(MINUTE_MS)
  fake.fail('failing', { times: 1, on: /DeleteRoom/ })
  t.match(await provider.endOverdueRooms(fake.time.now, signal), { ended: 1, failed: 1 })
  t.match(await provider.endOverdueRooms(fake.time.now, signal), { ended: 1, failed: 0 })
})

t.test('a server that fails is looked at again, and the log says so without a secret', async (t) => {
  const { fake, provider, spec, pass, log } = await withJob(t)
  await provider.createRoom(spec({ durationSeconds: 90 }), signal)
  fake.fail('failing', { on: /ListRooms/ })
  await pass(2 * MINUTE_MS)
  t.equal(fake.rooms.size, 1)
  fake.recover()
  await pass(MINUTE_MS)
  t.equal(fake.rooms.size, 0)
  t.ok(log.some((line) => line.startsWith('LiveKit rooms whose time is over could not be looked for')))
  t.notMatch(log.join(), /eyJ|tc_|usr_|only-for-tests/)
})

t.test('a server that makes rooms by itself is warned of once, another one not', async (t) => {
  for (const autoCreate of [true, false]) {
    const { fake, pass, log } = await withJob(t)
    fake.switches.autoCreate = autoCreate
    await pass(3 * MINUTE_MS)
    t.equal(log.filter((line) => line.includes('Set room.auto_create to false')).length, autoCreate ? 1 : 0)
    t.equal(fake.rooms.size, 0, 'asking makes no room')
  }
})

t.test('closing ends the job', async (t) => {
  const { fake, provider, time, pass } = await withJob(t)
  await pass(MINUTE_MS)
  await provider.close()
  t.equal(time.timers(), 0)
  const asked = fake.requests.length
  time.advance(HOUR_MS)
  t.equal(fake.requests.length, asked)
})
