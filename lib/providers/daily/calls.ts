import { ProviderBadAnswer, ProviderBusy, ProviderRefusedKey, ProviderUnavailable } from '../../errors.ts'
import { httpClient, type HttpEventListener, type HttpRequest } from '../../http/client.ts'
import { type VendorAnswer } from '../kaleyra-common/calls.ts'
import { turns } from './turns.ts'
import { isEntry, jitteredPause, parsed, refused, translated, type Pause } from '../vendor.ts'

export interface DailyCallsOptions {
  /** Without a final slash. */
  baseUrl: string
  apiKey: string
  /** Milliseconds for one request, and for all pauses of one call together. */
  timeoutMs: number
  clock: () => Date
  /** Waits, and rejects when the signal ends. Default: the process's timers with a jitter. */
  pause?: Pause | undefined
  onEvent?: HttpEventListener | undefined
}

export interface DailyRequest extends Pick<HttpRequest, 'path' | 'body'> {
  method: 'GET' | 'POST' | 'DELETE'
  /** What it does, for the log: `create room`. */
  what: string
  /** 4xx statuses that the caller wants to judge himself. */
  expect?: readonly number[] | undefined
  /** Waits its turn: the vendor takes few deletions of rooms. */
  inTurn?: boolean | undefined
}

/**
 * Requests to Daily: the key goes along, statuses become errors of the catalogue, and who is busy is asked again: every
 * request that this adapter makes may be made twice, because rooms have names of ours.
 *
 * 401, 403 and a 400 about the header: PROVIDER_REFUSED_KEY; 429: PROVIDER_BUSY; 5xx and no connection:
 * PROVIDER_UNAVAILABLE; no answer in time: PROVIDER_TIMEOUT; everything else that is not 2xx, is cut or is no JSON:
 * PROVIDER_BAD_ANSWER. Causes hold status and code, nothing else of what the vendor said.
 */
export interface DailyCalls {
  call (request: DailyRequest, signal: AbortSignal): Promise<VendorAnswer>
  close (): Promise<void>
}

// Daily asks for exponential back-off and names no time to wait.
const REPEATS = 3
const FIRST_PAUSE_MS = 500

/** Two deletions a second and fifty in thirty seconds are allowed: only the pace that keeps both lasts. */
const DELETION_EVERY_MS = 600

export function dailyCalls ({ baseUrl, apiKey, timeoutMs, clock, pause = jitteredPause, onEvent }: DailyCallsOptions): DailyCalls {
  const http = httpClient({ baseUrl, timeoutMs, retries: 0, name: 'daily', onEvent })
  const deletions = turns({ everyMs: DELETION_EVERY_MS, clock, pause })
  const headers = { authorization: `Bearer ${apiKey}` }

  return {
    async call (request, signal) {
      const { method, path, body } = request
      let waitedMs = 0
      for (let attempt = 0; ; attempt++) {
        if (request.inTurn === true) await deletions.next(signal)
        const { status, text } = await translated(() => http.request({ method, path, body, headers, signal }))
        const pauseMs = FIRST_PAUSE_MS * 2 ** attempt
        const again = status === 429 && attempt < REPEATS && waitedMs + pauseMs <= timeoutMs &&
          await pause(pauseMs, signal).then(() => true, () => false)
        if (!again) return judged(request, status, text)
        waitedMs += pauseMs
      }
    },
    async close () {
      deletions.close()
      await http.close()
    }
  }
}

function judged ({ what, expect }: DailyRequest, status: number, text: string): VendorAnswer {
  const body = parsed(text)
  const code = codeOf(body)
  const refusal = refused(what, { status, code })
  const { cause } = refusal
  if (status === 401 || status === 403 || code === 'authorization-header-error' || code === 'authentication-error') throw new ProviderRefusedKey({ cause })
  if (status === 429) throw new ProviderBusy({ cause })
  if (status >= 500) throw new ProviderUnavailable({ cause })
  if (expect?.includes(status) === true) return { status, body, code }
  if (status < 200 || status >= 300) throw refusal
  if (body === undefined) throw new ProviderBadAnswer({ cause: new Error(`${what}: ${status} without JSON`) })
  return { status, body }
}

/** The stable word of an error; `info` beside it is prose that may name rooms. */
function codeOf (body: unknown): string | undefined {
  const code = isEntry(body) ? body['error'] : undefined
  return typeof code === 'string' && /^[a-z0-9_-]{1,64}$/.test(code) ? code : undefined
}
