import { Type, type Static } from 'typebox'
import { PERMISSION_NAMES } from './permissions.ts'
import { DateFields, Participant, ParticipantList } from './teleconsultation.ts'
import { Privilege } from './tools.ts'

/** Sessions: a teleconsultation with an owner, an organisation, permissions and a description. These routes are this service's own. */

const CLEAN_TEXT = '^[^\\p{Cc}\\p{Cs}]+$'
// Longer than any value that a taxonomy can have: what is no value is told by the taxonomy, not by its length.
const TaxonomyText = (description: string) => Type.String({ minLength: 1, maxLength: 400, description })
const ExternalId = Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT })
const Instant = Type.String({ format: 'date-time' })

export const SESSION_KINDS = ['teleconsultation', 'televisit', 'session'] as const
export const SESSION_STATES = ['incomplete', 'planned', 'open', 'ended'] as const
export const STREAM_STATUSES = ['Not Started', 'Active', 'Ended'] as const

const description = {
  kind: Type.Optional(Type.Enum([...SESSION_KINDS], { description: 'teleconsultation: between professionals; televisit: with a patient' })),
  title: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT })),
  description: Type.Optional(Type.String({ minLength: 1, maxLength: 4000, pattern: '^[^\\p{Cs}\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]+$' })),
  types: Type.Optional(Type.Array(TaxonomyText('A value of the taxonomy type'), { minItems: 1, maxItems: 16, uniqueItems: true, description: 'Specialities' })),
  access: Type.Optional(TaxonomyText('A value of the taxonomy access')),
  estimatedDuration: Type.Optional(TaxonomyText('A value of the taxonomy estimatedDuration')),
  timeZone: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9_+/-]+$', description: 'IANA name, e.g. Europe/Rome: in which people read the dates' })),
  references: Type.Optional(Type.Object({
    appointmentId: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT })),
    bookingCode: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT }))
  }, { additionalProperties: false, description: 'What other systems know it by' }))
}

const Status = Type.Optional(Type.Enum(['requested', 'confirmed'], { description: 'requested: nobody is told of it by e-mail, until it is confirmed' }))

export const NewSession = Type.Object({
  ...description,
  status: Status,
  ...DateFields,
  participants: ParticipantList,
  organisation: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT, description: 'In which it is created; of a caller who is a member of several' }))
}, { $id: 'NewSession', additionalProperties: false })
export type NewSession = Static<typeof NewSession>

const nullable = <T extends (typeof description)[keyof typeof description]> (field: T) => Type.Optional(Type.Union([field, Type.Null()]))

export const SessionChange = Type.Object({
  ...Object.fromEntries(Object.entries(description).map(([name, field]) => [name, nullable(field)])) as { [K in keyof typeof description]: ReturnType<typeof nullable<(typeof description)[K]>> },
  status: Status,
  start_date: Type.Optional(DateFields.start_date),
  end_date: DateFields.end_date,
  duration_in_seconds: DateFields.duration_in_seconds,
  participants: Type.Optional(ParticipantList)
}, { $id: 'SessionChange', additionalProperties: false, minProperties: 1, description: 'What is left out stays as it is; null takes a field away; participants replace the whole list' })
export type SessionChange = Static<typeof SessionChange>

export const Permissions = Type.Object(
  Object.fromEntries(PERMISSION_NAMES.map((name) => [name, Type.Boolean()])) as Record<(typeof PERMISSION_NAMES)[number], ReturnType<typeof Type.Boolean>>,
  { $id: 'Permissions' }
)
export type Permissions = Static<typeof Permissions>

const Grants = Type.Object(
  Object.fromEntries(PERMISSION_NAMES.map((name) => [name, Type.Optional(Type.Boolean())])) as Record<(typeof PERMISSION_NAMES)[number], ReturnType<typeof Type.Optional<ReturnType<typeof Type.Boolean>>>>,
  { additionalProperties: false, minProperties: 1 }
)

export const PermissionChange = Type.Object({ permissions: Grants }, { $id: 'PermissionChange', additionalProperties: false, description: 'Those that are left out stay as they are' })
export type PermissionChange = Static<typeof PermissionChange>

export const Invitation = Type.Object({
  ...Participant.properties,
  organisation: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT, description: 'Whose member he is, if another’s: a guest of this one session' })),
  permissions: Type.Optional(Grants)
}, { $id: 'Invitation', additionalProperties: false })
export type Invitation = Static<typeof Invitation>

export const TAKES_EFFECT = ['now', 'next-entry', 'next-room', 'pending'] as const
const TakesEffect = Type.Enum([...TAKES_EFFECT], { description: 'When it binds him at the video provider. now: at once, in a running call too; next-entry: with his next link; next-room: never in the room that is there; pending: the provider did not answer, and is told again until it does' })

export const SessionParticipant = Type.Object({
  userExternalId: Type.String(),
  fullName: Type.Optional(Type.String()),
  privilege: Type.Optional(Privilege),
  guest: Type.Boolean({ description: 'Of another organisation, or of none' }),
  oneTime: Type.Optional(Type.Boolean({ description: 'His link is that device’s which opens it first' })),
  permissions: Type.Optional(Type.Unsafe<Permissions>(Type.Ref('Permissions'))),
  inside: Type.Optional(Type.Boolean({ description: 'Whether he is in the call now; where the provider tells' })),
  mail: Type.Optional(Type.Object({
    toldAt: Type.Optional(Type.String({ format: 'date-time', description: 'When he was last sent an e-mail about it' })),
    failure: Type.Optional(Type.Object({
      code: Type.String({ description: 'SMTP’s, or the network’s; of one that came back its status, e.g. 5.1.1' }),
      at: Type.String({ format: 'date-time' }),
      refused: Type.Boolean({ description: 'For good: it is not tried again until something changes' }),
      bounced: Type.Boolean({ description: 'A mail server took it, and it came back. With a status of 5.… nothing more is sent to that address' })
    }, { description: 'The last e-mail to him could not be sent, or came back' }))
  }, { description: 'For those in charge' }))
}, { $id: 'SessionParticipant', description: 'permissions: for those in charge, and of oneself' })
export type SessionParticipant = Static<typeof SessionParticipant>

export const SessionView = Type.Object({
  id: Type.String(),
  ...description,
  owner: Type.Optional(Type.String()),
  organisation: Type.String(),
  startAt: Instant,
  endAt: Instant,
  participantsNumber: Type.Integer({ description: 'How many are expected' }),
  participants: Type.Array(Type.Unsafe<SessionParticipant>(Type.Ref('SessionParticipant'))),
  status: Type.Enum(['requested', 'confirmed']),
  state: Type.Enum([...SESSION_STATES], { description: 'incomplete: participants are missing; open: links are given; ended: by somebody, or its time is over' }),
  streamStatus: Type.Enum([...STREAM_STATUSES], { description: 'Active: at least two people are in the call, where the provider tells' }),
  endedAt: Type.Optional(Instant),
  recordedSince: Type.Optional(Instant),
  mediaUrl: Type.Union([Type.String(), Type.Null()], { description: 'The caller’s own personal link, a secret; null for who takes no part. It stays the same until he has another one: when it is replaced, or when he was removed and comes back' }),
  videoProvider: Type.String(),
  unsupported: Type.Optional(Type.Array(Type.String()))
}, { $id: 'Session' })
export type SessionView = Static<typeof SessionView>

export const Ruled = Type.Object({
  takesEffect: TakesEffect,
  participant: Type.Optional(Type.Unsafe<SessionParticipant>(Type.Ref('SessionParticipant')))
}, { $id: 'Ruled' })
export type Ruled = Static<typeof Ruled>

export const Invited = Type.Object({
  participant: Type.Unsafe<SessionParticipant>(Type.Ref('SessionParticipant')),
  mediaUrl: Type.String({ description: 'His personal link. A secret: whoever has it is this participant' })
}, { $id: 'Invited' })
export type Invited = Static<typeof Invited>

export const NewGuest = Type.Object({
  fullName: Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT }),
  email: Participant.properties.email,
  language: Participant.properties.language,
  timeZone: Participant.properties.timeZone
}, { $id: 'NewGuest', additionalProperties: false })
export type NewGuest = Static<typeof NewGuest>

export const GuestLink = Type.Object({
  participant: Type.Unsafe<SessionParticipant>(Type.Ref('SessionParticipant')),
  link: Type.String({ description: 'The way in of that device which opens it first, and of no other from then on. A secret' })
}, { $id: 'GuestLink' })
export type GuestLink = Static<typeof GuestLink>

export const InvitationAgain = Type.Object({
  newLink: Type.Optional(Type.Boolean({ description: 'true: he gets another personal link, and the one before opens nothing any more' }))
}, { $id: 'InvitationAgain', additionalProperties: false })
export type InvitationAgain = Static<typeof InvitationAgain>

export const InvitationSent = Type.Object({
  participant: Type.Unsafe<SessionParticipant>(Type.Ref('SessionParticipant')),
  mediaUrl: Type.Optional(Type.String({ description: 'With newLink: the link that he has now. A secret' }))
}, { $id: 'InvitationSent' })
export type InvitationSent = Static<typeof InvitationSent>

export const RecordingChange = Type.Object({ record: Type.Boolean({ description: 'true: begins, false: ends' }) }, { $id: 'RecordingChange', additionalProperties: false })
export type RecordingChange = Static<typeof RecordingChange>

/** What a list can be asked to leave out: everything but these stays away. */
export const SESSION_FIELDS = Object.keys(SessionView.properties) as Array<keyof SessionView>

export const SessionQuery = Type.Object({
  state: Type.Optional(Type.Enum([...SESSION_STATES])),
  from: Type.Optional(Type.String({ format: 'date-time', description: 'Those that begin then or later' })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'Those that begin before' })),
  participant: Type.Optional(ExternalId),
  type: Type.Optional(TaxonomyText('One of its types')),
  kind: Type.Optional(Type.Enum([...SESSION_KINDS])),
  text: Type.Optional(Type.String({ minLength: 2, maxLength: 100, pattern: CLEAN_TEXT, description: 'In title, description, booking code or appointment id; case does not count' })),
  sort: Type.Enum(['startAt', '-startAt'], { default: 'startAt', description: 'A minus: the latest first' }),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 25 }),
  cursor: Type.Optional(Type.String({ maxLength: 1000, description: 'next of the page before; of the same list' })),
  fields: Type.Optional(Type.String({ maxLength: 500, pattern: `^(${SESSION_FIELDS.join('|')})(,(${SESSION_FIELDS.join('|')}))*$`, description: 'Names of those that are wanted, separated by commas' })),
  counts: Type.Boolean({ default: false, description: 'Whether to count by state as well' })
})
export type SessionQuery = Static<typeof SessionQuery>

export const SessionPage = Type.Object({
  sessions: Type.Array(Type.Unsafe<Partial<SessionView>>(Type.Ref('SessionPart'))),
  next: Type.Union([Type.String(), Type.Null()], { description: 'The cursor of the following page; null on the last one. It stays where it was when others come in between' }),
  counts: Type.Optional(Type.Object(Object.fromEntries(SESSION_STATES.map((state) => [state, Type.Integer()])) as Record<(typeof SESSION_STATES)[number], ReturnType<typeof Type.Integer>>))
}, { $id: 'SessionPage', description: 'Sessions that the caller may see' })
export type SessionPage = Static<typeof SessionPage>

export const SessionPart = Type.Partial(SessionView, { $id: 'SessionPart', description: 'A session, or the fields of it that were asked for' })

export const SessionParams = Type.Object({ sessionId: Type.String({ description: 'The id of the stored document, the same as roomId' }) })
export const SessionParticipantParams = Type.Object({ sessionId: Type.String(), userExternalId: ExternalId })

export const SessionParticipants = Type.Object({
  participants: Type.Array(Type.Unsafe<SessionParticipant>(Type.Ref('SessionParticipant')))
}, { $id: 'SessionParticipants' })
export type SessionParticipants = Static<typeof SessionParticipants>
