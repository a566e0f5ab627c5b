import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { breaker, REFUSED } from './breaker.ts'
import { exchange } from './exchange.ts'
import { CIRCUIT_OPEN, HttpFailure, isCalledOff, isOwnFault, isTooLarge, reasonOf } from './failure.ts'
import { retryBudget } from './retry-budget.ts'
import { isFailedStatus, retryRule, TOO_MANY_REQUESTS } from './retry-rule.ts'
import { chunksOf, openStream } from './streaming.ts'
import { timeLimits } from './time-limits.ts'

export { HttpFailure } from './failure.ts'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below the client's base URL; begins with a slash; already encoded. */
  path: string
  headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is, instead of `body`. */
  rawBody?: { contentType: string, data: Uint8Array } | undefined
  signal?: AbortSignal | undefined
  /** Whether sending it twice is the same as once. Default: a GET is. */
  repeatable?: boolean | undefined
  /** When all of it must be over, repeats included: milliseconds since 1970 by the client's `now`. */
  deadlineAt?: number | undefined
}

export interface HttpAnswer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  text: string
}

export interface HttpStreamedAnswer {
  status: number
  headers: HttpAnswer['headers']
  /** To be read once; leaving the loop early ends the connection. Fails with HttpFailure. */
  body: AsyncIterable<Uint8Array>
}

export interface HttpClientOptions {
  /** Origin and base path, without a final slash. */
  baseUrl: string
  /** Milliseconds until the whole answer must be there, waiting for a socket included; for each attempt. */
  timeoutMs: number
  /** What the upstream is called in `onEvent`. */
  name?: string | undefined
  /** Repeats of one request at the most. 0: for callers with a back-off of their own; a GET over a stale socket is repeated still. */
  retries?: 0 | 2 | undefined
  /** Sockets at the most. A small pool keeps the tail short; see docs/performance.md. */
  connections?: number
  /** Bytes of an answer's body at the most. */
  maxAnswerBytes?: number
  /** Milliseconds since 1970, for `deadlineAt`. */
  now?: (() => number) | undefined
  /** Milliseconds that never run backwards, for the breaker. */
  monotonicNow?: (() => number) | undefined
  /** From 0 to below 1, for jitter. */
  random?: (() => number) | undefined
  /** Waits before a repeat; rejects when the signal ends. */
  sleep?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined
  onEvent?: HttpEventListener | undefined
}

/** A request is repeated, or refused because the breaker is open; the breaker opens or closes. */
export type HttpEvent = 'retry' | 'refused' | 'opened' | 'closed'
export type HttpEventListener = (event: HttpEvent, name: string) => void

export interface HttpClient {
  /** @throws HttpFailure; any status is an answer */
  request (request: HttpRequest): Promise<HttpAnswer>
  /**
   * For answers that are larger than memory should hold: `maxAnswerBytes` does not count, the reader decides how much
   * it takes. The time-out counts for the head and for each pause of the body, `deadlineAt` for the head, `signal` for
   * all of it. Never repeated.
   *
   * @throws HttpFailure; any status is an answer
   */
  stream (request: HttpRequest): Promise<HttpStreamedAnswer>
  close (): Promise<void>
}

const STREAMING_SOCKETS = 8

/**
 * The one outbound HTTP client: one pool an upstream, a time limit on everything, no redirects. Repeats are few
 * (`retryRule`) and paid for (`retryBudget`); an upstream that mostly fails is not asked for a while (`breaker`).
 */
export function httpClient (options: HttpClientOptions): HttpClient {
  const { timeoutMs, name = '', retries = 2, now = Date.now, monotonicNow = () => performance.now(), random = Math.random, sleep = sleepFor } = options
  const { origin, pathname } = new URL(options.baseUrl)
  const base = pathname === '/' ? '' : pathname
  // undici's own time-outs know neither the wait for a socket nor a trickle, and a coarse second: `limits` covers all.
  const poolOf = (connections: number, maxResponseSize: number, bodyTimeout: number) => new Pool(origin, {
    connections,
    connect: { timeout: timeoutMs },
    headersTimeout: 0,
    bodyTimeout,
    keepAliveTimeout: 4000,
    maxResponseSize
  })
  const pool = poolOf(options.connections ?? 64, options.maxAnswerBytes ?? 4 * 1024 * 1024, 0)
  // undici limits an answer's size by pool, not by request; a slow reader shall not keep others waiting for a socket either.
  let streaming: Pool | undefined
  let beingRead = 0
  let closing: Promise<unknown> | undefined

  const emit = (event: HttpEvent) => { options.onEvent?.(event, name) }
  const limits = timeLimits()
  const circuit = breaker({ now: monotonicNow, random, onChange: emit })
  const budget = retryBudget()
  const pauseBeforeRetry = retryRule({ retries, random })
  let answers = 0

  const optionsOf = (request: HttpRequest) => {
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers }
    if (request.rawBody !== undefined) headers['content-type'] = request.rawBody.contentType
    else if (request.body !== undefined) headers['content-type'] = 'application/json'
    return {
      method: request.method,
      path: base + request.path,
      headers,
      body: request.rawBody?.data ?? (request.body === undefined ? null : JSON.stringify(request.body))
    }
  }

  const givenMsOf = ({ deadlineAt }: HttpRequest) => deadlineAt === undefined ? timeoutMs : Math.min(timeoutMs, deadlineAt - now())

  /** Asks whether a request may be sent: a ticket of the breaker if so. */
  const admit = ({ signal }: HttpRequest, givenMs: number): number | HttpFailure => {
    if (signal?.aborted === true) return new HttpFailure(reasonOf(signal.reason, false), signal.reason, false)
    if (!(givenMs > 0)) return new HttpFailure('timeout', new Error('The deadline was over before the request was sent'), false)
    const ticket = circuit.enter()
    if (ticket !== REFUSED) return ticket
    emit('refused')
    return new HttpFailure('unreachable', CIRCUIT_OPEN, false)
  }

  /** @param queued whether a time-out before a socket was there says only that others were served first */
  const report = (ticket: number, outcome: { status: number } | HttpFailure, signal: AbortSignal | undefined, queued: boolean) => {
    if (outcome instanceof HttpFailure) {
      const { reason, sent } = outcome
      if (isOwnFault(outcome) || isCalledOff(outcome, signal) || (queued && reason === 'timeout' && !sent)) return circuit.calledOff(ticket)
    }
    if (outcome instanceof HttpFailure ? !isTooLarge(outcome) : isFailedStatus(outcome.status)) {
      budget.failed()
      return circuit.failed(ticket)
    }
    answers++
    if ('status' in outcome && outcome.status === TOO_MANY_REQUESTS) budget.failed()
    else budget.succeeded()
    circuit.succeeded(ticket)
  }

  /** Never rejects. */
  const attempt = (request: HttpRequest, dispatched: ReturnType<typeof optionsOf>) => new Promise<HttpAnswer | HttpFailure>((resolve) => {
    const givenMs = givenMsOf(request)
    const ticket = admit(request, givenMs)
    if (typeof ticket !== 'number') {
      resolve(ticket)
      return
    }
    const answersBefore = answers
    exchange(pool, dispatched, request.signal, limits, givenMs, (outcome) => {
      report(ticket, outcome, request.signal, answers !== answersBefore)
      resolve(outcome)
    })
  })

  const mayRetry = ({ signal, deadlineAt }: HttpRequest, pauseMs: number) =>
    signal?.aborted !== true && circuit.isClosed() && budget.allows() && (deadlineAt === undefined || now() + pauseMs < deadlineAt)

  return {
    async request (request) {
      const dispatched = optionsOf(request)
      let outcome = await attempt(request, dispatched)
      let sent = wasSent(outcome)
      for (let repeats = 0; ; repeats++) {
        const pauseMs = pauseBeforeRetry(request, outcome, repeats)
        if (pauseMs === undefined || !mayRetry(request, pauseMs)) break
        if (pauseMs > 0) await sleep(pauseMs, request.signal).catch(() => {})
        if (request.signal?.aborted !== true) {
          // Others may have learnt meanwhile that the upstream is down.
          if (!mayRetry(request, 0) || !budget.take()) break
          emit('retry')
        }
        outcome = await attempt(request, dispatched)
        sent ||= wasSent(outcome)
      }
      if (!(outcome instanceof HttpFailure)) return outcome
      throw outcome.sent === sent ? outcome : new HttpFailure(outcome.reason, outcome.cause, sent)
    },
    async stream (request) {
      const dispatched = optionsOf(request)
      const givenMs = givenMsOf(request)
      const ticket = admit(request, givenMs)
      if (typeof ticket !== 'number') throw ticket
      // After the end no other pool is opened: the closed one refuses.
      streaming ??= closing === undefined ? poolOf(STREAMING_SOCKETS, -1, timeoutMs) : pool
      const waits = () => beingRead >= STREAMING_SOCKETS
      const outcome = await openStream(streaming, dispatched, request.signal, limits, givenMs, waits)
      if (outcome instanceof HttpFailure) {
        report(ticket, outcome, request.signal, waits())
        throw outcome
      }
      report(ticket, { status: outcome.statusCode }, request.signal, false)
      beingRead++
      outcome.body.once('close', () => { beingRead-- })
      return { status: outcome.statusCode, headers: outcome.headers, body: chunksOf(outcome.body) }
    },
    async close () {
      closing ??= Promise.all([pool.close(), streaming?.close()])
      await closing
    }
  }
}

const sleepFor = async (ms: number, signal: AbortSignal | undefined) => { await wait(ms, undefined, signal === undefined ? {} : { signal }) }

const wasSent = (outcome: HttpAnswer | HttpFailure) => !(outcome instanceof HttpFailure) || outcome.sent
