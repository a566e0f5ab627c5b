import { Type, type Static } from 'typebox'
import { reservationOf } from '../../providers/jitsi/opening-hours.ts'
import type { RoomNames } from '../../providers/jitsi/room-names.ts'
import { RoomNotOpenYet, RoomNotReserved, RoomOver } from '../../errors.ts'

export interface ReservationOptions {
  /** Made with the provider's key. */
  names: Pick<RoomNames, 'read'>
  /** In lower case; Prosody names its rooms `[tenant]room`. */
  tenant: string | undefined
  /** Prosody shows the secret with every question. */
  secret: string
  /** Whether people wait in a lobby until a moderator lets them in. */
  lobby: boolean
  /** The instant from which links to a room that starts then are given. */
  entryFrom: (startAt: Date) => Date
  /**
   * Whether a teleconsultation has this room now: not one that is being deleted, and not as a room that was replaced.
   *
   * @throws STORAGE_* where that cannot be told: Prosody asks again
   */
  roomStands: (providerRoomId: string) => Promise<boolean>
  clock: () => Date
}

/** As Prosody's mod_reservations reads it; what it does not know it leaves. */
export const Conference = Type.Object({
  id: Type.String({ description: 'Of the reservation: the room without tenant' }),
  name: Type.String({ description: 'The room, as Prosody named it' }),
  mail_owner: Type.String({ description: 'As Prosody sent it; nothing depends on it' }),
  start_time: Type.String({ format: 'date-time' }),
  duration: Type.Integer({ description: 'Seconds from start_time until Prosody ends the room; calls without limit get a week more than they need' }),
  max_occupants: Type.Integer({ description: 'Two seats for each participant: reloading a page takes the second' }),
  lobby: Type.Optional(Type.Boolean())
})
export type Conference = Static<typeof Conference>

/**
 * The answer for a room, from its name and whether it stands: nothing is kept of it, so that any replica answers and
 * asking again gives the same.
 *
 * @throws ROOM_NOT_RESERVED, ROOM_NOT_OPEN_YET, ROOM_OVER; STORAGE_*
 */
export async function reserve ({ names, tenant, lobby, entryFrom, roomStands, clock }: ReservationOptions, name: string, mailOwner: string): Promise<Conference> {
  const room = roomOf(name.toLowerCase(), tenant)
  const record = room === undefined ? undefined : names.read(room)
  if (room === undefined || record === undefined) throw new RoomNotReserved()
  const reservation = reservationOf(record, entryFrom, clock())
  // Whether it stands comes first: of a room that was deleted nobody is told when it would have been.
  if (!await roomStands(room)) throw new RoomNotReserved()
  if (reservation === 'not-yet') throw new RoomNotOpenYet()
  if (reservation === 'over') throw new RoomOver()
  return {
    id: room,
    name,
    mail_owner: mailOwner,
    start_time: reservation.startAt.toISOString(),
    duration: reservation.durationSeconds,
    max_occupants: reservation.maxOccupants,
    ...lobby && { lobby }
  }
}

/** How Prosody names a room of ours. */
export const nameOf = (room: string, tenant: string | undefined) => tenant === undefined ? room : `[${tenant}]${room}`

// The same room under another tenant, or under none, is another room for Prosody: two calls of one teleconsultation.
function roomOf (name: string, tenant: string | undefined): string | undefined {
  const before = nameOf('', tenant)
  return name.startsWith(before) ? name.slice(before.length) : undefined
}
