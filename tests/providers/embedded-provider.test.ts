import t from 'tap'
import { embeddedProvider } from '../../lib/providers/embedded/provider.ts'
import type { RoomParticipant, RoomSpec } from '../../lib/providers/provider.ts'
import { TOOL_NAMES } from '../../schemas/tools.ts'
import { connectFake, hubSubject, START } from '../support/embedded-hub.ts'

const signal = AbortSignal.timeout(60_000)

function subject (userIdSecret = 'only for tests') {
  const { hub, rooms, time, tokens } = hubSubject()
  const provider = embeddedProvider({ hub, rooms, tokens, publicUrl: () => 'https://clinic.example/video', userIdSecret, clock: time.clock })
  return { provider, hub, rooms, time, tokens }
}

const person = (name: string): RoomParticipant => ({
  externalId: name, providerUserId: `usr_${name}`, privilege: 'basic', fullName: name, language: 'it', tools: new Set(TOOL_NAMES)
})

function spec (changes: Partial<RoomSpec> = {}): RoomSpec {
  return {
    marker: 'd|1|1|1',
    participants: ['ada', 'ben'].map(person),
    startAt: START,
    endAt: new Date(START.getTime() + 3600_000),
    live: false,
    recording: 'none',
    ...changes
  }
}

t.test('a late create for a deleted room fails and brings nothing back', async t => {
  const { provider } = subject()
  const room = await provider.createRoom(spec(), signal)
  await provider.deleteRoom(room, signal)
  await t.rejects(provider.createRoom(spec(), signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
  t.equal(await provider.getRoom(room, signal), 'missing')
  t.same(await provider.findRooms('d', START, signal), [{ providerRoomId: 'room_for_tests', marker: 'd|1|2|1' }])
})

t.test('ids tell nothing of the person or the marker, and depend on the secret', async t => {
  const { provider } = subject()
  const other = subject('another secret').provider
  const room = await provider.createRoom(spec({ marker: 'same' }), signal)
  const user = await provider.ensureUser({ externalId: 'same', privilege: 'basic' }, signal)
  t.match(room.providerRoomId, /^room_[\w-]{43}$/)
  t.match(user.providerUserId, /^usr_[\w-]{43}$/)
  t.not(room.providerRoomId.slice(5), user.providerUserId.slice(4))
  t.not((await other.createRoom(spec({ marker: 'same' }), signal)).providerRoomId, room.providerRoomId)
  t.not((await other.ensureUser({ externalId: 'same', privilege: 'basic' }, signal)).providerUserId, user.providerUserId)
})

t.test('a link carries its token in the fragment, with what the holder may do', async t => {
  const { provider, tokens } = subject()
  const room = await provider.createRoom(spec(), signal)
  const expiresAt = new Date(START.getTime() + 1500)
  const access = await provider.accessFor(room, person('ada'), { notBefore: START, expiresAt, language: 'de' }, signal)
  const url = new URL(access.url)
  t.equal(url.href.split('#')[0], `https://clinic.example/video/telecons-room/${room.providerRoomId}`)
  t.same(tokens.verify(url.hash.slice(1)), {
    room: room.providerRoomId,
    sub: 'usr_ada',
    name: 'ada',
    privilege: 'basic',
    tools: ['chat', 'screen_sharing', 'file_upload', 'snapshot', 'present_to_everyone'],
    language: 'de',
    nbf: START.getTime() / 1000,
    exp: START.getTime() / 1000 + 2
  })
})

t.test('a way in holds from its first to its last second', async t => {
  const { provider, hub, time } = subject()
  const room = await provider.createRoom(spec(), signal)
  const access = await provider.accessFor(room, person('ada'), {
    notBefore: new Date(START.getTime() + 60_000), expiresAt: new Date(START.getTime() + 120_000)
  }, signal)
  const token = new URL(access.url).hash.slice(1)
  const comesIn = () => {
    const browser = connectFake(hub, room.providerRoomId)
    browser.say({ type: 'join', token })
    return browser.closed === undefined
  }
  t.equal(comesIn(), false)
  time.advance(60_000)
  t.equal(comesIn(), true)
  time.advance(60_000)
  t.equal(comesIn(), false)
})

t.test('a change takes over dates, duration and participants, and sends out who was taken off', async t => {
  const { provider, rooms, hub, tokens, time } = subject()
  const room = await provider.createRoom(spec(), signal)
  const browser = connectFake(hub, room.providerRoomId)
  const access = await provider.accessFor(room, person('ada'), { notBefore: START, expiresAt: new Date(START.getTime() + 60_000) }, signal)
  const token = new URL(access.url).hash.slice(1)
  t.equal(tokens.verify(token).sub, 'usr_ada')
  browser.say({ type: 'join', token })
  t.equal(browser.closed, undefined)
  const later = new Date(START.getTime() + 7200_000)
  t.equal(await provider.changeRoom(room, spec({ startAt: later, endAt: later, durationSeconds: 60, participants: [person('cy')] }), signal), 'changed')
  t.equal(browser.closed?.reason, 'removed')
  t.match(rooms.get(room.providerRoomId), { startAt: later, endAt: later, durationSeconds: 60, participantIds: ['usr_cy'], createdAt: time.clock() })
})

t.test('a missing room takes no change', async t => {
  const { provider } = subject()
  t.equal(await provider.changeRoom({ providerRoomId: 'room_unknown' }, spec(), signal), 'must-replace')
})

t.test('details tell since when, how long, and how much of it was used', async t => {
  const { provider, hub, time } = subject()
  const room = await provider.createRoom(spec({ durationSeconds: 600 }), signal)
  for (const name of ['ada', 'ben']) {
    const access = await provider.accessFor(room, person(name), { notBefore: START, expiresAt: new Date(START.getTime() + 60_000) }, signal)
    connectFake(hub, room.providerRoomId).say({ type: 'join', token: new URL(access.url).hash.slice(1) })
  }
  time.advance(90_500)
  t.same(await provider.getRoom(room, signal), {
    status: 'RUNNING',
    runningSince: START,
    inside: ['ada', 'ben'].map((name) => ({ providerUserId: person(name).providerUserId })),
    creationDate: START,
    durationInSeconds: 600,
    durationUsedInSeconds: 90,
    recording: 'none'
  })
  time.advance(600_000)
  t.match(await provider.getRoom(room, signal), { status: 'CLOSED', durationUsedInSeconds: 600 })
})
