import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Configuration } from '../config/configuration.ts'
import type { Context } from '../teleconsultations/ports.ts'

export interface RequestContextOptions {
  headers: Configuration['headers']
  /** Milliseconds that a request may take: no step begins after it. */
  timeoutMs: number
  clock: () => Date
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What the operations know of this request: the headers that platform services are to see, its log, and its deadline, which begins now. */
    operationContext (): Context
  }
}

/**
 * Picks what is passed on to platform services: the platform's own headers, the forwarded ones, the restriction that an
 * authorization service put on rows, and the configured additional ones. None of it reaches a video provider: those
 * have clients of their own, which know nothing of a request.
 */
export default fp(function requestContext (app: FastifyInstance, { headers, timeoutMs, clock }: RequestContextOptions, done) {
  const passedOn = [...new Set([
    headers.userId, headers.groups, headers.clientType, headers.userProperties,
    'x-request-id', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'acl_rows',
    ...headers.additional
  ])].filter((name) => name !== headers.backOffice)

  app.decorateRequest('operationContext', function (this: FastifyRequest): Context {
    const given = this.headers
    const picked: Record<string, string> = {}
    for (const name of passedOn) {
      const value = given[name]
      if (typeof value === 'string' && value !== '') picked[name] = value
    }
    // Any value says yes, even "0" or "false".
    if (typeof given[headers.backOffice] === 'string' && given[headers.backOffice] !== '') picked[headers.backOffice] = '1'
    if (picked['x-request-id'] === undefined) picked['x-request-id'] = this.id
    return { headers: picked, log: this.log, endsAt: clock().getTime() + timeoutMs }
  })
  done()
}, { name: 'request-context' })
