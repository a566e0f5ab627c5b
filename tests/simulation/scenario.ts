import type { Settings } from '../../lib/teleconsultations/ports.ts'
import type { Layout } from '../../lib/storage/teleconsultation-store.ts'
import { FAULTS, type FaultRates } from './network.ts'
import type { Flavour } from './provider.ts'
import type { Random } from './random.ts'

/** Everything about a run that is drawn before it begins. */
export interface Scenario {
  layout: Layout
  flavour: Flavour
  settings: Settings
  storageTimeoutMs: number
  latencyMs: number
  latestMs: number
  rates: FaultRates
  /** How far a replica's clock is off, at most, either way; in some runs farther than the configuration admits. */
  skewMs: number
  replicas: number
  documents: number
  operations: number
  /** Within that long everything is asked for. */
  horizonMs: number
  reconcilerEveryMs: number
}

/** The instant of virtual time at which every run begins. */
export const BEGINNING = Date.UTC(2026, 10, 23, 12)

/** What other deployments keep at the same vendor. */
export const FOREIGN_MARKERS = ['other|teleconsultations-1|op-1|1', 'sim-2|teleconsultations-1|op-1|1', 'sim|no marker of ours', undefined] as const

export const DEPLOYMENT = 'sim'

// Seldom all faults at once: a run without lost answers shows what late effects do, and the other way round.
const rate = (random: Random, highest: number) => random.chance(0.45) ? 0 : random.fraction() * highest

export function scenarioOf (random: Random): Scenario {
  const flavour = random.pick(['vendor', 'vendor', 'embedded'] as const)
  const latencyMs = random.pick([2, 10, 40] as const)
  const timeoutMs = () => latencyMs * random.pick([4, 10, 50] as const)
  const leaseMs = latencyMs * random.pick([5, 20, 100, 1000] as const)
  const skewMs = random.pick([0, 5, 50, 500, 3000] as const)
  const admittedMs = random.chance(0.15) ? 0 : skewMs
  const faultless = random.chance(0.1)
  const highest = (fault: typeof FAULTS[number]) => faultless ? 0 : fault.startsWith('crash') ? 0.03 : 0.12
  return {
    layout: random.pick(['declared', 'official']),
    flavour,
    latencyMs,
    storageTimeoutMs: timeoutMs(),
    latestMs: random.pick([latencyMs * 10, latencyMs * 100, leaseMs * 3] as const),
    rates: Object.fromEntries(FAULTS.map((fault) => [fault, rate(random, highest(fault))])) as FaultRates,
    skewMs,
    replicas: random.between(1, 3),
    documents: random.pick([1, 1, 2, 3]),
    operations: random.between(3, 24),
    horizonMs: latencyMs * random.pick([50, 200, 1000]),
    reconcilerEveryMs: latencyMs * random.pick([10, 50, 300]),
    settings: {
      deployment: DEPLOYMENT,
      window: { periodMs: random.pick([0, latencyMs * 30]), skewMs: admittedMs },
      leaseMs,
      roomCreation: random.pick(['eager', 'late']),
      unlimited: random.chance(0.5),
      live: false,
      providerTimeoutMs: timeoutMs(),
      detailsBudgetMs: random.pick([0, latencyMs]),
      privileges: { basic: { groups: new Set(['basic']), tools: new Set() }, plus: { groups: new Set(['plus']), tools: new Set() } },
      recording: 'none',
      deletesOrphans: flavour === 'embedded' || random.chance(0.7),
      groupsWithBackground: new Set()
    }
  }
}
