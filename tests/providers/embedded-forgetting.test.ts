import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { createHub } from '../../lib/providers/embedded/hub.ts'
import { embeddedProvider } from '../../lib/providers/embedded/provider.ts'
import { openRooms } from '../../lib/providers/embedded/rooms.ts'
import type { RoomParticipant } from '../../lib/providers/provider.ts'
import { connectFake, fakeTime, fakeTokens, START } from '../support/embedded-hub.ts'

const signal = AbortSignal.timeout(60_000)
const HOUR_MS = 3600_000

/** Ada’s id is the beginning of Adam’s. */
const [ada, adam, ben] = ['ada', 'adam', 'ben'].map((name): RoomParticipant => ({
  externalId: name, providerUserId: `usr_${name}`, privilege: 'basic', fullName: `Zoë ${name}`, language: 'it', tools: new Set(['chat'])
})) as [RoomParticipant, RoomParticipant, RoomParticipant]

function subject (t: Test) {
  const time = fakeTime()
  const tokens = fakeTokens(time.clock)
  const file = join(t.testdir(), 'rooms.sqlite')
  const rooms = openRooms({ file, clock: time.clock })
  let seats = 0
  const hub = createHub({ rooms, tokens, iceServersFor: () => [], maxPeople: 6, clock: time.clock, schedule: time.schedule, newSeatId: () => `seat${++seats}`, log: { info () {}, error () {} } })
  const provider = embeddedProvider({ rooms, hub, tokens, publicUrl: () => 'https://clinic.example', userIdSecret: 'only for tests', clock: time.clock })
  t.teardown(() => provider.close())

  const make = async (marker: string, { hours = 0, participants = [ada, adam], durationSeconds = 3600 }: { hours?: number, participants?: RoomParticipant[], durationSeconds?: number } = {}) => {
    const startAt = new Date(START.getTime() + hours * HOUR_MS)
    return await provider.createRoom({ marker, participants, startAt, endAt: new Date(startAt.getTime() + HOUR_MS), durationSeconds, live: false, recording: 'none' }, signal)
  }
  const enter = async (room: Awaited<ReturnType<typeof make>>, participant: RoomParticipant) => {
    const { url } = await provider.accessFor(room, participant, { notBefore: START, expiresAt: new Date(START.getTime() + 24 * HOUR_MS) }, signal)
    const browser = connectFake(hub, room.providerRoomId)
    browser.say({ type: 'join', token: new URL(url).hash.slice(1) })
    return browser
  }
  return { time, file, rooms, provider, make, enter, bytes: () => [file, `${file}-wal`].map((one) => readFileSync(one, 'latin1')).join() }
}

t.test('somebody leaves the rooms that are over with his rights, and nothing else in them changes', async (t) => {
  const { time, rooms, provider, make } = subject(t)
  const room = await make('d|1|1|1')
  const without = await make('d|2|1|1', { participants: [adam, ben] })
  for (const one of [ada, adam]) await provider.setPermissions(room, { ...one, tools: new Set(), revocations: 1 }, signal)
  const before = [rooms.get(room.providerRoomId), rooms.get(without.providerRoomId)]
  time.advance(HOUR_MS)
  await provider.forgetPerson(ada.providerUserId, signal)
  t.same(rooms.get(room.providerRoomId), { ...before[0], participantIds: ['usr_adam'], rights: new Map([['usr_adam', { revocations: 1, tools: [], removed: false }]]) })
  t.same(rooms.get(without.providerRoomId), before[1])
})

t.test('rights are forgotten of somebody who takes part no more', async (t) => {
  const { time, rooms, provider, make } = subject(t)
  const room = await make('d|1|1|1')
  await provider.removeParticipant(room, { ...ada, revocations: 1 }, signal)
  rooms.change(room.providerRoomId, { startAt: START, endAt: START, durationSeconds: 60, participantIds: ['usr_adam'] })
  time.advance(HOUR_MS)
  await provider.forgetPerson(ada.providerUserId, signal)
  t.same(rooms.get(room.providerRoomId)?.rights, new Map())
})

t.test('in a room that is not over he keeps his place, and stays removed where he was', async (t) => {
  const { time, rooms, provider, make, enter } = subject(t)
  const [running, next, barred] = [await make('d|1|1|1'), await make('d|2|1|1', { hours: 2 }), await make('d|3|1|1', { hours: 2 })]
  await provider.removeParticipant(barred, ada, signal)
  time.advance(HOUR_MS - 1)
  await provider.forgetPerson(ada.providerUserId, signal)
  t.equal((await enter(running, ada)).closed, undefined)
  t.equal((await enter(next, ada)).closed, undefined)
  t.ok((await enter(barred, ada)).closed)
  t.same(rooms.get(barred.providerRoomId)?.rights.get('usr_ada'), { revocations: 0, tools: null, removed: true })
})

t.test('a call without limit is over when its end is past and nobody is inside', async (t) => {
  const { time, rooms, provider, make, enter } = subject(t)
  const room = await make('d|1|1|1')
  rooms.change(room.providerRoomId, { startAt: START, endAt: new Date(START.getTime() + HOUR_MS), participantIds: ['usr_ada', 'usr_adam'] })
  const browser = await enter(room, adam)
  const people = async () => {
    await provider.forgetPerson(ada.providerUserId, signal)
    return rooms.get(room.providerRoomId)?.participantIds
  }
  time.advance(HOUR_MS)
  t.same(await people(), ['usr_ada', 'usr_adam'], 'somebody is inside')
  browser.say({ type: 'leave' })
  t.same(await people(), ['usr_adam'])
})

t.test('the files’ bytes hold nothing of who was forgotten', async (t) => {
  const { time, provider, make, bytes } = subject(t)
  for (let i = 0; i < 60; i++) {
    const room = await make(`d|${i}|1|1`, { participants: [ben, adam] })
    await provider.setPermissions(room, { ...ben, tools: new Set(), revocations: 1 }, signal)
  }
  time.advance(HOUR_MS)
  t.match(bytes(), 'usr_ben')
  await provider.forgetPerson(ben.providerUserId, signal)
  t.notMatch(bytes(), 'usr_ben')
  t.match(bytes(), 'usr_adam')
  t.notMatch(bytes(), 'Zoë', 'a name never was there')
})

t.test('while somebody else reads the file, forgetting fails and can be tried again', async (t) => {
  const { time, provider, make, bytes, file } = subject(t)
  await make('d|1|1|1', { participants: [ben, adam] })
  time.advance(HOUR_MS)
  const reader = new DatabaseSync(file)
  t.teardown(() => reader.close())
  reader.exec('BEGIN; SELECT count(*) FROM rooms;')
  await t.rejects(provider.forgetPerson(ben.providerUserId, signal), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
  t.match(bytes(), 'usr_ben')
  reader.exec('COMMIT')
  await provider.forgetPerson(ben.providerUserId, signal)
  t.notMatch(bytes(), 'usr_ben')
})

t.test('a room that was deleted holds nobody either', async (t) => {
  const { provider, make, bytes } = subject(t)
  await provider.deleteRoom(await make('d|1|1|1', { hours: 2 }), signal)
  await provider.forgetPerson(ada.providerUserId, signal)
  t.notMatch(bytes(), 'usr_ada')
})

t.test('where the file cannot be used nobody is forgotten, and the error says so', async (t) => {
  const { rooms, provider, make, time } = subject(t)
  await make('d|1|1|1')
  time.advance(HOUR_MS)
  rooms.close()
  await t.rejects(provider.forgetPerson(ada.providerUserId, signal), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
  await t.rejects(provider.forgetPerson(ada.providerUserId, AbortSignal.abort()), { code: 'PROVIDER_TIMEOUT', statusCode: 504 })
})
