import { Type } from 'typebox'

/** Of requests that may be repeated. */
export const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(Type.String({
    minLength: 1,
    maxLength: 255,
    pattern: '^[\\x20-\\x7e]+$',
    description: 'Chosen by the caller before the first attempt, e.g. a UUID. For 24 hours the same caller gets the same result for the same key and body; another body is answered 422, a request that still runs 409'
  }))
})

/** Of requests that change what somebody read before. */
export const PreconditionHeaders = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 1000, description: 'The ETag that was read, or several, or *: anything else there is answered 412. Without it the last writer wins' }))
})
