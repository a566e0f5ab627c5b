/**
 * Quantiles and histogram of durations, cheap enough for every request: counts in buckets that are each 5 % wider than the one before, so
 * that a quantile is off by 5 % at the most. Count and sum are exact.
 */
export interface DurationSummary {
  observe (seconds: number): void
  /** @returns seconds; undefined before the first observation */
  quantile (rank: number): number | undefined
  totals (): { count: number, sum: number }
  /** How many were at most as long as each of the bounds. */
  atMost (): number[]
}

const GROWTH = 1.05
const LEAST_SECONDS = 0.000_001
/** Up to about ten minutes; longer ones count as that. */
const BUCKETS = 420
const LOG_GROWTH = Math.log(GROWTH)

/** @param bounds seconds, ascending */
export function durationSummary (bounds: readonly number[] = []): DurationSummary {
  const within = bounds.map(() => 0)
  const counts = new Float64Array(BUCKETS)
  let count = 0
  let sum = 0
  return {
    observe (seconds) {
      const bucket = seconds <= LEAST_SECONDS ? 0 : Math.min(BUCKETS - 1, Math.ceil(Math.log(seconds / LEAST_SECONDS) / LOG_GROWTH))
      counts[bucket] = (counts[bucket] ?? 0) + 1
      count++
      sum += seconds
      let bound = 0
      while (bound < bounds.length && seconds > (bounds[bound] ?? Infinity)) bound++
      if (bound < bounds.length) within[bound] = (within[bound] ?? 0) + 1
    },
    quantile (rank) {
      if (count === 0) return undefined
      let below = 0
      for (const [bucket, held] of counts.entries()) {
        below += held
        if (below >= rank * count) return LEAST_SECONDS * GROWTH ** bucket
      }
      return LEAST_SECONDS * GROWTH ** (BUCKETS - 1)
    },
    totals: () => ({ count, sum }),
    atMost () {
      let below = 0
      return within.map((held) => (below += held))
    }
  }
}
