import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import t from 'tap'
import { openRooms, roomEndsAt } from '../../lib/providers/embedded/rooms.ts'
import { fakeTime, START } from '../support/embedded-hub.ts'

const CONTENT = { startAt: START, endAt: new Date(START.getTime() + 1800_000), durationSeconds: 1800, participantIds: ['usr_a', 'usr_b'] }

t.test('a reopened file holds the rooms as they were', async t => {
  const file = join(t.testdir(), 'deeper', 'rooms.sqlite')
  const { clock } = fakeTime()
  const first = openRooms({ file, clock })
  first.create('room_a', 'd|1|1|1', CONTENT)
  first.create('room_b', 'd|2|1|1', { ...CONTENT, durationSeconds: undefined })
  first.delete('room_b')
  first.addUsed('room_a', 1500)
  first.close()
  first.close()

  const second = openRooms({ file, clock })
  t.teardown(() => second.close())
  t.same(second.get('room_a'), { ...CONTENT, roomId: 'room_a', marker: 'd|1|1|1', createdAt: START, usedMs: 1500, rights: new Map() })
  t.equal(second.get('room_b'), undefined)
  t.equal(second.create('room_b', 'd|2|1|1', CONTENT), 'deleted')
  t.equal(second.get('room_b'), undefined)
})

t.test('a room that was made outlives a killed process', async t => {
  const file = join(t.testdir(), 'rooms.sqlite')
  const module = new URL('../../lib/providers/embedded/rooms.ts', import.meta.url).href
  const program = `const { openRooms } = await import('${module}')
    openRooms({ file: process.argv[1], clock: () => new Date() })
      .create('room_a', 'd|1|1|1', { startAt: new Date(0), endAt: new Date(1), participantIds: ['usr_a'] })
    process.stdout.write('made')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, file], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')

  const rooms = openRooms({ file, clock: () => START })
  t.teardown(() => rooms.close())
  t.equal(rooms.get('room_a')?.marker, 'd|1|1|1')
})

t.test('making a room twice keeps the first one', async t => {
  const rooms = openRooms({ file: ':memory:', clock: () => START })
  t.teardown(() => rooms.close())
  rooms.create('room_a', 'd|1|1|1', CONTENT)
  t.match(rooms.create('room_a', 'd|1|1|1', { ...CONTENT, participantIds: [] }), { participantIds: ['usr_a', 'usr_b'] })
})

t.test('a deleted room takes no change and keeps no participants', async t => {
  const file = join(t.testdir(), 'rooms.sqlite')
  const rooms = openRooms({ file, clock: () => START })
  rooms.create('room_a', 'd|1|1|1', CONTENT)
  rooms.delete('room_a')
  rooms.delete('room_a')
  t.equal(rooms.change('room_a', CONTENT), false)
  t.equal(rooms.change('room_unknown', CONTENT), false)
  rooms.close()
  const db = new DatabaseSync(file)
  t.teardown(() => db.close())
  t.match(db.prepare('SELECT participant_ids FROM rooms').get(), { participant_ids: '[]' })
})

t.test('a marker finds its rooms and those below it, made since then', async t => {
  const time = fakeTime()
  const rooms = openRooms({ file: ':memory:', clock: time.clock })
  t.teardown(() => rooms.close())
  for (const marker of ['d|1', 'd|1|1|1', 'd|10|1|1', 'd|1}', 'D|1|1|1', 'd|1%|2']) {
    rooms.create(`room_${marker}`, marker, CONTENT)
    time.advance(1000)
  }
  const found = (marker: string, since: Date) => rooms.find(marker, since).map(room => room.marker)
  t.same(found('d|1', START), ['d|1', 'd|1|1|1'])
  t.same(found('d|1', new Date(START.getTime() + 1000)), ['d|1|1|1'])
  t.same(found('d|1', new Date(START.getTime() + 1001)), [])
  t.same(found('d|%', START), [])
  t.same(found('d', START), ['d|1', 'd|1|1|1', 'd|10|1|1', 'd|1}', 'd|1%|2'])
})

t.test('a file of a newer layout is left alone', async t => {
  const file = join(t.testdir(), 'rooms.sqlite')
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 7')
  db.close()
  t.throws(() => openRooms({ file, clock: () => START }), { message: 'The room registry has layout 7; this release reads layout 2' })
})

t.test('the journal is a durable write-ahead log', async t => {
  const file = join(t.testdir(), 'rooms.sqlite')
  openRooms({ file, clock: () => START }).close()
  const db = new DatabaseSync(file)
  t.teardown(() => db.close())
  t.match(db.prepare('PRAGMA journal_mode').get(), { journal_mode: 'wal' })
})

t.test('a room of limited duration ends that long after its start', async t => {
  t.same(roomEndsAt({ startAt: START, durationSeconds: 60 }), new Date(START.getTime() + 60_000))
  t.equal(roomEndsAt({ startAt: START, durationSeconds: undefined }), undefined)
})
