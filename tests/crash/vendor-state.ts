/** The name by which the replicas mark their rooms. */
export const DEPLOYMENT = 'crash'

/** What others keep at the same vendor: rooms of other deployments, one of whose names begins like ours, and unmarked ones. */
export const FOREIGN_MARKERS = ['other|teleconsultation-1|operation-1|1', `${DEPLOYMENT}-2|teleconsultation-1|operation-1|1`, `${DEPLOYMENT}|no marker of ours`, null] as const
/** The vendor's ids of those rooms, which are its first. */
export const FOREIGN_ROOMS = FOREIGN_MARKERS.map((_marker, i) => `room_${i + 1}`)

export interface VendorRoomState {
  id: string
  marker: string | undefined
  deleted: boolean
  /** Undefined: without an end. */
  durationSeconds: number | undefined
  /** Epoch milliseconds. */
  createdAt: number
  /** Whose links lead into it; a link's path ends in its token. */
  seats: ReadonlyArray<{ userId: string, token: string }>
}

/** What the vendor keeps, as its process tells it. */
export interface VendorState {
  users: readonly string[]
  rooms: readonly VendorRoomState[]
}
