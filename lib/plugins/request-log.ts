import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { redacted } from '../http/redact.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The path holds a secret: log lines have the route's pattern instead. */
    hasSecretPath?: true
  }
}

/**
 * The platform's two log lines with its field names: `incoming request` at trace, `request completed` at info. Status
 * routes are silent, as probes would drown the rest.
 */
export default fp(function requestLog (app: FastifyInstance, _options: object, done) {
  // Asked once: the fields are not even gathered where nobody reads them.
  const traces = app.log.level === 'trace'
  const informs = traces || app.log.level === 'debug' || app.log.level === 'info'
  if (traces) {
    app.addHook('onRequest', (request, _reply, next) => {
      if (!isStatus(request)) {
        request.log.trace({ ...fieldsOf(request), host: { ...hostOf(request), forwardedHostame: request.headers['x-forwarded-host'] } }, 'incoming request')
      }
      next()
    })
  }

  if (informs) {
    app.addHook('onResponse', (request, reply, next) => {
      if (!isStatus(request)) {
        const { http, url } = fieldsOf(request)
        const bytes = Number(reply.getHeader('content-length'))
        request.log.info({
          http: { ...http, response: { statusCode: reply.statusCode, body: { bytes: Number.isNaN(bytes) ? undefined : bytes } } },
          url,
          host: { ...hostOf(request), forwardedHost: request.headers['x-forwarded-host'] },
          responseTime: reply.elapsedTime
        }, 'request completed')
      }
      next()
    })
  }
  done()
}, { name: 'request-log' })

const isStatus = (request: FastifyRequest) => request.url.startsWith('/-/')

const fieldsOf = (request: FastifyRequest) => ({
  http: { request: { method: request.method, userAgent: { original: request.headers['user-agent'] } } },
  url: request.routeOptions.config.hasSecretPath === true
    ? { path: request.routeOptions.url }
    // Where no route fits, the one parameter is the path once more, and nothing is taken out of it.
    : { path: redacted(request.originalUrl), params: request.is404 ? {} : withoutPeople(request.params as object) }
})

const PEOPLE: ReadonlySet<string> = new Set(['userExternalId', 'userId', 'externalId'])
const withoutPeople = (params: object) => Object.fromEntries(Object.entries(params).filter(([name]) => !PEOPLE.has(name)))

const hostOf = (request: FastifyRequest) => ({
  hostname: request.headers.host?.replace(/:\d+$/, ''),
  ip: request.headers['x-forwarded-for'] ?? request.ip
})
