import fp from 'fastify-plugin'
import type { FastifyInstance } from 'fastify'
import { Counter, Gauge } from 'prom-client'
import type { Context, Ports } from '../teleconsultations/ports.ts'
import { reconcile, type Reconciled } from '../teleconsultations/reconcile.ts'

export interface ReconcilerOptions {
  ports: Ports
  /** Milliseconds from the end of one run to the next, give or take a quarter; 0: never. */
  everyMs: number
  /** What else is gone on with at each run. */
  also?: ((context: Context) => Promise<void>) | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    reconciler: {
      /** One run, now. */
      run (): Promise<Reconciled>
      /** What the last run found; undefined before the first. */
      last (): { at: Date, result: Reconciled } | undefined
    }
  }
}

/**
 * Settles what was left behind, every now and then, in every replica. Started when the service is ready; closing waits for a
 * run that is under way.
 */
export default fp(function reconciler (app: FastifyInstance, { ports, everyMs, also }: ReconcilerOptions, done) {
  const settled = new Counter({ name: 'teleconsultation_reconciled_total', help: 'things left behind that were settled, by kind', labelNames: ['kind'] as const, registers: [app.metrics] })
  const backlog = new Gauge({ name: 'teleconsultation_reconcile_backlog', help: 'documents not at rest that the last run found', registers: [app.metrics] })
  const context: Context = { headers: {}, log: app.log }
  let last: { at: Date, result: Reconciled } | undefined
  let running: Promise<unknown> | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const run = async () => {
    const result = await reconcile(ports, context)
    const { backlog: found, ...kinds } = result
    backlog.set(found)
    for (const [kind, count] of Object.entries(kinds)) if (count > 0) settled.inc({ kind }, count)
    if (Object.values(kinds).some((count) => count > 0)) app.log.info({ ...result }, 'Settled what was left behind')
    last = { at: ports.clock.now(), result }
    await also?.(context)
    return result
  }

  // Replicas that started together drift apart.
  const plan = () => {
    if (closed || everyMs === 0) return
    timer = setTimeout(() => {
      running = run()
        .catch((error: unknown) => { app.log.warn({ err: error }, 'A run of the reconciler failed') })
        .finally(plan)
    }, everyMs * (0.75 + Math.random() / 2)).unref()
  }

  app.decorate('reconciler', { run, last: () => last })
  app.addHook('onReady', async () => { plan() })
  app.addHook('onClose', async () => {
    closed = true
    clearTimeout(timer)
    await running
  })
  done()
}, { name: 'reconciler', dependencies: ['metrics'] })
