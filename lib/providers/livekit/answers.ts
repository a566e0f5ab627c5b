import { Type, type Static } from 'typebox'
import type { ToolName } from '../../../schemas/tools.ts'
import { reader } from '../vendor.ts'
import { REVOCATIONS, ROOM } from './tokens.ts'

/**
 * LiveKit's answers (protobuf as JSON). Servers write snake_case, clients have to take camelCase as well; 64-bit numbers
 * come as text. What cannot be understood is PROVIDER_BAD_ANSWER, whose cause names the keys received and no values.
 */

const Whole = Type.Union([Type.Integer(), Type.String({ pattern: '^[0-9]{1,19}$' })])
const Word = Type.Union([Type.String(), Type.Integer()])

const RoomAnswer = Type.Object({
  name: Type.String({ minLength: 1 }),
  sid: Type.Optional(Type.String()),
  metadata: Type.Optional(Type.String()),
  num_participants: Type.Optional(Whole),
  numParticipants: Type.Optional(Whole),
  creation_time: Type.Optional(Whole),
  creationTime: Type.Optional(Whole),
  creation_time_ms: Type.Optional(Whole),
  creationTimeMs: Type.Optional(Whole)
})
const RoomsAnswer = Type.Object({ rooms: Type.Optional(Type.Array(RoomAnswer)) })
const PermissionAnswer = Type.Object({
  can_publish: Type.Optional(Type.Boolean()),
  canPublish: Type.Optional(Type.Boolean()),
  can_publish_data: Type.Optional(Type.Boolean()),
  canPublishData: Type.Optional(Type.Boolean()),
  can_publish_sources: Type.Optional(Type.Array(Word)),
  canPublishSources: Type.Optional(Type.Array(Word))
})
const ParticipantAnswer = Type.Object({
  identity: Type.String({ minLength: 1 }),
  kind: Type.Optional(Word),
  permission: Type.Optional(PermissionAnswer),
  attributes: Type.Optional(Type.Record(Type.String(), Type.String())),
  state: Type.Optional(Word),
  joined_at: Type.Optional(Whole),
  joinedAt: Type.Optional(Whole),
  joined_at_ms: Type.Optional(Whole),
  joinedAtMs: Type.Optional(Whole)
})
const ParticipantsAnswer = Type.Object({ participants: Type.Optional(Type.Array(ParticipantAnswer)) })

const roomOf = reader('a room', RoomAnswer)
const roomsOf = reader('a list of rooms', RoomsAnswer)
const participantsOf = reader('a list of participants', ParticipantsAnswer)

export interface LivekitRoom {
  name: string
  /** Another one each time when a room of this name is made; empty where the server does not tell. */
  sid: string
  metadata: string
  /** Everybody, machines included. */
  people: number
  createdAt: Date | undefined
}

export interface LivekitParticipant {
  identity: string
  /** A person, by browser, application or telephone; no recorder or agent. */
  isPerson: boolean
  /** Not before the connection stands, and not after it has ended. */
  isInside: boolean
  joinedAt: Date | undefined
  /** What the server lets him use now; everything where it does not tell. */
  mayUse: ReadonlySet<ToolName>
  /** Of his token, or as `setPermissions` left it. */
  revocations: number
  /** The `sid` of the room that his token was made for. */
  roomSid: string | undefined
}

export const readRoom = (body: unknown): LivekitRoom => knownRoom(roomOf(body))

export const readRooms = (body: unknown): LivekitRoom[] => (roomsOf(body).rooms ?? []).map(knownRoom)

export const readParticipants = (body: unknown): LivekitParticipant[] => (participantsOf(body).participants ?? []).map((one) => ({
  identity: one.identity,
  isPerson: one.kind === undefined || PERSON_KINDS.has(one.kind),
  isInside: one.state === undefined || INSIDE_STATES.has(one.state),
  joinedAt: instant(one.joined_at_ms ?? one.joinedAtMs, one.joined_at ?? one.joinedAt),
  mayUse: toolsOf(one.permission),
  revocations: /^[0-9]{1,9}$/.test(one.attributes?.[REVOCATIONS] ?? '') ? Number(one.attributes?.[REVOCATIONS]) : 0,
  roomSid: one.attributes?.[ROOM]
}))

// Names and numbers of livekit_models.proto.
const PERSON_KINDS: ReadonlySet<string | number> = new Set(['STANDARD', 0, 'SIP', 3])
const INSIDE_STATES: ReadonlySet<string | number> = new Set(['JOINED', 1, 'ACTIVE', 2])
const EVERYBODYS_SOURCES: ReadonlySet<string | number> = new Set(['CAMERA', 1, 'MICROPHONE', 2])

/** No source named are all sources. */
function toolsOf (permission: Static<typeof PermissionAnswer> | undefined): ReadonlySet<ToolName> {
  if (permission === undefined) return new Set(['chat', 'screen_sharing'])
  const sources = permission.can_publish_sources ?? permission.canPublishSources ?? []
  const shares = (permission.can_publish ?? permission.canPublish) === true && (sources.length === 0 || sources.some((source) => !EVERYBODYS_SOURCES.has(source)))
  return new Set([...(permission.can_publish_data ?? permission.canPublishData) === true ? ['chat' as const] : [], ...shares ? ['screen_sharing' as const] : []])
}

function knownRoom (room: Static<typeof RoomAnswer>): LivekitRoom {
  return {
    name: room.name,
    sid: room.sid ?? '',
    metadata: room.metadata ?? '',
    people: Number(room.num_participants ?? room.numParticipants ?? 0),
    createdAt: instant(room.creation_time_ms ?? room.creationTimeMs, room.creation_time ?? room.creationTime)
  }
}

/** Older servers tell no milliseconds; 0 stands for nothing told. */
function instant (ms: string | number | undefined, seconds: string | number | undefined): Date | undefined {
  const found = Number(ms ?? 0) || Number(seconds ?? 0) * 1000
  return found === 0 ? undefined : new Date(found)
}
