export interface Failure { ok: false, status: number, code: string, message: string }
export type Answer<Body> = { ok: true, body: Body } | Failure

const DEADLINE_MS = 15_000

/** An address of the service, under the prefix that it runs at. */
export function address (path: string): URL {
  return new URL(path, document.baseURI)
}

/** The last part of the page's path: the room that it is about. */
export function lastPathPart (): string {
  return location.pathname.split('/').filter(Boolean).at(-1) ?? ''
}

/** Calls the service. Never throws: no answer at all is status 0. */
export async function ask<Body> (path: string, init: RequestInit = {}): Promise<Answer<Body>> {
  try {
    const response = await fetch(address(path), { cache: 'no-store', signal: AbortSignal.timeout(DEADLINE_MS), ...init })
    const text = await response.text()
    const body: unknown = text === '' ? null : JSON.parse(text)
    if (response.ok) return { ok: true, body: body as Body }
    return { ok: false, status: response.status, code: textOf(body, 'code'), message: textOf(body, 'message') }
  } catch {
    return { ok: false, status: 0, code: '', message: '' }
  }
}

function textOf (body: unknown, key: 'code' | 'message'): string {
  if (typeof body !== 'object' || body === null) return ''
  const value = (body as Record<string, unknown>)[key]
  return typeof value === 'string' ? value : ''
}
