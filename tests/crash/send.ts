/** What became of a request, as its client sees it. */
export interface Answer {
  /** `not sent`: nobody listened; `none`: it may have been received, and nothing came back. */
  status: number | 'not sent' | 'none'
  text: string
  /** The error's code, where the body has one. */
  code: string | undefined
}

export interface Sending {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  path: string
  body?: object | undefined
  caller?: string | undefined
  idempotencyKey?: string | undefined
}

/** Far beyond what the service allows itself: who waits that long was forgotten. */
const PATIENCE_MS = 15_000

export async function send (origin: string, { method, path, body, caller, idempotencyKey }: Sending): Promise<Answer> {
  try {
    const answer = await fetch(origin + path, {
      method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(caller === undefined ? {} : { miauserid: caller }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const text = await answer.text()
    return { status: answer.status, text, code: answer.ok ? undefined : codeOf(text) }
  } catch (error) {
    const refused = ((error as Error).cause as { code?: string } | undefined)?.code === 'ECONNREFUSED'
    return { status: refused ? 'not sent' : 'none', text: '', code: undefined }
  }
}

function codeOf (text: string): string | undefined {
  try {
    return (JSON.parse(text) as { code?: string }).code
  } catch {
    return undefined
  }
}

/** Codes that refuse for good: what was asked for has not happened and will not. */
const REFUSALS = new Set([
  'IMMUTABLE_PERIOD', 'OPERATION_IN_PROGRESS', 'REQUEST_RUNNING', 'CONCURRENT_CHANGE', 'TELECONSULTATION_NOT_FOUND', 'UNAUTHORIZED_USER', 'NO_PLUS_USER',
  'DUPLICATE_PARTICIPANT', 'TOO_MANY_PARTICIPANTS', 'INVALID_SPAN', 'PROVIDER_BUSY', 'PROVIDER_UNAVAILABLE', 'PROVIDER_TIMEOUT', 'PROVIDER_BAD_ANSWER'
])

export interface Judged {
  outcome: 'done' | 'refused' | 'unknown'
  code: string
  /** The service never answers so to what these clients ask for. */
  unexpected: boolean
}

/** Every other failure is one of which nobody knows what it leaves behind. */
export function judge ({ status, code = '' }: Answer): Judged {
  if (status === 'not sent') return { outcome: 'refused', code: 'NOT_SENT', unexpected: false }
  if (status === 'none') return { outcome: 'unknown', code: 'NO_ANSWER', unexpected: false }
  if (status < 300) return { outcome: 'done', code: String(status), unexpected: false }
  if (REFUSALS.has(code)) return { outcome: 'refused', code, unexpected: false }
  return { outcome: status < 500 ? 'refused' : 'unknown', code: code === '' ? String(status) : code, unexpected: status <= 500 }
}
