import { ProviderBadAnswer, ProviderBusy, ProviderRefusedKey, ProviderUnavailable } from '../../errors.ts'
import { httpClient, type HttpEventListener, type HttpRequest, type HttpStreamedAnswer } from '../../http/client.ts'
import { codeOf } from './answers.ts'
import { jitteredPause, parsed, refused, retryAfterMs, translated, translatedChunks, type Pause } from '../vendor.ts'

export interface VendorCallsOptions {
  /** Without a final slash. */
  baseUrl: string
  apiKey: string
  /** Milliseconds for one request, and for all pauses of one call together. */
  timeoutMs: number
  /** Waits, and rejects when the signal ends. Default: the process's timers with a jitter. */
  pause?: Pause | undefined
  onEvent?: HttpEventListener | undefined
}

export interface VendorRequest extends Pick<HttpRequest, 'method' | 'path' | 'body' | 'rawBody'> {
  /** What it does, for the log: `create room`. */
  what: string
  /** Sent again when the vendor is busy. Default: a GET is. */
  repeatable?: boolean | undefined
  /** 4xx statuses that the caller wants to judge himself. */
  expect?: readonly number[] | undefined
}

export interface VendorAnswer {
  status: number
  /** Undefined: the answer was empty. */
  body: unknown
  /** The vendor's error code, where it has the shape of one. */
  code?: string | undefined
}

/**
 * Requests to the vendor: the key goes along, statuses become errors of the catalogue, and who is busy is asked again.
 *
 * 401, 403 and a 400 about the key: PROVIDER_REFUSED_KEY; 429: PROVIDER_BUSY; 5xx and no connection:
 * PROVIDER_UNAVAILABLE; no answer in time: PROVIDER_TIMEOUT; everything else that is not 2xx, is cut or is no JSON:
 * PROVIDER_BAD_ANSWER. Causes hold status and code, nothing else of what the vendor said.
 */
export interface VendorCalls {
  call (request: VendorRequest, signal: AbortSignal): Promise<VendorAnswer>
  /** The body as it comes, of a 2xx. */
  stream (request: VendorRequest, signal: AbortSignal): Promise<HttpStreamedAnswer | VendorAnswer>
  close (): Promise<void>
}

// The vendor's own application waits a minute when it is refused; two short tries are what a waiting caller can bear.
const REPEATS = 2
const FIRST_PAUSE_MS = 500
const ERROR_BODY_BYTES = 16 * 1024

export function vendorCalls ({ baseUrl, apiKey, timeoutMs, pause = jitteredPause, onEvent }: VendorCallsOptions): VendorCalls {
  const http = httpClient({ baseUrl, timeoutMs, retries: 0, name: 'provider', onEvent })
  const withKey = ({ method, path, body, rawBody }: VendorRequest, signal: AbortSignal): HttpRequest =>
    ({ method, path, body, rawBody, signal, headers: { apikey: apiKey } })
  const ofAnyType = (request: HttpRequest): HttpRequest => ({ ...request, headers: { ...request.headers, accept: '*/*' } })

  // How long the vendor wants to be left alone, and at the most what is left of the time for the call.
  const waitFor = async (answer: Pick<HttpStreamedAnswer, 'headers'>, attempt: number, waitedMs: number, signal: AbortSignal): Promise<number | undefined> => {
    const pauseMs = retryAfterMs(answer.headers['retry-after']) ?? FIRST_PAUSE_MS * 2 ** attempt
    if (waitedMs + pauseMs > timeoutMs) return undefined
    return await pause(pauseMs, signal).then(() => pauseMs, () => undefined)
  }

  return {
    async call (request, signal) {
      let waitedMs = 0
      for (let attempt = 0; ; attempt++) {
        const { status, headers, text } = await translated(() => http.request(withKey(request, signal)))
        if (status !== 429) return judged(request, status, text)
        const pausedMs = attempt < REPEATS && (request.repeatable ?? request.method === 'GET')
          ? await waitFor({ headers }, attempt, waitedMs, signal)
          : undefined
        if (pausedMs === undefined) return judged(request, status, text)
        waitedMs += pausedMs
      }
    },

    async stream (request, signal) {
      const answer = await translated(() => http.stream(ofAnyType(withKey(request, signal))))
      if (isSuccess(answer.status)) return { ...answer, body: translatedChunks(answer.body) }
      return judged(request, answer.status, await translated(() => beginningOf(answer.body)))
    },

    close: () => http.close()
  }
}

/**
 * Whether an expected 4xx says that the thing is not there. Nothing documents how: 404, or, as in most of the first
 * generation, 400 with a code that says so.
 *
 * @param thing the word that such a code has in it
 */
export const saysMissing = ({ status, code }: VendorAnswer, thing: string) =>
  status === 404 || (status === 400 && code?.includes(thing) === true && /not_found|not_exists|invalid/.test(code))

const isSuccess = (status: number) => status >= 200 && status < 300

function judged (request: VendorRequest, status: number, text: string): VendorAnswer {
  const body = parsed(text)
  const code = codeOf(body)
  const refusal = refused(request.what, { status, code })
  const { cause } = refusal
  if (status === 401 || status === 403 || (status === 400 && isAboutKey(code, body))) throw new ProviderRefusedKey({ cause })
  if (status === 429) throw new ProviderBusy({ cause })
  if (status >= 500) throw new ProviderUnavailable({ cause })
  if (request.expect?.includes(status) === true) return { status, body, code }
  if (!isSuccess(status)) throw refusal
  if (body === undefined && text.trim() !== '') throw new ProviderBadAnswer({ cause: new Error(`${request.what}: ${status} without JSON`) })
  return { status, body }
}

// One table of the vendor's documentation gives a wrong key as 400 "Invalid Api Key", the others as 401.
const isAboutKey = (code: string | undefined, body: unknown) =>
  code === 'invalid_api_key' || /invalid[ _]api[ _]?key/i.test(JSON.stringify(body ?? ''))

async function beginningOf (body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > ERROR_BODY_BYTES) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
