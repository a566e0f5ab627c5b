import { ProviderTimeout, ProviderUnavailable } from '../../errors.ts'
import type { Pause } from '../vendor.ts'

export interface TurnsOptions {
  /** Milliseconds from one turn to the next. */
  everyMs: number
  clock: () => Date
  pause: Pause
}

/** Lets callers through one after another, in the order in which they came, and not faster than the vendor allows. */
export interface Turns {
  /**
   * Resolves when it is this caller's turn. Whose signal ends leaves the queue and uses no turn.
   *
   * @throws PROVIDER_TIMEOUT when the signal ended first, PROVIDER_UNAVAILABLE when the provider was closed first
   */
  next (signal: AbortSignal): Promise<void>
  close (): void
}

export function turns ({ everyMs, clock, pause }: TurnsOptions): Turns {
  const waiting = new Set<{ go: () => void, fail: (error: unknown) => void }>()
  const closing = new AbortController()
  let lastAtMs = -Infinity
  let working = false

  const work = async () => {
    while (waiting.size > 0) {
      const nowMs = clock().getTime()
      // Never more than one turn: a clock that was set back shall not hold everybody until it has caught up.
      const waitMs = Math.min(everyMs, lastAtMs + everyMs - nowMs)
      if (waitMs > 0) await pause(waitMs, closing.signal)
      const [first] = waiting
      if (first === undefined) return
      waiting.delete(first)
      lastAtMs = Math.max(clock().getTime(), nowMs + Math.max(waitMs, 0))
      first.go()
    }
  }

  const begin = () => {
    if (working) return
    working = true
    work().catch((error: unknown) => {
      for (const one of waiting) one.fail(new ProviderUnavailable({ cause: error }))
      waiting.clear()
    }).finally(() => {
      working = false
      // Somebody came after the last look.
      if (waiting.size > 0) begin()
    })
  }

  return {
    async next (signal) {
      if (signal.aborted) throw new ProviderTimeout({ cause: signal.reason })
      if (closing.signal.aborted) throw new ProviderUnavailable({ cause: new Error('the provider is closed') })
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          waiting.delete(place)
          reject(new ProviderTimeout({ cause: signal.reason }))
        }
        const over = <T>(settle: (value: T) => void) => (value: T) => {
          signal.removeEventListener('abort', leave)
          settle(value)
        }
        const place = { go: over<void>(resolve), fail: over<unknown>(reject) }
        signal.addEventListener('abort', leave, { once: true })
        waiting.add(place)
        begin()
      })
    },
    close () {
      closing.abort(new Error('the provider is closed'))
    }
  }
}
