import { STATUS_CODES } from 'node:http'
import fp from 'fastify-plugin'
import type { FastifyError, FastifyInstance } from 'fastify'
import type { ErrorObject } from 'ajv'
import type { ErrorBody } from '../../schemas/error.ts'
import { DOCUMENTED_SENTENCES, InternalError, RETRY_AFTER_SECONDS } from '../errors.ts'

/** Fastify's own errors that callers can cause; they keep their code. Everything else that is not ours leaves masked. */
const FASTIFY_CODES = new Set([
  'FST_ERR_VALIDATION', 'FST_ERR_CTP_INVALID_MEDIA_TYPE', 'FST_ERR_CTP_BODY_TOO_LARGE', 'FST_ERR_CTP_EMPTY_JSON_BODY',
  'FST_ERR_CTP_INVALID_JSON_BODY', 'FST_ERR_CTP_INVALID_CONTENT_LENGTH', 'FST_ERR_BAD_URL'
])

const isOurs = (code: string) => code !== 'INTERNAL_ERROR' && !code.startsWith('FST_')

/**
 * One handler turns every error into the documented body. An error without a code of the catalogue is a fault of ours:
 * logged with its cause, answered without it.
 */
export default fp(function errors (app: FastifyInstance, _options: object, done) {
  let keyRefused = false
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const known = isKnown(error)
    if (error.code === 'PROVIDER_REFUSED_KEY') {
      // An operator has to act, and need not read it once a request.
      request.log[keyRefused ? 'debug' : 'error']({ err: error }, 'The video provider refuses the configured key')
      keyRefused = true
    } else if (!known) request.log.error({ err: error }, 'Unexpected error')
    else if ((error.statusCode ?? 500) >= 500) request.log.warn({ err: error }, 'Upstream error')
    const answered = known ? error : new InternalError()
    const retryAfter = RETRY_AFTER_SECONDS.get(answered.code)
    if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
    return reply.code(answered.statusCode ?? 500).send(errorBody(answered))
  })

  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ statusCode: 404, error: 'Not Found', message: `Route ${request.method}:${pathOf(request.url)} not found`, code: 'ROUTE_NOT_FOUND' }))

  done()
}, { name: 'errors' })

const pathOf = (url: string) => url.split('?', 1)[0]?.slice(0, 200) ?? ''

const isKnown = (error: FastifyError) =>
  FASTIFY_CODES.has(error.code) ||
  (typeof error.code === 'string' && isOurs(error.code) && error.name === 'FastifyError' && typeof error.statusCode === 'number')

export function errorBody (error: Pick<FastifyError, 'code' | 'message'> & { statusCode?: number }): ErrorBody {
  const statusCode = error.statusCode ?? 500
  return {
    statusCode,
    error: DOCUMENTED_SENTENCES.has(error.code) ? error.message : STATUS_CODES[statusCode] ?? 'Error',
    message: error.message,
    code: error.code
  }
}

/**
 * The sentence for a body, query or path that breaks its schema: names the field, never its value. Of a union the
 * branch counts that the value was meant for.
 */
export function schemaError (errors: ErrorObject[], where: string): Error {
  const meant = errors.filter(({ keyword }) => keyword !== 'anyOf')
  const kinds = meant.filter(({ keyword, instancePath }) => keyword === 'type' && errors.some((other) => other.keyword === 'anyOf' && other.instancePath === instancePath))
  const specific = meant.find((error) => !kinds.includes(error))
  if (specific === undefined && kinds.length > 1) {
    return new Error(`${where}${kinds[0]?.instancePath ?? ''} must be ${kinds.map(({ params }) => String(params['type'])).join(' or ')}`)
  }
  const error = specific ?? meant[0] ?? errors[0]
  if (error === undefined) return new Error(`${where} is not valid`)
  const extra: unknown = error.params['additionalProperty']
  const allowed: unknown = error.params['allowedValues']
  const detail = typeof extra === 'string' ? `: ${JSON.stringify(extra.slice(0, 64))}` : Array.isArray(allowed) ? `: ${allowed.join(', ')}` : ''
  return new Error(`${where}${error.instancePath} ${error.message ?? 'is not valid'}${detail}`)
}
