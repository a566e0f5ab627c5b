import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Counter } from 'prom-client'
import { loggableError } from '../http/redact.ts'
import { paceOf, type Usage } from '../teleconsultations/pace.ts'
import type { Ports } from '../teleconsultations/ports.ts'
import { tellPeople, type Telling, type TellingOptions } from '../teleconsultations/tell-people.ts'

export interface TellingPluginOptions extends Omit<TellingOptions, 'pace' | 'signal'> {
  ports: Ports
  /** Milliseconds between two looks. */
  everyMs: number
}

declare module 'fastify' {
  interface FastifyInstance {
    telling: {
      /** Looks now, until nothing is due. One look at a time. */
      run (): Promise<Telling>
      /** Counts an e-mail that came back. */
      countBounce (): void
    }
  }
}

/** A look after a write, so that nobody waits for the next one. */
const AFTER_A_WRITE_MS = 50
/** Of the event loop's time, so that requests hardly notice how many letters are due: see docs/e-mail.md. */
const SHARE = 0.15
const LONGEST_REST_MS = 50

/** Sends the e-mails that are due: every now and then, and soon after each write. */
export default fp(function telling (app: FastifyInstance, { ports, everyMs, ...options }: TellingPluginOptions, done) {
  const letters = new Counter({ name: 'emails_total', help: 'e-mails by what became of the attempt to send them; bounced: sent, and come back', labelNames: ['outcome'] as const, registers: [app.metrics] })
  const context = { headers: {}, log: app.log }
  let running: Promise<Telling> | undefined
  let timer: NodeJS.Timeout | undefined
  /** When it looks next, as `performance.now` counts. */
  let plannedAt = Infinity
  const closing = new AbortController()
  const { signal } = closing
  const pace = paceOf({ share: SHARE, longestRestMs: LONGEST_REST_MS, usage: eventLoopUsage(), wait })

  const look = async (): Promise<Telling> => {
    const all: Telling = { sent: 0, failed: 0, looked: 0 }
    for (;;) {
      const told = await tellPeople(ports, { ...options, pace, signal }, context)
      for (const key of ['sent', 'failed', 'looked'] as const) all[key] += told[key]
      letters.inc({ outcome: 'sent' }, told.sent)
      letters.inc({ outcome: 'failed' }, told.failed)
      if (told.looked === 0 || signal.aborted) return all
    }
  }
  const run = async () => {
    if (running === undefined) {
      const started = look().finally(() => { running = undefined })
      running = started
      // Closing waits for it before it closes what letters need.
      ports.inBackground('telling', async () => { await started.catch(() => {}) }, app.log)
    }
    return await running
  }
  const plan = (ms: number) => {
    const at = performance.now() + ms
    // A write after a write puts nothing off: else nobody would be told anything while there is always one more.
    if (signal.aborted || plannedAt <= at) return
    clearTimeout(timer)
    plannedAt = at
    timer = setTimeout(() => {
      plannedAt = Infinity
      run().catch((error: unknown) => { app.log.warn({ err: loggableError(error as Error) }, 'People could not be told') }).finally(() => { plan(everyMs) })
    }, ms).unref()
  }

  app.addHook('onReady', (next) => { plan(everyMs); next() })
  app.addHook('onResponse', (request, _reply, next) => {
    if (request.method !== 'GET') plan(AFTER_A_WRITE_MS)
    next()
  })
  app.addHook('preClose', async () => {
    closing.abort()
    clearTimeout(timer)
  })
  app.decorate('telling', { run, countBounce: () => { letters.inc({ outcome: 'bounced' }) } })
  done()
}, { name: 'telling', dependencies: ['metrics'] })

/** Each time what became of the time since the last one. */
function eventLoopUsage (): () => Usage {
  let before = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { idle, active } = performance.eventLoopUtilization(now, before)
    before = now
    return { elapsedMs: idle + active, activeMs: active }
  }
}
