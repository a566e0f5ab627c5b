import type { Privilege } from '../../schemas/tools.ts'
import type { Attempt } from './idempotency.ts'
import type { Mail } from './letters.ts'
import { hasWordsUnderWay, type Session } from './session.ts'

/** One participant as stored: the original's fields, and the two of ours that its collection allows inside the element. */
export interface StoredParticipant {
  /** Absent in documents of the original. */
  userExternalId?: string | undefined
  /** The person at the video provider. */
  userBandyerId: string
  /** A vendor's link; null where links are made when they are asked for. A secret. */
  accessLinkURL: string | null
  groups?: string[] | undefined
  fullName?: string | undefined
  language?: string | undefined
  privilege?: Privilege | undefined
  /** Where he is told of it. */
  email?: string | undefined
  /** IANA name, in which he reads dates. */
  timeZone?: string | undefined
}

/** What callers decide about a teleconsultation. */
export interface Content {
  number: number
  participants: StoredParticipant[]
  startAt: Date
  endAt: Date
}

/**
 * `INCOMPLETE`: participants are missing; `PENDING`: complete, no room yet; `READY`: the room of record exists;
 * `DELETING`: decided, never to be shown again. An operation under way is no phase: see `Control.operation`.
 */
export type Phase = 'INCOMPLETE' | 'PENDING' | 'READY' | 'DELETING'

/** The room of record: what is needed to reach it again. */
export interface StoredRoom {
  providerRoomId: string
  marker?: string | undefined
}

/** The one operation that may be pending. It alone may publish a room, and only while id and epoch are unchanged. */
export interface Operation {
  id: string
  kind: 'create' | 'change' | 'seal'
  epoch: number
  /** Epoch milliseconds; after it anybody may take over with a higher epoch. */
  leaseUntil: number
  startedAt: number
  /** What the commit publishes together with the room; absent where the content stays. */
  content?: Content | undefined
  /** Publishes with the content what was chosen as provider. */
  chosen?: string | undefined
  /** Publishes with the content what it is described by; absent where that stays. */
  session?: Session | undefined
  /** Changes the room of record itself, which is therefore not to be trusted until this is committed. */
  inPlace?: true | undefined
  /** The request that wants this addition; remembered with the commit. */
  addition?: Attempt | undefined
}

/** A room to delete: known by its id, or only by the marker that a dead operation may have put on one. */
export type Garbage =
  /** Without a provider: at that of the document. */
  | { providerRoomId: string, marker?: string | undefined, provider?: string | undefined }
  /** At whichever provider it was made. */
  | { marker: string, since: number }

/** What the service keeps beside the content. Absent in documents of the original. */
export interface Control {
  phase: Phase
  /** Set before the first link is given out; nothing changes after it. */
  sealed: boolean
  operation?: Operation | undefined
  /** The highest epoch that was ever given out. */
  epoch: number
  /** Ids of accepted operations, the latest last: a repeated write is recognised. */
  applied: string[]
  garbage: Garbage[]
  /** Where the room of record is; while there is none, where it would be made. */
  provider: string
  /** What the booking chose. */
  chosen?: string | undefined
  /** The provider that failed to make the room, so that another one did. */
  fellBackFrom?: string | undefined
  room?: StoredRoom | undefined
  /** The request that booked this. Gone again where the booking failed: then its key is free. */
  idempotency?: Attempt | undefined
  /** Requests that added somebody, the latest last. */
  additions?: Attempt[] | undefined
  /** Unlike the content it may change after the seal. Absent: nothing was said about it but dates and people. */
  session?: Session | undefined
  /** Whom it was told to, and when somebody has to be told next. Absent: nobody has an address. */
  mail?: Mail | undefined
}

/** What the compare-and-set compares: a revision where the collection has one, else what the original's fields give. */
export type Version =
  | { revision: number }
  | { updatedAt: string | undefined, bandyerRoomId: string, teleconsultationState: string | undefined }

export interface Teleconsultation {
  id: string
  content: Content
  control: Control
  version: Version
  /** The last write of its document, where a read told. */
  updatedAt?: Date | undefined
}

export const APPLIED_REMEMBERED = 32

export const isComplete = (content: Content) => content.participants.length >= content.number

/** The participant whom the caller's system knows by this id. */
export const participantByExternalId = (content: Content, externalId: string) =>
  content.participants.find((participant) => participant.userExternalId === externalId)

/** The phase that follows from content and room, deletion aside. */
export const restingPhase = (content: Content, room: StoredRoom | undefined): Phase =>
  room !== undefined ? 'READY' : isComplete(content) ? 'PENDING' : 'INCOMPLETE'

export const remember = (applied: readonly string[], operationId: string) => [...applied, operationId].slice(-APPLIED_REMEMBERED)

/** The room of record as something to delete. */
export const roomAsGarbage = ({ room, provider }: Control): Garbage[] => room === undefined ? [] : [{ ...room, provider }]

/** Whether the booking was ever finished: a failed one is accepted by no operation. */
export const wasBooked = (control: Control) => control.applied.length > 0

/** Whether another's operation still holds the document. */
export const isHeld = (control: Control, now: Date) => control.operation !== undefined && control.operation.leaseUntil > now.getTime()

/** Whether something is left to do that nobody may be at work on any more. What the provider is told is told by one at a time. */
export const isUnsettled = (control: Control, now: Date) =>
  control.phase === 'DELETING' || (control.operation !== undefined ? !isHeld(control, now) : control.garbage.length > 0 || (hasUntold(control) && !hasWordsUnderWay(control.session ?? {}, now)))

/** Whether the provider has still to be told of what was decided about the session. */
export const hasUntold = ({ session }: Pick<Control, 'session'>) =>
  session !== undefined && (session.untoldEnd === true || session.standings?.some(({ untold }) => untold === true) === true)

/** The parts of a marker of this deployment; undefined: it is not one. */
export function readMarker (deployment: string, marker: string): { documentId: string, operationId: string, epoch: number } | undefined {
  const [owner, documentId, operationId, epoch, ...more] = marker.split('|')
  if (owner !== deployment || documentId === undefined || operationId === undefined || more.length > 0 || !/^\d+$/.test(epoch ?? '')) return undefined
  return { documentId, operationId, epoch: Number(epoch) }
}

/**
 * The marker of the room that an operation makes. Unique for ever: the same operation taken over has another epoch.
 */
export const markerOf = (deployment: string, documentId: string, operation: Pick<Operation, 'id' | 'epoch'>) =>
  `${deployment}|${documentId}|${operation.id}|${operation.epoch}`

/**
 * What is left to delete when an operation is set aside: the room that it may have made, whether or not it says so.
 * Its own commit can't succeed any more, because the write that records this also removes the operation.
 */
export const garbageOf = (deployment: string, documentId: string, operation: Operation): Garbage =>
  ({ marker: markerOf(deployment, documentId, operation), since: operation.startedAt })

/**
 * The record without an operation that is dead or failed: the room that it may have made is to be deleted, and so is the room of
 * record where it may have changed that one.
 */
export function withoutOperation (deployment: string, documentId: string, control: Control, operation = control.operation): Control {
  if (operation === undefined) return control
  const isUnsure = operation.inPlace === true
  return {
    ...control,
    operation: undefined,
    garbage: [...control.garbage, garbageOf(deployment, documentId, operation), ...isUnsure ? roomAsGarbage(control) : []],
    room: isUnsure ? undefined : control.room
  }
}
