import { errors, type Dispatcher, type Pool } from 'undici'
import { chunksFrom } from './chunks.ts'
import { HttpFailure, codeOf, reasonOf } from './failure.ts'
import type { Limited, TimeLimits } from './time-limits.ts'

/**
 * One request and the head of its answer. Never rejects.
 *
 * @param timeoutMs until the head of the answer, waiting for a socket included
 * @param waits whether a request that is given up now never had a socket
 */
export function openStream (
  pool: Pool, options: Dispatcher.RequestOptions, signal: AbortSignal | undefined, limits: TimeLimits, timeoutMs: number, waits: () => boolean
): Promise<Dispatcher.ResponseData | HttpFailure> {
  return new Promise((resolve) => {
    const givenUp = new AbortController()
    const over = () => {
      limits.remove(limited)
      signal?.removeEventListener('abort', abort)
    }
    const fail = (error: unknown, sent: boolean) => {
      over()
      resolve(new HttpFailure(reasonOf(error, false), error, sent))
    }
    // undici hears a signal only once a request has its socket.
    const giveUp = (error: unknown) => {
      fail(error, !waits())
      givenUp.abort(error)
    }
    const abort = () => { giveUp(signal?.reason) }
    const limited: Limited = {
      endsAt: performance.now() + timeoutMs,
      place: -1,
      end: () => { giveUp(new errors.HeadersTimeoutError()) }
    }

    limits.add(limited)
    signal?.addEventListener('abort', abort)
    const either = signal === undefined ? givenUp.signal : AbortSignal.any([signal, givenUp.signal])
    pool.request({ ...options, signal: either }).then((answer) => {
      over()
      resolve(answer)
    }, (error: unknown) => { fail(error, !neverSent(error)) })
  })
}

const NEVER_SENT = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED', 'UND_ERR_INVALID_ARG'])

function neverSent (error: unknown): boolean {
  const syscall = (error as { syscall?: unknown } | null)?.syscall
  return NEVER_SENT.has(codeOf(error)) || syscall === 'connect' || syscall === 'getaddrinfo'
}

/** A body's chunks, which fail with HttpFailure. */
export function chunksOf (body: Dispatcher.ResponseData['body']): AsyncIterable<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  const next = async () => {
    try {
      return await chunks.next()
    } catch (error) {
      throw new HttpFailure(reasonOf(error, true), error)
    }
  }
  return chunksFrom(next, async () => { body.on('error', () => {}).destroy() })
}
