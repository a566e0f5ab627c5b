import { Type, type Static } from 'typebox'
import type { Background, Company, Credentials, RecordingKind, RoomDetails, Upload } from '../provider.ts'
import { dateOf, isEntry, reader, unusable } from '../vendor.ts'

/**
 * The vendor's answers, both generations of its API. The first wraps what it gives (`{"room": {…}}`), the second does
 * not; many names of the second are nowhere documented, so each reader takes all spellings that were seen. What cannot
 * be understood is PROVIDER_BAD_ANSWER, whose cause names the keys received and no values.
 */

const Id = Type.String({ minLength: 1, maxLength: 512 })
const Text = Type.Union([Type.String(), Type.Null()])
const Amount = Type.Union([Type.Number(), Type.Null()])
// 0 and 1 when a room is made, false and true in a list.
const Flag = Type.Union([Type.Boolean(), Type.Literal(0), Type.Literal(1), Type.Null()])
const Entry = Type.Record(Type.String(), Type.Unknown())
export type Entry = Static<typeof Entry>

const Room = Type.Object({
  room_id: Type.Optional(Id),
  id: Type.Optional(Id),
  status: Type.Optional(Text),
  creationDate: Type.Optional(Text),
  creation_date: Type.Optional(Text),
  duration: Type.Optional(Amount),
  durationUsed: Type.Optional(Amount),
  duration_used: Type.Optional(Amount),
  record: Type.Optional(Flag),
  recording: Type.Optional(Type.Union([Flag, Type.String()])),
  recording_type: Type.Optional(Text),
  recordingStatus: Type.Optional(Text),
  recording_status: Type.Optional(Text),
  call_type: Type.Optional(Text),
  live: Type.Optional(Flag),
  description: Type.Optional(Text),
  disabled: Type.Optional(Flag),
  participants: Type.Optional(Type.Array(Entry)),
  user_urls: Type.Optional(Type.Array(Entry))
})
export type VendorRoom = Static<typeof Room>

const User = Type.Object({ id: Id, role: Type.Optional(Text), active: Type.Optional(Flag) })
const UploadEntry = Type.Object({
  key: Type.Optional(Id),
  upload_key: Type.Optional(Id),
  // Some samples of the vendor carry the key under this name.
  url: Type.Optional(Id),
  upload_type: Type.Optional(Text),
  room_id: Type.Optional(Text)
})
const BackgroundEntry = Type.Object({
  background_alias: Type.Optional(Id),
  alias: Type.Optional(Id),
  url: Type.String(),
  creation_date: Type.String()
})
const CompanyAnswer = Type.Object({
  name: Type.Optional(Text),
  default_language: Type.Optional(Text),
  default_background: Type.Optional(Type.Union([Entry, Type.Null()])),
  end_call_redirect_url: Type.Optional(Text),
  user_details_provider_url: Type.Optional(Text),
  end_call_redirect_timeout_ms: Type.Optional(Amount)
})
const CredentialsAnswer = Type.Object({ access_token: Id, expires_at: Type.String(), user_id: Type.Optional(Id) })
const Session = Type.Object({ room_id: Type.Union([Id, Type.Null()]) })

const roomOf = reader('a room', Room)
const userOf = reader('a user', User)
const uploadOf = reader('an upload', UploadEntry)
const backgroundOf = reader('a background', BackgroundEntry)
const companyOf = reader('a company', CompanyAnswer)
const credentialsOf = reader('credentials', CredentialsAnswer)
const sessionOf = reader('a session', Session)

export interface KnownRoom extends VendorRoom { providerRoomId: string }

export function readRoom (body: unknown): KnownRoom {
  const room = roomOf(unwrapped(body, 'room'))
  const providerRoomId = room.room_id ?? room.id
  if (providerRoomId === undefined) throw unusable('a room without an id', room)
  return { ...room, providerRoomId }
}

/** `CLOSED`: deleted, ended, or its duration is used up; the vendor does not tell which. */
export function statusOf (room: VendorRoom): RoomDetails['status'] {
  const status = room.status?.toUpperCase() ?? 'NOT_RUNNING'
  if (status !== 'NOT_RUNNING' && status !== 'RUNNING' && status !== 'CLOSED') throw unusable('a room in an unknown state', room)
  return status
}

export const createdAtOf = (room: VendorRoom): Date | undefined => dateOf(room.creationDate ?? room.creation_date)

/** Without the description where that is a marker of ours: it is no text for people. */
export function detailsOf (room: KnownRoom): RoomDetails {
  const details: RoomDetails = { status: statusOf(room) }
  const creationDate = createdAtOf(room)
  const used = room.durationUsed ?? room.duration_used
  const recording = recordingOf(room)
  const recordingStatus = room.recordingStatus ?? room.recording_status
  if (creationDate !== undefined) details.creationDate = creationDate
  // 0 stands for no limit.
  if (room.duration !== undefined && room.duration !== null && room.duration > 0) details.durationInSeconds = room.duration
  if (used !== undefined && used !== null) details.durationUsedInSeconds = used
  if (room.live !== undefined && room.live !== null) details.live = Boolean(room.live)
  if (recording !== undefined) details.recording = recording
  if (recordingStatus !== undefined && recordingStatus !== null) details.recordingStatus = recordingStatus
  if (room.call_type !== undefined && room.call_type !== null) details.callType = room.call_type
  if (typeof room.description === 'string' && !MARKER.test(room.description)) details.description = room.description
  if (room.disabled !== undefined && room.disabled !== null) details.disabled = Boolean(room.disabled)
  return details
}

const MARKER = /^[^|\s]+(\|[^|\s]+){3}$/

function recordingOf ({ record, recording, recording_type: type }: VendorRoom): RecordingKind | undefined {
  if (typeof recording === 'string') return kindOf(recording)
  const on = recording === undefined ? record : recording
  if (on === undefined) return undefined
  return on === null || !on ? 'none' : kindOf(type ?? 'automatic')
}

const kindOf = (word: string): RecordingKind | undefined => word === 'none' || word === 'manual' || word === 'automatic' ? word : undefined

/** The ids that an answer gives a user: one of the vendor's samples shows two that differ. */
export function userIdsOf (body: unknown): string[] {
  const ids = [isEntry(body) ? body['id'] : undefined, isEntry(body) && isEntry(body['user']) ? body['user']['id'] : undefined]
  return ids.filter((id) => typeof id === 'string')
}

export const readUser = (body: unknown) => userOf(unwrapped(body, 'user'))

/** With the room that the upload belongs to; undefined where the answer does not say. */
export function readUpload (body: unknown): Upload & { roomId: string | null | undefined } {
  const upload = uploadOf(body)
  const key = upload.key ?? upload.upload_key ?? upload.url
  if (key === undefined) throw unusable('an upload without a key', upload)
  return { key, kind: upload.upload_type ?? undefined, roomId: upload.room_id }
}

export function readBackground (body: unknown): Background {
  const background = backgroundOf(unwrapped(body, 'virtual_background'))
  const alias = background.background_alias ?? background.alias
  const createdAt = dateOf(background.creation_date)
  if (alias === undefined || createdAt === undefined) throw unusable('a background without alias or date', background)
  return { alias, url: background.url, createdAt }
}

export function readCompany (body: unknown): Company {
  const company = companyOf(unwrapped(body, 'company'))
  return {
    name: company.name ?? null,
    defaultLanguage: company.default_language ?? null,
    defaultBackground: company.default_background === undefined || company.default_background === null ? null : readBackground(company.default_background),
    endCallRedirectUrl: company.end_call_redirect_url ?? null,
    userDetailsProviderUrl: company.user_details_provider_url ?? null,
    endCallRedirectTimeoutMs: company.end_call_redirect_timeout_ms ?? null
  }
}

export function readCredentials (body: unknown, providerUserId: string): Credentials {
  const credentials = credentialsOf(body)
  const expiresAt = dateOf(credentials.expires_at)
  if (expiresAt === undefined) throw unusable('credentials without a date', credentials)
  if ((credentials.user_id ?? providerUserId) !== providerUserId) throw unusable('credentials of somebody else', credentials)
  return { accessToken: credentials.access_token, expiresAt, providerUserId }
}

/** The id of the room that a session took place in. */
export const readSessionRoom = (body: unknown): string | null => sessionOf(unwrapped(body, 'session')).room_id

/** A list's page: its entries, and whether there are more where the vendor says so. */
export function readPage (body: unknown, name: string): { entries: Entry[], hasMore: boolean | undefined } {
  const list: unknown = Array.isArray(body) ? body : isEntry(body) ? body[name] : undefined
  if (!Array.isArray(list) || !list.every(isEntry)) throw unusable(`a list of ${name}`, body)
  const hasMore: unknown = isEntry(body) ? body['has_more'] : undefined
  return { entries: list, hasMore: typeof hasMore === 'boolean' ? hasMore : undefined }
}

/** The error code, of which the vendor documents that there is one but not where. */
export function codeOf (body: unknown): string | undefined {
  if (!isEntry(body)) return undefined
  const { error } = body
  const code = isEntry(error) ? error['code'] : body['code'] ?? error
  return typeof code === 'string' && /^[a-z0-9_]{1,64}$/.test(code) ? code : undefined
}

const unwrapped = (body: unknown, name: string): unknown => isEntry(body) && isEntry(body[name]) ? body[name] : body
