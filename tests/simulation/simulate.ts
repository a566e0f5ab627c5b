import { reconcile, type Reconciled } from '../../lib/teleconsultations/reconcile.ts'
import { sessionOf, standingOf } from '../../lib/domain/session.ts'
import { readMarker } from '../../lib/domain/teleconsultation.ts'
import { problemsAtRest } from './at-rest.ts'
import { clients } from './clients.ts'
import { simulatedCollection, type LanguageListener, type SimulatedCollection } from './crud.ts'
import type { Entry } from './history.ts'
import type { Mutant } from './mutants.ts'
import { network, type Network } from './network.ts'
import { roomKey, simulatedVendor, type SimulatedRoom, type SimulatedVendor } from './provider.ts'
import { randomOf } from './random.ts'
import { replica, type Replica } from './replica.ts'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { BEGINNING, DEPLOYMENT, FOREIGN_MARKERS, scenarioOf, type Fixed, type Scenario } from './scenario.ts'
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
  /** How many rooms each provider made, other deployments' aside. */
  rooms: Readonly<Record<string, number>>
  /** How often another provider stood in. */
  fallbacks: number
  /** How often a room took a change itself. */
  changesInPlace: number
}

export interface SimulationOptions {
  seed: number
  mutant?: Mutant | undefined
  /** Overrides what the seed draws. */
  fixed?: Fixed
  keepsLines?: boolean
  language?: LanguageListener
}

/** Runs of the reconciler after which nothing may be left to do. */
const RECONCILIATIONS = 8

/** So long a key stands for its request. */
const FORGOTTEN_MS = 24 * 60 * 60 * 1000

/** One run: drawn, played with faults, then healed, reconciled until it is quiet, and looked at. */
export async function simulate ({ seed, mutant, fixed = {}, keepsLines = false, language }: SimulationOptions): Promise<Outcome> {
  const random = randomOf(seed)
  const drawn = scenarioOf(random.fork(), fixed)
  const scenario = mutant?.scenario?.(drawn) ?? drawn
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
  const watching = watch({ scenario, rows: () => teleconsultations.rows, vendor: () => vendor, history, now: schedule.now, complain })
  const teleconsultations: SimulatedCollection = simulatedCollection(schedule, net, {
    name: 'teleconsultations',
    definition: TELECONSULTATIONS,
    undeclared: new Set(scenario.layout === 'declared' ? [] : ['revision', 'service']),
    unique: mutant?.keysAreUnique !== false,
    written: watching.rowWritten,
    language
  })
  const userIdMaps = simulatedCollection(schedule, net, { name: 'userid-maps', definition: USER_ID_MAPS })
  const lateRooms = new Set<string>()
  const rooms: Record<string, number> = {}
  let fallbacks = 0
  let changesInPlace = 0
  const vendor: SimulatedVendor = simulatedVendor(schedule, net, {
    jitsiEndsCalls: scenario.jitsiEndsCalls,
    lateAfterMs: scenario.settings.window.skewMs < scenario.skewMs ? undefined : scenario.settings.providerTimeoutMs,
    deleted: watching.roomDeleted,
    changed (room, before) {
      changesInPlace++
      watching.roomChanged(room, before)
    },
    complain,
    made (room, givenUp) {
      const { provider, marker } = room
      rooms[provider] = (rooms[provider] ?? 0) + 1
      const named = readMarker(DEPLOYMENT, marker ?? '')
      const row = teleconsultations.rows.get(named?.documentId ?? '')
      const stored = row === undefined ? undefined : readRow(row)
      const operation = stored?.gone === true ? undefined : stored?.control.operation
      if (givenUp || operation?.id !== named?.operationId || operation?.epoch !== named?.epoch) lateRooms.add(roomKey(room))
    }
  })
  const foreignRooms = scenario.providers.flatMap((provider) => FOREIGN_MARKERS.map((marker, i) => {
    const room: SimulatedRoom = { id: `foreign-${i + 1}`, provider, marker, people: [], durationSeconds: undefined, startAt: BEGINNING, endAt: BEGINNING, createdAt: BEGINNING, rights: new Map(), ways: [] }
    vendor.rooms.set(roomKey(room), room)
    return roomKey(room)
  }))

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
      defaultProvider: life === 1 ? scenario.providers[0] : scenario.nextDefault,
      fellBack: () => { fallbacks++ },
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
  skews.forEach((_, i) => {
    start(i, 1)
    if (scenario.nextDefault !== scenario.providers[0]) schedule.after(lives.between(1, scenario.horizonMs), () => { replicas[i]?.life.end() })
  })

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
      await schedule.advance(scenario.settings.leaseMs + scenario.settings.providerTimeoutMs + 2 * (scenario.settings.window.skewMs + scenario.skewMs))
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
      const { id, gone, participants, number, startAt, control } = readRow(row)
      if (gone || participants.length < number || failed()) continue
      const { periodMs, skewMs } = scenario.settings.window
      const opensAt = startAt - periodMs + skewMs + scenario.skewMs + 1
      await schedule.advance(Math.max(0, opensAt - schedule.now()))
      for (const caller of [...participants.map(({ userExternalId }) => userExternalId), 'outsider']) {
        const one = replicas[lives.between(0, replicas.length - 1)]
        if (one === undefined || failed()) continue
        const answer = await finished(asking.ask(id, caller, one))
        const isRefused = caller === 'outsider' || standingOf(sessionOf({ control }), caller)?.removedAt !== undefined
        const isOver = control.session?.endedAt !== undefined
        if (isRefused ? answer !== 'refused with UNAUTHORIZED_USER' : isOver ? answer !== null : answer?.startsWith('https://') !== true) {
          complain(`${caller} asked for a link of ${id} and got ${String(answer)}`)
        }
      }
    }
  }

  const settleAndLook = async () => {
    await schedule.run(failed)
    net.heal()
    if (!failed()) await schedule.advance(0)
    await untilQuiet()
    if (!failed()) lookAtRest()
  }
  await settleAndLook()
  if (!failed()) await finished(asking.repeatAll(() => replicas[lives.between(0, replicas.length - 1)]))
  await everythingOpens()
  await settleAndLook()
  if (scenario.nextDay && !failed()) {
    await schedule.advance(FORGOTTEN_MS + 2 * scenario.skewMs)
    net.fail()
    asking.planNextDay()
    await settleAndLook()
    if (!failed()) await finished(asking.repeatAll(() => replicas[lives.between(0, replicas.length - 1)]))
    await settleAndLook()
  }
  return { seed, scenario, problems, traceHash: schedule.traceHash(), lines: schedule.lines, history, faults: net.faults, reconciled, rooms, fallbacks, changesInPlace }
}
