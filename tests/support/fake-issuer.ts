import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTHeaderParameters, type JWTPayload } from 'jose'
import { NOON, type Teardown } from './service.ts'

/** A key pair as an issuer holds it. */
export interface SigningKey { privateKey: CryptoKey, publicKey: CryptoKey, jwk: JWK, algorithm: string }

export interface FakeIssuer {
  /** Of the key set. */
  url: string
  /** Every request. */
  seen: Array<{ method: string | undefined, url: string | undefined, headers: IncomingHttpHeaders }>
  state: {
    /** In the key set. */
    keys: unknown[]
    /** `hang`: never answers; `drop`: resets; `cut`: breaks off midway; otherwise this status and text. */
    instead?: 'hang' | 'drop' | 'cut' | { status: number, text: string, headers?: Record<string, string> } | undefined
    /** The answer goes out when this is over. */
    slowness?: Promise<unknown> | undefined
  }
}

export const AUDIENCE = 'teleconsultations'
export const ISSUER = 'https://issuer.example.org/'

/** An issuer of tokens on loopback: its key set, and how it is out of order. */
export async function fakeIssuer (t: Teardown, ...keys: SigningKey[]): Promise<FakeIssuer> {
  const seen: FakeIssuer['seen'] = []
  const state: FakeIssuer['state'] = { keys: keys.map(({ jwk }) => jwk) }
  const server = createServer(({ method, url, headers }, response) => {
    seen.push({ method, url, headers })
    const { instead, slowness } = state
    if (instead === 'hang') return
    if (instead === 'drop') { response.destroy(); return }
    if (instead === 'cut') {
      response.writeHead(200, { 'content-length': '1000' }).write('{"keys":[', () => { response.destroy() })
      return
    }
    const { status, text, headers: more } = instead ?? { status: 200, text: JSON.stringify({ keys: state.keys }), headers: {} }
    const answer = () => { response.writeHead(status, { 'content-type': 'application/json', ...more }).end(text) }
    if (slowness === undefined) answer()
    else slowness.then(answer, answer)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/realm/keys?version=1`, seen, state }
}

/** @param kid undefined: the key goes without one */
export async function signingKey (kid: string | undefined, algorithm = 'ES256', more: JWK = {}): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = { ...await exportJWK(publicKey), ...(kid === undefined ? {} : { kid }), use: 'sig', alg: algorithm, ...more }
  return { privateKey, publicKey, jwk, algorithm }
}

/** Seconds since 1970 of noon, when tests' tokens are minted. */
export const NOON_SECONDS = NOON.getTime() / 1000

/** For five minutes from noon; what is undefined is left out. */
export const goodClaims = (changes: Record<string, unknown> = {}): JWTPayload => {
  const claims = { sub: 'auth0|d1', iss: ISSUER, aud: AUDIENCE, iat: NOON_SECONDS, exp: NOON_SECONDS + 300, ...changes }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

export const mint = async ({ privateKey, jwk, algorithm }: SigningKey, claims: JWTPayload = goodClaims(), header: Partial<JWTHeaderParameters> = {}): Promise<string> =>
  await new SignJWT(claims).setProtectedHeader({ alg: algorithm, ...(jwk.kid === undefined ? {} : { kid: jwk.kid }), typ: 'JWT', ...header }).sign(privateKey)

export const mintWithSecret = async (secret: string, claims: JWTPayload = goodClaims(), header: Partial<JWTHeaderParameters> = {}): Promise<string> =>
  await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header }).sign(new TextEncoder().encode(secret))

export const base64url = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
