import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Counter, Gauge } from 'prom-client'
import { Overloaded, RETRY_AFTER_SECONDS } from '../errors.ts'
import { errorBody } from './errors.ts'

export interface LoadOptions {
  /** Requests under way from which on writes are shed; reads from twice as many. Default: 500. */
  maxInFlight?: number | undefined
  /** Mean delay of the event loop from which on writes are shed, where it is busy all the time too; reads at four times as much. Default: 250. */
  maxEventLoopDelayMs?: number | undefined
  /** What the heap can grow to: writes are shed from 85 % on, reads from 95 %. Default: V8's own limit. */
  heapLimitBytes?: number | undefined
  /** What the process may take, as far as its container says: shares as of the heap. Default: not looked at. */
  rssLimitBytes?: number | undefined
  /** Milliseconds from one measurement to the next. Default: 500. */
  sampleEveryMs?: number | undefined
  /** Milliseconds after the start in which an event loop that was not measured counts as one in time. Default: 5000. */
  settlesMs?: number | undefined
  /** Milliseconds without a shed request after which it counts as over. Default: 5000. */
  calmAfterMs?: number | undefined
  /** The newest measurements. Default: those of the process. */
  measured?: (() => Measurements) | undefined
}

export type Measurements = ReturnType<FastifyInstance['memoryUsage']>

type Reason = 'in_flight' | 'event_loop' | 'heap' | 'rss'

interface Limits {
  inFlight: number
  /** The limit that holds instead while the event loop or the memory is short. */
  inFlightUnderPressure: number
  eventLoopDelayMs: number
  heapBytes: number
  rssBytes: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Resolves when no request is under way: a server that is closed knows of its connections only, and not of work whose caller hung up. */
    requestsFinished (): Promise<void>
  }
  interface FastifyRequest {
    /** What is still to end before the request counts as over: its handler, its response. 0: it does not count. */
    unfinishedParts: number
  }
}

const BUSY_ALL_THE_TIME = 0.98
const READS = { inFlight: 2, eventLoopDelay: 4 }
const SHARE_OF_MEMORY = { writes: 0.85, reads: 0.95 }
const SHARE_UNDER_PRESSURE = 0.1
const SENT_TOGETHER_FROM = 16

/**
 * Refuses requests with 503 `OVERLOADED` before the memory or the event loop suffers: writes first, reads (the links that
 * people wait for) at a clearly higher level, status routes never.
 *
 * The requests under way are counted here, because callers that wait for a slow upstream take memory and no time. A
 * request is under way until its response is over and its handler too: who hangs up leaves the work behind. A WebSocket
 * counts until it is open.
 *
 * Pressure lowers the limit to a tenth instead of refusing everything: a little goes on being served, and where it is not
 * the requests that hold the memory (refusing them would win nothing back) the service is not locked for ever. The delay
 * counts only together with an event loop that never rests: a process that was suspended is late as well, and one that
 * is busy and in time is healthy.
 */
export default fp(async function load (app: FastifyInstance, options: LoadOptions) {
  // Without limits of its own it measures and has no hook: it knows one level for all methods.
  await app.register(underPressure, { sampleInterval: options.sampleEveryMs ?? 500, eventLoopUtilizationMode: 'interval' })
  const measured = options.measured ?? app.memoryUsage
  const settledAt = performance.now() + (options.settlesMs ?? 5000)
  const calmAfterMs = options.calmAfterMs ?? 5000
  const { writes, reads } = limitsOf(options)
  const retryAfterSeconds = RETRY_AFTER_SECONDS.get('OVERLOADED') ?? 2
  const body = JSON.stringify(errorBody(new Overloaded()))

  let inFlight = 0
  const shed = new Counter({ name: 'requests_shed_total', help: 'requests refused because of overload, by reason', labelNames: ['reason'] as const, registers: [app.metrics] })
  for (const reason of ['in_flight', 'event_loop', 'heap', 'rss'] satisfies Reason[]) shed.inc({ reason }, 0)
  app.metrics.registerMetric(new Gauge({ name: 'requests_in_flight', help: 'requests under way, without status routes and open WebSockets', registers: [], collect () { this.set(inFlight) } }))

  const reasonToShed = (limits: Limits): Reason | undefined => {
    if (inFlight >= limits.inFlight) return 'in_flight'
    if (inFlight < limits.inFlightUnderPressure) return undefined
    const now = measured()
    if (now.heapUsed > limits.heapBytes) return 'heap'
    if (now.rssBytes > limits.rssBytes) return 'rss'
    // Infinite where nothing was measured since the last look: blocked all the time, or just started.
    const isKnown = Number.isFinite(now.eventLoopDelay) || performance.now() > settledAt
    if (isKnown && now.eventLoopDelay > limits.eventLoopDelayMs && now.eventLoopUtilized > BUSY_ALL_THE_TIME) return 'event_loop'
    return undefined
  }

  const episode = sheddingLog(app, calmAfterMs, (reason) => ({ reason, inFlight, ...measured() }))

  app.decorateRequest('unfinishedParts', 0)
  const partEnds = (request: FastifyRequest) => {
    if (request.unfinishedParts > 0 && --request.unfinishedParts === 0 && --inFlight === 0) {
      for (const finished of waiting.splice(0)) finished()
    }
  }
  const waiting: Array<() => void> = []
  app.decorate('requestsFinished', async () => {
    if (inFlight > 0) await new Promise<void>((resolve) => { waiting.push(resolve) })
  })

  app.addHook('onRequest', (request, reply, next) => {
    if (request.headers.upgrade !== undefined) endAfterAnswer(reply)
    if (request.url.startsWith('/-/')) { next(); return }
    const reason = reasonToShed(isRead(request.method) ? reads : writes)
    if (reason === undefined) {
      inFlight++
      request.unfinishedParts = 1
      // Not the hook onResponse, which a caller that hangs up can make miss.
      reply.raw.once('close', () => { partEnds(request) })
      next()
      return
    }
    shed.inc({ reason })
    episode.shed(reason)
    // Sent from here: an error would be made, logged and serialized once a request, and this is the time to be cheap.
    reply.code(503).header('retry-after', retryAfterSeconds).type('application/json; charset=utf-8').send(body)
  })

  app.addHook('onRoute', (route) => {
    if ('websocket' in route && route.websocket === true) {
      const before = route.onRequest === undefined ? [] : [route.onRequest].flat()
      route.onRequest = [...before, (request, _reply, next) => { partEnds(request); next() }]
      return
    }
    const { handler } = route
    route.handler = function (request, reply) {
      if (request.unfinishedParts === 0) return handler.call(this, request, reply)
      request.unfinishedParts++
      const ends = () => { partEnds(request) }
      let result: unknown
      try {
        result = handler.call(this, request, reply)
      } catch (error) {
        ends()
        throw error
      }
      if (result instanceof Promise) result.then(ends, ends)
      else ends()
      return result
    }
  })

  sendTogether(app, () => inFlight >= SENT_TOGETHER_FROM)
  app.addHook('onClose', (_instance, closed) => { episode.close(); closed() })
}, { name: 'load', dependencies: ['metrics'] })

/**
 * A connection that asked to be upgraded and gets an answer instead. Node has taken its parser away, so nothing would be
 * read from it any more, not even its end: it would stay for ever, and closing would wait for it.
 */
function endAfterAnswer (reply: FastifyReply): void {
  const { socket } = reply.raw
  reply.header('connection', 'close')
  reply.raw.once('finish', () => { socket?.end(() => { socket.destroy() }) })
}

/**
 * While many requests are under way, answers that get ready in one turn of the event loop are sent one after the other at its
 * end. Sending is the dearest step of a request, and cheaper in a row: its code is warm, and a reader on the same machine (a
 * gateway's sidecar) is woken once for all of them. With few under way nobody would come along, and the turn's end is only later.
 */
function sendTogether (app: FastifyInstance, isWorthwhile: () => boolean): void {
  let ready: Array<{ reply: FastifyReply, send: () => void }> = []
  const sendAll = () => {
    const sending = ready
    ready = []
    for (const { reply, send } of sending) {
      try {
        send()
      } catch (error) {
        // Nobody above would catch it, and the others have to leave.
        reply.log.error({ err: error }, 'An answer could not be sent')
        reply.raw.destroy()
      }
    }
  }
  app.addHook('onSend', (_request, reply, payload, next) => {
    if (!isWorthwhile()) next(null, payload)
    else if (ready.push({ reply, send: () => { next(null, payload) } }) === 1) setImmediate(sendAll)
  })
}

const isRead = (method: string) => method === 'GET' || method === 'HEAD'

function limitsOf ({ maxInFlight = 500, maxEventLoopDelayMs = 250, heapLimitBytes = getHeapStatistics().heap_size_limit, rssLimitBytes = Infinity }: LoadOptions): { writes: Limits, reads: Limits } {
  const limits = (inFlight: number, eventLoopDelayMs: number, share: number): Limits => ({
    inFlight,
    inFlightUnderPressure: Math.max(1, inFlight * SHARE_UNDER_PRESSURE),
    eventLoopDelayMs,
    heapBytes: heapLimitBytes * share,
    rssBytes: rssLimitBytes * share
  })
  return {
    writes: limits(maxInFlight, maxEventLoopDelayMs, SHARE_OF_MEMORY.writes),
    reads: limits(maxInFlight * READS.inFlight, maxEventLoopDelayMs * READS.eventLoopDelay, SHARE_OF_MEMORY.reads)
  }
}

/** One line when shedding begins and one when it is over, however many requests it meets. */
function sheddingLog (app: FastifyInstance, calmAfterMs: number, factsOf: (reason: Reason) => object) {
  let total = 0
  let recent = 0
  let timer: NodeJS.Timeout | undefined
  return {
    shed (reason: Reason) {
      total++
      recent++
      if (timer !== undefined) return
      app.log.warn(factsOf(reason), 'Shedding requests')
      timer = setInterval(() => {
        if (recent === 0) {
          app.log.warn({ shed: total }, 'No longer shedding requests')
          clearInterval(timer)
          timer = undefined
          total = 0
        }
        recent = 0
      }, calmAfterMs).unref()
    },
    close () { clearInterval(timer) }
  }
}
