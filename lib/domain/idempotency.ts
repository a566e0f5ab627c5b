/** What a request with an Idempotency-Key is known by. Both are keyed hashes: nothing of key, caller or body can be read from them. */
export interface RequestKey {
  /** Of caller, operation and key: another caller's key is another key. */
  key: string
  /** Of the body. */
  fingerprint: string
}

/** A request that was accepted, as the document remembers it. */
export interface Attempt extends RequestKey {
  /** Epoch milliseconds. */
  at: number
}

const KEPT_MS = 24 * 60 * 60 * 1000

export const attemptAt = (request: RequestKey | undefined, now: Date): Attempt | undefined =>
  request === undefined ? undefined : { key: request.key, fingerprint: request.fingerprint, at: now.getTime() }

/** Whether the key may be used for something new. */
export const isForgotten = (attempt: Attempt, now: Date) => now.getTime() - attempt.at >= KEPT_MS

const REMEMBERED = 32

/** With one more, and without those that are forgotten. */
export const withAttempt = (attempts: readonly Attempt[] | undefined, added: Attempt | undefined, now: Date): Attempt[] | undefined => {
  const kept = [...attempts ?? [], ...added === undefined ? [] : [added]].filter((attempt) => !isForgotten(attempt, now)).slice(-REMEMBERED)
  return kept.length === 0 ? undefined : kept
}
