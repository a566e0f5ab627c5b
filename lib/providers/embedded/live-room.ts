import type { CLOSE_CODES, SeatState, ServerMessage } from '../../../schemas/signalling.ts'
import type { ToolName } from '../../../schemas/tools.ts'
import type { RoomTokenClaims } from './room-tokens.ts'
import type { Transfer } from './transfers.ts'

/** One browser's connection, as far as the rules need it. No method throws, not even on a closed connection. */
export interface Connection {
  send (text: string): void
  sendBinary (data: Uint8Array): void
  close (code: number, reason: string): void
  /** Bytes that were sent and have not left this process yet. */
  readonly bufferedAmount: number
}

export type CloseReason = keyof typeof CLOSE_CODES

/** A connected participant. The id is random for each connection and says nothing about the person. */
export interface Seat {
  readonly id: string
  readonly participantId: string
  readonly name: string
  readonly privilege: SeatState['privilege']
  /** What he may use now. */
  tools: ReadonlySet<ToolName>
  /** Of the newest token that he has. */
  claims: RoomTokenClaims
  readonly connection: Connection
  microphone: boolean
  camera: boolean
  /** The id of the stream that holds the screen, while sharing is granted. */
  screen: string | null
  /** The file that this person is sending. */
  sending: Transfer | undefined
  /** The last file that this person sent or gave up: pieces of it may still be under way. */
  ended: { transfer: number, latePieces: number } | undefined
  /** Closes the connection and empties the seat. */
  drop (reason: CloseReason): void
}

/** What a room holds while somebody is inside; nothing of it outlives the last one. */
export interface LiveRoom {
  readonly roomId: string
  readonly seats: Map<string, Seat>
  readonly snapshots: Map<number, { asker: Seat, of: Seat }>
  presented: string | null
  /** Numbers snapshot requests and transfers. */
  lastNumber: number
  /** Since when two or more are inside. */
  togetherSinceMs: number | undefined
  /** While a room is being emptied nobody is told who left. */
  closing: boolean
  cancelEnd: (() => void) | undefined
}

/** A receiver that lets this much pile up does not read; everything for it would pile up in this process. */
export const STALLED_BYTES = 8 * 1024 * 1024

export function newLiveRoom (roomId: string): LiveRoom {
  return {
    roomId,
    seats: new Map(),
    snapshots: new Map(),
    presented: null,
    lastNumber: 0,
    togetherSinceMs: undefined,
    closing: false,
    cancelEnd: undefined
  }
}

/** Transfers and snapshot requests are unsigned 32 bit numbers on the wire, and never 0. */
export function nextNumber (room: LiveRoom): number {
  room.lastNumber = room.lastNumber >= 0xffff_ffff ? 1 : room.lastNumber + 1
  return room.lastNumber
}

export function seatState (seat: Seat): SeatState {
  return {
    seat: seat.id,
    name: seat.name,
    privilege: seat.privilege,
    microphone: seat.microphone,
    camera: seat.camera,
    screen: seat.screen
  }
}

export function tell (seat: Seat, message: ServerMessage): void {
  deliver(seat, JSON.stringify(message))
}

export function tellAll (room: LiveRoom, message: ServerMessage, except?: Seat): void {
  const text = JSON.stringify(message)
  for (const seat of room.seats.values()) {
    if (seat !== except) deliver(seat, text)
  }
}

function deliver (seat: Seat, text: string): void {
  if (seat.connection.bufferedAmount > STALLED_BYTES) seat.drop('restarting')
  else seat.connection.send(text)
}
