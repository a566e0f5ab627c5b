import type { Privilege, ToolName } from '../../schemas/tools.ts'

/** Somebody who takes part, as a provider may know him. */
export interface Person {
  /** Our caller's id of the person; never sent to a provider that registers people: those get `providerUserId`. */
  externalId: string
  privilege: Privilege
  fullName?: string | undefined
  /** BCP 47. */
  language?: string | undefined
}

export interface RoomParticipant extends Person {
  providerUserId: string
  tools: ReadonlySet<ToolName>
}

export interface RoomSpec {
  /**
   * `deployment|document|operation|epoch`: names the one operation that makes this room. A provider keeps it with the
   * room (name or description), so that a room whose operation died can be found and told apart from others'.
   */
  marker: string
  participants: readonly RoomParticipant[]
  startAt: Date
  endAt: Date
  /** How long a call may last; undefined: without limit. */
  durationSeconds?: number | undefined
  /** The call ends when fewer than two remain, where the provider can do that. */
  live: boolean
  recording: RecordingKind
}

/** What has to be kept to reach the room again. Plain JSON; stored with the document. */
export interface RoomState {
  providerRoomId: string
  marker?: string | undefined
  /** Vendor links by `providerUserId`, where the vendor makes them with the room. Secrets. */
  links?: Record<string, string> | undefined
}

export interface RoomDetails {
  status: 'NOT_RUNNING' | 'RUNNING' | 'CLOSED'
  creationDate?: Date | undefined
  durationInSeconds?: number | undefined
  durationUsedInSeconds?: number | undefined
  live?: boolean | undefined
  recording?: RecordingKind | undefined
  recordingStatus?: string | undefined
  callType?: string | undefined
  description?: string | undefined
  disabled?: boolean | undefined
}

export interface AccessOptions {
  /** BCP 47: the language of the call's page. */
  language?: string | undefined
  /** The company's background instead of the room behind the participant. */
  background?: boolean | undefined
  notBefore: Date
  expiresAt: Date
}

/** The way in for one participant: a page that takes him into the call. A secret. */
export interface Access { kind: 'url', url: string }

export type RecordingKind = 'none' | 'manual' | 'automatic'

/** What a provider can do, as data: an operation asks here before it calls. */
export interface Capabilities {
  /** People are registered before they can take part. */
  registersPeople: boolean
  /** A room needs one plus participant at least. */
  needsPlusParticipant: boolean
  minParticipants: number
  maxParticipants: number
  /** `replace`: a change makes a new room; `change`: the room takes it. */
  roomChange: 'replace' | 'change'
  /** Where the start is guarded besides our own window. */
  startGate: 'none' | 'access' | 'room'
  /** How a limited duration is enforced. */
  endGate: 'none' | 'access' | 'room'
  access: 'vendor-link' | 'minted-link' | 'minted-token'
  tools: ReadonlySet<ToolName>
  toolScope: 'participant' | 'room'
  recording: ReadonlySet<RecordingKind>
  liveFlag: boolean
  transcription: boolean
  uploads: boolean
  background: boolean
  webhooks: boolean
  endCall: boolean
  livePermissions: boolean
  sdkCredentials: boolean
  /** The room's id follows from the marker: creating twice is creating once. */
  deterministicRooms: boolean
  /** `findRooms` sees every room that carries a marker of ours. */
  listsRooms: boolean
}

/**
 * A video vendor. Methods translate at the edge and throw errors of the catalogue only (`PROVIDER_*`), with `cause`;
 * `signal` ends a call early. What a vendor cannot do stands in `capabilities`, never in a missing method.
 */
export interface VideoProvider {
  readonly name: string
  readonly capabilities: Capabilities
  /** A cheap authenticated call: resolves when the provider answers and takes our key. */
  check (signal: AbortSignal): Promise<void>
  /** Idempotent: the same person has the same id for ever, also when two calls race. */
  ensureUser (person: Person, signal: AbortSignal): Promise<{ providerUserId: string }>
  /** Where `deterministicRooms`, creating again for the same marker gives the same room. */
  createRoom (spec: RoomSpec, signal: AbortSignal): Promise<RoomState>
  getRoom (room: RoomState, signal: AbortSignal): Promise<RoomDetails | 'missing'>
  /** Changes nothing where the answer is `must-replace`. */
  changeRoom (room: RoomState, spec: RoomSpec, signal: AbortSignal): Promise<'changed' | 'must-replace'>
  /** May be pure computation: does not prove that the room is alive. */
  accessFor (room: RoomState, participant: RoomParticipant, options: AccessOptions, signal: AbortSignal): Promise<Access>
  /** Ends what runs in the room. A missing room is a deleted one. */
  deleteRoom (room: RoomState, signal: AbortSignal): Promise<void>
  /**
   * Rooms that were made at or after `since` and whose marker is `marker` or begins with `marker + '|'`.
   * Only rooms that carry a marker of ours; an empty list where `listsRooms` is off.
   */
  findRooms (marker: string, since: Date, signal: AbortSignal): Promise<RoomState[]>
  /** Ends what the provider keeps open. */
  close (): Promise<void>
}
