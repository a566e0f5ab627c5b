import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { readRow } from '../simulation/watch.ts'
import { randomOf, type Random } from '../simulation/random.ts'
import type { Layout } from '../../lib/storage/stored-teleconsultation.ts'
import type { Teardown } from '../support/service.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { clients, hasNoLink, type Clients } from './clients.ts'
import { OUTSIDER } from './people.ts'
import { forkChild, startReplica, type Replica } from './processes.ts'
import { REQUEST_FAULTS, startRelay, type FaultRates, type Relay } from './relay.ts'
import { send } from './send.ts'
import { readStores } from './stores.ts'
import { DEPLOYMENT } from './vendor-state.ts'
import { violationsIn, type Evidence, type Violation } from './verdict.ts'

export interface CrashRunOptions {
  seed: number
  layout: Layout
  roomCreation: 'eager' | 'late'
  operations: number
  replicas: number
  /** false: nothing looks for what was left behind. */
  reconciles?: boolean
  /** Overrides how many of a hundred upstream requests go wrong. */
  rates?: Partial<FaultRates>
  /** Milliseconds after the last fault within which nothing may be left to do. */
  settlesWithinMs?: number
}

export interface CrashRun {
  evidence: Evidence
  violations: Violation[]
  faults: Readonly<Record<string, number>>
  /** How long it took, without faults, until nothing was left to do. */
  settledAfterMs: number
}

const LEASE_MS = 1000
const STORAGE_TIMEOUT_MS = 400
const PROVIDER_TIMEOUT_MS = 600
const PERIOD_MS = 0
/** Later than every time-out, and than some leases. */
const LATE_MS = [500, 1400] as const
const RATES: FaultRates = { reset: 2, lostAnswer: 3, cutAnswer: 1, lateRequest: 2, kill: 1.5 }
const CLIENTS = 6

/** One run on processes of its own: they work, are killed, cut off and held up, are left in peace, and are looked at. */
export async function crashRun (t: Teardown, options: CrashRunOptions): Promise<CrashRun> {
  const { layout, roomCreation, operations, reconciles = true, settlesWithinMs = 20_000 } = options
  const random = randomOf(options.seed)
  const faults: Record<string, number> = Object.fromEntries(['kill at a random moment', 'pause', 'all connections reset', ...REQUEST_FAULTS].map((fault) => [fault, 0]))
  const injected = (fault: string) => { faults[fault] = (faults[fault] ?? 0) + 1 }
  const noticed: Violation[] = []

  const folder = mkdtempSync(join(tmpdir(), 'teleconsultation-crash-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  const [crud, vendor] = await Promise.all([
    forkChild(t, 'crud-child.ts', join(folder, 'teleconsultations.sqlite'), layout),
    forkChild(t, 'vendor-child.ts')
  ])
  const unlimited = layout === 'official'
  const { origin: vendorOrigin, pathname } = new URL(vendor.message)

  const relays: Relay[] = []
  const replicas: Replica[] = []
  for (let i = 0; i < options.replicas; i++) {
    const way = (target: string) => startRelay(t, { target, random: random.fork(), rates: { ...RATES, ...options.rates }, lateMs: LATE_MS, injected, kill: () => replicas[i]?.kill() === true })
    const [toCrud, toVendor] = [await way(crud.message), await way(vendorOrigin)]
    relays.push(toCrud, toVendor)
    const lives = random.fork()
    const name = `replica ${i + 1}`
    replicas.push(startReplica(t, {
      name,
      downMs: () => lives.between(20, 300),
      endedByItself: (code) => { noticed.push({ kind: 'unexpected', what: `${name} ended by itself with ${String(code)}` }) },
      variables: {
        HTTP_PORT: '0',
        HTTP_HOST: '127.0.0.1',
        LOG_LEVEL: 'trace',
        DATA_PATH: join(folder, String(i + 1)),
        WAIT_BEFORE_SERVER_CLOSE_SEC: '0',
        CRUD_SERVICE_URL: toCrud.origin,
        TELECONSULTATIONS_CRUD_NAME: '/teleconsultations',
        USER_ID_MAP_CRUD_NAME: '/userid-maps',
        BANDYER_API_SECRET_KEY: VENDOR_KEY,
        BANDYER_BASE_URL: toVendor.origin + pathname,
        DEPLOYMENT_ID: DEPLOYMENT,
        ROOM_CREATION: roomCreation,
        UNLIMITED_TELECONSULTATION: String(unlimited),
        IMMUTABLE_PERIOD_MS: String(PERIOD_MS),
        CLOCK_SKEW_MS: '20',
        OPERATION_LEASE_MS: String(LEASE_MS),
        RECONCILE_EVERY_SEC: reconciles ? '1' : '0',
        STORAGE_TIMEOUT_MS: String(STORAGE_TIMEOUT_MS),
        PROVIDER_TIMEOUT_MS: String(PROVIDER_TIMEOUT_MS),
        DETAILS_BUDGET_MS: '50'
      }
    }))
  }
  await Promise.all(replicas.map((replica) => replica.up()))

  const chaos = random.fork()
  const asking = clients({ random: random.fork(), layout, replicas, operations, clients: CLIENTS, began: () => { disturb(chaos, relays, replicas, injected) } })
  await asking.work()
  const healedAt = Date.now()
  await Promise.all(relays.map((relay) => relay.heal()))
  await Promise.all(replicas.map((replica) => replica.up()))

  const look = async (): Promise<CrashRun['evidence']> => ({
    ...await readStores(crud.message, vendor.child),
    history: asking.history,
    links: asking.links,
    noticed: [...noticed, ...asking.noticed],
    layout,
    roomCreation,
    unlimited,
    periodMs: PERIOD_MS,
    lines: replicas.flatMap(({ lines }) => lines)
  })
  const untilQuiet = async () => {
    const deadline = Date.now() + settlesWithinMs
    for (;;) {
      const backlog = reconciles ? await backlogs(replicas) : []
      const evidence = await look()
      const violations = [...backlog, ...violationsIn(evidence)]
      if (violations.length === 0 || Date.now() > deadline) return { evidence, violations }
      await after(150)
    }
  }
  const first = await untilQuiet()
  const settledAfterMs = Date.now() - healedAt
  if (first.violations.length > 0) return { ...first, faults, settledAfterMs }
  noticed.push(...await everythingOpens(asking, first.evidence))
  return { ...await untilQuiet(), faults, settledAfterMs }
}

/** As an operation begins: now and then something happens to a process or to its connections. */
function disturb (chaos: Random, relays: readonly Relay[], replicas: readonly Replica[], injected: (fault: string) => void): void {
  const relay = relays[chaos.between(0, relays.length - 1)]
  const replica = replicas[chaos.between(0, replicas.length - 1)]
  const inMs = chaos.between(0, 60)
  const drawn = chaos.fraction()
  const happens = (fault: string, what: () => boolean | undefined) => {
    setTimeout(() => { if (what() === true) injected(fault) }, inMs)
  }
  const pauseMs = chaos.between(50, 900)
  if (drawn < 0.035) happens('kill at a random moment', () => replica?.kill())
  else if (drawn < 0.075) happens('pause', () => relay?.pause(pauseMs))
  else if (drawn < 0.11) happens('all connections reset', () => (relay?.resetConnections() ?? 0) > 0)
}

/** What `/-/check-up` says that is left to do. */
async function backlogs (replicas: readonly Replica[]): Promise<Violation[]> {
  return (await Promise.all(replicas.map(async (replica): Promise<Violation[]> => {
    const answer = await send(replica.origin() ?? '', { method: 'GET', path: '/-/check-up' })
    const { unsettled } = (answer.status === 200 ? JSON.parse(answer.text) : {}) as { unsettled?: number | null }
    return unsettled === 0 ? [] : [{ kind: 'orphaned', what: `the check-up of ${replica.name} ends with ${String(answer.status)} and says ${String(unsettled)} are left` }]
  }))).flat()
}

/** Everybody comes, and somebody who may not. */
async function everythingOpens (asking: Clients, { rows }: Evidence): Promise<Violation[]> {
  const found: Violation[] = []
  for (const { id, gone, participants, number, startAt } of rows.map(readRow)) {
    if (gone) continue
    await Promise.all([...participants.map(({ userExternalId }) => userExternalId), OUTSIDER].map(async (caller) => {
      const due = participants.length >= number && Date.now() > startAt + 1000
      const answer = await asking.open(id, caller, due)
      const expected = caller === OUTSIDER ? 401 : 200
      if (answer.status !== expected) found.push({ kind: 'lost', what: `${caller} asked for ${id} in the end and got ${String(answer.status)} ${answer.code ?? ''}` })
      else if (expected === 200 && due && hasNoLink(answer)) found.push({ kind: 'lost', what: `${caller} got no link of ${id} in the end` })
    }))
  }
  return found
}
