import { createHmac } from 'node:crypto'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { RequestKey } from '../domain/idempotency.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * What the request is known by where it has an Idempotency-Key.
     *
     * @param body what it asks for; JSON, or bytes
     */
    requestKey (body: unknown): RequestKey | undefined
  }
}

export interface RequestKeyOptions {
  secret: string
  callerOf (request: FastifyRequest): string | undefined
}

/**
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the key counts together with the caller, the route and what it
 * acts upon, so that nobody gets another's answer by guessing keys.
 */
export default fp(function requestKey (app: FastifyInstance, { secret, callerOf }: RequestKeyOptions, done) {
  const keyed = (...parts: Array<string | Uint8Array>) => {
    const hash = createHmac('sha256', secret)
    for (const part of parts) hash.update(`${part.length}:`).update(part)
    return hash.digest('base64url')
  }
  app.decorateRequest('requestKey', function (this: FastifyRequest, body: unknown): RequestKey | undefined {
    const given = this.headers['idempotency-key']
    if (typeof given !== 'string') return undefined
    // The draft writes it as a quoted string; most callers do not.
    const key = given.replace(/^"(.*)"$/, '$1')
    return {
      key: keyed('key', callerOf(this) ?? '', this.method, this.routeOptions.url ?? '', JSON.stringify(this.params), key),
      fingerprint: keyed('body', body instanceof Uint8Array ? body : JSON.stringify(sorted(body)) ?? '')
    }
  })
  done()
}, { name: 'request-key' })

/** The order of keys means nothing in JSON. */
function sorted (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([name, part]) => [name, sorted(part)]))
}
