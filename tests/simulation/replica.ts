import type { ProviderName } from '../../lib/config/video-environment.ts'
import { teleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import { userMapStore } from '../../lib/storage/user-map-store.ts'
import { preconditionOf, type Precondition } from '../../lib/domain/entity-tag.ts'
import type { RequestKey } from '../../lib/domain/idempotency.ts'
import { backgroundWork } from '../../lib/teleconsultations/background.ts'
import { accessGiver, type AccessGiver } from '../../lib/teleconsultations/give-access.ts'
import { oncePerKey, type OncePerKey } from '../../lib/teleconsultations/once-per-key.ts'
import type { Context, Ports } from '../../lib/teleconsultations/ports.ts'
import type { SimulatedCollection } from './crud.ts'
import type { Life } from './network.ts'
import type { Mutant } from './mutants.ts'
import type { SimulatedVendor } from './provider.ts'
import type { Scenario } from './scenario.ts'
import type { Scheduler } from './scheduler.ts'

export interface Replica {
  life: Life
  /** What serves requests, and what reconciles. */
  ports: Ports
  reconcilerPorts: Ports
  access: AccessGiver
  once: OncePerKey
  /** What it makes of the headers of a request. */
  requestKey (key: string, body: string): RequestKey
  precondition (ifMatch: string): Precondition | undefined
  context: Context
  /** Called with the end of this life. */
  onEnd (tell: () => void): void
}

export interface ReplicaOptions {
  name: string
  scenario: Scenario
  schedule: Scheduler
  teleconsultations: SimulatedCollection
  userIdMaps: SimulatedCollection
  vendor: SimulatedVendor
  defaultProvider: ProviderName
  fellBack (from: string, to: string): void
  /** By how much its clock is ahead of the true time. */
  skewMs: number
  operationId (): string
  mutant: Mutant | undefined
}

/** A process: what it keeps in memory it has from this life alone. */
export function replica ({ name, scenario, schedule, teleconsultations, userIdMaps, vendor, defaultProvider, fellBack, skewMs, operationId, mutant }: ReplicaOptions): Replica {
  const mourners: Array<() => void> = []
  const life: Life = {
    name,
    alive: true,
    end () {
      if (!life.alive) return
      life.alive = false
      for (const tell of mourners) tell()
    }
  }
  const now = () => schedule.now() + skewMs
  const provider = vendor.seenBy(life, defaultProvider, now)
  const others = scenario.providers.filter((other) => other !== defaultProvider).map((other) => vendor.seenBy(life, other, now))
  const { settings } = scenario
  const honest: Ports = {
    store: teleconsultationStore(teleconsultations.seenBy(life, scenario.storageTimeoutMs), async () => scenario.layout, provider.name),
    userMap: userMapStore(userIdMaps.seenBy(life, scenario.storageTimeoutMs)),
    provider,
    others,
    fallback: scenario.fallsBack ? others[0] : undefined,
    fellBack,
    clock: {
      now: () => new Date(now()),
      deadline (ms) {
        const controller = new AbortController()
        return { signal: controller.signal, cancel: schedule.after(ms, () => { if (life.alive) controller.abort() }) }
      }
    },
    ids: { operation: operationId },
    inBackground: backgroundWork().run,
    settings: { ...settings, choice: settings.choice === undefined ? undefined : { ...settings.choice, default: defaultProvider } }
  }
  const ports = mutant?.requests?.(honest) ?? honest
  const quiet = (_fields: object, message: string) => { schedule.trace(`${name} says: ${message}`) }
  return {
    life,
    ports,
    reconcilerPorts: mutant?.reconciler?.(honest) ?? ports,
    access: accessGiver(mutant?.access?.(honest) ?? ports),
    once: oncePerKey({ clock: ports.clock, keptMs: 0, waitMs: scenario.sharedWaitMs }),
    requestKey: (key, body) => ({ key, fingerprint: mutant?.comparesBodies === false ? 'any' : body }),
    precondition (ifMatch) {
      const precondition = preconditionOf(ifMatch)
      return precondition === undefined ? undefined : mutant?.precondition?.(precondition) ?? precondition
    },
    context: { headers: {}, log: { info: quiet, warn: quiet, error: quiet } },
    onEnd: (tell) => { mourners.push(tell) }
  }
}
