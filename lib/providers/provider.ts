import { CapabilityUnsupported } from '../errors.ts'
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
  /**
   * How often something was taken from him. A way in that was made when this was less must not work any more, where
   * `livePermissions`. Absent: 0.
   */
  revocations?: number | undefined
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
  /** Since when it runs, where the provider tells. */
  runningSince?: Date | undefined
  /** Who is inside now, where the provider tells; absent where it does not. */
  inside?: ReadonlyArray<{ providerUserId: string, since?: Date | undefined }> | undefined
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

/** A file that was shared in a room's calls; what `deleteUpload` needs to find it again. */
export interface Upload {
  key: string
  /** The vendor's word for its kind, e.g. `file_upload` or `snapshot`. */
  kind?: string | undefined
}

export interface Background {
  alias: string
  url: string
  createdAt: Date
}

/** The vendor's tenant that our key belongs to. */
export interface Company {
  name: string | null
  defaultLanguage: string | null
  /** What a link with `AccessOptions.background` shows. */
  defaultBackground: Background | null
  endCallRedirectUrl: string | null
  userDetailsProviderUrl: string | null
  endCallRedirectTimeoutMs: number | null
}

/** Lets the vendor's own SDK act as one person. A secret. */
export interface Credentials {
  accessToken: string
  expiresAt: Date
  providerUserId: string
}

export interface Transcription {
  contentType: string
  /** The body's size, where the vendor tells it beforehand. */
  bytes?: number | undefined
  /** To be read once, as much of it as the reader likes; fails with PROVIDER_*. */
  body: AsyncIterable<Uint8Array>
}

export type RecordingKind = 'none' | 'manual' | 'automatic'

/** What a provider can do, as data: an operation asks here before it calls. */
export interface Capabilities {
  /** People are registered before they can take part. */
  registersPeople: boolean
  /** Something stays under a person's id when his calls are over, and it can be deleted. */
  keepsPeople: boolean
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
  /** `accessFor` asks nobody, so that it needs no deadline. Absent: it may. */
  computesAccess?: true
  tools: ReadonlySet<ToolName>
  toolScope: 'participant' | 'room'
  recording: ReadonlySet<RecordingKind>
  liveFlag: boolean
  transcription: boolean
  uploads: boolean
  background: boolean
  webhooks: boolean
  endCall: boolean
  /** What somebody may do can be changed while he is inside, and then his earlier ways in work no more. */
  livePermissions: boolean
  /** How one person is removed: `now`, out of a running call too; `next-entry`, his way in works no more; `never`. */
  removal: 'now' | 'next-entry' | 'never'
  /** A recording begins and ends when it is asked for. */
  recordsOnRequest: boolean
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
  /**
   * Idempotent: the same person with the same privilege has the same id for ever, also when two calls race. Where people
   * are registered, the privilege belongs to the account, and with the other privilege he is another one.
   */
  ensureUser (person: Person, signal: AbortSignal): Promise<{ providerUserId: string }>
  /** The id that `ensureUser` gives, without asking anybody. */
  accountOf (person: Pick<Person, 'externalId' | 'privilege'>): string
  /**
   * Where `keepsPeople`: deletes what is kept under this id. Idempotent; nobody there is fine. Rooms stay, and so does his place in
   * those that are not over. Registered again, he has the same id.
   */
  forgetPerson (providerUserId: string, signal: AbortSignal): Promise<void>
  /** Where `deterministicRooms`, creating again for the same marker gives the same room. */
  createRoom (spec: RoomSpec, signal: AbortSignal): Promise<RoomState>
  getRoom (room: RoomState, signal: AbortSignal): Promise<RoomDetails | 'missing'>
  /** Changes nothing where the answer is `must-replace`. */
  changeRoom (room: RoomState, spec: RoomSpec, signal: AbortSignal): Promise<'changed' | 'must-replace'>
  /** May be pure computation: does not prove that the room is alive. */
  accessFor (room: RoomState, participant: RoomParticipant, options: AccessOptions, signal: AbortSignal): Promise<Access>
  /** Where `endCall`: puts out who is inside. The room stays; a missing one has no call. */
  endCall (room: RoomState, signal: AbortSignal): Promise<void>
  /**
   * Where `livePermissions`: from now on he may use `participant.tools` and no others, whether he is inside or not. Who is
   * inside stays, unless the vendor can take something from somebody only by putting him out; he may come back at once, by a way in
   * that is made after this. A missing room has nobody inside.
   */
  setPermissions (room: RoomState, participant: RoomParticipant, signal: AbortSignal): Promise<void>
  /**
   * Where `removal` is not `never`: none of his ways in works any more, and where it is `now` he is put out. Idempotent; a missing
   * room, and somebody who never came, are fine.
   */
  removeParticipant (room: RoomState, participant: RoomParticipant, signal: AbortSignal): Promise<void>
  /**
   * Where `recordsOnRequest`. What runs, or stands, already is left as it is.
   *
   * @throws CAPABILITY_LIMIT where nobody is inside
   */
  startRecording (room: RoomState, signal: AbortSignal): Promise<void>
  /** Where `recordsOnRequest`. */
  stopRecording (room: RoomState, signal: AbortSignal): Promise<void>
  /** Nobody comes in any more, and where `endCall`, what runs in the room ends. A missing room is a deleted one. */
  deleteRoom (room: RoomState, signal: AbortSignal): Promise<void>
  /**
   * Rooms that were made at or after `since` and whose marker is `marker` or begins with `marker + '|'`.
   * Only rooms that carry a marker of ours and can still be entered; an empty list where `listsRooms` is off. A vendor
   * whose clock is not ours may add what was made some minutes before.
   */
  findRooms (marker: string, since: Date, signal: AbortSignal): Promise<RoomState[]>
  /** Where `uploads`: all files that were shared in the room's calls; none for a missing room. */
  listUploads (room: RoomState, signal: AbortSignal): Promise<Upload[]>
  /** Where `uploads`. A missing file is a deleted one. */
  deleteUpload (upload: Upload, signal: AbortSignal): Promise<void>
  /**
   * Where `background`: keeps an image for the whole company; `updateCompany` puts it to use.
   *
   * @throws CAPABILITY_LIMIT where the vendor takes no such image, or no more of them
   */
  uploadBackground (image: { data: Uint8Array, mime: string, filename: string }, signal: AbortSignal): Promise<Background>
  /**
   * Where `background`.
   *
   * @throws CAPABILITY_LIMIT where the vendor has no such background
   */
  updateCompany (changes: { backgroundAlias: string }, signal: AbortSignal): Promise<Company>
  /**
   * Where `sdkCredentials`.
   *
   * @throws CAPABILITY_LIMIT for a life that the vendor does not give
   */
  credentials (providerUserId: string, ttlSeconds: number, signal: AbortSignal): Promise<Credentials>
  /** Where `transcription`; of a session of this room alone. `signal` counts until the body is read. */
  transcription (room: RoomState, sessionId: string, signal: AbortSignal): Promise<Transcription | 'missing'>
  /** Ends what the provider keeps open. */
  close (): Promise<void>
}

/**
 * For adapters to spread and to differ from: a provider that makes rooms and ways in, and can do nothing else. What has no
 * least is left for each to say.
 */
export const leastCapabilities: Omit<Capabilities, 'maxParticipants' | 'access' | 'tools' | 'toolScope'> = {
  registersPeople: false,
  keepsPeople: false,
  needsPlusParticipant: false,
  minParticipants: 2,
  roomChange: 'replace',
  startGate: 'none',
  endGate: 'none',
  recording: new Set(['none']),
  liveFlag: false,
  transcription: false,
  uploads: false,
  background: false,
  webhooks: false,
  endCall: false,
  livePermissions: false,
  removal: 'never',
  recordsOnRequest: false,
  sdkCredentials: false,
  deterministicRooms: false,
  listsRooms: false
}

/** For adapters to spread: what most vendors cannot do, each call CAPABILITY_UNSUPPORTED. */
export const withoutExtras: Pick<VideoProvider, 'forgetPerson' | 'endCall' | 'setPermissions' | 'removeParticipant' | 'startRecording' | 'stopRecording' | 'listUploads' | 'deleteUpload' | 'uploadBackground' | 'updateCompany' | 'credentials' | 'transcription'> = {
  forgetPerson: async () => { throw new CapabilityUnsupported('forgetting a person') },
  endCall: async () => { throw new CapabilityUnsupported('ending a call') },
  setPermissions: async () => { throw new CapabilityUnsupported('changing permissions in a call') },
  removeParticipant: async () => { throw new CapabilityUnsupported('removing somebody from a call') },
  startRecording: async () => { throw new CapabilityUnsupported('recording on request') },
  stopRecording: async () => { throw new CapabilityUnsupported('recording on request') },
  listUploads: async () => { throw new CapabilityUnsupported('listing uploaded files') },
  deleteUpload: async () => { throw new CapabilityUnsupported('deleting uploaded files') },
  uploadBackground: async () => { throw new CapabilityUnsupported('backgrounds') },
  updateCompany: async () => { throw new CapabilityUnsupported('backgrounds') },
  credentials: async () => { throw new CapabilityUnsupported('credentials for an SDK') },
  transcription: async () => { throw new CapabilityUnsupported('transcriptions') }
}
