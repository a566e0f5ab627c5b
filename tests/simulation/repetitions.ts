import type { Entry } from './history.ts'
import type { Random } from './random.ts'
import type { Replica } from './replica.ts'
import type { Scenario } from './scenario.ts'
import type { Scheduler } from './scheduler.ts'

/** Sends a request once, to this replica. */
export type Sending = (replica: Replica) => Promise<unknown>

interface Keyed { entry: Entry, sending: Sending }

export interface Repetitions {
  /**
   * Sends a request with a key until something is known of it, now and then at once, twice, or once too often.
   *
   * @param other another body with the same key, sent some time meanwhile
   */
  insist (entry: Entry, sending: Sending, first: Replica, random: Random, other: Keyed | undefined): Promise<void>
  /** Each of them once more; nothing fails any more, so that all of them must get what is due. */
  repeatAll (replica: () => Replica | undefined): Promise<void>
  /** The day is over. */
  forget (): void
}

export interface RepetitionsOptions {
  scenario: Scenario
  schedule: Scheduler
  replicas (): ReadonlyArray<Replica | undefined>
  complain (problem: string): void
}

const SENDINGS = 6
/** An answer after which the same may be sent again. */
const PASSING = new Set(['REQUEST_RUNNING', 'OPERATION_IN_PROGRESS', 'CONCURRENT_CHANGE', 'PROVIDER_UNAVAILABLE', 'PROVIDER_TIMEOUT', 'PROVIDER_BAD_ANSWER'])

function isDue ({ kind }: Entry, before: Entry['outcome'], answer: string, others: readonly Keyed[]): boolean {
  if (kind === 'add') return before !== 'done' || answer === 'done' || answer === 'TELECONSULTATION_NOT_FOUND'
  // Of several bodies with one key one was booked, and it is the key's; which one need not be known before.
  if (others.some(({ entry }) => entry.outcome === 'done')) return answer === 'IDEMPOTENCY_KEY_REUSED'
  return answer === 'done' || (before !== 'done' && others.length > 0 && answer === 'IDEMPOTENCY_KEY_REUSED')
}

export function repetitions ({ scenario, schedule, replicas, complain }: RepetitionsOptions): Repetitions {
  const { latencyMs, settings } = scenario
  const today: Keyed[] = []
  const pause = (ms: number) => new Promise<void>((resolve) => { schedule.after(ms, resolve) })
  const brokenDown = (error: unknown) => { complain(`the simulation is at fault: ${String(error)}`) }
  const anyOf = (random: Random): Replica | undefined => {
    const [first, ...others] = replicas().filter((replica) => replica !== undefined)
    return first === undefined ? undefined : random.pick([first, ...others])
  }
  const later = (random: Random, ms: number, { sending }: Pick<Keyed, 'sending'>) => {
    schedule.after(ms, () => {
      const replica = anyOf(random)
      if (replica !== undefined) sending(replica).catch(brokenDown)
    })
  }

  return {
    forget () { today.length = 0 },

    async insist (entry, sending, first, random, other) {
      today.push({ entry, sending })
      if (random.chance(0.3)) later(random, random.between(0, latencyMs), { sending })
      if (other !== undefined) {
        today.push(other)
        later(random, random.between(0, latencyMs * random.pick([1, 10, 50])), other)
      }
      let replica: Replica | undefined = first
      for (let sent = 0; sent < SENDINGS; sent++) {
        if (replica !== undefined) {
          await sending(replica)
          const last = entry.attempts?.findLast(({ outcome }) => outcome !== 'pending')
          if (last?.outcome === 'refused' && !PASSING.has(last.code ?? '')) return
          if (last?.outcome === 'done' && !random.chance(0.3)) return
        }
        await pause(random.chance(0.4) ? 0 : random.around(random.pick([latencyMs * 2, latencyMs * 20, settings.leaseMs])))
        replica = anyOf(random)
      }
    },

    async repeatAll (replica) {
      for (const { entry, sending } of [...today]) {
        const before = entry.outcome
        const to = replica()
        if (to === undefined) continue
        await sending(to)
        const attempt = entry.attempts?.at(-1)
        const answer = attempt?.code ?? attempt?.outcome ?? ''
        const others = today.filter((one) => one.entry.key === entry.key && one.entry !== entry)
        if (!isDue(entry, before, answer, others)) complain(`request ${entry.id} was sent again in the end, and got ${answer}`)
      }
      for (const { entry } of today) {
        if (entry.kind === 'create' && !today.some((one) => one.entry.key === entry.key && one.entry.outcome === 'done')) complain(`${entry.key ?? ''} never booked anything`)
      }
    }
  }
}
