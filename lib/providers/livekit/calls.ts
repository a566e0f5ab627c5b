import { ProviderBadAnswer, ProviderBusy, ProviderRefusedKey, ProviderUnavailable } from '../../errors.ts'
import { httpClient, type HttpEventListener } from '../../http/client.ts'
import type { LivekitTokens, ServerGrant } from './tokens.ts'
import { isEntry, jitteredPause, parsed, retryAfterMs, translated, type Pause } from '../vendor.ts'

export interface LivekitCallsOptions {
  /** Without a final slash. */
  baseUrl: string
  tokens: LivekitTokens
  /** Milliseconds for one request, and for all pauses of one call together. */
  timeoutMs: number
  /** Waits, and rejects when the signal ends. Default: the process's timers with a jitter. */
  pause?: Pause | undefined
  onEvent?: HttpEventListener | undefined
}

export interface RoomServiceCall {
  method: 'CreateRoom' | 'ListRooms' | 'DeleteRoom' | 'ListParticipants' | 'RemoveParticipant' | 'UpdateParticipant'
  grant: ServerGrant
  body: object
}

/**
 * Requests to LiveKit's room service (Twirp: POST, JSON). All of them can be sent twice, so who is busy is asked again.
 *
 * 401 and 403: PROVIDER_REFUSED_KEY; 429: PROVIDER_BUSY; 5xx and no connection: PROVIDER_UNAVAILABLE; no answer in time:
 * PROVIDER_TIMEOUT; everything else that is not 2xx, is cut or is no JSON: PROVIDER_BAD_ANSWER. Causes hold method, status
 * and code, nothing else of what the server said.
 */
export interface LivekitCalls {
  /** `missing`: there is no such room or participant. */
  call (request: RoomServiceCall, signal: AbortSignal): Promise<unknown>
  /**
   * Whether a token that may join makes a room that is not there (`room.auto_create` of the server); undefined where it
   * does not tell. Makes none.
   */
  makesRoomsItself (signal: AbortSignal): Promise<boolean | undefined>
  close (): Promise<void>
}

/** Named as none of anybody's rooms is. */
const NO_ROOM = 'tc_never-made'
const REPEATS = 2
const FIRST_PAUSE_MS = 500
/** All rooms of a project come in one answer, a kilobyte each. */
const LARGEST_ANSWER_BYTES = 64 * 1024 * 1024

export function livekitCalls ({ baseUrl, tokens, timeoutMs, pause = jitteredPause, onEvent }: LivekitCallsOptions): LivekitCalls {
  const http = httpClient({ baseUrl, timeoutMs, retries: 0, name: 'livekit', onEvent, maxAnswerBytes: LARGEST_ANSWER_BYTES })
  const bearer = (grant: ServerGrant) => ({ authorization: `Bearer ${tokens.forServer(grant)}` })

  return {
    async call ({ method, grant, body }, signal) {
      let waitedMs = 0
      for (let attempt = 0; ; attempt++) {
        const { status, headers, text } = await translated(() =>
          http.request({ method: 'POST', path: `/twirp/livekit.RoomService/${method}`, headers: bearer(grant), body, signal }))
        const pauseMs = retryAfterMs(headers['retry-after']) ?? FIRST_PAUSE_MS * 2 ** attempt
        if (status !== 429 || attempt === REPEATS || waitedMs + pauseMs > timeoutMs) return judged(method, status, text)
        waitedMs += pauseMs
        if (!await pause(pauseMs, signal).then(() => true, () => false)) return judged(method, status, text)
      }
    },

    async makesRoomsItself (signal) {
      const { status, text } = await translated(() =>
        http.request({ method: 'GET', path: '/rtc/validate', headers: { ...bearer({ roomJoin: true, room: NO_ROOM }), accept: '*/*' }, signal }))
      if (status === 200) return true
      return status === 404 && text.includes('room does not exist') ? false : undefined
    },

    close: () => http.close()
  }
}

function judged (method: string, status: number, text: string): unknown {
  const body = parsed(text)
  // The token's own refusal is plain text.
  const word: unknown = isEntry(body) ? body['code'] : undefined
  const code = typeof word === 'string' && /^[a-z_]{1,32}$/.test(word) ? word : undefined
  const cause = new Error(`${method}: ${status}${code === undefined ? '' : ` ${code}`}`)
  if (status === 401 || status === 403) throw new ProviderRefusedKey({ cause })
  if (status === 429) throw new ProviderBusy({ cause })
  if (status >= 500) throw new ProviderUnavailable({ cause })
  // Twirp answers 404 as well where nothing is served at that address: bad_route, or no code at all.
  if (status === 404 && code === 'not_found') return 'missing'
  if (status < 200 || status >= 300) throw new ProviderBadAnswer({ cause })
  if (!isEntry(body)) throw new ProviderBadAnswer({ cause: new Error(`${method}: ${status} without a JSON object`) })
  return body
}
