import { createDecoder, createVerifier, type Algorithm } from 'fast-jwt'
import { ROLE_NAMES, type RoleName } from '../../schemas/permissions.ts'
import { InvalidToken } from '../errors.ts'
import type { HttpEventListener } from '../http/client.ts'
import { KEY_SET_ALGORITHMS, keySet } from './key-set.ts'

export interface BearerClaims {
  userId: string
  groups: string[]
  /** Organisation → roles there; SELF is always among them. */
  organisations: ReadonlyMap<string, ReadonlySet<RoleName>>
  expiresAt: Date
}

export interface BearerTokensOptions {
  /** Shared with the issuer, at least as long as the hash of each algorithm; either this or `jwks`. */
  secret?: string | undefined
  /** Where the issuer's public keys are; the times are `keySet`'s. */
  jwks?: { url: string, timeoutMs?: number | undefined, cacheMs?: number | undefined, outageMs?: number | undefined } | undefined
  /** Default: HS256 with a secret, RS256 and ES256 with a key set. */
  algorithms?: readonly Algorithm[] | undefined
  issuer?: string | undefined
  /** A token is for one of them at least. Required with a key set, which signs for others too. */
  audiences?: readonly string[] | undefined
  clockToleranceSeconds?: number | undefined
  /** Where in the claims it stands: a name, or names with dots between that lead into objects. */
  claims: { userId: string, groups: string, organisation: string, roles: string }
  clock: () => Date
  /** What the client that reads the key set does. */
  onEvent?: HttpEventListener | undefined
}

export interface BearerTokens {
  /**
   * Who is calling, by the header `authorization`.
   *
   * @throws INVALID_TOKEN, IDENTITY_UNAVAILABLE
   */
  read (authorization: string | undefined): Promise<BearerClaims>
  close (): Promise<void>
}

const SECRET_ALGORITHMS: readonly Algorithm[] = ['HS256', 'HS384', 'HS512']

type Claims = Readonly<Record<string, unknown>>
type Verifier = (token: string) => Claims

const LONGEST_TOKEN = 8192
const LONGEST_KID = 256
// RFC 7519 and RFC 9068; one that says otherwise was made for another purpose, such as a logout.
const TYPES = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'])

/**
 * Tokens of an issuer outside (JWS, compact) as an identity. The algorithms are the options' alone, `exp` must be there, and
 * nothing of a token leads anywhere: its own keys and addresses of keys count for nothing.
 *
 * @throws TypeError at once, for options that would let too much in
 */
export function bearerTokens (options: BearerTokensOptions): BearerTokens {
  checkOptions(options)
  const { secret, jwks, issuer, audiences, clockToleranceSeconds = 5, claims: paths, clock, onEvent } = options
  const algorithms = options.algorithms ?? (jwks === undefined ? ['HS256'] : ['RS256', 'ES256'])
  const decode: (token: string) => { header: Claims, signature: string } = createDecoder({ complete: true })
  const isInTime = timeCheck(clock, clockToleranceSeconds * 1000)

  // Times are checked here: a verifier of fast-jwt would hold the time at which it was made.
  const verifier = (key: string, algorithms: readonly Algorithm[]): Verifier => createVerifier({
    key,
    algorithms: [...algorithms],
    ignoreExpiration: true,
    ignoreNotBefore: true,
    requiredClaims: ['exp', ...(issuer === undefined ? [] : ['iss']), ...(audiences === undefined ? [] : ['aud'])],
    ...(issuer === undefined ? {} : { allowedIss: issuer }),
    ...(audiences === undefined ? {} : { allowedAud: [...audiences] })
  })
  const keys = jwks === undefined ? undefined : keySet({ ...jwks, algorithms, open: verifier, clock, onEvent })
  const ofSecret = secret === undefined ? undefined : verifier(secret, algorithms)

  const headerOf = (token: string): Claims => {
    const { header, signature } = orInvalid(() => decode(token))
    const { alg, typ } = header
    if (!algorithms.some((algorithm) => algorithm === alg) || 'crit' in header) throw new InvalidToken()
    if (typ !== undefined && !(typeof typ === 'string' && TYPES.has(typ.toLowerCase()))) throw new InvalidToken()
    // The last character has bits to spare: without this a token would have several spellings.
    if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) throw new InvalidToken()
    return header
  }

  const verifierOf = async ({ kid }: Claims): Promise<Verifier> => {
    if (ofSecret !== undefined) return ofSecret
    if (typeof kid !== 'string' || kid.length > LONGEST_KID) throw new InvalidToken()
    const found = await keys?.find(kid)
    if (found === undefined) throw new InvalidToken()
    return found
  }

  return {
    async read (authorization) {
      const token = tokenOf(authorization)
      const verify = await verifierOf(headerOf(token))
      const claims = orInvalid(() => verify(token))
      if (!isInTime(claims)) throw new InvalidToken()
      return bearerClaims(claims, paths)
    },
    async close () { await keys?.close() }
  }
}

function checkOptions ({ secret, jwks, algorithms, issuer, audiences }: BearerTokensOptions) {
  if ((secret === undefined) === (jwks === undefined)) throw new TypeError('Tokens are checked by a secret or by a key set: exactly one of them')
  const possible = jwks === undefined ? SECRET_ALGORITHMS : KEY_SET_ALGORITHMS
  if (algorithms?.length === 0 || algorithms?.some((algorithm) => !possible.includes(algorithm)) === true) throw new TypeError(`Algorithms are some of ${possible.join(', ')}`)
  if (jwks !== undefined && audiences === undefined) throw new TypeError('A key set needs an audience')
  // fast-jwt takes an empty text for none.
  if (issuer === '' || audiences?.length === 0 || audiences?.includes('') === true) throw new TypeError('An issuer or audience that is given is a text')
  if (secret === undefined) return
  // RFC 7518 section 3.2. A public key is no secret: everybody could sign with it.
  const leastBytes = Math.max(...(algorithms ?? ['HS256']).map((algorithm) => Number(algorithm.slice(2)) / 8))
  if (Buffer.byteLength(secret) < leastBytes) throw new TypeError(`The secret of the algorithms has at least ${leastBytes} bytes`)
  if (/-----BEGIN |"kty"/.test(secret)) throw new TypeError('The secret is a key of another kind: give the address of the key set')
}

function tokenOf (authorization: string | undefined): string {
  if (authorization === undefined || authorization.length > LONGEST_TOKEN + 16) throw new InvalidToken()
  const token = /^bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1]
  if (token === undefined || token.length > LONGEST_TOKEN) throw new InvalidToken()
  return token
}

// Without a cause: fast-jwt's errors hold parts of the token.
function orInvalid<Result> (check: () => Result): Result {
  try {
    return check()
  } catch {
    throw new InvalidToken()
  }
}

// Seconds since 1970 that a Date can hold.
const LATEST_SECONDS = 8.64e12
const isSeconds = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= LATEST_SECONDS

function timeCheck (clock: () => Date, toleranceMs: number): (claims: Claims) => boolean {
  return ({ exp, nbf, iat }) => {
    const nowMs = clock().getTime()
    const hasBegun = (value: unknown) => value === undefined || (isSeconds(value) && value * 1000 <= nowMs + toleranceMs)
    return isSeconds(exp) && nowMs < exp * 1000 + toleranceMs && hasBegun(nbf) && hasBegun(iat)
  }
}

// Ids and names as schemas/teleconsultation.ts has them: no control characters, no lone surrogates.
const NAME = /^[^\p{Cc}\p{Cs}]{1,256}$/u
const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value)

/** A claim that is there in another shape than those that are understood makes the token a bad one. */
function bearerClaims (claims: Claims, paths: BearerTokensOptions['claims']): BearerClaims {
  const userId = valueAt(claims, paths.userId.split('.'))
  if (!isName(userId)) throw new InvalidToken()
  return {
    userId,
    groups: namesIn(valueAt(claims, paths.groups.split('.'))),
    organisations: organisationsIn(valueAt(claims, paths.organisation.split('.')), valueAt(claims, paths.roles.split('.'))),
    expiresAt: new Date((claims['exp'] as number) * 1000)
  }
}

/** Names may have dots themselves (`https://example.org/roles`): the longest one that is there goes first. */
function valueAt (object: Claims, path: readonly string[]): unknown {
  for (let taken = path.length; taken > 0; taken--) {
    const name = path.slice(0, taken).join('.')
    if (!Object.hasOwn(object, name)) continue
    const value = object[name]
    if (taken === path.length) return value
    const inner = isObject(value) ? valueAt(value, path.slice(taken)) : undefined
    if (inner !== undefined) return inner
  }
  return undefined
}

function namesIn (claim: unknown): string[] {
  if (claim === undefined || claim === null || claim === '') return []
  const names: unknown[] = Array.isArray(claim) ? claim : [claim]
  if (!names.every(isName)) throw new InvalidToken()
  return [...new Set(names)]
}

function organisationsIn (claim: unknown, rolesEverywhere: unknown): Map<string, ReadonlySet<RoleName>> {
  if (!isObject(claim)) {
    const roles = rolesIn(rolesEverywhere)
    return new Map(namesIn(claim).map((organisation) => [organisation, roles]))
  }
  // An object that names its roles is alone in that: the other claim's would count for all of them.
  return new Map(namesIn(Object.keys(claim)).map((organisation) => {
    const own = claim[organisation]
    // Keycloak describes an organisation by an object, which may be empty.
    return [organisation, rolesIn(isObject(own) ? undefined : own)]
  }))
}

function rolesIn (claim: unknown): ReadonlySet<RoleName> {
  const given: unknown = typeof claim === 'string' ? claim.split(' ') : claim ?? []
  if (!Array.isArray(given)) throw new InvalidToken()
  const named = ROLE_NAMES.filter((role) => given.includes(role))
  return new Set<RoleName>(named.length === 0 ? ['SELF', 'STANDARD'] : ['SELF', ...named])
}

const isObject = (value: unknown): value is Claims => typeof value === 'object' && value !== null && !Array.isArray(value)
