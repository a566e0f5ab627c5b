import { Type, type Static } from 'typebox'
import { SessionParticipant } from './session.ts'
import { Privilege } from './tools.ts'

/** What the service's own pages read; no part of the drop-in contract. */

const PersonInCall = Type.Object({ bandyerUserId: Type.String(), fullName: Type.Optional(Type.String()) })

export const PersonalLinkView = Type.Object({
  roomId: Type.String(),
  bandyerUserId: Type.String(),
  fullName: Type.Optional(Type.String()),
  language: Type.Optional(Type.String()),
  participantsBandyerCall: Type.Array(PersonInCall),
  startAt: Type.String({ format: 'date-time' }),
  endAt: Type.String({ format: 'date-time' }),
  linkFrom: Type.String({ format: 'date-time', description: 'From this instant on the way in is given' }),
  now: Type.String({ format: 'date-time', description: 'The service’s clock: count down against it, not against the browser’s' }),
  complete: Type.Boolean({ description: 'Whether every expected participant is known; before that nobody is let in' }),
  accessLinkURL: Type.Union([Type.String(), Type.Null()], { description: 'The way into the call; null until it is given, and while elsewhere' }),
  elsewhere: Type.Optional(Type.Literal(true, { description: 'He is in the call already, and this request shows no seat of his: ask again once he has left' })),
  seat: Type.Optional(Type.String({ description: 'To be sent as x-seat from now on: by it this device comes in again. With a way in, and always for a one-time link. A secret' }))
}, { $id: 'PersonalLinkView', description: 'One teleconsultation as seen by the holder of a personal link' })
export type PersonalLinkView = Static<typeof PersonalLinkView>

export const ClinicOverview = Type.Object({
  name: Type.String(),
  version: Type.String(),
  storage: Type.String(),
  video: Type.String(),
  identity: Type.String(),
  mail: Type.Enum(['smtp', 'outbox', 'none'], { description: 'What becomes of e-mails: a server takes them, they are kept for GET /clinic/outbox, or nobody writes any' }),
  publicUrl: Type.String(),
  maxParticipants: Type.Integer(),
  groups: Type.Array(Type.Object({ name: Type.String(), privilege: Privilege }))
}, { $id: 'ClinicOverview', description: 'What runs, for the clinic’s page' })
export type ClinicOverview = Static<typeof ClinicOverview>

export const ClinicTeleconsultation = Type.Object({
  roomId: Type.String(),
  startAt: Type.String({ format: 'date-time' }),
  endAt: Type.String({ format: 'date-time' }),
  participantsNumber: Type.Integer(),
  missing: Type.Integer({ description: 'How many of them nobody has named yet; 0 once it is over' }),
  state: Type.Enum(['incomplete', 'planned', 'open', 'over']),
  requested: Type.Optional(Type.Boolean({ description: 'It is not confirmed: nobody is sent an e-mail about it' })),
  participants: Type.Array(Type.Object({
    userExternalId: Type.String(),
    fullName: Type.Optional(Type.String()),
    privilege: Type.Optional(Privilege),
    personalLink: Type.String({ description: 'A secret: whoever has it is this participant' }),
    oneTime: Type.Optional(Type.Boolean({ description: 'A guest, whose link opens on one device only' })),
    opened: Type.Optional(Type.Boolean({ description: 'Whether a link that opens on one device was opened there already' })),
    hasAddress: Type.Boolean({ description: 'Whether there is an address to send e-mails to' }),
    mail: SessionParticipant.properties.mail
  }))
}, { $id: 'ClinicTeleconsultation' })
export type ClinicTeleconsultation = Static<typeof ClinicTeleconsultation>

export const ClinicTeleconsultations = Type.Object({
  teleconsultations: Type.Array(Type.Unsafe<ClinicTeleconsultation>(Type.Ref('ClinicTeleconsultation'))),
  next: Type.Union([Type.Integer(), Type.Null()], { description: 'Pass as skip for the following page; null on the last one' })
}, { $id: 'ClinicTeleconsultations', description: 'Teleconsultations, the latest start first' })
export type ClinicTeleconsultations = Static<typeof ClinicTeleconsultations>

export const KeptMessage = Type.Object({
  id: Type.String(),
  to: Type.String({ description: 'The recipient’s address' }),
  subject: Type.String(),
  text: Type.String({ description: 'Plain text with the recipient’s personal link: a secret' }),
  at: Type.String({ format: 'date-time', description: 'When it would have been sent' })
}, { $id: 'KeptMessage', description: 'An e-mail that was written and not sent' })
export type KeptMessage = Static<typeof KeptMessage>

export const ClinicOutbox = Type.Object({
  inUse: Type.Boolean({ description: 'False where e-mails are sent, or nobody writes any: then there are no messages here' }),
  messages: Type.Array(Type.Unsafe<KeptMessage>(Type.Ref('KeptMessage'))),
  next: Type.Union([Type.Integer(), Type.Null()], { description: 'Pass as skip for the following page; null on the last one' })
}, { $id: 'ClinicOutbox', description: 'E-mails that nobody sent, the latest first' })
export type ClinicOutbox = Static<typeof ClinicOutbox>
