import { errors } from 'undici'

/**
 * The request failed without an answer that could be read to its end.
 *
 * `unreachable`: nothing was listening, the connection died, or the upstream is left alone after too many failures;
 * `timeout`: no whole answer in time, or called off; `cut`: the answer broke off.
 */
export class HttpFailure extends Error {
  readonly reason: 'unreachable' | 'timeout' | 'cut'
  /** False: nothing was sent, the other side cannot have acted. True: it may have. */
  readonly sent: boolean

  constructor (reason: HttpFailure['reason'], cause: unknown, sent = true) {
    super(`Request failed: ${reason}`, { cause })
    this.name = 'HttpFailure'
    this.reason = reason
    this.sent = sent
  }
}

export function reasonOf (error: unknown, answered: boolean): HttpFailure['reason'] {
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError || error instanceof errors.ConnectTimeoutError) return 'timeout'
  const name = error instanceof Error ? error.name : ''
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout'
  return answered ? 'cut' : 'unreachable'
}

export function codeOf (error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : ''
}

/** Refused by the breaker. One for all: while an upstream is down this is the hot path. */
export const CIRCUIT_OPEN = new Error('The upstream failed too often and is left alone for a while')

const OWN_FAULTS = new Set(['UND_ERR_CLOSED', 'UND_ERR_DESTROYED', 'UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH'])

/** Whether a failure says nothing about the upstream: this side closed, refused or misused it. */
export const isOwnFault = ({ cause }: HttpFailure): boolean => cause === CIRCUIT_OPEN || OWN_FAULTS.has(codeOf(cause))

/** Whether the upstream did answer, with more than is taken. */
export const isTooLarge = ({ cause }: HttpFailure): boolean => codeOf(cause) === 'UND_ERR_RES_EXCEEDED_MAX_SIZE'

/** Whether the caller did not want the answer any more. A signal that ran out of time is a time-out like any other. */
export const isCalledOff = ({ cause }: HttpFailure, signal: AbortSignal | undefined): boolean =>
  signal?.aborted === true && cause === signal.reason && (cause as { name?: unknown } | null)?.name !== 'TimeoutError'

const STALE_SOCKET = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/** Whether it looks as if the other side had closed a kept-alive socket just before it was used again. */
export const isStaleSocket = ({ reason, sent, cause }: HttpFailure): boolean => sent && reason === 'unreachable' && STALE_SOCKET.has(codeOf(cause))
