import t from 'tap'
import { browserSources } from '../../lib/providers/livekit/addresses.ts'
import { roomNames } from '../../lib/providers/livekit/room-names.ts'
import { HOUR_MS, livekitSubject, person, signal } from '../support/livekit-provider.ts'

const HALF_AN_HOUR = 1800

t.test('a room’s name tells its end and nothing of the marker, and depends on the secret', async (t) => {
  const { provider, spec } = await livekitSubject(t)
  const other = await livekitSubject(t, { userIdSecret: 'another secret' })
  const marker = 'clinic|document-1|operation-1|1'
  const room = await provider.createRoom(spec({ marker }), signal)
  t.match(room.providerRoomId, /^tc_[\w-]{12}_[\w-]{43}_[0-9a-z]+$/)
  t.notMatch(room.providerRoomId, /clinic|document|operation/)
  t.not((await other.provider.createRoom(other.spec({ marker }), signal)).providerRoomId, room.providerRoomId)
  t.not((await provider.createRoom(spec({ marker, durationSeconds: 3600 }), signal)).providerRoomId, room.providerRoomId, 'with a limit it is another room')
})

t.test('what everybody in the call can read of the room tells nothing', async (t) => {
  const { fake, provider, spec } = await livekitSubject(t)
  const { providerRoomId } = await provider.createRoom(spec({ marker: 'clinic|document-1|operation-1|1' }), signal)
  const { metadata = '' } = fake.rooms.get(providerRoomId) ?? {}
  t.match(metadata, /^[\w-]{60,}$/)
  t.notMatch(Buffer.from(metadata, 'base64url').toString('latin1'), /clinic|document|operation/)
})

t.test('a seal is read where it was set and nowhere else', async (t) => {
  const names = roomNames('only for tests')
  const sealed = names.seal('tc_a', 'd|1|1|1')
  t.same(names.unseal('tc_a', sealed), { marker: 'd|1|1|1', again: false })
  t.same(names.unseal('tc_a', names.seal('tc_a', 'd|1|1|1', 'again')), { marker: 'd|1|1|1', again: true })
  t.equal(names.seal('tc_a', 'd|1|1|1'), sealed, 'sealing twice gives one seal')
  t.equal(names.unseal('tc_b', sealed), undefined, 'not on another room')
  t.equal(roomNames('another secret').unseal('tc_a', sealed), undefined, 'not with another secret')
  for (const broken of ['', 'd|1|1|1', sealed.slice(0, -4), `${sealed.slice(0, -1)}${sealed.endsWith('A') ? 'Q' : 'A'}`, `A${sealed.slice(1)}`]) {
    t.equal(names.unseal('tc_a', broken), undefined)
  }
})

t.test('an empty room waits for people until nobody may come in any more', async (t) => {
  const { fake, provider, spec, tokenFor, advance } = await livekitSubject(t)
  const inAWeek = new Date(fake.time.now.getTime() + 7 * 24 * HOUR_MS)
  const room = await provider.createRoom(spec({ startAt: inAWeek, endAt: new Date(inAWeek.getTime() + HOUR_MS) }), signal)
  advance(7 * 24 * HOUR_MS)
  const token = await tokenFor(room)
  fake.join(token)
  fake.leave(room.providerRoomId, person(provider, 'ada').providerUserId)
  advance(6 * HOUR_MS)
  t.match(await provider.getRoom(room, signal), { status: 'NOT_RUNNING' })
})

t.test('a room that the server lost is made again for the next who asks for his way in, until it is over', async (t) => {
  const { fake, provider, spec, tokenFor, advance } = await livekitSubject(t)
  const room = await provider.createRoom(spec({ durationSeconds: HALF_AN_HOUR }), signal)
  fake.rooms.clear()
  fake.switches.autoCreate = false
  t.equal(fake.join(await tokenFor(room)), 200)
  t.same(await provider.findRooms('d', fake.time.now, signal), [room])
  fake.rooms.clear()
  advance(HALF_AN_HOUR * 1000)
  const late = await tokenFor(room)
  t.equal(fake.join(late), 401, 'after its end no token is good')
  t.equal(fake.rooms.size, 0, 'and nothing was made')
})

t.test('a room whose call is over already is not made', async (t) => {
  const { fake, provider, spec } = await livekitSubject(t)
  const startAt = new Date(fake.time.now.getTime() - HOUR_MS)
  const room = await provider.createRoom(spec({ startAt, endAt: fake.time.now, durationSeconds: 3600 }), signal)
  t.match(room, { marker: 'd|1|1|1', providerRoomId: /^tc_/ })
  t.equal(fake.rooms.size, 0)
  t.equal(await provider.getRoom(room, signal), 'missing')
})

t.test('who is inside and since when is told, of people alone', async (t) => {
  const { fake, provider, spec, tokenFor, advance } = await livekitSubject(t)
  const room = await provider.createRoom(spec(), signal)
  const [adaAt, benAt] = [fake.time.now, new Date(fake.time.now.getTime() + 60_000)]
  fake.join(await tokenFor(room, 'recorder'), 'EGRESS')
  fake.join(await tokenFor(room, 'ada'))
  t.match(await provider.getRoom(room, signal), { status: 'NOT_RUNNING', runningSince: undefined })
  advance(60_000)
  fake.join(await tokenFor(room, 'ben'))
  const { creationDate, ...details } = await provider.getRoom(room, signal) as { creationDate: Date }
  t.strictSame(creationDate, adaAt)
  const inside = [{ providerUserId: person(provider, 'ada').providerUserId, since: adaAt }, { providerUserId: person(provider, 'ben').providerUserId, since: benAt }]
  t.strictSame(details, { status: 'RUNNING', runningSince: benAt, inside, durationInSeconds: undefined, recording: 'none' })
})

t.test('older and newer spellings of the server’s answers are understood', async (t) => {
  const { fake, provider, spec, tokenFor } = await livekitSubject(t)
  const room = await provider.createRoom(spec(), signal)
  for (const id of ['ada', 'ben']) fake.join(await tokenFor(room, id))
  const known = await provider.getRoom(room, signal)
  fake.switches.names = 'camelCase'
  t.strictSame(await provider.getRoom(room, signal), known)
  t.same(await provider.findRooms('d', fake.time.now, signal), [room])
  fake.switches.tellsMilliseconds = false
  t.match(await provider.getRoom(room, signal), { creationDate: new Date('2026-11-21T09:00:00.000Z'), runningSince: new Date('2026-11-21T09:00:00.000Z') })
})

t.test('ending the call of a missing room is fine, however the server answers that', async (t) => {
  const { fake, provider } = await livekitSubject(t)
  for (const empty of [true, false]) {
    fake.switches.emptyListForMissing = empty
    await t.resolves(provider.endCall({ providerRoomId: 'tc_never-made' }, signal))
    t.equal(await provider.getRoom({ providerRoomId: 'tc_never-made' }, signal), 'missing')
  }
})

t.test('the page may connect to the server, and in the vendor’s cloud to its regions', async (t) => {
  t.same(browserSources('wss://calls.example:7880/base'), ['wss://calls.example:7880', 'https://calls.example:7880'])
  t.same(browserSources('ws://127.0.0.1:7880'), ['ws://127.0.0.1:7880', 'http://127.0.0.1:7880'])
  t.same(browserSources('wss://clinic.livekit.cloud'), ['wss://clinic.livekit.cloud', 'https://clinic.livekit.cloud', 'wss://*.livekit.cloud', 'https://*.livekit.cloud'])
})
