/** What the address's fragment brings: how to get into the call. A secret. */
export interface WayIn {
  /** The LiveKit server: ws or wss. */
  server: string
  token: string
  language: string | null
  /** When a limited call ends; milliseconds since 1970. */
  endsAt: number | null
  /** Until when the token lets in; milliseconds since 1970. */
  expiresAt: number
  /** Which devices stay off until the person turns them on. */
  off: ReadonlySet<string>
}

/** @returns null where that is no way in */
export function readWayIn (fragment: string): WayIn | null {
  const parts = new URLSearchParams(fragment.replace(/^#/, ''))
  const server = parts.get('server') ?? ''
  const token = parts.get('token') ?? ''
  if (!URL.canParse(server) || !['ws:', 'wss:'].includes(new URL(server).protocol) || token === '') return null
  const ends = Number(parts.get('ends') ?? NaN)
  return {
    server,
    token,
    language: parts.get('language'),
    endsAt: Number.isFinite(ends) ? ends : null,
    expiresAt: expiryOf(token),
    off: new Set((parts.get('off') ?? '').split(','))
  }
}

/** Not proved: the server does that. It only tells why the server refuses. */
function expiryOf (token: string): number {
  try {
    const body = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    const { exp } = JSON.parse(atob(body)) as { exp?: unknown }
    return typeof exp === 'number' ? exp * 1000 : Infinity
  } catch {
    return Infinity
  }
}
