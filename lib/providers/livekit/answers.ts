import { Type, type Static } from 'typebox'
import { reader } from '../vendor.ts'

/**
 * LiveKit's answers (protobuf as JSON). Servers write snake_case, clients have to take camelCase as well; 64-bit numbers
 * come as text. What cannot be understood is PROVIDER_BAD_ANSWER, whose cause names the keys received and no values.
 */

const Whole = Type.Union([Type.Integer(), Type.String({ pattern: '^[0-9]{1,19}$' })])
const Word = Type.Union([Type.String(), Type.Integer()])

const RoomAnswer = Type.Object({
  name: Type.String({ minLength: 1 }),
  metadata: Type.Optional(Type.String()),
  num_participants: Type.Optional(Whole),
  numParticipants: Type.Optional(Whole),
  creation_time: Type.Optional(Whole),
  creationTime: Type.Optional(Whole),
  creation_time_ms: Type.Optional(Whole),
  creationTimeMs: Type.Optional(Whole)
})
const RoomsAnswer = Type.Object({ rooms: Type.Optional(Type.Array(RoomAnswer)) })
const ParticipantAnswer = Type.Object({
  identity: Type.String({ minLength: 1 }),
  kind: Type.Optional(Word),
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
}

export const readRoom = (body: unknown): LivekitRoom => knownRoom(roomOf(body))

export const readRooms = (body: unknown): LivekitRoom[] => (roomsOf(body).rooms ?? []).map(knownRoom)

export const readParticipants = (body: unknown): LivekitParticipant[] => (participantsOf(body).participants ?? []).map((one) => ({
  identity: one.identity,
  isPerson: one.kind === undefined || PERSON_KINDS.has(one.kind),
  isInside: one.state === undefined || INSIDE_STATES.has(one.state),
  joinedAt: instant(one.joined_at_ms ?? one.joinedAtMs, one.joined_at ?? one.joinedAt)
}))

// Names and numbers of livekit_models.proto.
const PERSON_KINDS: ReadonlySet<string | number> = new Set(['STANDARD', 0, 'SIP', 3])
const INSIDE_STATES: ReadonlySet<string | number> = new Set(['JOINED', 1, 'ACTIVE', 2])

function knownRoom (room: Static<typeof RoomAnswer>): LivekitRoom {
  return {
    name: room.name,
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
