import { reconcile, type Reconciled } from '../../lib/teleconsultations/reconcile.ts'
import { readMarker } from '../../lib/domain/teleconsultation.ts'
import { problemsAtRest } from './at-rest.ts'
import { clients } from './clients.ts'
import { simulatedCollection, type SimulatedCollection } from './crud.ts'
import type { Entry } from './history.ts'
import type { Mutant } from './mutants.ts'
import { network, type Network } from './network.ts'
import { simulatedVendor, type SimulatedVendor } from './provider.ts'
import { randomOf } from './random.ts'
import { replica, type Replica } from './replica.ts'
import { BEGINNING, DEPLOYMENT, FOREIGN_MARKERS, scenarioOf, type Scenario } from './scenario.ts'
import { scheduler } from './scheduler.ts'
import { readRow, watch } from './watch.ts'

export interface Outcome {
  seed: number
  scenario: Scenario
  /** Broken invariants: none, in a service without faults. */
  problems: string[]
  /** Equal for two runs of one seed, or the simulation itself is at fault. */
  traceHash: string
  /** Where they were asked for. */
  lines: readonly string[]
  history: readonly Entry[]
  faults: Network['faults']
  /** What all runs of the reconciler did. */
  reconciled: Readonly<Record<string, number>>
}

export interface SimulationOptions {
  seed: number
  mutant?: Mutant | undefined
  /** Overrides what the seed draws. */
  fixed?: Partial<Pick<Scenario, 'layout' | 'flavour'>>
  keepsLines?: boolean
}

/** Runs of the reconciler after which nothing may be left to do. */
const RECONCILIATIONS = 8

/** One run: drawn, played with faults, then healed, reconciled until it is quiet, and looked at. */
export async function simulate ({ seed, mutant, fixed = {}, keepsLines = false }: SimulationOptions): Promise<Outcome> {
  const random = randomOf(seed)
  const scenario: Scenario = { ...scenarioOf(random.fork()), ...fixed }
  const schedule = scheduler(BEGINNING, keepsLines)
  const net = network(schedule, random.fork(), scenario)
  const problems: string[] = []
  const history: Entry[] = []
  const complain = (problem: string) => {
    if (problems.includes(problem)) return
    problems.push(problem)
    schedule.trace(`PROBLEM: ${problem}`)
  }

  // The watch looks at the stores, and they tell it of every change.
  const watching = watch({ scenario, rows: () => teleconsultations.rows, vendor: () => vendor, history, complain })
  const teleconsultations: SimulatedCollection = simulatedCollection(schedule, net, { name: 'teleconsultations', written: watching.rowWritten })
  const userIdMaps = simulatedCollection(schedule, net, { name: 'userid-maps', unique: 'receivedUserId' })
  const lateRooms = new Set<string>()
  const vendor: SimulatedVendor = simulatedVendor(schedule, net, {
    flavour: scenario.flavour,
    deleted: watching.roomDeleted,
    complain,
    made ({ id, marker }, givenUp) {
      const named = readMarker(DEPLOYMENT, marker ?? '')
      const row = teleconsultations.rows.get(named?.documentId ?? '')
      const stored = row === undefined ? undefined : readRow(row)
      const operation = stored?.gone === true ? undefined : stored?.control.operation
      if (givenUp || operation?.id !== named?.operationId || operation?.epoch !== named?.epoch) lateRooms.add(id)
    }
  })
  const foreignRooms = FOREIGN_MARKERS.map((marker, i) => {
    const id = `foreign-${i + 1}`
    vendor.rooms.set(id, { id, marker, people: [], durationSeconds: undefined, startAt: BEGINNING, createdAt: BEGINNING })
    return id
  })

  const replicas: Array<Replica | undefined> = []
  const lives = random.fork()
  let operations = 0
  const skews = Array.from({ length: scenario.replicas }, () => lives.between(-scenario.skewMs, scenario.skewMs))
  const start = (i: number, life: number) => {
    const started = replica({
      name: `replica ${i + 1}.${life}`,
      scenario,
      schedule,
      teleconsultations,
      userIdMaps,
      vendor,
      skewMs: skews[i] ?? 0,
      operationId: () => `op-${++operations}`,
      mutant
    })
    replicas[i] = started
    started.onEnd(() => {
      replicas[i] = undefined
      schedule.after(lives.around(scenario.latencyMs * 20), () => { start(i, life + 1) })
    })
  }
  skews.forEach((_, i) => { start(i, 1) })

  const reconciled: Record<string, number> = {}
  const reconciling = new WeakSet<Replica>()
  const reconcileNow = async (one: Replica | undefined): Promise<Reconciled | undefined> => {
    if (one === undefined || reconciling.has(one) || mutant?.reconciles === false) return undefined
    reconciling.add(one)
    try {
      const result = await reconcile(one.reconcilerPorts, one.context)
      for (const [kind, count] of Object.entries(result)) reconciled[kind] = (reconciled[kind] ?? 0) + count
      return result
    } catch (error) {
      schedule.trace(`${one.life.name} could not reconcile: ${String(error)}`)
      return undefined
    } finally {
      reconciling.delete(one)
    }
  }
  const failed = () => problems.length > 0
  const finished = async <T> (work: Promise<T>): Promise<T | undefined> => {
    let result: T | undefined
    let over = false
    work.then((value) => { result = value; over = true }, (error: unknown) => { complain(String(error)) })
    await schedule.run(failed)
    if (!over && !failed()) complain('something that was begun never ended')
    return result
  }
  const untilQuiet = async () => {
    for (let round = 0; round < RECONCILIATIONS && !failed(); round++) {
      await schedule.advance(scenario.settings.leaseMs + 2 * scenario.skewMs)
      const results: Array<Reconciled | undefined> = []
      for (const one of replicas) results.push(await finished(reconcileNow(one)))
      if (results.every((result) => result === undefined || Object.values(result).every((count) => count === 0))) return
    }
    if (!failed()) complain('the reconciler never finds that nothing is left to do')
  }
  const lookAtRest = () => {
    for (const problem of problemsAtRest({ scenario, teleconsultations, userIdMaps, vendor, history, foreignRooms, lateRooms, watch: watching })) complain(problem)
  }

  const asking = clients({ scenario, schedule, random: random.fork(), history, watch: watching, replicas: () => replicas, complain })
  asking.plan()
  for (let at = scenario.reconcilerEveryMs, runs = 0; at < scenario.horizonMs * 1.2 && runs < 12; at += scenario.reconcilerEveryMs, runs++) {
    replicas.forEach((_, i) => { schedule.after(at + lives.around(scenario.reconcilerEveryMs / 4), () => { reconcileNow(replicas[i]).catch((error: unknown) => { complain(String(error)) }) }) })
  }

  const everythingOpens = async () => {
    for (const row of [...teleconsultations.rows.values()]) {
      const { id, gone, participants, number, startAt } = readRow(row)
      if (gone || participants.length < number || failed()) continue
      const { periodMs, skewMs } = scenario.settings.window
      const opensAt = startAt - periodMs + skewMs + scenario.skewMs + 1
      await schedule.advance(Math.max(0, opensAt - schedule.now()))
      for (const caller of [...participants.map(({ userExternalId }) => userExternalId), 'outsider']) {
        const one = replicas[lives.between(0, replicas.length - 1)]
        if (one === undefined || failed()) continue
        const answer = await finished(asking.ask({ kind: 'access', teleconsultation: -1, documentId: id }, caller, one))
        if (caller === 'outsider' ? answer !== 'refused with UNAUTHORIZED_USER' : answer?.startsWith('https://') !== true) {
          complain(`${caller} asked for a link of ${id} and got ${String(answer)}`)
        }
      }
    }
  }

  await schedule.run(failed)
  net.heal()
  if (!failed()) await schedule.advance(0)
  await untilQuiet()
  if (!failed()) lookAtRest()
  await everythingOpens()
  await untilQuiet()
  if (!failed()) lookAtRest()
  return { seed, scenario, problems, traceHash: schedule.traceHash(), lines: schedule.lines, history, faults: net.faults, reconciled }
}
