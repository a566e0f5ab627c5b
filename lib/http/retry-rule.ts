import type { HttpAnswer, HttpRequest } from './client.ts'
import { HttpFailure, isOwnFault, isStaleSocket, isTooLarge } from './failure.ts'

export interface RetryRuleOptions {
  /** Repeats of one request at the most; with 0 only a GET that met a stale socket is sent once more. */
  retries: 0 | 2
  /** From 0 to below 1. */
  random: () => number
}

const BASE_PAUSE_MS = 50
const LONGEST_RETRY_AFTER_SECONDS = 2

/** Statuses of an upstream, or of a gateway before it, that is down. The CRUD Service answers duplicates with 500. */
export const isFailedStatus = (status: number): boolean => status >= 502 && status <= 504

export const TOO_MANY_REQUESTS = 429

/**
 * Milliseconds until a request may be repeated; undefined: what came of it is final.
 *
 * Repeated is what is `repeatable` (a GET, if it does not say) and met a dead connection, a cut answer, 502, 503, 504 or 429; and
 * anything that was never sent. A time-out never is: it has cost the caller enough. Who names a time to come back
 * (`retry-after`, in seconds) gets it, or is left alone if it is long; who says 429 without one is left alone as well.
 */
export function retryRule ({ retries, random }: RetryRuleOptions) {
  const isRepeatable = ({ method, repeatable }: Pick<HttpRequest, 'method' | 'repeatable'>) => repeatable ?? method === 'GET'
  const jitterMs = (repeats: number) => random() * BASE_PAUSE_MS * 2 ** repeats

  /** @param repeats how often the request was repeated already */
  return (request: Pick<HttpRequest, 'method' | 'repeatable'>, outcome: HttpAnswer | HttpFailure, repeats: number): number | undefined => {
    if (outcome instanceof HttpFailure) {
      if (outcome.reason === 'timeout' || isOwnFault(outcome) || isTooLarge(outcome)) return undefined
      if (outcome.sent && !isRepeatable(request)) return undefined
      if (repeats === 0 && isStaleSocket(outcome)) return 0
      return repeats < retries ? jitterMs(repeats) : undefined
    }
    const { status, headers } = outcome
    if (!(isFailedStatus(status) || status === TOO_MANY_REQUESTS) || repeats >= retries || !isRepeatable(request)) return undefined
    if (status === 502 || status === 504) return jitterMs(repeats)
    const retryAfter = headers['retry-after']
    if (retryAfter === undefined) return status === TOO_MANY_REQUESTS ? undefined : jitterMs(repeats)
    if (typeof retryAfter !== 'string' || !/^\d{1,6}$/.test(retryAfter) || Number(retryAfter) > LONGEST_RETRY_AFTER_SECONDS) return undefined
    return Number(retryAfter) * 1000 + jitterMs(repeats)
  }
}
