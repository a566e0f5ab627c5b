/** Takes one from the bucket at `nowMs`; false when it is empty. */
export type TokenBucket = (nowMs: number) => boolean

/** A token bucket: full at the start, refilled evenly. A clock that steps back refills nothing and takes nothing away. */
export function tokenBucket (options: { capacity: number, refillPerSecond: number }): TokenBucket {
  const { capacity, refillPerSecond } = options
  let left = capacity
  let lastMs: number | undefined
  return nowMs => {
    left = Math.min(capacity, left + Math.max(0, nowMs - (lastMs ?? nowMs)) / 1000 * refillPerSecond)
    lastMs = nowMs
    if (left < 1) return false
    left -= 1
    return true
  }
}
