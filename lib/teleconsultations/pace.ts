import { setImmediate as nextTurn } from 'node:timers/promises'

/** What became of a span of time, in milliseconds. */
export interface Usage {
  elapsedMs: number
  /** Those in which the event loop was at work. */
  activeMs: number
}

export interface PaceOptions {
  /** How much of its time the event loop may be at work, for whomever, while there is more to do. 0 to 1. */
  share: number
  /** Milliseconds of one rest at most: however busy the others are, it goes on. */
  longestRestMs: number
  /** Of the time since it was asked for last. */
  usage: () => Usage
  wait: (ms: number) => Promise<void>
}

/** Resolves when the next piece of work may begin. */
export type Pace = () => Promise<void>

/**
 * Makes room for others between pieces of work: what they take beyond the share of time is made up for by resting. Who asks at the same
 * moment gets turns one after the other.
 */
export function paceOf ({ share, longestRestMs, usage, wait }: PaceOptions): Pace {
  let lastTurn = Promise.resolve()
  let owedMs = 0
  const take = async () => {
    // Whoever had the turn before has begun by then, and what waits for the event loop comes first.
    await nextTurn()
    const { elapsedMs, activeMs } = usage()
    // No credit for quiet times: it would be spent at once.
    owedMs = Math.min(Math.max(owedMs + activeMs / share - elapsedMs, 0), longestRestMs)
    if (owedMs > 0) await wait(owedMs)
  }
  return async () => {
    lastTurn = lastTurn.then(take)
    await lastTurn
  }
}
