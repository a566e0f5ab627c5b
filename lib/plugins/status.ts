import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyReply } from 'fastify'

export interface StatusResult {
  ok: boolean
  /** Shown beside name and version; no secrets. */
  details?: Readonly<Record<string, unknown>> | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Tells everybody to go elsewhere: `/-/ready` answers 503, and each answer ends its connection. Requests are served as
     * before. For the time before closing, which does it too.
     */
    drain (): void
  }
}

export interface StatusOptions {
  name: string
  version: string
  /** Whether requests can be served now. */
  ready: () => Promise<StatusResult>
  /** Everything that a person would want to know; may call the upstreams. */
  checkUp: () => Promise<StatusResult>
}

/**
 * The platform's status routes, outside every prefix. `/-/healthz` says that the process answers, nothing more;
 * `/-/ready` that requests may be sent to it.
 */
export default fp(function status (app: FastifyInstance, { name, version, ready, checkUp }: StatusOptions, done) {
  let draining = false
  const drain = () => { draining = true }
  app.decorate('drain', drain)
  app.addHook('preClose', (closing) => { drain(); closing() })
  // Otherwise a connection whose request was under way stays open, idle, and holds the closing up.
  app.addHook('onSend', (_request, reply, payload, next) => {
    if (draining) reply.header('connection', 'close')
    next(null, payload)
  })

  const answer = async (reply: FastifyReply, { ok, details }: StatusResult) => {
    const body = { name, status: ok ? 'OK' : 'KO', version, ...details }
    if (!ok) reply.log.error({ debugInfo: body }, 'Service status is not ok')
    return await reply.code(ok ? 200 : 503).send(body)
  }
  const options = { logLevel: 'error', schema: { hide: true } } as const
  app.get('/-/healthz', options, async (_request, reply) => await answer(reply, { ok: true }))
  app.get('/-/ready', options, async (_request, reply) => {
    // No fault that the log should tell of, and nothing that the upstreams could change.
    if (draining) return await reply.code(503).send({ name, status: 'KO', version, closing: true })
    return await answer(reply, await ready())
  })
  app.get('/-/check-up', options, async (_request, reply) => await answer(reply, await checkUp()))
  done()
}, { name: 'status' })
