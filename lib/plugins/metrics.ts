import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import { Histogram, Registry, Summary, collectDefaultMetrics } from 'prom-client'

declare module 'fastify' {
  interface FastifyInstance {
    /** For families of other plugins. */
    metrics: Registry
  }
}

/**
 * `/-/metrics` for Prometheus: process and Node.js metrics, and the two families of requests that the platform's
 * dashboards know. Labels are method, route pattern and status: never an id.
 */
export default fp(function metrics (app: FastifyInstance, _options: object, done) {
  const register = new Registry()
  app.decorate('metrics', register)
  collectDefaultMetrics({ register })
  const labelNames = ['method', 'route', 'status_code'] as const
  const histogram = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'request duration in seconds',
    labelNames,
    registers: [register],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
  })
  const summary = new Summary({ name: 'http_request_summary_seconds', help: 'request duration in seconds summary', labelNames, registers: [register] })

  // Bound once for each combination, of which there are few: binding is what costs at every request.
  const bound = new Map<string, { observe (seconds: number): void }>()
  const boundTo = (method: string, route: string, status: number) => {
    const key = `${method} ${status} ${route}`
    const known = bound.get(key)
    if (known !== undefined) return known
    const labels = { method, route, status_code: status }
    const observers = [histogram.labels(labels), summary.labels(labels)]
    const made = { observe: (seconds: number) => { for (const one of observers) one.observe(seconds) } }
    bound.set(key, made)
    return made
  }
  app.addHook('onResponse', (request, reply, next) => {
    boundTo(request.method, request.routeOptions.url ?? 'unknown', reply.statusCode).observe(reply.elapsedTime / 1000)
    next()
  })

  app.get('/-/metrics', { logLevel: 'error', schema: { hide: true } }, async (_request, reply) => {
    const text = await register.metrics()
    return reply.type(register.contentType).send(text)
  })
  app.addHook('onClose', (_instance, closed) => { register.clear(); closed() })
  done()
}, { name: 'metrics' })
