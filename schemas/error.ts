import { Type, type Static } from 'typebox'

export const ErrorBody = Type.Object({
  statusCode: Type.Integer({ description: 'The same as the answer’s status' }),
  error: Type.String({ description: 'The documented sentence where there is one, else the status’ reason phrase' }),
  message: Type.String(),
  code: Type.String({ description: 'Stable; listed in docs/errors.md' })
}, { $id: 'Error', description: 'Every error has this shape' })
export type ErrorBody = Static<typeof ErrorBody>

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request is malformed or breaks a rule; nothing was changed',
  401: 'The caller is no participant, or is not known',
  403: 'The caller may not do this',
  404: 'There is no such teleconsultation',
  409: 'The state of the teleconsultation does not allow this now',
  410: 'It was there for somebody else, or is over for good',
  412: 'If-Match names another version than the one that is there; nothing was changed',
  413: 'The body is too large',
  415: 'The body is not JSON',
  422: 'The configured video provider cannot give what is asked for, a value is not in its taxonomy, or the Idempotency-Key was used for another body',
  500: 'Something went wrong in this service',
  501: 'The configured video provider cannot do this, the collection does not keep what it needs, or e-mails are not sent here',
  502: 'An upstream gave an answer that cannot be used',
  503: 'An upstream is busy or cannot be reached; see retry-after',
  504: 'An upstream did not answer in time'
}

/** The `response` entries for the error statuses that a route can answer. */
export const errorResponses = (...statuses: number[]) => Object.fromEntries(statuses.map((status) =>
  [status, Type.Unsafe<ErrorBody>(Type.Ref('Error', { description: DESCRIPTIONS[status] ?? 'Error' }))]))

/** The `response` entry of a success that has no body. */
export const emptyResponse = (description: string) => Type.Unsafe<undefined>({ type: 'null', description })
