import type { ClientMessage, RefusalCode } from '../../../schemas/signalling.ts'
import type { ToolName } from '../../../schemas/tools.ts'
import { refuseDescription } from './descriptions.ts'
import { nextNumber, seatState, tell, tellAll, type LiveRoom, type Seat } from './live-room.ts'
import type { Schedule } from './schedule.ts'
import { cancelTransfer, startTransfer } from './transfers.ts'

export interface MessagePorts {
  clock: () => Date
  schedule: Schedule
}

/** What somebody inside may say; `join` and `leave` belong to the connection. */
export type RoomMessage = Exclude<ClientMessage, { type: 'join' | 'leave' }>

type MessageOf<T extends RoomMessage['type']> = Extract<RoomMessage, { type: T }>

/** Tools that a message needs whatever it says; `file` depends on what it answers. */
const NEEDED_TOOL: Partial<Record<RoomMessage['type'], ToolName>> = {
  chat: 'chat',
  screen: 'screen_sharing',
  snapshot: 'snapshot',
  present: 'present_to_everyone'
}

/** Applies a valid message of somebody inside: relays it, or refuses it and changes nothing. False: it breaks the protocol. */
export function takeMessage (room: LiveRoom, seat: Seat, message: RoomMessage, ports: MessagePorts): boolean {
  const tool = NEEDED_TOOL[message.type]
  if (tool !== undefined && !seat.tools.has(tool)) {
    refuse(seat, message.type, 'TOOL_NOT_ALLOWED', tool)
    return true
  }
  switch (message.type) {
    case 'description':
      relayDescription(room, seat, message)
      return true
    case 'candidate': {
      const to = other(room, seat, message.to)
      if (to === undefined) refuse(seat, 'candidate', 'UNKNOWN_SEAT')
      else tell(to, { type: 'candidate', from: seat.id, candidate: message.candidate })
      return true
    }
    case 'media':
      seat.microphone = message.microphone
      seat.camera = message.camera
      tellAll(room, { type: 'person', person: seatState(seat) }, seat)
      return true
    case 'chat':
      // The sender hears it too: everybody has the same order and the same time.
      tellAll(room, { type: 'chat', from: seat.id, name: seat.name, text: message.text, at: ports.clock().toISOString() })
      return true
    case 'screen':
      // The others know the screen by its stream's id; without one it could not be told from the camera.
      if (message.on && message.stream === undefined) return false
      seat.screen = message.on ? message.stream ?? null : null
      tellAll(room, { type: 'person', person: seatState(seat) })
      return true
    case 'present':
      if (message.seat !== null && !room.seats.has(message.seat)) refuse(seat, 'present', 'UNKNOWN_SEAT')
      else {
        room.presented = message.seat
        tellAll(room, { type: 'presented', seat: message.seat, by: seat.id })
      }
      return true
    case 'snapshot':
      askForSnapshot(room, seat, message)
      return true
    case 'snapshot-declined': {
      const request = room.snapshots.get(message.request)
      if (request?.of !== seat) refuse(seat, 'snapshot-declined', 'UNKNOWN_REQUEST')
      else {
        room.snapshots.delete(message.request)
        tell(request.asker, { type: 'snapshot-declined', request: message.request, of: seat.id })
      }
      return true
    }
    case 'file':
      takeFile(room, seat, message)
      return true
    case 'file-cancel':
      cancelTransfer(room, seat, message.transfer, ports.schedule)
      return true
  }
}

/** Tells the speaker that a message was not carried out. */
export function refuse (seat: Seat, re: string, code: RefusalCode, tool?: ToolName): void {
  tell(seat, { type: 'refused', re, code, ...(tool && { tool }) })
}

/** Forgets the snapshots that somebody asked for. */
export function forgetSnapshots (room: LiveRoom, seat: Seat): void {
  for (const [request, { asker }] of room.snapshots) {
    if (asker === seat) room.snapshots.delete(request)
  }
}

/** Forgets the snapshots that somebody who left asked for, and declines those that were asked of them. */
export function leaveSnapshots (room: LiveRoom, seat: Seat): void {
  forgetSnapshots(room, seat)
  for (const [request, { asker, of }] of room.snapshots) {
    if (of !== seat) continue
    room.snapshots.delete(request)
    tell(asker, { type: 'snapshot-declined', request, of: seat.id })
  }
}

function other (room: LiveRoom, seat: Seat, id: string): Seat | undefined {
  return id === seat.id ? undefined : room.seats.get(id)
}

function relayDescription (room: LiveRoom, seat: Seat, message: MessageOf<'description'>): void {
  const to = other(room, seat, message.to)
  if (to === undefined) return refuse(seat, 'description', 'UNKNOWN_SEAT')
  const refusal = refuseDescription(message.description, { screen: seat.screen !== null })
  if (refusal !== undefined) return refuse(seat, 'description', refusal)
  tell(to, { type: 'description', from: seat.id, description: message.description })
}

/** Asking the same person again replaces the older question, so that an unanswered one blocks nothing. */
function askForSnapshot (room: LiveRoom, asker: Seat, message: MessageOf<'snapshot'>): void {
  const of = other(room, asker, message.of)
  if (of === undefined) return refuse(asker, 'snapshot', 'UNKNOWN_SEAT')
  for (const [request, open] of room.snapshots) {
    if (open.asker === asker && open.of === of) room.snapshots.delete(request)
  }
  const request = nextNumber(room)
  room.snapshots.set(request, { asker, of })
  tell(of, { type: 'snapshot-request', request, by: asker.id })
}

function takeFile (room: LiveRoom, seat: Seat, message: MessageOf<'file'>): void {
  const request = message.snapshot === undefined ? undefined : room.snapshots.get(message.snapshot)
  if (message.snapshot !== undefined && request?.of !== seat) return refuse(seat, 'file', 'UNKNOWN_REQUEST')
  // An answer that is no picture is a file like any other.
  const isPicture = request !== undefined && message.mime.startsWith('image/')
  if (!isPicture && !seat.tools.has('file_upload')) return refuse(seat, 'file', 'TOOL_NOT_ALLOWED', 'file_upload')
  if (seat.sending !== undefined) return refuse(seat, 'file', 'TRANSFER_RUNNING')

  const receivers = request === undefined ? [...room.seats.values()].filter(one => one !== seat) : [request.asker]
  if (receivers.length === 0) return refuse(seat, 'file', 'UNKNOWN_SEAT')
  if (message.snapshot !== undefined) room.snapshots.delete(message.snapshot)
  startTransfer(room, seat, receivers, message, isPicture)
}
