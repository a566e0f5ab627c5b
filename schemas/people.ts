import { Type, type Static } from 'typebox'

export const PersonParams = Type.Object({ externalId: Type.String({ minLength: 1, maxLength: 256, pattern: '^[^\\p{Cc}\\p{Cs}]+$', description: 'The person’s id in the caller’s system' }) })

const OutstandingPart = Type.Object({
  what: Type.Enum(['teleconsultations', 'memberships', 'calendar feed', 'outbox', 'accounts', 'video provider'], { description: 'Where something is left of the person' }),
  reason: Type.String({ description: 'The code of the error that keeps it; IN_PROGRESS: it is being worked on right now' }),
  count: Type.Integer({ description: 'Of how many things' })
})

export const Erasure = Type.Object({
  erased: Type.Boolean({ description: 'Whether nothing is left' }),
  requestedAt: Type.String({ format: 'date-time' }),
  pseudonymised: Type.Integer({ description: 'Teleconsultations in which this attempt put a stranger in the person’s place' }),
  cancelled: Type.Integer({ description: 'Those of them that cannot take place without the person, and were cancelled' }),
  outstanding: Type.Array(OutstandingPart, { description: 'What could not be erased yet. It is tried again by itself' })
}, { $id: 'Erasure', description: 'What an erasure has come to' })
export type Erasure = Static<typeof Erasure>

export const PendingErasure = Type.Object({
  requestedAt: Type.String({ format: 'date-time' }),
  outstanding: Type.Array(OutstandingPart)
}, { $id: 'PendingErasure', description: 'An erasure that is not finished' })
export type PendingErasure = Static<typeof PendingErasure>
