import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { Rights } from './rights.ts'

/** What is kept of a room. The people in it are known by `providerUserId` only. */
export interface StoredRoom {
  roomId: string
  marker: string
  createdAt: Date
  startAt: Date
  endAt: Date
  /** How long the call may last, counted from `startAt`; undefined: without limit. */
  durationSeconds: number | undefined
  participantIds: readonly string[]
  /** Milliseconds that ended calls have used. */
  usedMs: number
  /** By participant; those who are not in it go by their token. Somebody who takes part no longer may be in it. */
  rights: ReadonlyMap<string, Rights>
}

export interface RoomContent {
  startAt: Date
  endAt: Date
  durationSeconds?: number | undefined
  participantIds: readonly string[]
}

/** The registry of rooms. Every change is on the disk before its method returns; deleted rooms are not seen again. */
export interface Rooms {
  /** The room that exists under this id already wins over `content`; `deleted` where it existed once. */
  create (roomId: string, marker: string, content: RoomContent): StoredRoom | 'deleted'
  get (roomId: string): StoredRoom | undefined
  /** Leaves the rights as they are where none are given. False where the room is missing. */
  change (roomId: string, content: RoomContent, rights?: ReadonlyMap<string, Rights>): boolean
  /** Nothing where the room is missing. */
  setRights (roomId: string, rights: ReadonlyMap<string, Rights>): void
  delete (roomId: string): void
  /**
   * Takes somebody out of those rooms that are over, his rights with him; the file's bytes hold him there no more. Throws also where
   * that cannot be made certain yet.
   */
  forgetPerson (participantId: string, isOver: (room: StoredRoom) => boolean): void
  /** Rooms made at or after `since` whose marker is `marker` or begins with `marker + '|'`, oldest first. */
  find (marker: string, since: Date): Pick<StoredRoom, 'roomId' | 'marker'>[]
  addUsed (roomId: string, usedMs: number): void
  /** Throws when the file cannot be read. */
  check (): void
  close (): void
}

/**
 * Each step leads from the layout whose number is its index to the next one; a published step never changes.
 *
 * A deleted room leaves a row with `deleted_at_ms`, so that a create which was on its way while the room was
 * deleted cannot bring it back.
 */
const STEPS = [`
  CREATE TABLE rooms (
    room_id TEXT PRIMARY KEY,
    marker TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    start_at_ms INTEGER NOT NULL,
    end_at_ms INTEGER NOT NULL,
    duration_seconds INTEGER,
    participant_ids TEXT NOT NULL,
    used_ms INTEGER NOT NULL DEFAULT 0,
    deleted_at_ms INTEGER
  ) STRICT;
  CREATE INDEX rooms_by_marker ON rooms (marker) WHERE deleted_at_ms IS NULL;
`, `
  ALTER TABLE rooms ADD COLUMN rights TEXT NOT NULL DEFAULT '[]';
`]
/** Bytes of a SQLite file that a newer release wrote are not ours to change. */
const LAYOUT_VERSION = STEPS.length

const REMEMBERED_ROOMS = 2000

/**
 * Opens the registry, and makes it where there is none.
 *
 * `file` is the SQLite file's path, or `:memory:`. One process owns the file at a time.
 */
export function openRooms (options: { file: string, clock: () => Date }): Rooms {
  const { file, clock } = options
  if (file !== ':memory:') {
    mkdirSync(dirname(file), { recursive: true })
    // Who takes part when is nobody else's business on this machine; SQLite would make the file readable for all.
    closeSync(openSync(file, 'a', 0o600))
  }
  const db = new DatabaseSync(file, { timeout: 1000 })
  // What is deleted is overwritten: else the ids of who was forgotten would stay in the file's free bytes.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;')
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version > LAYOUT_VERSION) {
    db.close()
    throw new Error(`The room registry has layout ${version}; this release reads layout ${LAYOUT_VERSION}`)
  }
  if (version < LAYOUT_VERSION) db.exec(`BEGIN IMMEDIATE; ${STEPS.slice(version).join('')} PRAGMA user_version = ${LAYOUT_VERSION}; COMMIT;`)

  const insert = db.prepare(`INSERT INTO rooms (room_id, marker, created_at_ms, start_at_ms, end_at_ms, duration_seconds, participant_ids)
    VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (room_id) DO NOTHING`)
  const select = db.prepare('SELECT * FROM rooms WHERE room_id = ? AND deleted_at_ms IS NULL')
  const update = db.prepare(`UPDATE rooms SET start_at_ms = ?, end_at_ms = ?, duration_seconds = ?, participant_ids = ?, rights = coalesce(?, rights)
    WHERE room_id = ? AND deleted_at_ms IS NULL`)
  const restrict = db.prepare('UPDATE rooms SET rights = ? WHERE room_id = ? AND deleted_at_ms IS NULL')
  const bury = db.prepare("UPDATE rooms SET deleted_at_ms = ?, participant_ids = '[]', rights = '[]' WHERE room_id = ? AND deleted_at_ms IS NULL")
  // '}' follows '|' in ASCII: the range holds exactly what begins with marker + '|'.
  const list = db.prepare(`SELECT room_id, marker FROM rooms WHERE deleted_at_ms IS NULL AND created_at_ms >= ?
    AND (marker = ? OR (marker >= ? AND marker < ?)) ORDER BY created_at_ms, room_id`)
  const use = db.prepare('UPDATE rooms SET used_ms = used_ms + ? WHERE room_id = ? AND deleted_at_ms IS NULL')
  const naming = db.prepare('SELECT * FROM rooms WHERE deleted_at_ms IS NULL AND (instr(participant_ids, ?1) > 0 OR instr(rights, ?1) > 0)')
  // One statement for all rooms, so that it is one commit.
  const unname = db.prepare(`UPDATE rooms SET
    participant_ids = (SELECT json_group_array(value) FROM json_each(participant_ids) WHERE value <> ?1),
    rights = (SELECT json_group_array(json(value)) FROM json_each(rights) WHERE value ->> 0 <> ?1)
    WHERE room_id IN (SELECT value FROM json_each(?2))`)
  const emptyLog = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)')
  const probe = db.prepare('SELECT count(*) FROM (SELECT 1 FROM rooms LIMIT 1)')
  let open = true

  // Every look at a link asks for its room. One process owns the file, so what was read stays true until it is written here.
  const remembered = new Map<string, StoredRoom>()
  const get = (roomId: string): StoredRoom | undefined => {
    const known = remembered.get(roomId)
    if (known !== undefined) return known
    const row = select.get(roomId)
    if (row === undefined) return undefined
    const room = fromRow(row)
    const [oldest] = remembered.keys()
    if (remembered.size >= REMEMBERED_ROOMS && oldest !== undefined) remembered.delete(oldest)
    remembered.set(roomId, room)
    return room
  }
  const forget = (roomId: string): void => { remembered.delete(roomId) }

  return {
    create (roomId, marker, content) {
      insert.run(roomId, marker, clock().getTime(), ...columns(content))
      return get(roomId) ?? 'deleted'
    },
    get,
    change (roomId, content, rights) {
      forget(roomId)
      return update.run(...columns(content), rights === undefined ? null : textOf(rights), roomId).changes === 1
    },
    setRights (roomId, rights) {
      forget(roomId)
      restrict.run(textOf(rights), roomId)
    },
    delete (roomId) {
      forget(roomId)
      bury.run(clock().getTime(), roomId)
    },
    forgetPerson (participantId, isOver) {
      const over = naming.all(JSON.stringify(participantId)).map(fromRow).filter(isOver)
      for (const { roomId } of over) forget(roomId)
      unname.run(participantId, JSON.stringify(over.map(({ roomId }) => roomId)))
      // The log holds pages of before until it is emptied, also those of a process that died before it came here.
      if (emptyLog.get()?.['busy'] !== 0) throw new Error('The room registry’s log cannot be emptied while somebody else reads the file')
    },
    find: (marker, since) => list.all(since.getTime(), marker, `${marker}|`, `${marker}}`)
      .map(row => ({ roomId: String(row['room_id']), marker: String(row['marker']) })),
    addUsed (roomId, usedMs) {
      forget(roomId)
      use.run(Math.max(0, Math.round(usedMs)), roomId)
    },
    check () {
      probe.get()
    },
    close () {
      remembered.clear()
      if (open) db.close()
      open = false
    }
  }
}

/** When a room of limited duration ends; undefined: never by itself. */
export function roomEndsAt (room: Pick<StoredRoom, 'startAt' | 'durationSeconds'>): Date | undefined {
  return room.durationSeconds === undefined ? undefined : new Date(room.startAt.getTime() + room.durationSeconds * 1000)
}

function columns (content: RoomContent): [number, number, number | null, string] {
  return [content.startAt.getTime(), content.endAt.getTime(), content.durationSeconds ?? null, JSON.stringify(content.participantIds)]
}

const textOf = (rights: ReadonlyMap<string, Rights>): string => JSON.stringify([...rights])

function fromRow (row: Record<string, SQLOutputValue>): StoredRoom {
  const seconds = row['duration_seconds']
  return {
    roomId: String(row['room_id']),
    marker: String(row['marker']),
    createdAt: new Date(Number(row['created_at_ms'])),
    startAt: new Date(Number(row['start_at_ms'])),
    endAt: new Date(Number(row['end_at_ms'])),
    durationSeconds: typeof seconds === 'number' ? seconds : undefined,
    participantIds: JSON.parse(String(row['participant_ids'])) as string[],
    usedMs: Number(row['used_ms']),
    rights: new Map(JSON.parse(String(row['rights'])) as [string, Rights][])
  }
}
