import t from 'tap'
import type { InjectOptions } from 'fastify'
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, startService, type Teardown } from '../support/service.ts'

const MINUTE_MS = 60_000
const LOADS = [
  { requests: 40, atOnce: 1 },
  { requests: 40, atOnce: 5 },
  { requests: 600, atOnce: 20 }
]

/** Moves what the process measures durations with, beside the service's own clock. */
function virtualMinutes (t: Teardown) {
  const real = performance.now.bind(performance)
  let ahead = 0
  performance.now = () => real() + ahead
  t.teardown(() => { performance.now = real })
  return (ms: number) => { ahead += ms }
}

async function start (t: Teardown) {
  const pass = virtualMinutes(t)
  const crud = await flakyCrud(t)
  const vendor = await startFakeBandyer(t)
  const service = await startService(t, {
    ...crud.variables,
    // Nothing here is late, however busy the machine is.
    STORAGE_TIMEOUT_MS: '10000',
    VIDEO_PROVIDER: 'bandyer',
    BANDYER_BASE_URL: vendor.baseUrl,
    BANDYER_API_SECRET_KEY: VENDOR_KEY,
    RECONCILE_EVERY_SEC: '0',
    CLOCK_SKEW_MS: '0'
  })
  let passedMs = 0
  return {
    crud,
    vendor,
    service,
    pass: (ms: number) => {
      pass(ms)
      passedMs += ms
      service.setClock(after(NOON, passedMs / MINUTE_MS))
    }
  }
}

type World = Awaited<ReturnType<typeof start>>

async function requestsOf ({ service }: World): Promise<Record<string, (index: number) => InjectOptions>> {
  const complete = await book(service, booking({ start_date: after(NOON, 60).toISOString() }))
  const incomplete = await book(service, booking({ start_date: after(NOON, 60).toISOString(), participants: { number: 2, data: [DOCTOR] } }))
  return {
    GET: () => ({ method: 'GET', url: `/teleconsultation/${complete}`, headers: { miauserid: 'doctor-1' } }),
    POST: () => ({ method: 'POST', url: '/teleconsultation', payload: booking({ start_date: after(NOON, 60).toISOString() }) }),
    'POST with a key': (index) => ({ method: 'POST', url: '/teleconsultation', payload: booking({ start_date: after(NOON, 60).toISOString() }), headers: { 'idempotency-key': `key-${index}` } }),
    'POST of a participant': () => ({ method: 'POST', url: `/teleconsultation/${incomplete}/participants/data`, payload: PATIENT }),
    PATCH: () => ({ method: 'PATCH', url: `/teleconsultation/${complete}`, payload: { participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }] } } }),
    DELETE: () => ({ method: 'DELETE', url: `/teleconsultation/${complete}` })
  }
}

const NAMES = ['GET', 'POST', 'POST with a key', 'POST of a participant', 'PATCH', 'DELETE']
/** The storage is asked for the people beside the first write; everything else goes one after the other. */
const STORAGE_STEPS: Record<string, number> = {}
/** A booking whose room could not be made is cleared away at once, for which the vendor is asked whether it made one after all. */
const VENDOR_STEPS: Record<string, number> = {}

for (const mode of ['unavailable', 'drop'] as const) {
  for (const { requests, atOnce } of LOADS) {
    t.test(`a minute without storage (${mode}) costs at most 1.1 requests of it a step for each of ${requests}, ${atOnce} at once`, async (t) => {
      for (const name of NAMES) {
        const world = await start(t)
        const request = (await requestsOf(world))[name]
        world.crud.state.mode = mode
        world.crud.seen.length = 0
        for (let asked = 0; asked < requests; asked += atOnce) {
          const answers = await Promise.all(Array.from({ length: atOnce }, (_, index) => world.service.inject(request?.(asked + index) ?? {})))
          for (const { statusCode } of answers) if (statusCode !== 503) t.equal(statusCode, 503)
          world.pass(MINUTE_MS * atOnce / requests)
        }
        t.ok(world.crud.seen.length <= 1.1 * requests * (STORAGE_STEPS[name] ?? 1), `${name}: ${world.crud.seen.length} of ${requests}`)
      }
    })
  }
}

for (const { requests, atOnce } of LOADS) {
  t.test(`a minute without the vendor costs at most 1.1 requests of it a step for each of ${requests}, ${atOnce} at once`, async (t) => {
    for (const name of NAMES) {
      const world = await start(t)
      const request = (await requestsOf(world))[name]
      world.vendor.fail('dropped')
      world.vendor.requests.length = 0
      for (let asked = 0; asked < requests; asked += atOnce) {
        await Promise.all(Array.from({ length: atOnce }, (_, index) => world.service.inject(request?.(asked + index) ?? {})))
        world.pass(MINUTE_MS * atOnce / requests)
      }
      await world.service.app.close()
      t.ok(world.vendor.requests.length <= 1.1 * requests * (VENDOR_STEPS[name] ?? 1), `${name}: ${world.vendor.requests.length} of ${requests}`)
    }
  })
}
