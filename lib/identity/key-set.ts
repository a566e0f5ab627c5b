import { createPublicKey, type JsonWebKey } from 'node:crypto'
import type { Algorithm } from 'fast-jwt'
import { IdentityUnavailable } from '../errors.ts'
import { httpClient, type HttpAnswer, type HttpEventListener } from '../http/client.ts'

export interface KeySetOptions<Key> {
  /** Of the JSON Web Key Set (RFC 7517). Nothing else is ever asked, whatever a token says. */
  url: string
  /** Milliseconds for one reading. */
  timeoutMs?: number | undefined
  /** Milliseconds until a set that was read is read again. */
  cacheMs?: number | undefined
  /** Milliseconds that a set is used at the most while it cannot be read again. */
  outageMs?: number | undefined
  /** Keys for others are left out. */
  algorithms: readonly Algorithm[]
  /**
   * What a key is kept as; one that cannot be opened is left out.
   *
   * @param pem the public key as SubjectPublicKeyInfo
   * @param algorithms those of the option that it may be used for
   */
  open (pem: string, algorithms: Algorithm[]): Key
  clock: () => Date
  onEvent?: HttpEventListener | undefined
}

export interface KeySet<Key> {
  /**
   * @returns undefined: the issuer has no such key
   * @throws IDENTITY_UNAVAILABLE where that cannot be told
   */
  find (kid: string): Promise<Key | undefined>
  close (): Promise<void>
}

const MINUTE_MS = 60_000
/** Between two readings, however many unknown keys are asked for. */
const PAUSE_MS = 30_000
/** The same while there is no key to go on with. */
const EMPTY_HANDED_PAUSE_MS = 2000
const MOST_ANSWER_BYTES = 256 * 1024
const MOST_KEYS = 100

/**
 * The public keys of an issuer by their `kid`, read when the first is asked for. A set that is due is read before its keys are
 * used again, so that a withdrawn key is gone with the next reading; while the issuer is down the last set serves on.
 */
export function keySet<Key> ({ url, timeoutMs = 2000, cacheMs = 10 * MINUTE_MS, outageMs = 24 * 60 * MINUTE_MS, algorithms, open, clock, onEvent }: KeySetOptions<Key>): KeySet<Key> {
  const { origin, pathname, search } = new URL(url)
  const now = () => clock().getTime()
  const http = httpClient({ baseUrl: origin, timeoutMs, name: 'key-set', retries: 0, connections: 1, maxAnswerBytes: MOST_ANSWER_BYTES, now, onEvent })
  const closing = new AbortController()

  let keys: ReadonlyMap<string, Key> = new Map()
  let readAt = -Infinity
  let triedAt = -Infinity
  let failure: { cause: unknown } | undefined
  let reading: Promise<void> | undefined

  const read = async () => {
    const startedAt = triedAt = now()
    try {
      const answer = await http.request({
        method: 'GET',
        path: pathname + search,
        headers: { accept: 'application/jwk-set+json, application/json' },
        // The pauses between readings are long enough for a socket never to be an old one.
        repeatable: false,
        signal: closing.signal
      })
      keys = keysOf(answer, algorithms, open)
      readAt = startedAt
      failure = undefined
    } catch (cause) {
      failure = { cause }
    } finally {
      reading = undefined
    }
  }

  const serves = () => now() - readAt < outageMs
  // A clock that was set back makes a set due rather than young.
  const isFresh = () => now() >= readAt && now() - readAt < cacheMs
  const restedFor = (ms: number) => now() < triedAt || now() - triedAt >= ms

  return {
    async find (kid) {
      const known = serves() ? keys.get(kid) : undefined
      if (known !== undefined && isFresh()) return known
      // In an outage who is known waits for nobody, unless it was over unnoticed since nothing was asked for a while.
      const waits = known === undefined || failure === undefined || restedFor(2 * PAUSE_MS)
      if (reading === undefined && restedFor(serves() ? PAUSE_MS : EMPTY_HANDED_PAUSE_MS)) reading = read()
      if (!waits) return known
      await reading
      const key = serves() ? keys.get(kid) : undefined
      if (key === undefined && (failure !== undefined || !serves())) throw Object.assign(new IdentityUnavailable(), failure)
      return key
    },
    async close () {
      closing.abort()
      await reading
      await http.close()
    }
  }
}

function keysOf<Key> ({ status, text }: HttpAnswer, algorithms: readonly Algorithm[], open: KeySetOptions<Key>['open']): Map<string, Key> {
  const listed = status === 200 ? listedIn(text) : undefined
  if (listed === undefined) throw new Error(`The key set cannot be used: status ${status}`)
  const keys = new Map<string, Key>()
  for (const jwk of listed) {
    const { kid } = jwk
    if (typeof kid !== 'string' || keys.has(kid)) continue
    try {
      const fitting = algorithmsOf(jwk).filter((algorithm) => algorithms.includes(algorithm))
      if (fitting.length > 0) keys.set(kid, open(pemOf(jwk), fitting))
    } catch {
      // One key that is none shall not take the others away.
    }
  }
  return keys
}

type Jwk = Readonly<Record<string, unknown>>

function listedIn (text: string): Jwk[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { keys: unknown }
    return Array.isArray(keys) && keys.length <= MOST_KEYS ? keys.filter((key) => typeof key === 'object' && key !== null) : undefined
  } catch {
    return undefined
  }
}

// By kind and curve: RFC 7518 section 3.1, RFC 8037.
const ALGORITHMS_OF_KEYS: ReadonlyMap<unknown, readonly Algorithm[]> = new Map([
  ['RSA', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']],
  ['EC P-256', ['ES256']],
  ['EC P-384', ['ES384']],
  ['EC P-521', ['ES512']],
  ['OKP Ed25519', ['EdDSA']]
])

/** The algorithms that a key set can be asked to stand for. */
export const KEY_SET_ALGORITHMS: readonly Algorithm[] = [...ALGORITHMS_OF_KEYS.values()].flat()

/** What a key may verify; nothing where it is for something else, or no public one. */
function algorithmsOf ({ kty, crv, use, alg, key_ops: operations, d }: Jwk): readonly Algorithm[] {
  if (d !== undefined || (use !== undefined && use !== 'sig')) return []
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return []
  const possible = ALGORITHMS_OF_KEYS.get(kty === 'RSA' ? kty : `${kty} ${crv}`) ?? []
  return alg === undefined ? possible : possible.filter((algorithm) => algorithm === alg)
}

const LEAST_RSA_BITS = 2048
// Verifying with a longer one takes milliseconds.
const MOST_RSA_BITS = 8192

/** @throws Error if it is no key, or an RSA key of a length that is not taken */
function pemOf ({ kty, crv, n, e, x, y }: Jwk): string {
  const key = createPublicKey({ format: 'jwk', key: { kty, crv, n, e, x, y } as JsonWebKey })
  const bits = key.asymmetricKeyDetails?.modulusLength
  if (bits !== undefined && (bits < LEAST_RSA_BITS || bits > MOST_RSA_BITS)) throw new RangeError('An RSA key is too short or too long')
  return key.export({ type: 'spki', format: 'pem' }).toString()
}
