import type { ToolName } from '../../../schemas/tools.ts'
import type { Schedule } from '../embedded/schedule.ts'
import { readParticipants, readRooms, type LivekitParticipant, type LivekitRoom } from './answers.ts'
import type { LivekitCalls } from './calls.ts'
import type { Note, RoomNames } from './room-names.ts'

/** Who may not be inside a room, though his token opens it. */
export interface GuardedRoom {
  notes: readonly Note[]
  /** Of a room that was made again: nobody may be inside with a token for the one that the server lost, notes included. */
  sid: string | undefined
}

/** By name of the room; all others need no guard. */
export type GuardedRooms = ReadonlyMap<string, GuardedRoom>

/** What the list of rooms says of who may not be inside. */
export function guardedRooms (listed: readonly LivekitRoom[], names: RoomNames): GuardedRooms {
  const rooms = new Map(listed.map((room) => [room.name, room]))
  const guarded = new Map<string, GuardedRoom>()
  for (const { name, metadata, sid } of listed) {
    if (names.read(name) !== undefined && names.unseal(name, metadata)?.again === true) guarded.set(name, { notes: guarded.get(name)?.notes ?? [], sid })
    const note = names.readNote(name)
    if (note !== undefined && rooms.has(note.room)) guarded.set(note.room, withNote(guarded.get(note.room), note))
  }
  return guarded
}

const withNote = (room: GuardedRoom | undefined, note: Note): GuardedRoom => ({ sid: room?.sid, notes: [...room?.notes ?? [], note] })

/** A note outlasts the call that it is of; whoever ends rooms takes it away. */
const NOTE_SPARE_SECONDS = 24 * 3600

/** Where nobody can come in any more, there is nothing to keep anybody from. */
export async function writeNote (calls: LivekitCalls, names: RoomNames, note: Note, now: Date, signal: AbortSignal): Promise<void> {
  const named = names.read(note.room)
  if (named === undefined || (named.closesAt <= now && named.durationSeconds !== undefined)) return
  const staysSeconds = Math.max(0, Math.ceil((named.closesAt.getTime() - now.getTime()) / 1000)) + NOTE_SPARE_SECONDS
  const body = { name: names.nameOfNote(note), empty_timeout: staysSeconds, departure_timeout: staysSeconds }
  await calls.call({ method: 'CreateRoom', grant: { roomCreate: true }, body }, signal)
}

/**
 * Whether he is inside by a way in that works no more. Of the same number of revocations several notes can stand: what was
 * given back meanwhile.
 */
function isBarred ({ identity, revocations, mayUse, roomSid }: LivekitParticipant, { notes, sid }: GuardedRoom): boolean {
  const his = notes.filter((note) => note.providerUserId === identity)
  if (his.some((note) => note.leaves === 'nothing' && revocations <= note.revocations)) return true
  const left = his.filter((note): note is Note & { leaves: ReadonlySet<ToolName> } => note.leaves !== 'nothing')
  const last = Math.max(0, ...left.map((note) => note.revocations))
  if (revocations < last) return true
  if (revocations === last && last > 0 && [...mayUse].some((tool) => !left.some((note) => note.revocations === last && note.leaves.has(tool)))) return true
  return sid !== undefined && identity.startsWith('usr_') && roomSid !== sid
}

export interface Swept { inside: number, putOut: number }

/**
 * Puts out who may not be inside. Before that the notes are read anew: what was given in this moment stands in one that is
 * younger than `guarded`.
 *
 * @throws PROVIDER_*
 */
export async function sweep (calls: LivekitCalls, names: RoomNames, room: string, guarded: GuardedRoom, now: Date, signal: AbortSignal): Promise<Swept> {
  const answer = await calls.call({ method: 'ListParticipants', grant: { roomAdmin: true, room }, body: { room } }, signal)
  const inside = answer === 'missing' ? [] : readParticipants(answer)
  const suspects = inside.filter((one) => isBarred(one, guarded))
  if (suspects.length === 0) return { inside: inside.length, putOut: 0 }
  const fresh = guardedRooms(readRooms(await calls.call({ method: 'ListRooms', grant: { roomList: true }, body: {} }, signal)), names).get(room)
  const barred = suspects.filter((one) => isBarred(one, { sid: fresh?.sid, notes: [...guarded.notes, ...fresh?.notes ?? []] }))
  for (const { identity } of barred) await putOut(calls, room, identity, now, signal)
  return { inside: inside.length, putOut: barred.length }
}

/**
 * @param revokesBefore tokens whose `nbf` is before it open the room no more, where the server does that: the vendor's cloud
 *   by its documents; a server of one's own (1.13.5) overlooks it, and without it the cloud takes a minute from now
 */
export async function putOut (calls: LivekitCalls, room: string, identity: string, revokesBefore: Date, signal: AbortSignal): Promise<void> {
  const body = { room, identity, revoke_token_ts: String(Math.ceil(revokesBefore.getTime() / 1000)) }
  await calls.call({ method: 'RemoveParticipant', grant: { roomAdmin: true, room }, body }, signal)
}

export interface GuardOptions {
  calls: LivekitCalls
  names: RoomNames
  clock: () => Date
  schedule: Schedule
  log: { warn (details: object, message: string): void }
}

export interface Guard {
  /** Something was taken from somebody: his room is looked into at once. */
  noted (note: Note): void
  /** A room that the server had lost is there again. */
  madeAgain (room: string, sid: string): void
  /**
   * Guards what the list of rooms says, besides what is guarded already.
   *
   * @returns notes that the server has lost
   */
  listed (rooms: readonly LivekitRoom[]): Note[]
  /** Ends what is under way, and waits for it. */
  close (): Promise<void>
}

/** Much shorter than it takes a browser to have a connection for pictures and sound after the server let it in. */
const LOOK_MS = 100
/** Where nobody is inside, or nothing was taken from anybody. */
const CALM_LOOK_MS = 2000

interface Watched {
  /** By name. */
  notes: Map<string, Note>
  sid: string | undefined
  /** Counts what was learned of it, so that a look that began before is followed by another one at once. */
  version: number
  isListed: boolean
  callOff: () => void
  running: Promise<void> | undefined
}

/** Looks into each guarded room again and again: a server of one's own refuses no token that it once took. */
export function keepGuard ({ calls, names, clock, schedule, log }: GuardOptions): Guard {
  const over = new AbortController()
  const watched = new Map<string, Watched>()
  let fails = false

  const watch = (room: string): Watched => {
    const known = watched.get(room)
    if (known !== undefined) return known
    const made: Watched = { notes: new Map(), sid: undefined, version: 0, isListed: true, callOff: () => {}, running: undefined }
    watched.set(room, made)
    return made
  }
  const plan = (room: string, entry: Watched, delayMs: number) => {
    entry.callOff()
    if (over.signal.aborted || !entry.isListed) return
    entry.callOff = schedule(delayMs, () => { entry.running = look(room, entry).then((nextMs) => { entry.running = undefined; plan(room, entry, nextMs) }) })
  }
  const look = async (room: string, entry: Watched): Promise<number> => {
    const { version, sid, notes } = entry
    let inside = 0
    try {
      const swept = await sweep(calls, names, room, { sid, notes: [...notes.values()] }, clock(), over.signal)
      inside = swept.inside
      fails = false
      tell(log, swept.putOut)
    } catch (error) {
      if (!over.signal.aborted && !fails) log.warn({ err: error }, 'LiveKit calls could not be looked into for who may not be inside')
      fails = true
    }
    return version !== entry.version ? 0 : inside > 0 && notes.size > 0 ? LOOK_MS : CALM_LOOK_MS
  }
  /** What is learned is never forgotten while the room can be entered, though the server has lost it. */
  const learn = (room: string, { notes = [], sid }: { notes?: readonly Note[], sid?: string | undefined }) => {
    const isNew = !watched.has(room)
    const entry = watch(room)
    const unknown = notes.filter((note) => !entry.notes.has(names.nameOfNote(note)))
    const wasListed = entry.isListed
    entry.isListed = true
    if (!isNew && wasListed && unknown.length === 0 && (sid === undefined || sid === entry.sid)) return
    for (const note of unknown) entry.notes.set(names.nameOfNote(note), note)
    entry.sid = sid ?? entry.sid
    entry.version++
    if (entry.running === undefined) plan(room, entry, 0)
  }

  return {
    noted: (note) => learn(note.room, { notes: [note] }),
    madeAgain: (room, sid) => learn(room, { sid }),
    listed (rooms) {
      const there = new Set(rooms.map(({ name }) => name))
      for (const [room, guarded] of guardedRooms(rooms, names)) learn(room, guarded)
      const lost: Note[] = []
      for (const [room, entry] of watched) {
        if (there.has(room)) {
          if (!entry.isListed) learn(room, {})
          lost.push(...[...entry.notes].flatMap(([name, note]) => there.has(name) ? [] : [note]))
          continue
        }
        entry.isListed = false
        entry.callOff()
        if ((names.read(room)?.closesAt ?? clock()) <= clock()) watched.delete(room)
      }
      return lost
    },
    async close () {
      over.abort()
      for (const { callOff } of watched.values()) callOff()
      await Promise.all([...watched.values()].map(({ running }) => running))
    }
  }
}

export function tell (log: GuardOptions['log'], putOut: number): void {
  if (putOut > 0) log.warn({ putOut }, 'Put out of LiveKit calls who came in by a way in that had been revoked')
}
