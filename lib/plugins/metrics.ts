import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import { durationSummary, type DurationSummary } from './duration-summary.ts'
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
    name: HISTOGRAM,
    help: HELP,
    labelNames,
    registers: [register],
    buckets: BOUNDS
  })
  const summary = new Summary({ name: SUMMARY, help: 'request duration in seconds summary', labelNames, registers: [register] })

  // The library's own take a fifth of a request's time. What they describe stays, their values come from ours.
  const describedSummary = summary.get.bind(summary)
  summary.get = async () => ({ ...await describedSummary(), values: [...bound.values()].flatMap(summaryOf) })
  // A histogram's text comes by a method that the library's types do not name; without it `get` would be asked.
  Object.assign(histogram, { getForPromString: async () => ({ name: HISTOGRAM, help: HELP, type: 'histogram', values: [...bound.values()].flatMap(histogramOf) }) })

  const bound = new Map<string, Bound>()
  const boundTo = (method: string, route: string, status: number) => {
    const key = `${method} ${status} ${route}`
    const known = bound.get(key)
    if (known !== undefined) return known
    const labels = { method, route, status_code: status }
    const made = { labels, durations: durationSummary(BOUNDS) }
    bound.set(key, made)
    return made
  }
  app.addHook('onResponse', (request, reply, next) => {
    boundTo(request.method, request.routeOptions.url ?? 'unknown', reply.statusCode).durations.observe(reply.elapsedTime / 1000)
    next()
  })

  app.get('/-/metrics', { logLevel: 'error', schema: { hide: true } }, async (_request, reply) => {
    const text = await register.metrics()
    return reply.type(register.contentType).send(text)
  })
  app.addHook('onClose', (_instance, closed) => { register.clear(); closed() })
  done()
}, { name: 'metrics' })

const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const HELP = 'request duration in seconds'
const HISTOGRAM = 'http_request_duration_seconds'
const SUMMARY = 'http_request_summary_seconds'
const QUANTILES = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999]

interface Bound {
  labels: { method: string, route: string, status_code: number }
  durations: DurationSummary
}

function histogramOf ({ labels, durations }: Bound) {
  const { count, sum } = durations.totals()
  const atMost = durations.atMost()
  return [
    ...BOUNDS.map((le, index) => ({ metricName: `${HISTOGRAM}_bucket`, labels: { ...labels, le }, value: atMost[index] ?? 0 })),
    { metricName: `${HISTOGRAM}_bucket`, labels: { ...labels, le: '+Inf' }, value: count },
    { metricName: `${HISTOGRAM}_sum`, labels, value: sum },
    { metricName: `${HISTOGRAM}_count`, labels, value: count }
  ]
}

function summaryOf ({ labels, durations }: Bound) {
  const { count, sum } = durations.totals()
  return [
    ...QUANTILES.map((quantile) => ({ metricName: SUMMARY, labels: { ...labels, quantile }, value: durations.quantile(quantile) ?? 0 })),
    { metricName: `${SUMMARY}_sum`, labels, value: sum },
    { metricName: `${SUMMARY}_count`, labels, value: count }
  ]
}
