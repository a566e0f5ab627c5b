import { ProviderBadAnswer, ProviderBusy, ProviderRefusedKey, ProviderUnavailable } from '../../errors.ts'
import type { HttpAnswer, HttpClient, HttpRequest } from '../../http/client.ts'
import { translated } from '../vendor.ts'

/**
 * One request to a server of Jitsi's. 401 and 403: PROVIDER_REFUSED_KEY; 429: PROVIDER_BUSY; 5xx and no connection:
 * PROVIDER_UNAVAILABLE; no answer in time: PROVIDER_TIMEOUT; everything else but 200 and `expect`: PROVIDER_BAD_ANSWER.
 * Causes hold the status alone.
 *
 * @param what for the log: `end meeting`
 */
export async function call (http: HttpClient, what: string, request: HttpRequest, expect: readonly number[] = []): Promise<HttpAnswer> {
  const answer = await translated(() => http.request(request))
  const { status } = answer
  if (status === 200 || expect.includes(status)) return answer
  const cause = new Error(`${what}: ${status}`)
  if (status === 401 || status === 403) throw new ProviderRefusedKey({ cause })
  if (status === 429) throw new ProviderBusy({ cause })
  throw status >= 500 ? new ProviderUnavailable({ cause }) : new ProviderBadAnswer({ cause })
}
