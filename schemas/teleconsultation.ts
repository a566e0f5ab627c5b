import { Type, type Static } from 'typebox'

/** The drop-in contract's shapes. Field names are the original's. */

// No control characters and no lone surrogates: neither survives every store and header unchanged.
const CLEAN_TEXT = '^[^\\p{Cc}\\p{Cs}]+$'

const ExternalId = Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT, description: 'The id by which the caller’s system knows the person' })
const Language = Type.String({ maxLength: 35, pattern: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$', description: 'Language tag (BCP 47), e.g. it, en, de-CH' })
const GroupName = Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT })
const Instant = (description: string) => Type.String({ format: 'date-time', description, examples: ['2026-11-23T15:00:00.000Z'] })

export const Participant = Type.Object({
  userExternalId: ExternalId,
  groups: Type.Optional(Type.Array(GroupName, { minItems: 1, maxItems: 32, description: 'Required without AUTH_SERVICE; the highest privilege of them counts' })),
  group: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT, description: 'The same as groups with one name' })),
  fullName: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT, description: 'Required without AUTH_SERVICE' })),
  language: Type.Optional(Language),
  email: Type.Optional(Type.String({ minLength: 3, maxLength: 254, description: 'Where the person is told of the appointment' })),
  timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_+/-]+$', description: 'IANA name, e.g. Europe/Rome: in which the person reads dates' }))
}, { $id: 'Participant', additionalProperties: false })
export type Participant = Static<typeof Participant>

export const ParticipantList = Type.Union([
  Type.Array(ExternalId, { minItems: 2, maxItems: 25, description: 'Ids of the auth service; only where AUTH_SERVICE is configured' }),
  Type.Object({
    number: Type.Integer({ minimum: 2, maximum: 25, description: 'How many participants are expected' }),
    data: Type.Array(Type.Unsafe<Participant>(Type.Ref('Participant')), { maxItems: 25, description: 'Those who are known; at most number' })
  }, { additionalProperties: false })
])
export type Participants = Static<typeof ParticipantList>

const StartDate = Instant('When the teleconsultation begins')
const EndDate = Type.Optional(Instant('When it ends; give either this or duration_in_seconds'))
const Duration = Type.Optional(Type.Integer({ minimum: 300, maximum: 86400, description: 'How long it lasts; give either this or end_date' }))

const VideoProvider = Type.Optional(Type.Enum(['embedded', 'bandyer', 'kaleyra', 'daily', 'livekit', 'jitsi'], { description: 'Who holds the call, where videoProviders.perRequest of the service configuration allows to choose' }))

/** When, and with whose help. */
export const DateFields = { start_date: StartDate, end_date: EndDate, duration_in_seconds: Duration, videoProvider: VideoProvider }

export const NewTeleconsultation = Type.Object({
  participants: ParticipantList,
  ...DateFields
}, { $id: 'NewTeleconsultation', additionalProperties: false })
export type NewTeleconsultation = Static<typeof NewTeleconsultation>

export const TeleconsultationChange = Type.Object({
  participants: Type.Optional(ParticipantList),
  start_date: Type.Optional(StartDate),
  end_date: EndDate,
  duration_in_seconds: Duration,
  videoProvider: VideoProvider
}, { $id: 'TeleconsultationChange', additionalProperties: false, minProperties: 1, description: 'What is left out stays as it is; participants replace the whole list' })
export type TeleconsultationChange = Static<typeof TeleconsultationChange>

export const TeleconsultationCreated = Type.Object({
  roomId: Type.String({ description: 'The id of the stored document' }),
  unsupported: Type.Optional(Type.Array(Type.String(), { description: 'What was configured and the provider cannot give; only where UNSUPPORTED_WISHES is accept' }))
}, { $id: 'TeleconsultationCreated' })

export const RoomParams = Type.Object({
  roomId: Type.String({ description: 'The id that POST /teleconsultation answered' })
})

export const AccessQuery = Type.Object({
  useBackground: Type.Optional(Type.Boolean({ description: 'Open the call with the company’s background' })),
  language: Type.Optional(Language)
})

export const TeleconsultationAccess = Type.Object({
  bandyerUserId: Type.String({ description: 'The caller at the video provider' }),
  accessLinkURL: Type.Union([Type.String(), Type.Null()], { description: 'The caller’s own way into the call; a secret. Null until the link can no longer change' }),
  participantsBandyerCall: Type.Array(Type.Object({ bandyerUserId: Type.String(), fullName: Type.Optional(Type.String()) })),
  details: Type.Optional(Type.Object({
    recording: Type.Optional(Type.String()),
    recordingStatus: Type.Optional(Type.String()),
    callType: Type.Optional(Type.String()),
    description: Type.Optional(Type.String()),
    status: Type.Optional(Type.String()),
    disabled: Type.Optional(Type.Boolean()),
    creationDate: Type.Optional(Type.String()),
    durationInSeconds: Type.Optional(Type.Number()),
    durationUsedInSeconds: Type.Optional(Type.Number()),
    live: Type.Optional(Type.Boolean()),
    runningSince: Type.Optional(Type.String({ description: 'Where the provider tells' })),
    inside: Type.Optional(Type.Array(Type.Object({ bandyerUserId: Type.String(), since: Type.Optional(Type.String()) }), { description: 'Who is in the call now; where the provider tells' }))
  }, { description: 'The provider’s room; absent while there is none, or when the provider does not answer quickly' }))
}, { $id: 'TeleconsultationAccess' })
export type TeleconsultationAccess = Static<typeof TeleconsultationAccess>
