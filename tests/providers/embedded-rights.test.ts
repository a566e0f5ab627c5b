import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import t from 'tap'
import { embeddedProvider } from '../../lib/providers/embedded/provider.ts'
import { openRooms } from '../../lib/providers/embedded/rooms.ts'
import type { RoomParticipant, RoomSpec } from '../../lib/providers/provider.ts'
import { CLOSE_CODES, FILE_PIECE_BYTES } from '../../schemas/signalling.ts'
import type { ToolName } from '../../schemas/tools.ts'
import { ALL_TOOLS, askFor, connectFake, hubSubject, PEOPLE, ROOM, seatOf, START } from '../support/embedded-hub.ts'

const room = { providerRoomId: ROOM }
const signal = AbortSignal.timeout(60_000)
const without = (...taken: ToolName[]): ReadonlySet<ToolName> => new Set(ALL_TOOLS.filter(tool => !taken.includes(tool)))

const person = (providerUserId: string, changes: Partial<RoomParticipant> = {}): RoomParticipant =>
  ({ externalId: providerUserId, providerUserId, privilege: 'plus', fullName: providerUserId, tools: new Set(ALL_TOOLS), ...changes })

function subject () {
  const world = hubSubject()
  const provider = embeddedProvider({ ...world, publicUrl: () => 'https://clinic.example', userIdSecret: 'only for tests', clock: world.time.clock })
  const comeIn = (token: string) => {
    const browser = connectFake(world.hub, ROOM)
    browser.say({ type: 'join', token })
    return browser
  }
  return {
    ...world,
    provider,
    comeIn,
    /** Comes in with a token as `accessFor` gives it. */
    async comeAs (participant: RoomParticipant) {
      const { url } = await provider.accessFor(room, participant, { notBefore: START, expiresAt: new Date(START.getTime() + 60_000) }, signal)
      return comeIn(new URL(url).hash.slice(1))
    },
    set: async (providerUserId: string, changes: Partial<RoomParticipant>) => await provider.setPermissions(room, person(providerUserId, changes), signal),
    remove: async (providerUserId: string, revocations = 0) => await provider.removeParticipant(room, person(providerUserId, { revocations }), signal),
    /** The room's participants are these from now on. */
    async name (participants: readonly RoomParticipant[]) {
      const spec: RoomSpec = { marker: 'd|1|2|1', participants, startAt: START, endAt: new Date(START.getTime() + 3600_000), live: false, recording: 'none' }
      await provider.changeRoom(room, spec, signal)
    }
  }
}

t.test('who is inside hears at once what was taken, and has a token to come back with', async t => {
  const { enter, set, comeIn, tokens } = subject()
  const ben = enter('usr_ben', { language: 'it' })
  const ada = enter('usr_ada')
  for (const one of [ada, ben]) one.clear()
  await set('usr_ben', { tools: without('chat'), revocations: 1 })
  const [rights] = ben.heard('rights')
  t.equal(ben.received.length, 1)
  t.same(rights?.tools, [...without('chat')])
  t.same(ada.received, [], 'nobody else is told')
  t.equal(askFor(ben, 'chat'), false)
  t.equal(askFor(ben, 'screen_sharing'), true)
  t.same(ada.heard('chat'), [])
  t.match(tokens.verify(rights?.token ?? ''), {
    room: ROOM, sub: 'usr_ben', name: 'Name of usr_ben', language: 'it', revocations: 1, exp: START.getTime() / 1000 + 86_400
  })

  const again = comeIn(rights?.token ?? '')
  t.same(again.heard('welcome')[0]?.tools, [...without('chat')])
  t.equal(ben.closed?.code, CLOSE_CODES.replaced)
})

t.test('what was given may be used at once', async t => {
  const { enter, set, comeIn } = subject()
  const ben = enter('usr_ben', { tools: [] })
  t.equal(askFor(ben, 'chat'), false)
  await set('usr_ben', { tools: new Set(['chat']) })
  t.same(ben.heard('rights').at(-1)?.tools, ['chat'])
  t.equal(askFor(ben, 'chat'), true)
  t.same(comeIn(ben.heard('rights').at(-1)?.token ?? '').heard('welcome')[0]?.tools, ['chat'])
})

t.test('who may use what he might before hears nothing', async t => {
  const { enter, set } = subject()
  const ben = enter('usr_ben')
  ben.clear()
  await set('usr_ben', {})
  t.same(ben.received, [])
})

t.test('a screen that is shared ends for everybody when it is taken, and a further second video is refused', async t => {
  const { enter, set } = subject()
  const [ada, ben, cy] = [enter('usr_ada'), enter('usr_ben'), enter('usr_cy')] as const
  const benSeat = seatOf(ben)
  ben.say({ type: 'screen', on: true, stream: 'screen-1' })
  for (const one of [ada, ben, cy]) one.clear()
  await set('usr_ben', { tools: without('screen_sharing'), revocations: 1 })
  t.same(ben.received.map(({ type }) => type), ['rights', 'person'])
  for (const one of [ada, ben, cy]) t.match(one.heard('person'), [{ person: { seat: benSeat, screen: null } }])
  ben.say({ type: 'screen', on: true, stream: 'screen-1' })
  t.match(ben.heard('refused'), [{ re: 'screen', code: 'TOOL_NOT_ALLOWED', tool: 'screen_sharing' }])
  const sdp = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', ...[0, 1].flatMap(mid => ['m=video 9 UDP/TLS/RTP/SAVPF 96', `a=mid:${mid}`, 'a=sendonly']), ''].join('\r\n')
  ben.say({ type: 'description', to: 'seat1', description: { type: 'offer', sdp } })
  t.match(ben.heard('refused').at(-1), { re: 'description', code: 'TOO_MANY_VIDEOS' })
  t.same(ada.heard('description'), [])
})

t.test('a file that is under way ends when sending is taken', async t => {
  const { enter, set } = subject()
  const [ada, ben] = [enter('usr_ada'), enter('usr_ben')] as const
  ben.say({ type: 'file', name: 'x', size: 2 * FILE_PIECE_BYTES, mime: 'text/plain' })
  const transfer = ben.heard('file-accepted')[0]?.transfer ?? 0
  await set('usr_ben', { tools: without('file_upload'), revocations: 1 })
  t.same(ada.heard('file-aborted'), [{ type: 'file-aborted', transfer }])
  t.same(ben.heard('file-aborted'), [{ type: 'file-aborted', transfer }])
  ben.session.binary(new Uint8Array([0, 0, 0, transfer, 1]))
  t.same(ada.frames, [])
  t.equal(askFor(ben, 'file_upload'), false)
})

t.test('a picture that was asked of somebody goes on when sending files is taken from him', async t => {
  const { enter, set } = subject()
  const [ada, ben] = [enter('usr_ada'), enter('usr_ben')] as const
  ada.say({ type: 'snapshot', of: seatOf(ben) })
  ben.say({ type: 'file', name: 'x', size: 1, mime: 'image/png', snapshot: ben.heard('snapshot-request')[0]?.request })
  await set('usr_ben', { tools: without('file_upload'), revocations: 1 })
  ben.session.binary(new Uint8Array([0, 0, 0, ben.heard('file-accepted')[0]?.transfer ?? 0, 1]))
  t.equal(ada.heard('file-done').length, 1)
})

t.test('pictures that somebody asked for do not reach him when that is taken', async t => {
  const { enter, set } = subject()
  const [ada, ben, cy] = [enter('usr_ada'), enter('usr_ben'), enter('usr_cy')] as const
  for (const one of [ben, cy]) ada.say({ type: 'snapshot', of: seatOf(one) })
  const answer = (one: typeof ben) => one.say({ type: 'file', name: 'x', size: 2, mime: 'image/png', snapshot: one.heard('snapshot-request')[0]?.request })
  answer(ben)
  await set('usr_ada', { tools: without('snapshot'), revocations: 1 })
  t.equal(ada.heard('file-aborted').length, 1)
  t.equal(ben.heard('file-aborted').length, 1)
  answer(cy)
  t.match(cy.heard('refused'), [{ re: 'file', code: 'UNKNOWN_REQUEST' }])
})

t.test('whom somebody put in front stays there when that is taken from him', async t => {
  const { enter, set } = subject()
  const [ada, ben] = [enter('usr_ada'), enter('usr_ben')] as const
  const adaSeat = seatOf(ada)
  ben.say({ type: 'present', seat: adaSeat })
  ada.clear()
  await set('usr_ben', { tools: without('present_to_everyone'), revocations: 1 })
  t.same(ada.heard('presented'), [])
  t.equal(enter('usr_cy').heard('welcome')[0]?.presented, adaSeat)
  t.equal(askFor(ben, 'present_to_everyone'), false)
})

t.test('a late word changes nothing, and the later one of two with one count holds', async t => {
  const { enter, set, rooms } = subject()
  const ben = enter('usr_ben')
  await set('usr_ben', { tools: new Set(), revocations: 2 })
  await set('usr_ben', { tools: new Set(ALL_TOOLS), revocations: 1 })
  t.same(ben.heard('rights').map(({ tools }) => tools), [[]])
  await set('usr_ben', { tools: new Set(['chat']), revocations: 2 })
  t.same(ben.heard('rights').at(-1)?.tools, ['chat'])
  t.same(rooms.get(ROOM)?.rights.get('usr_ben'), { revocations: 2, tools: ['chat'], removed: false })
})

t.test('a token of before a revocation opens nothing, and one that knows of more than the registry has the later word', async t => {
  const { set, comeAs } = subject()
  await set('usr_ben', { tools: without('chat'), revocations: 1 })
  t.equal((await comeAs(person('usr_ben'))).closed?.reason, 'refused')
  t.same((await comeAs(person('usr_ben', { revocations: 1 }))).heard('welcome')[0]?.tools, [...without('chat')])
  t.same((await comeAs(person('usr_ben', { tools: new Set(['chat']), revocations: 2 }))).heard('welcome')[0]?.tools, ['chat'])
  t.same((await comeAs(person('usr_ada'))).heard('welcome')[0]?.tools, ALL_TOOLS, 'others’ tokens are as they were')
})

t.test('who is removed is told so, and no token of his opens the room any more', async t => {
  const { enter, remove, comeAs, hub } = subject()
  const [ada, ben] = [enter('usr_ada'), enter('usr_ben')] as const
  await remove('usr_ben', 1)
  t.same(ben.closed, { code: CLOSE_CODES.removed, reason: 'removed' })
  t.same(ada.heard('left').map(({ seat }) => seat), [seatOf(ben)])
  for (const revocations of [0, 1, 2]) t.equal((await comeAs(person('usr_ben', { revocations }))).closed?.reason, 'refused', `${revocations}`)
  t.equal(ada.closed, undefined)
  t.equal(hub.activity(ROOM).people, 1)
})

t.test('who is named again after he was removed comes in by a new way in, and by no older one', async t => {
  const { comeAs, remove, name } = subject()
  await remove('usr_ben', 1)
  const ada = person('usr_ada')
  await name([ada, person('usr_ben')])
  t.equal((await comeAs(person('usr_ben'))).closed?.reason, 'refused', 'a change of before he was removed names him in vain')
  await name([ada])
  await name([ada, person('usr_ben', { revocations: 1, tools: without('chat') })])
  t.equal((await comeAs(person('usr_ben'))).closed?.reason, 'refused')
  const ben = await comeAs(person('usr_ben', { revocations: 1, tools: without('chat') }))
  t.same(ben.heard('welcome')[0]?.tools, [...without('chat')])
})

t.test('who was removed comes in again after permissions with a greater count, and not after the same one', async t => {
  const { comeAs, remove, set } = subject()
  await remove('usr_ben', 1)
  await set('usr_ben', { revocations: 1 })
  t.equal((await comeAs(person('usr_ben', { revocations: 1 }))).closed?.reason, 'refused')
  await set('usr_ben', { revocations: 2 })
  t.equal((await comeAs(person('usr_ben', { revocations: 1 }))).closed?.reason, 'refused')
  t.equal((await comeAs(person('usr_ben', { revocations: 2 }))).closed, undefined)
  await remove('usr_ben', 1)
  t.equal((await comeAs(person('usr_ben', { revocations: 2 }))).closed?.reason, 'refused', 'nobody who removes is too late')
})

t.test('a change that tells of a revocation reaches who is inside', async t => {
  const { enter, name } = subject()
  const [ada, ben] = [enter('usr_ada'), enter('usr_ben')] as const
  await name([person('usr_ada', { tools: new Set() }), person('usr_ben', { tools: new Set(['chat']), revocations: 1 })])
  t.same(ben.heard('rights').map(({ tools }) => tools), [['chat']])
  t.same(ada.heard('rights'), [], 'who never lost anything goes by his token')
  t.equal(ben.closed, undefined)
})

t.test('rights outlive the process, and go with the room', async t => {
  const file = join(t.testdir(), 'rooms.sqlite')
  const content = { startAt: START, endAt: START, participantIds: PEOPLE }
  const rights = new Map([['usr_ben', { revocations: 3, tools: ['chat'] as const, removed: false }], ['usr_ada', { revocations: 1, tools: null, removed: true }]])
  const first = openRooms({ file, clock: () => START })
  first.create(ROOM, 'd|1', content)
  first.setRights(ROOM, rights)
  first.change(ROOM, { ...content, durationSeconds: 60 })
  first.addUsed(ROOM, 10)
  first.close()
  const second = openRooms({ file, clock: () => START })
  t.same(second.get(ROOM)?.rights, rights)
  second.delete(ROOM)
  second.setRights(ROOM, rights)
  t.equal(second.change(ROOM, content, rights), false)
  second.close()
  const db = new DatabaseSync(file)
  t.teardown(() => db.close())
  t.match(db.prepare('SELECT rights FROM rooms').get(), { rights: '[]' })
})

t.test('a registry of the first layout keeps its rooms and takes rights', async t => {
  const file = join(t.testdir(), 'rooms.sqlite')
  const db = new DatabaseSync(file)
  db.exec(`
    CREATE TABLE rooms (room_id TEXT PRIMARY KEY, marker TEXT NOT NULL, created_at_ms INTEGER NOT NULL, start_at_ms INTEGER NOT NULL, end_at_ms INTEGER NOT NULL,
      duration_seconds INTEGER, participant_ids TEXT NOT NULL, used_ms INTEGER NOT NULL DEFAULT 0, deleted_at_ms INTEGER) STRICT;
    CREATE INDEX rooms_by_marker ON rooms (marker) WHERE deleted_at_ms IS NULL;
    INSERT INTO rooms VALUES ('room_old', 'd|1|1|1', 1000, 2000, 3000, 60, '["usr_ada"]', 7, NULL), ('room_gone', 'd|2|1|1', 1000, 2000, 3000, NULL, '[]', 0, 5000);
    PRAGMA user_version = 1;
  `)
  db.close()
  const rights = new Map([['usr_ada', { revocations: 1, tools: [], removed: false }]])
  for (const expected of [new Map(), rights]) {
    const rooms = openRooms({ file, clock: () => START })
    t.same(rooms.get('room_old'), {
      roomId: 'room_old', marker: 'd|1|1|1', createdAt: new Date(1000), startAt: new Date(2000), endAt: new Date(3000), durationSeconds: 60, participantIds: ['usr_ada'], usedMs: 7, rights: expected
    })
    t.equal(rooms.create('room_gone', 'd|2|1|1', { startAt: START, endAt: START, participantIds: [] }), 'deleted')
    rooms.setRights('room_old', rights)
    rooms.close()
  }
})
