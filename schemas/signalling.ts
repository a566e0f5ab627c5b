import { Type, type Static } from 'typebox'
import { CHAT_CHARACTERS, FILE_BYTES } from './signalling-constants.ts'
import { Privilege, ToolName } from './tools.ts'

/**
 * The embedded room's WebSocket messages: JSON texts, checked both ways. Binary frames carry pieces of a file: four
 * bytes with the transfer's number (unsigned, big endian), then at most `FILE_PIECE_BYTES` of content.
 */
export { CHAT_CHARACTERS, CLOSE_CODES, FILE_BYTES, FILE_PIECES_UNDER_WAY, FILE_PIECE_BYTES } from './signalling-constants.ts'

const Seat = Type.String({ minLength: 1, maxLength: 32, description: 'A connected participant of this room; ours, not a person’s id' })
const Closed = { additionalProperties: false } as const

const Description = Type.Object({
  type: Type.Enum(['offer', 'answer', 'pranswer', 'rollback']),
  sdp: Type.Optional(Type.String({ maxLength: 100_000 }))
}, Closed)

const Candidate = Type.Object({
  candidate: Type.String({ maxLength: 2000 }),
  sdpMid: Type.Optional(Type.Union([Type.String({ maxLength: 64 }), Type.Null()])),
  sdpMLineIndex: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 64 }), Type.Null()])),
  usernameFragment: Type.Optional(Type.Union([Type.String({ maxLength: 256 }), Type.Null()]))
}, Closed)

/** What a browser says. */
export const ClientMessage = Type.Union([
  Type.Object({ type: Type.Literal('join'), token: Type.String({ maxLength: 4096 }) }, Closed),
  Type.Object({ type: Type.Literal('description'), to: Seat, description: Description }, Closed),
  Type.Object({ type: Type.Literal('candidate'), to: Seat, candidate: Candidate }, Closed),
  Type.Object({ type: Type.Literal('media'), microphone: Type.Boolean(), camera: Type.Boolean() }, Closed),
  Type.Object({ type: Type.Literal('chat'), text: Type.String({ minLength: 1, maxLength: CHAT_CHARACTERS }) }, Closed),
  /** Asks before a second video may be offered; `stream` is the MediaStream's id, by which the others tell it apart. */
  Type.Object({ type: Type.Literal('screen'), on: Type.Boolean(), stream: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })) }, Closed),
  /** Puts one person, or nobody (null), in front for everyone. */
  Type.Object({ type: Type.Literal('present'), seat: Type.Union([Seat, Type.Null()]) }, Closed),
  Type.Object({ type: Type.Literal('snapshot'), of: Seat }, Closed),
  Type.Object({ type: Type.Literal('snapshot-declined'), request: Type.Integer({ minimum: 1 }) }, Closed),
  /** Announces a file; pieces may follow once `file-accepted` names its transfer. With `snapshot` it answers that request and goes to its asker alone. */
  Type.Object({
    type: Type.Literal('file'),
    name: Type.String({ minLength: 1, maxLength: 255 }),
    size: Type.Integer({ minimum: 1, maximum: FILE_BYTES }),
    mime: Type.String({ maxLength: 127 }),
    snapshot: Type.Optional(Type.Integer({ minimum: 1 }))
  }, Closed),
  Type.Object({ type: Type.Literal('file-cancel'), transfer: Type.Integer({ minimum: 1 }) }, Closed),
  Type.Object({ type: Type.Literal('leave') }, Closed)
])
export type ClientMessage = Static<typeof ClientMessage>

export const SeatState = Type.Object({
  seat: Seat,
  name: Type.String(),
  privilege: Privilege,
  microphone: Type.Boolean(),
  camera: Type.Boolean(),
  /** The id of the stream that holds the screen, while it is shared. */
  screen: Type.Union([Type.String(), Type.Null()])
}, Closed)
export type SeatState = Static<typeof SeatState>

/** Why a request was refused; the connection stays. */
export const RefusalCode = Type.Enum([
  'TOOL_NOT_ALLOWED', 'UNKNOWN_SEAT', 'UNKNOWN_REQUEST', 'TOO_MANY_VIDEOS', 'DATA_CHANNEL_NOT_ALLOWED', 'INVALID_DESCRIPTION', 'TRANSFER_RUNNING', 'TOO_FAST'
])
export type RefusalCode = Static<typeof RefusalCode>

/** What the server says. */
export const ServerMessage = Type.Union([
  Type.Object({
    type: Type.Literal('welcome'),
    you: SeatState,
    tools: Type.Array(ToolName),
    language: Type.Union([Type.String(), Type.Null()]),
    /** Everybody who was here before: the newcomer calls each of them. */
    people: Type.Array(SeatState),
    presented: Type.Union([Seat, Type.Null()]),
    iceServers: Type.Array(Type.Object({
      urls: Type.Array(Type.String()), username: Type.Optional(Type.String()), credential: Type.Optional(Type.String())
    }, Closed)),
    /** ISO 8601; null: no limit. */
    endsAt: Type.Union([Type.String(), Type.Null()]),
    now: Type.String()
  }, Closed),
  /** What one may use was changed; whoever comes in again says `join` with this token, the older one may be refused now. */
  Type.Object({ type: Type.Literal('rights'), tools: Type.Array(ToolName), token: Type.String() }, Closed),
  Type.Object({ type: Type.Literal('joined'), person: SeatState }, Closed),
  Type.Object({ type: Type.Literal('left'), seat: Seat }, Closed),
  Type.Object({ type: Type.Literal('person'), person: SeatState }, Closed),
  Type.Object({ type: Type.Literal('description'), from: Seat, description: Description }, Closed),
  Type.Object({ type: Type.Literal('candidate'), from: Seat, candidate: Candidate }, Closed),
  Type.Object({ type: Type.Literal('chat'), from: Seat, name: Type.String(), text: Type.String(), at: Type.String() }, Closed),
  Type.Object({ type: Type.Literal('presented'), seat: Type.Union([Seat, Type.Null()]), by: Seat }, Closed),
  /** Asked of the person who is to be photographed; answered with `file` or `snapshot-declined`. */
  Type.Object({ type: Type.Literal('snapshot-request'), request: Type.Integer(), by: Seat }, Closed),
  Type.Object({ type: Type.Literal('snapshot-declined'), request: Type.Integer(), of: Seat }, Closed),
  Type.Object({ type: Type.Literal('file-accepted'), transfer: Type.Integer() }, Closed),
  Type.Object({ type: Type.Literal('file-progress'), transfer: Type.Integer(), received: Type.Integer() }, Closed),
  Type.Object({ type: Type.Literal('file'), transfer: Type.Integer(), from: Seat, name: Type.String(), size: Type.Integer(), mime: Type.String(), snapshot: Type.Boolean() }, Closed),
  Type.Object({ type: Type.Literal('file-done'), transfer: Type.Integer() }, Closed),
  Type.Object({ type: Type.Literal('file-aborted'), transfer: Type.Integer() }, Closed),
  /** `re` is the type of the refused message. */
  Type.Object({ type: Type.Literal('refused'), re: Type.String(), code: RefusalCode, tool: Type.Optional(ToolName) }, Closed)
])
export type ServerMessage = Static<typeof ServerMessage>
