import { Pool, errors, type Dispatcher } from 'undici'

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below the client's base URL; begins with a slash; already encoded. */
  path: string
  headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON. */
  body?: unknown
  signal?: AbortSignal | undefined
}

export interface HttpAnswer {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  text: string
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
  const pool = new Pool(origin, {
    connections: options.connections ?? 64,
    connect: { timeout: options.timeoutMs },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    keepAliveTimeout: 4000,
    maxResponseSize: options.maxAnswerBytes ?? 4 * 1024 * 1024
  })

  const send = async (request: HttpRequest): Promise<HttpAnswer> => {
    const headers: Record<string, string> = { accept: 'application/json', ...request.headers }
    if (request.body !== undefined) headers['content-type'] = 'application/json'
    let answer: Dispatcher.ResponseData | undefined
    try {
      answer = await pool.request({
        method: request.method,
        path: base + request.path,
        headers,
        body: request.body === undefined ? null : JSON.stringify(request.body),
        signal: request.signal ?? null
      })
      return { status: answer.statusCode, headers: answer.headers, text: await textBefore(answer.body, options.timeoutMs) }
    } catch (error) {
      throw new HttpFailure(reasonOf(error, answer !== undefined), error)
    }
  }

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
    close: () => pool.close()
  }
}

// undici's own body time-out restarts with every chunk: a trickle would hold the request for ever.
async function textBefore (body: Dispatcher.ResponseData['body'], timeoutMs: number): Promise<string> {
  const timer = setTimeout(() => { body.destroy(new errors.BodyTimeoutError()) }, timeoutMs)
  try {
    return await body.text()
  } finally {
    clearTimeout(timer)
  }
}

function reasonOf (error: unknown, answered: boolean): HttpFailure['reason'] {
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError || error instanceof errors.ConnectTimeoutError) return 'timeout'
  const name = error instanceof Error ? error.name : ''
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout'
  return answered ? 'cut' : 'unreachable'
}
