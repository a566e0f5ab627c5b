import { PROVIDER_NAMES, type ProviderName } from '../../lib/config/video-environment.ts'
import type { Settings } from '../../lib/teleconsultations/ports.ts'
import type { Layout } from '../../lib/storage/stored-teleconsultation.ts'
import { FAULTS, type FaultRates } from './network.ts'
import type { Random } from './random.ts'

/** Everything about a run that is drawn before it begins. */
export interface Scenario {
  layout: Layout
  /** Those in use; the first is the default of the beginning. */
  providers: readonly [ProviderName, ...ProviderName[]]
  /** The default of replicas that are started later; each is restarted once where it is another one. */
  nextDefault: ProviderName
  /** Whether another one makes the rooms that the default fails to make. */
  fallsBack: boolean
  /** Of bookings, that many choose their provider. */
  choosing: number
  jitsiEndsCalls: boolean
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
  /** Of bookings and additions, that many have an Idempotency-Key. */
  keyed: number
  /** Of changes and deletions, that many have an If-Match. */
  conditional: number
  /** How long a sending waits for the answer of another with its key in the same replica. */
  sharedWaitMs: number
  /** Of requests, that many are about a session: its people, its end, its description. */
  sessions: number
  /** Whether the keys are used once more when they are forgotten. */
  nextDay: boolean
}

/** The instant of virtual time at which every run begins. */
export const BEGINNING = Date.UTC(2026, 10, 23, 12)

/** What other deployments keep at the same vendor. */
export const FOREIGN_MARKERS = ['other|teleconsultations-1|op-1|1', 'sim-2|teleconsultations-1|op-1|1', 'sim|no marker of ours', undefined] as const

export const DEPLOYMENT = 'sim'

// Seldom all faults at once: a run without lost answers shows what late effects do, and the other way round.
const rate = (random: Random, highest: number) => random.chance(0.45) ? 0 : random.fraction() * highest

/** What a run may be asked for: a layout, a provider that is the default to begin with. */
export interface Fixed { layout?: Layout, provider?: ProviderName }

/** One alone, or with others. Bandyer and Kaleyra are one vendor: never both. */
function providersOf (random: Random, fixed: ProviderName | undefined): Scenario['providers'] {
  const drawn = random.pick(PROVIDER_NAMES)
  const first = fixed ?? drawn
  const isSameVendor = (one: ProviderName, other: ProviderName) => one === other || [one, other].every((name) => name === 'bandyer' || name === 'kaleyra')
  const others: ProviderName[] = []
  for (let more = random.pick([0, 0, 1, 1, 1, 2]); more > 0; more--) {
    const other = random.pick(PROVIDER_NAMES)
    if (![first, ...others].some((name) => isSameVendor(name, other))) others.push(other)
  }
  return [first, ...others]
}

/** @param fixed stands instead of what is drawn */
export function scenarioOf (random: Random, fixed: Fixed = {}): Scenario {
  const providers = providersOf(random, fixed.provider)
  const [provider, other = provider] = providers
  const nextDefault = random.chance(0.4) ? other : provider
  const fallsBack = other !== provider && random.chance(0.5)
  const choosing = random.pick([0, 0, 0.5])
  const byGroup = new Map(random.chance(0.15) ? [['plus', random.pick(providers)]] : [])
  const latencyMs = random.pick([2, 10, 40] as const)
  const timeoutMs = () => latencyMs * random.pick([4, 10, 50] as const)
  const leaseMs = latencyMs * random.pick([5, 20, 100, 1000] as const)
  const horizonMs = latencyMs * random.pick([50, 200, 1000] as const)
  // Where clocks differ by more than is admitted, it is by so much that requests fall between them.
  const isMisjudged = random.chance(0.2)
  const skewMs = isMisjudged ? Math.floor(horizonMs * random.pick([0.1, 0.5, 2])) : random.pick([0, 5, 50, 500, 3000] as const)
  const admittedMs = isMisjudged ? 0 : skewMs
  const faultless = random.chance(0.1)
  const highest = (fault: typeof FAULTS[number]) => faultless ? 0 : fault.startsWith('crash') ? 0.03 : 0.12
  const layout = fixed.layout ?? random.pick(['declared', 'official'] as const)
  return {
    layout,
    providers,
    nextDefault,
    fallsBack,
    choosing,
    jitsiEndsCalls: random.chance(0.5),
    latencyMs,
    storageTimeoutMs: timeoutMs(),
    latestMs: random.pick([latencyMs * 10, latencyMs * 100, leaseMs * 3] as const),
    rates: Object.fromEntries(FAULTS.map((fault) => [fault, rate(random, highest(fault))])) as FaultRates,
    skewMs,
    replicas: isMisjudged ? 3 : random.between(1, 3),
    documents: random.pick([1, 1, 2, 3]),
    operations: random.between(3, 24),
    horizonMs,
    reconcilerEveryMs: latencyMs * random.pick([10, 50, 300]),
    keyed: random.pick([0, 0.5, 1]),
    conditional: random.pick([0, 0.3, 0.8]),
    sharedWaitMs: latencyMs * random.pick([2, 10, 100]),
    nextDay: random.chance(0.3),
    // Where none are kept there is but one answer to see.
    sessions: random.pick([0, 0.3, 0.7]) * (layout === 'official' ? 0.2 : 1),
    settings: {
      deployment: DEPLOYMENT,
      window: { periodMs: random.pick([0, latencyMs * 30]), skewMs: admittedMs },
      leaseMs,
      roomCreation: random.pick(['eager', 'late']),
      unlimited: random.chance(0.5),
      live: false,
      providerTimeoutMs: timeoutMs(),
      detailsBudgetMs: random.pick([0, latencyMs]),
      privileges: { basic: { groups: new Set(['basic']), tools: new Set(['chat']) }, plus: { groups: new Set(['plus']), tools: new Set(['chat', 'screen_sharing']) } },
      recording: 'none',
      deletesOrphans: random.chance(0.7) || provider === 'embedded',
      groupsWithBackground: new Set(),
      choice: { default: provider, perRequest: choosing > 0, byGroup }
    }
  }
}
