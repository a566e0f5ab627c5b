import t from 'tap'
import { dailySubject } from '../support/fake-daily.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)
const seconds = (date: string) => Date.parse(date) / 1000
const limited = { durationSeconds: 1800 }
const times = { nbf: seconds('2026-11-21T10:00:00Z'), exp: seconds('2026-11-21T10:30:00Z') }

t.test('a room is private, closed outside its times, silent at first, and without a name of anybody', async (t) => {
  const { daily, provider } = await dailySubject(t, { language: 'it' })
  const room = await provider.createRoom(await roomSpec(provider, limited), signal)
  t.same(daily.requests.at(-1)?.body, {
    name: room.providerRoomId,
    privacy: 'private',
    properties: {
      nbf: seconds('2026-11-21T10:00:00Z'),
      exp: seconds('2026-11-21T10:30:00Z'),
      eject_at_room_exp: true,
      start_audio_off: true,
      start_video_off: true,
      max_participants: 2,
      enforce_unique_user_ids: true,
      enable_knocking: false,
      enable_screenshare: true,
      enable_chat: true,
      lang: 'it'
    }
  })
  t.notMatch(daily.everything(), /Rossi|Verdi|doctor-1|patient-1|clinic\|/)
})

t.test('who may be inside before the start may be in the room as early', async (t) => {
  const { daily, provider } = await dailySubject(t, { entryLeadMs: 600_000 })
  const room = await provider.createRoom(await roomSpec(provider, limited), signal)
  t.match(daily.rooms[0]?.given, { nbf: seconds('2026-11-21T09:50:00Z'), exp: seconds('2026-11-21T10:30:00Z') })
  t.match(await provider.getRoom(room, signal), { durationInSeconds: 1800 })
})

t.test('a call without limit puts nobody out, and its room knows no dates', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  t.match(daily.rooms[0]?.given, { eject_at_room_exp: false, nbf: undefined, exp: undefined })
  const details = await provider.getRoom(room, signal)
  t.match(details, { status: 'NOT_RUNNING', durationInSeconds: undefined })
  const { url } = await provider.accessFor(room, spec.doctor, accessWindow, signal)
  daily.advance(3600_000)
  await daily.enter(url)
  daily.advance(30 * 86_400_000)
  t.equal(daily.rooms[0]?.inside.size, 1)
})

t.test('one who has no chat means a room without chat', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const { doctor, patient, ...spec } = await roomSpec(provider)
  const plain = { ...patient, tools: new Set<never>() }
  await provider.createRoom({ ...spec, participants: [doctor, plain] }, signal)
  await provider.createRoom({ ...spec, marker: 'clinic|doc-2|op-1|1', participants: [plain, { ...plain, providerUserId: 'usr_b' }] }, signal)
  t.match(daily.rooms.map(({ given }) => given), [{ enable_chat: false, enable_screenshare: true }, { enable_chat: false, enable_screenshare: false }])
})

t.test('a room whose answer got lost is the same room when it is made again', async (t) => {
  for (const nameTaken of [400, 409] as const) {
    const { daily, provider } = await dailySubject(t)
    daily.switches.nameTaken = nameTaken
    const spec = await roomSpec(provider, limited)
    const first = await provider.createRoom(spec, signal)
    daily.requests.length = 0
    t.same(await provider.createRoom(spec, signal), first)
    t.same(daily.requests.map(({ method, path }) => `${method} ${path}`), ['POST /rooms', `GET /rooms/${first.providerRoomId}`])
    t.equal(daily.rooms.length, 1)
  }
})

t.test('a room that is there already takes what is asked for now', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, limited)
  const room = await provider.createRoom(spec, signal)
  Object.assign(daily.rooms[0]!, { privacy: 'public', given: {} })
  t.same(await provider.createRoom({ ...spec, durationSeconds: 3600 }, signal), room)
  t.match(daily.rooms[0], { privacy: 'private', given: { exp: seconds('2026-11-21T11:00:00Z'), eject_at_room_exp: true, start_audio_off: true } })
})

t.test('a create that is refused for another reason than its name is an error', async (t) => {
  const { daily, provider } = await dailySubject(t)
  daily.fail('refused', { on: /^POST \/rooms$/ })
  await t.rejects(provider.createRoom(await roomSpec(provider), signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'create room: 400 invalid-request-error' } })
})

t.test('a room that came out otherwise than it was asked for is not used', async (t) => {
  const distortions: Array<Record<string, unknown>> = [{ privacy: 'public' }, { name: 'another' }, { config: {} }, { config: { nbf: 1, exp: 2, eject_at_room_exp: true } }, { config: { ...times, eject_at_room_exp: false } }, { url: 'javascript:alert(1)' }]
  for (const distortion of distortions) {
    const { daily, provider } = await dailySubject(t)
    daily.switches.distortRoom = (room) => ({ ...room, ...distortion })
    const refusal = { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 }
    const spec = await roomSpec(provider, limited)
    await t.rejects(provider.createRoom(spec, signal), refusal, Object.keys(distortion).join())
    await t.rejects(provider.changeRoom({ providerRoomId: daily.rooms[0]!.name }, spec, signal), refusal)
  }
})

t.test('a room whose end puts people out by the domain’s own rule need not say so', async (t) => {
  const { daily, provider } = await dailySubject(t)
  daily.switches.distortRoom = (room) => ({ ...room, config: times })
  const room = await provider.createRoom(await roomSpec(provider, limited), signal)
  t.match(await provider.getRoom(room, signal), { durationInSeconds: 1800 })
})

t.test('a room whose address is none, or another’s, is not used', async (t) => {
  for (const address of ['ftp://acme.daily.co/NAME', 'https://somebody@acme.daily.co/NAME', 'https://acme.daily.co/NAME?x=1', 'https://acme.daily.co/another', 'NAME']) {
    const { daily, provider } = await dailySubject(t)
    daily.switches.distortRoom = (room) => ({ ...room, url: address.replace('NAME', String(room['name'])) })
    await t.rejects(provider.createRoom(await roomSpec(provider), signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 }, address)
  }
})

t.test('a room that somebody opened to everybody is private again', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider)
  await provider.createRoom(spec, signal)
  daily.rooms[0]!.privacy = 'public'
  await provider.createRoom(spec, signal)
  t.equal(daily.rooms[0]?.privacy, 'private')
})

t.test('a reschedule moves the room and keeps its name', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, limited)
  const room = await provider.createRoom(spec, signal)
  const startAt = new Date('2026-11-25T15:00:00Z')
  t.equal(await provider.changeRoom(room, { ...spec, startAt, durationSeconds: 900, marker: 'clinic|doc-1|op-2|2' }, signal), 'changed')
  t.match(daily.rooms, [{ name: room.providerRoomId, given: { nbf: seconds('2026-11-25T15:00:00Z'), exp: seconds('2026-11-25T15:15:00Z') } }])
  t.equal(daily.rooms.length, 1)
})

t.test('what a room cannot become needs another one, and changes nothing', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, limited)
  const room = await provider.createRoom(spec, signal)
  const before = JSON.stringify(daily.rooms)
  t.equal(await provider.changeRoom(room, { ...spec, durationSeconds: undefined }, signal), 'must-replace', 'a limit stays')
  t.equal(await provider.changeRoom(room, { ...spec, recording: 'manual' }, signal), 'must-replace', 'the name tells the kind of recording')
  t.equal(await provider.changeRoom({ providerRoomId: 'tcn-gone' }, spec, signal), 'must-replace', 'a missing room')
  for (const providerRoomId of ['', '..', 'room_1', 'a/b']) t.equal(await provider.changeRoom({ providerRoomId }, spec, signal), 'must-replace', 'a room that is not named as ours are')
  t.equal(JSON.stringify(daily.rooms), before)
  await t.rejects(provider.createRoom({ ...spec, durationSeconds: undefined }, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('a call without limit becomes a limited one', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  t.equal(await provider.changeRoom(room, spec, signal), 'changed')
  t.equal(await provider.changeRoom(room, { ...spec, ...limited }, signal), 'changed')
  t.match(daily.rooms[0]?.given, { exp: seconds('2026-11-21T10:30:00Z'), eject_at_room_exp: true })
})

t.test('a limited room is closed when its time is over', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const room = await provider.createRoom(await roomSpec(provider, limited), signal)
  t.match(await provider.getRoom(room, signal), { status: 'NOT_RUNNING', durationInSeconds: 1800, recording: 'none', creationDate: new Date('2026-11-21T09:00:00Z') })
  daily.advance(2 * 3600_000)
  t.match(await provider.getRoom(room, signal), { status: 'CLOSED' })
  t.same(await provider.findRooms('clinic', new Date('2026-11-21T08:00:00Z'), signal), [], 'nobody can enter it')
  daily.switches.expiredRead = 'missing'
  t.equal(await provider.getRoom(room, signal), 'missing')
})

t.test('an id that is no name of a room reaches no room', async (t) => {
  const { daily, provider } = await dailySubject(t)
  for (const providerRoomId of ['', '.', '..', 'a/b', 'a?b']) {
    t.equal(await provider.getRoom({ providerRoomId }, signal), 'missing')
    await provider.endCall({ providerRoomId }, signal)
    await provider.deleteRoom({ providerRoomId }, signal)
  }
  t.equal(daily.requests.length, 0)
})
