/**
 * By what this browser comes in again by one personal link: the service's token, or before its first answer a secret of the browser's own,
 * so that an answer that gets lost does not lock it out.
 */
export interface Seat {
  /** To be sent as `x-seat`. */
  readonly value: string
  /** @param given the service's token; undefined: this link needs none */
  keep (given: string | undefined): void
  /** For a link that is void. */
  forget (): void
}

const PREFIX = 'seat:'
const NONCE_BYTES = 24

/** Where the browser keeps nothing, what one page knows has to do. */
const ofThisPage = new Map<string, string>()

/** @param link the token of a personal link; each of a room's people has a seat of his own in a browser that several use */
export function seatOf (link: string): Seat {
  forgetExpired()
  const { room, sub } = claimsOf(link)
  const key = `${PREFIX}${String(room)}:${String(sub)}`
  return {
    get value () {
      const kept = read(key)
      if (kept !== undefined) return kept
      const own = newNonce()
      write(key, own)
      return own
    },
    keep (given) {
      if (given !== undefined) write(key, given)
      else if (!isToken(read(key) ?? '')) remove(key)
    },
    forget () { remove(key) }
  }
}

const isToken = (value: string) => value.includes('.')

function newNonce (): string {
  return toBase64Url(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(NONCE_BYTES))))
}

function forgetExpired (): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX)) continue
      const { exp } = claimsOf(localStorage.getItem(key) ?? '')
      if (typeof exp === 'number' && exp * 1000 < Date.now()) localStorage.removeItem(key)
    }
  } catch {}
}

function read (key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? ofThisPage.get(key)
  } catch {
    return ofThisPage.get(key)
  }
}

function write (key: string, value: string): void {
  ofThisPage.set(key, value)
  try {
    localStorage.setItem(key, value)
  } catch {}
}

function remove (key: string): void {
  ofThisPage.delete(key)
  try {
    localStorage.removeItem(key)
  } catch {}
}

/** What a token says of itself; nothing, where it is none. */
function claimsOf (token: string): Record<string, unknown> {
  try {
    const bytes = Uint8Array.from(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return typeof claims === 'object' && claims !== null ? { ...claims } : {}
  } catch {
    return {}
  }
}

const toBase64Url = (binary: string) => btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
