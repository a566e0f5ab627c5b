import type { Schedule } from '../embedded/schedule.ts'
import { readRooms, type LivekitRoom } from './answers.ts'
import type { LivekitCalls } from './calls.ts'
import { guardedRooms, keepGuard, sweep, tell, writeNote, type Guard } from './guard.ts'
import type { NamedRoom, Note, RoomNames } from './room-names.ts'

export interface Ended {
  /** Rooms that were ended. */
  ended: number
  /** Rooms that are to be ended, or to be looked into, and could not be: the next look tries again. */
  failed: number
  /** People who were inside by a way in that works no more. */
  putOut: number
  /** When the next limited call is over; undefined: none is under way. */
  nextEndAt: Date | undefined
}

/**
 * LiveKit ends no call by itself: this ends what is over, and everybody in it is put out. The list of rooms tells all that
 * it needs, so any replica may do it at any time, and two at once do no harm. Ended are, of our rooms alone:
 *
 * - limited calls whose time is up;
 * - calls without limit into which nobody may come any more, once they are empty;
 * - rooms without our seal. Those were not made by us but by somebody's token, after the room had been ended or deleted:
 *   a server with `room.auto_create` lets every token that is still valid bring its room back, and it renews the tokens
 *   of who is inside for ten minutes at a time;
 * - notes of calls that are over.
 *
 * And who is inside a room by a way in that works no more is put out.
 *
 * @throws PROVIDER_* where the rooms cannot be listed
 */
export async function endOverdueRooms (calls: LivekitCalls, names: RoomNames, now: Date, signal: AbortSignal): Promise<Ended> {
  return await endListed(calls, names, await list(calls, signal), now, signal)
}

const list = async (calls: LivekitCalls, signal: AbortSignal): Promise<LivekitRoom[]> =>
  readRooms(await calls.call({ method: 'ListRooms', grant: { roomList: true }, body: {} }, signal))

async function endListed (calls: LivekitCalls, names: RoomNames, listed: readonly LivekitRoom[], now: Date, signal: AbortSignal): Promise<Ended> {
  const result: Ended = { ended: 0, failed: 0, putOut: 0, nextEndAt: undefined }
  const end = async (room: string) => {
    await calls.call({ method: 'DeleteRoom', grant: { roomCreate: true }, body: { room } }, signal)
      .then(() => { result.ended++ }, () => { result.failed++ })
  }
  for (const { name, metadata, people } of listed) {
    const note = names.readNote(name)
    if (note !== undefined && isSpent(note, listed, names, now)) await end(name)
    const named = names.read(name)
    if (named === undefined) continue
    if (!isOver(named, people, now) && names.unseal(name, metadata) !== undefined) {
      if (named.durationSeconds !== undefined && (result.nextEndAt === undefined || named.endAt < result.nextEndAt)) result.nextEndAt = named.endAt
      continue
    }
    await end(name)
  }
  for (const [name, room] of guardedRooms(listed, names)) {
    await sweep(calls, names, name, room, now, signal).then(({ putOut }) => { result.putOut += putOut }, () => { result.failed++ })
  }
  return result
}

const isOver = ({ closesAt, durationSeconds }: NamedRoom, people: number, now: Date) =>
  closesAt <= now && (durationSeconds !== undefined || people === 0)

const isSpent = ({ room }: Note, listed: ReadonlyArray<{ name: string }>, names: RoomNames, now: Date) =>
  (names.read(room)?.closesAt ?? now) <= now && !listed.some(({ name }) => name === room)

export interface EndingOptions {
  calls: LivekitCalls
  names: RoomNames
  clock: () => Date
  schedule: Schedule
  /** Milliseconds between two looks; a call that ends earlier is ended when it ends. */
  everyMs: number
  log: { info (details: object, message: string): void, warn (details: object, message: string): void }
}

export interface Ending {
  guard: Pick<Guard, 'noted' | 'madeAgain'>
  /** Ends what is under way, and waits for it. */
  stop (): Promise<void>
}

/** Looks from now on, until it is stopped. */
export function keepEnding ({ calls, names, clock, schedule, everyMs, log }: EndingOptions): Ending {
  const over = new AbortController()
  const guard = keepGuard({ calls, names, clock, schedule, log })
  let asked = false
  let running: Promise<void> = Promise.resolve()

  const look = async () => {
    let delayMs = everyMs
    try {
      const rooms = await list(calls, over.signal)
      for (const note of guard.listed(rooms)) await writeNote(calls, names, note, clock(), over.signal)
      const { nextEndAt, putOut, ...counts } = await endListed(calls, names, rooms, clock(), over.signal)
      tell(log, putOut)
      if (counts.ended > 0) log.info(counts, 'Ended LiveKit rooms whose time was over')
      if (counts.failed > 0) log.warn(counts, 'LiveKit rooms whose time is over could not be ended yet, or others not looked into')
      if (nextEndAt !== undefined) delayMs = Math.min(everyMs, Math.max(0, nextEndAt.getTime() - clock().getTime()))
      if (!asked) await warnOfAutoCreate()
    } catch (error) {
      if (!over.signal.aborted) log.warn({ err: error }, 'LiveKit rooms whose time is over could not be looked for')
    }
    if (!over.signal.aborted) plan(delayMs)
  }
  // Once in a process. Whether it can be asked is no matter of the rooms that are over.
  const warnOfAutoCreate = async () => {
    const makesRooms = await calls.makesRoomsItself(over.signal).then((answer) => { asked = true; return answer }, () => undefined)
    if (makesRooms === true) log.warn({ everyMs }, 'The LiveKit server makes rooms by itself: a token that is still valid can bring an ended call back until the next look. Set room.auto_create to false')
  }
  let callOff = () => {}
  const plan = (delayMs: number) => { callOff = schedule(delayMs, () => { running = look() }) }

  plan(0)
  return {
    guard,
    async stop () {
      callOff()
      over.abort()
      await Promise.all([running, guard.close()])
    }
  }
}
