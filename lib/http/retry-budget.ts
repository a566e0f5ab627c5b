/**
 * How many repeats an upstream is worth: what works pays for them, so that repeats stay below a fourteenth of the
 * successes, and an upstream that is down gets next to none, however little it is asked.
 */
export interface RetryBudget {
  succeeded (): void
  /** Failed, or refused for being busy. */
  failed (): void
  /** Whether `take` would give. */
  allows (): boolean
  /** Pays for one repeat. */
  take (): boolean
}

const CAPACITY = 100
const COST = 14
const FAILURES_IN_A_ROW = 3

/** Full at the start. */
export function retryBudget (): RetryBudget {
  let tokens = CAPACITY
  let failuresInARow = 0
  const allows = () => tokens >= COST && failuresInARow < FAILURES_IN_A_ROW
  return {
    succeeded () {
      failuresInARow = 0
      if (tokens < CAPACITY) tokens++
    },
    failed () { failuresInARow++ },
    allows,
    take () {
      if (!allows()) return false
      tokens -= COST
      return true
    }
  }
}
