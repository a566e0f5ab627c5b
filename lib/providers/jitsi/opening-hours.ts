import type { RoomRecord } from './room-names.ts'

/** A call without limit ends when its people leave; long after the end nobody begins or joins one. */
const ENTRY_AFTER_END_MS = 12 * 3600_000
/** Prosody wants a duration of every room and ends the room with it: so long after the end that no call is met by it. */
const UNLIMITED_SECONDS_AFTER_END = 7 * 86_400
/** Who reloads the page leaves his old seat behind for a minute, and a person may come with two devices. */
const SEATS_A_PERSON = 2

/** The instant from which nobody comes in any more; for a call of limited duration the one at which it ends. */
export const closesAt = ({ startAt, endAt, durationSeconds }: RoomRecord): Date =>
  new Date(durationSeconds === undefined ? endAt.getTime() + ENTRY_AFTER_END_MS : startAt.getTime() + durationSeconds * 1000)

/** What Prosody enforces in a room, counted from `startAt`. */
export interface Reservation {
  startAt: Date
  durationSeconds: number
  maxOccupants: number
}

/**
 * Whether the room may be begun now.
 *
 * @param entryFrom the instant from which links to a room that starts then are given
 */
export function reservationOf (record: RoomRecord, entryFrom: (startAt: Date) => Date, now: Date): Reservation | 'not-yet' | 'over' {
  const { startAt, endAt, durationSeconds, participants } = record
  // The name has the start without its milliseconds, so that this is never later than the first link.
  if (now < entryFrom(startAt)) return 'not-yet'
  if (now >= closesAt(record)) return 'over'
  return {
    startAt,
    durationSeconds: durationSeconds ?? (endAt.getTime() - startAt.getTime()) / 1000 + UNLIMITED_SECONDS_AFTER_END,
    maxOccupants: participants * SEATS_A_PERSON
  }
}
