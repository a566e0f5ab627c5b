import { Type, type Static, type TSchema } from 'typebox'
import { reader } from '../vendor.ts'

/**
 * Daily's answers, as its API description gives them (1.1.1, July 2026). What cannot be understood is
 * PROVIDER_BAD_ANSWER, whose cause names the keys received and no values.
 */

const Id = Type.String({ minLength: 1, maxLength: 512 })
const Text = Type.Union([Type.String(), Type.Null()])
const Seconds = Type.Union([Type.Number(), Type.Null()])

const Room = Type.Object({
  id: Id,
  name: Id,
  privacy: Type.String(),
  url: Type.String(),
  created_at: Type.Optional(Text),
  // Only what differs from the domain's defaults.
  config: Type.Optional(Type.Intersect([
    Type.Record(Type.String(), Type.Unknown()),
    Type.Object({ nbf: Type.Optional(Seconds), exp: Type.Optional(Seconds) })
  ]))
})
export type DailyRoom = Static<typeof Room>

const listOf = <T extends TSchema>(entry: T) => Type.Object({ total_count: Type.Optional(Type.Number()), data: Type.Array(entry) })

const Present = Type.Object({ id: Id, userId: Type.Optional(Text), joinTime: Type.Optional(Text) })
export type Present = Static<typeof Present>

const TranscriptEntry = Type.Object({
  transcriptId: Id,
  mtgSessionId: Id,
  status: Type.Optional(Text),
  isVttAvailable: Type.Optional(Type.Union([Type.Boolean(), Type.Null()])),
  created_at: Type.Optional(Text)
})
export type TranscriptEntry = Static<typeof TranscriptEntry>

// The reference's schema and its example differ in the name.
const Pointer = Type.Union([Type.Object({ download_link: Type.String() }), Type.Object({ link: Type.String() })])

export const readRoom = reader('a room', Room)
export const readRooms = reader('a list of rooms', listOf(Room))
export const readPresence = reader('who is present', listOf(Present))
export const readPresences = reader('who is present where', Type.Record(Type.String(), Type.Array(Present)))
export const readStatus = reader('that it is done', Type.Object({ status: Type.String() }))
export const readRecordings = reader('a list of recordings', listOf(Type.Object({ id: Id, status: Type.Optional(Text) })))
export const readEjected = reader('who was put out', Type.Object({ ejectedIds: Type.Array(Type.String()) }))
export const readToken = reader('a meeting token', Type.Object({ token: Type.String({ pattern: '^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$', maxLength: 2048 }) }))
export const readDomain = reader('a domain', Type.Object({ domain_name: Id }))
export const readMeeting = reader('a meeting', Type.Object({ id: Id, room: Id }))
export const readTranscripts = reader('a list of transcripts', listOf(TranscriptEntry))

const pointerOf = reader('an address of a transcript', Pointer)
export const readPointer = (body: unknown): string => {
  const pointer = pointerOf(body)
  return 'link' in pointer ? pointer.link : pointer.download_link
}
