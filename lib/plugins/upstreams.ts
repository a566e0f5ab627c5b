import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import { Counter } from 'prom-client'
import type { HttpEventListener } from '../http/client.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** For HTTP clients to tell what they did beyond sending a request. */
    upstreamEvent: HttpEventListener
  }
}

/** Counts repeats and refusals by upstream, and says once when one is left alone and when it is asked again. */
export default fp(function upstreams (app: FastifyInstance, _options: object, done) {
  const events = new Counter({
    name: 'upstream_events_total',
    help: 'requests to an upstream that were repeated (retry) or not even sent (refused), and how often it was left alone (opened) and asked again (closed)',
    labelNames: ['upstream', 'event'] as const,
    registers: [app.metrics]
  })
  app.decorate('upstreamEvent', (event, upstream) => {
    events.inc({ upstream, event })
    if (event === 'opened') app.log.warn({ upstream }, 'An upstream fails too often and is left alone for a while')
    if (event === 'closed') app.log.info({ upstream }, 'An upstream that was left alone answers again')
  })
  done()
}, { name: 'upstreams', dependencies: ['metrics'] })
