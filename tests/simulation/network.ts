import type { Random } from './random.ts'
import type { Scheduler } from './scheduler.ts'

/** What may go wrong with one request. */
export const FAULTS = ['refused', 'lostAnswer', 'cutAnswer', 'neverArrives', 'lateEffect', 'crashBeforeRequest', 'crashBeforeAnswer'] as const
export type Fault = typeof FAULTS[number]
export type FaultRates = Readonly<Record<Fault, number>>

/** One life of a replica: what it had begun is never continued after its end. */
export interface Life {
  name: string
  alive: boolean
  end (): void
}

export interface Failures {
  /** A 5xx or a broken connection: the effect may or may not have taken place. */
  unavailable (): Error
  timeout (): Error
  badAnswer (): Error
}

export interface Request<T> {
  what: string
  life: Life
  /** Takes place at one instant, perhaps after the caller gave up; what it throws is the other side's answer. */
  effect (givenUp: boolean): T
  failures: Failures
  /** When the caller gives up; undefined where `signal` says so. */
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}

export interface Network {
  send<T> (request: Request<T>): Promise<T>
  /** From now on everything arrives, and quickly. */
  heal (): void
  /** From now on it is as it was in the beginning. */
  fail (): void
  faults: Record<Fault | 'timeout', number>
}

export interface NetworkOptions {
  rates: FaultRates
  latencyMs: number
  /** How late an effect may take place whose caller gave up. */
  latestMs: number
}

export function network (schedule: Scheduler, random: Random, { rates, latencyMs, latestMs }: NetworkOptions): Network {
  const faults = Object.fromEntries([...FAULTS, 'timeout'].map((fault) => [fault, 0])) as Network['faults']
  let healed = false
  const strikes = (fault: Fault) => {
    if (healed || !random.chance(rates[fault])) return false
    faults[fault]++
    return true
  }

  return {
    faults,
    heal () { healed = true },
    fail () { healed = false },
    send<T> ({ what, life, effect, failures, timeoutMs, signal }: Request<T>) {
      return new Promise<T>((resolve, reject) => {
        if (!life.alive) return
        if (signal?.aborted === true) { reject(failures.timeout()); return }
        const line = `${life.name} ${what}`
        if (strikes('crashBeforeRequest')) { schedule.trace(`${line}: crash before it is sent`); life.end(); return }

        let over = false
        const settle = (how: () => void) => {
          if (over || !life.alive) return
          over = true
          cancelTimeout()
          if (strikes('crashBeforeAnswer')) { schedule.trace(`${line}: crash before the answer`); life.end(); return }
          how()
        }
        const givesUp = () => {
          if (over || !life.alive) return
          faults.timeout++
          schedule.trace(`${line}: given up`)
          settle(() => { reject(failures.timeout()) })
        }
        const cancelTimeout = timeoutMs === undefined ? () => {} : schedule.after(timeoutMs, givesUp)
        signal?.addEventListener('abort', givesUp, { once: true })

        const fault = (['refused', 'lostAnswer', 'cutAnswer', 'neverArrives', 'lateEffect'] as const).find(strikes)
        const latency = () => healed ? 1 : random.around(latencyMs)
        const there = fault === 'lateEffect' ? random.between(latencyMs, latestMs) : latency()
        const back = latency()
        if (fault === 'neverArrives') return
        schedule.after(there, () => {
          let answer: () => void
          if (fault === 'refused') {
            answer = () => { reject(failures.unavailable()) }
          } else {
            try {
              const value = effect(over || !life.alive)
              answer = () => { resolve(value) }
            } catch (error) {
              const reason = error instanceof Error ? error : new Error(String(error))
              answer = () => { reject(reason) }
            }
          }
          if (fault === 'lostAnswer') answer = () => { reject(failures.unavailable()) }
          if (fault === 'cutAnswer') answer = () => { reject(failures.badAnswer()) }
          schedule.trace(fault === undefined ? line : `${line}: ${fault}`)
          if (!over && life.alive) schedule.after(back, () => { settle(answer) })
        })
      })
    }
  }
}
