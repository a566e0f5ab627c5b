import { FILE_PIECE_BYTES, FILE_PIECES_UNDER_WAY, type ClientMessage } from '../../../schemas/signalling.ts'
import { nextNumber, tell, type LiveRoom, type Seat } from './live-room.ts'
import type { Schedule } from './schedule.ts'

/** A file on its way through this process; nothing of it is kept. */
export interface Transfer {
  readonly number: number
  readonly from: Seat
  readonly receivers: Set<Seat>
  readonly size: number
  /** The answer to a snapshot request, which needs no tool of its sender's. */
  readonly isPicture: boolean
  received: number
  /** Pieces since the last `file-progress`. */
  underWay: number
  cancelWait: (() => void) | undefined
}

/** The bytes of a piece's frame that name its transfer. */
const HEAD_BYTES = 4
/** A piece counts as received by others when no receiver has more than this waiting in this process. */
const DRAINED_BYTES = 256 * 1024
const DRAIN_POLL_MS = 20

type FileMessage = Extract<ClientMessage, { type: 'file' }>

/** Announces the file to its receivers and tells the sender to begin. */
export function startTransfer (room: LiveRoom, from: Seat, receivers: readonly Seat[], file: FileMessage, isPicture: boolean): void {
  const transfer: Transfer = {
    number: nextNumber(room), from, receivers: new Set(receivers), size: file.size, isPicture, received: 0, underWay: 0, cancelWait: undefined
  }
  from.sending = transfer
  for (const receiver of receivers) {
    // Telling somebody can end a stalled connection, the sender's included.
    if (from.sending !== transfer) return
    tell(receiver, {
      type: 'file',
      transfer: transfer.number,
      from: from.id,
      name: file.name,
      size: file.size,
      mime: file.mime,
      snapshot: file.snapshot !== undefined
    })
  }
  if (from.sending === transfer) tell(from, { type: 'file-accepted', transfer: transfer.number })
}

/**
 * Passes a piece on. The answer is false where the frame breaks the protocol: it names no transfer of this sender.
 * A piece that is too much for its file, or comes before its turn, ends the transfer alone.
 */
export function relayPiece (from: Seat, frame: Uint8Array, schedule: Schedule): boolean {
  const bytes = frame.byteLength - HEAD_BYTES
  if (bytes < 1 || bytes > FILE_PIECE_BYTES) return false
  const number = new DataView(frame.buffer, frame.byteOffset, HEAD_BYTES).getUint32(0)
  const transfer = from.sending
  if (transfer?.number !== number) return isLatePiece(from, number)

  transfer.received += bytes
  transfer.underWay += 1
  if (transfer.received > transfer.size || transfer.underWay > FILE_PIECES_UNDER_WAY) {
    abortTransfer(transfer)
    return true
  }
  for (const receiver of transfer.receivers) receiver.connection.sendBinary(frame)
  if (transfer.received === transfer.size) {
    for (const receiver of transfer.receivers) tell(receiver, { type: 'file-done', transfer: number })
  }
  acknowledge(transfer, schedule)
  return true
}

/** The sender gives up, or a receiver does not want the rest. A transfer that is over already is nothing to answer. */
export function cancelTransfer (room: LiveRoom, seat: Seat, number: number, schedule: Schedule): void {
  for (const { sending } of room.seats.values()) {
    if (sending?.number !== number) continue
    if (sending.from === seat) abortTransfer(sending)
    else if (sending.receivers.has(seat)) {
      tell(seat, { type: 'file-aborted', transfer: number })
      dropReceiver(sending, seat, schedule)
    }
    return
  }
}

/** Ends what somebody sends who may send no more; a picture that was asked of him goes on. */
export function endSending ({ sending }: Seat): void {
  if (sending !== undefined && !sending.isPicture) abortTransfer(sending)
}

/** Takes somebody who may ask for pictures no more off those that are on their way to him. */
export function endPicturesFor (room: LiveRoom, seat: Seat, schedule: Schedule): void {
  for (const { sending } of room.seats.values()) {
    if (sending?.isPicture && sending.receivers.has(seat)) cancelTransfer(room, seat, sending.number, schedule)
  }
}

/** Ends what the person was sending and takes them off what they were receiving. */
export function leaveTransfers (room: LiveRoom, seat: Seat, schedule: Schedule): void {
  if (seat.sending !== undefined) abortTransfer(seat.sending)
  for (const { sending } of room.seats.values()) {
    if (sending?.receivers.has(seat)) dropReceiver(sending, seat, schedule)
  }
}

function dropReceiver (transfer: Transfer, seat: Seat, schedule: Schedule): void {
  transfer.receivers.delete(seat)
  if (transfer.receivers.size === 0 && transfer.received < transfer.size) abortTransfer(transfer)
  else if (transfer.underWay > 0) acknowledge(transfer, schedule)
}

/** What a sender had under way when the transfer ended is let go; more than that is noise. */
function isLatePiece (from: Seat, number: number): boolean {
  if (from.ended?.transfer !== number) return false
  from.ended.latePieces += 1
  return from.ended.latePieces <= FILE_PIECES_UNDER_WAY
}

/** The sender goes on only when the slowest receiver's share has left this process. */
function acknowledge (transfer: Transfer, schedule: Schedule): void {
  transfer.cancelWait?.()
  transfer.cancelWait = undefined
  for (const receiver of transfer.receivers) {
    if (receiver.connection.bufferedAmount > DRAINED_BYTES) {
      transfer.cancelWait = schedule(DRAIN_POLL_MS, () => acknowledge(transfer, schedule))
      return
    }
  }
  transfer.underWay = 0
  tell(transfer.from, { type: 'file-progress', transfer: transfer.number, received: transfer.received })
  if (transfer.received === transfer.size && transfer.from.sending === transfer) {
    end(transfer)
    tell(transfer.from, { type: 'file-done', transfer: transfer.number })
  }
}

function abortTransfer (transfer: Transfer): void {
  end(transfer)
  // Receivers of a complete file have it already.
  if (transfer.received !== transfer.size) {
    for (const receiver of transfer.receivers) tell(receiver, { type: 'file-aborted', transfer: transfer.number })
  }
  tell(transfer.from, { type: 'file-aborted', transfer: transfer.number })
}

function end (transfer: Transfer): void {
  transfer.cancelWait?.()
  transfer.cancelWait = undefined
  transfer.from.sending = undefined
  transfer.from.ended = { transfer: transfer.number, latePieces: 0 }
}
