import { KeyReused, RequestRunning } from '../errors.ts'
import type { RequestKey } from '../domain/idempotency.ts'
import type { Clock } from './ports.ts'

/** Requests with one key, as far as this process knows them. */
export interface OncePerKey {
  /**
   * Runs the work, or shares the answer of the same work that runs already. Who shares waits for a moment only.
   *
   * @param usableUntil when the answer loses its worth, which ends its being kept
   * @throws IDEMPOTENCY_KEY_REUSED, REQUEST_RUNNING, and what the work throws
   */
  run<T> (request: RequestKey | undefined, work: () => Promise<T>, usableUntil?: (answer: T) => Date): Promise<T>
}

export interface OncePerKeyOptions {
  clock: Clock
  /** Milliseconds for which an answer is kept, where nothing durable keeps it; a failure is not. */
  keptMs: number
  /** Answers at the most. */
  most?: number
  waitMs?: number
}

interface Known { fingerprint: string, answer: Promise<unknown>, keptUntil: number }

export function oncePerKey ({ clock, keptMs, most = 1000, waitMs = 3000 }: OncePerKeyOptions): OncePerKey {
  const running = new Map<string, Known>()
  // The latest last.
  const kept = new Map<string, Known>()

  const start = <T> ({ key, fingerprint }: RequestKey, work: () => Promise<T>, usableUntil?: (answer: T) => Date): Promise<T> => {
    const answer = work()
    const entry: Known = { fingerprint, answer, keptUntil: Infinity }
    running.set(key, entry)
    kept.delete(key)
    answer.then((given) => {
      running.delete(key)
      if (keptMs === 0) return
      entry.keptUntil = Math.min(clock.now().getTime() + keptMs, usableUntil?.(given).getTime() ?? Infinity)
      kept.set(key, entry)
      const [oldest] = kept.keys()
      if (kept.size > most && oldest !== undefined) kept.delete(oldest)
    }, () => { running.delete(key) })
    return answer
  }

  return {
    async run (request, work, usableUntil) {
      if (request === undefined) return await work()
      const entry = running.get(request.key) ?? kept.get(request.key)
      if (entry === undefined || entry.keptUntil <= clock.now().getTime()) return await start(request, work, usableUntil)
      if (entry.fingerprint !== request.fingerprint) {
        // Which of two bodies the key belongs to is known where it is kept: the one that runs here may be the wrong one.
        if (keptMs === 0) return await work()
        throw new KeyReused()
      }
      const { signal, cancel } = clock.deadline(waitMs)
      const over = new Promise<never>((_resolve, reject) => { signal.addEventListener('abort', () => { reject(new RequestRunning()) }, { once: true }) })
      try {
        return await Promise.race([entry.answer, over]) as Awaited<ReturnType<typeof work>>
      } finally {
        cancel()
      }
    }
  }
}
