import { Pool, errors, type Dispatcher } from 'undici'
import { chunksFrom } from './chunks.ts'

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

/**
 * The request failed without an answer that could be read to its end.
 *
 * `unreachable`: nothing was listening, or the connection died; `timeout`: no whole answer in time; `cut`: the answer
 * broke off. Except for a refused connection the other side may have acted.
 */
export class HttpFailure extends Error {
  readonly reason: 'unreachable' | 'timeout' | 'cut'

  constructor (reason: HttpFailure['reason'], cause: unknown) {
    super(`Request failed: ${reason}`, { cause })
    this.name = 'HttpFailure'
    this.reason = reason
  }
}

export interface HttpClientOptions {
  /** Origin and base path, without a final slash. */
  baseUrl: string
  /** Milliseconds until the whole answer must be there. */
  timeoutMs: number
  /** Sockets at the most. A small pool keeps the tail short; see docs/performance.md. */
  connections?: number
  /** Bytes of an answer's body at the most. */
  maxAnswerBytes?: number
}

export interface HttpClient {
  /** @throws HttpFailure; any status is an answer */
  request (request: HttpRequest): Promise<HttpAnswer>
  /**
   * For answers that are larger than memory should hold: `maxAnswerBytes` does not count, the reader decides how much
   * it takes. The deadline counts for the head and for each pause of the body; `signal` for all of it. Never repeated.
   *
   * @throws HttpFailure; any status is an answer
   */
  stream (request: HttpRequest): Promise<HttpStreamedAnswer>
  close (): Promise<void>
}

// Failures of a kept-alive socket that the other side had already closed: a GET is simply sent once more.
const STALE_SOCKET = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

/**
 * The one outbound HTTP client: one pool an upstream, a deadline on everything, no redirects, and a repeat only for a
 * GET that met a stale socket.
 */
export function httpClient (options: HttpClientOptions): HttpClient {
  const { origin, pathname } = new URL(options.baseUrl)
  const base = pathname === '/' ? '' : pathname
  const poolOf = (connections: number, maxResponseSize: number) => new Pool(origin, {
    connections,
    connect: { timeout: options.timeoutMs },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    keepAliveTimeout: 4000,
    maxResponseSize
  })
  const pool = poolOf(options.connections ?? 64, options.maxAnswerBytes ?? 4 * 1024 * 1024)
  // undici limits an answer's size by pool, not by request; a slow reader shall not keep others waiting for a socket either.
  let streaming: Pool | undefined
  let closing: Promise<unknown> | undefined

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

  const send = (request: HttpRequest) => exchange(pool, optionsOf(request), request.signal, options.timeoutMs)

  return {
    async request (request) {
      try {
        return await send(request)
      } catch (error) {
        const code = ((error as HttpFailure).cause as { code?: string } | undefined)?.code ?? ''
        if (request.method !== 'GET' || !STALE_SOCKET.has(code) || request.signal?.aborted === true) throw error
        return await send(request)
      }
    },
    async stream (request) {
      streaming ??= poolOf(8, -1)
      try {
        const { statusCode, headers, body } = await streaming.request({ ...optionsOf(request), signal: request.signal ?? null })
        return { status: statusCode, headers, body: chunksOf(body) }
      } catch (error) {
        throw new HttpFailure(reasonOf(error, false), error)
      }
    },
    async close () {
      closing ??= Promise.all([pool.close(), streaming?.close()])
      await closing
    }
  }
}

function chunksOf (body: Dispatcher.ResponseData['body']): AsyncIterable<Uint8Array> {
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

/** One request and the whole text of its answer, without the stream that `pool.request` makes for each. */
function exchange (pool: Pool, options: Dispatcher.DispatchOptions, signal: AbortSignal | undefined, timeoutMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let connection: Dispatcher.DispatchController | undefined
    let head: Pick<HttpAnswer, 'status' | 'headers'> | undefined
    let timer: NodeJS.Timeout | undefined
    const chunks: Buffer[] = []

    const over = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    const fail = (error: unknown) => {
      over()
      reject(new HttpFailure(reasonOf(error, head !== undefined), error))
    }
    const abort = () => {
      fail(signal?.reason)
      connection?.abort(signal?.reason as Error)
    }
    if (signal?.aborted === true) return fail(signal.reason)
    signal?.addEventListener('abort', abort)

    pool.dispatch(options, {
      onRequestStart (controller) {
        connection = controller
        // It waited for a socket and was given up meanwhile.
        if (signal?.aborted === true) controller.abort(signal.reason as Error)
      },
      onResponseStart (controller, status, headers) {
        if (status < 200) return
        head = { status, headers }
        // undici's own body time-out restarts with every chunk: a trickle would hold the request for ever.
        timer = setTimeout(() => { controller.abort(new errors.BodyTimeoutError()) }, timeoutMs)
      },
      onResponseData (_controller, chunk) { chunks.push(chunk) },
      onResponseEnd () {
        over()
        if (head !== undefined) resolve({ ...head, text: textOf(chunks) })
      },
      onResponseError (_controller, error) { fail(error) }
    })
  })
}

const BYTE_ORDER_MARK = '\uFEFF'

function textOf (chunks: readonly Buffer[]): string {
  const [only] = chunks
  const text = (only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks)).toString()
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
}

function reasonOf (error: unknown, answered: boolean): HttpFailure['reason'] {
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError || error instanceof errors.ConnectTimeoutError) return 'timeout'
  const name = error instanceof Error ? error.name : ''
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout'
  return answered ? 'cut' : 'unreachable'
}
