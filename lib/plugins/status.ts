import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyReply } from 'fastify'

export interface StatusResult {
  ok: boolean
  /** Shown beside name and version; no secrets. */
  details?: Readonly<Record<string, unknown>> | undefined
}

export interface StatusOptions {
  name: string
  version: string
  /** Whether requests can be served now. */
  ready: () => Promise<StatusResult>
  /** Everything that a person would want to know; may call the upstreams. */
  checkUp: () => Promise<StatusResult>
}

/** The platform's status routes, outside every prefix. `/-/healthz` says that the process answers, nothing more. */
export default fp(function status (app: FastifyInstance, { name, version, ready, checkUp }: StatusOptions, done) {
  const answer = async (reply: FastifyReply, { ok, details }: StatusResult) => {
    const body = { name, status: ok ? 'OK' : 'KO', version, ...details }
    if (!ok) reply.log.error({ debugInfo: body }, 'Service status is not ok')
    return await reply.code(ok ? 200 : 503).send(body)
  }
  const options = { logLevel: 'error', schema: { hide: true } } as const
  app.get('/-/healthz', options, async (_request, reply) => await answer(reply, { ok: true }))
  app.get('/-/ready', options, async (_request, reply) => await answer(reply, await ready()))
  app.get('/-/check-up', options, async (_request, reply) => await answer(reply, await checkUp()))
  done()
}, { name: 'status' })
