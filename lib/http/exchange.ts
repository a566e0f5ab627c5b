import { errors, type Dispatcher, type Pool } from 'undici'
import type { HttpAnswer } from './client.ts'
import { HttpFailure, reasonOf } from './failure.ts'
import type { Limited, TimeLimits } from './time-limits.ts'

/**
 * One request and the whole text of its answer, without the stream that `pool.request` makes for each.
 *
 * @param timeoutMs for all of it: waiting for a socket, connecting, sending, and the answer to its last byte
 * @param done hears what came of it, exactly once
 */
export function exchange (
  pool: Pool, options: Dispatcher.DispatchOptions, signal: AbortSignal | undefined, limits: TimeLimits, timeoutMs: number, done: (outcome: HttpAnswer | HttpFailure) => void
): void {
  let connection: Dispatcher.DispatchController | undefined
  let head: Pick<HttpAnswer, 'status' | 'headers'> | undefined
  let givenUp: Error | undefined
  let isOver = false
  const chunks: Buffer[] = []

  const over = (outcome: HttpAnswer | HttpFailure) => {
    if (isOver) return
    isOver = true
    limits.remove(limited)
    signal?.removeEventListener('abort', abort)
    done(outcome)
  }
  const fail = (error: unknown) => { over(new HttpFailure(reasonOf(error, head !== undefined), error, connection !== undefined)) }
  const giveUp = (error: unknown) => {
    givenUp = error as Error
    fail(error)
    connection?.abort(givenUp)
  }
  const abort = () => { giveUp(signal?.reason) }
  const limited: Limited = {
    endsAt: performance.now() + timeoutMs,
    place: -1,
    end: () => { giveUp(head === undefined ? new errors.HeadersTimeoutError() : new errors.BodyTimeoutError()) }
  }

  limits.add(limited)
  signal?.addEventListener('abort', abort)
  pool.dispatch(options, {
    onRequestStart (controller) {
      connection = controller
      // It waited for a socket and was given up meanwhile: nothing is written then.
      if (givenUp !== undefined) controller.abort(givenUp)
    },
    onResponseStart (_controller, status, headers) {
      if (status >= 200) head = { status, headers }
    },
    onResponseData (_controller, chunk) { chunks.push(chunk) },
    onResponseEnd () {
      if (head !== undefined) over({ ...head, text: textOf(chunks) })
    },
    onResponseError (_controller, error) { fail(error) }
  })
}

const BYTE_ORDER_MARK = '\uFEFF'

function textOf (chunks: readonly Buffer[]): string {
  const [only] = chunks
  const text = (only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks)).toString()
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
}
