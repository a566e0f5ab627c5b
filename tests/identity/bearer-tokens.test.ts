import { createHmac } from 'node:crypto'
import { CompactSign, exportSPKI, jwtVerify, UnsecuredJWT } from 'jose'
import t from 'tap'
import { bearerTokens, type BearerTokensOptions } from '../../lib/identity/bearer-tokens.ts'
import { AUDIENCE, base64url, fakeIssuer, goodClaims, ISSUER, mint, mintWithSecret, NOON_SECONDS, signingKey } from '../support/fake-issuer.ts'
import { NOON, type Teardown } from '../support/service.ts'

const INVALID = { statusCode: 401, code: 'INVALID_TOKEN', message: 'The bearer token is not valid, or no longer' }
const SECRET = 'a-secret-of-the-issuer-and-of-us'
const CLAIMS = { userId: 'sub', groups: 'groups', organisation: 'organisation', roles: 'roles' }

const ec = await signingKey('ec')
const rsa = await signingKey('rsa', 'RS256')
const stranger = await signingKey('ec')

function tokensOf (t: Teardown, options: Partial<BearerTokensOptions>) {
  const tokens = bearerTokens({ issuer: ISSUER, audiences: [AUDIENCE, 'another'], claims: CLAIMS, clock: () => NOON, ...options })
  t.teardown(() => tokens.close())
  return tokens
}

const withSecret = (t: Teardown, options: Partial<BearerTokensOptions> = {}) => tokensOf(t, { secret: SECRET, ...options })

async function withKeySet (t: Teardown, options: Partial<BearerTokensOptions> = {}) {
  const issuer = await fakeIssuer(t, ec, rsa)
  return { ...issuer, tokens: tokensOf(t, { jwks: { url: issuer.url }, ...options }) }
}

/** A header and claims as they are, signed with the secret of the tests. */
function signed (header: unknown, claims: unknown, key: string | Buffer = SECRET): string {
  const input = `${base64url(header)}.${base64url(claims)}`
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
}

const HS256 = { alg: 'HS256', typ: 'JWT' }

t.test('a good token tells who is calling and until when', async (t) => {
  const token = await mintWithSecret(SECRET, goodClaims({ groups: ['doctor'] }))
  const claims = await withSecret(t).read(`Bearer ${token}`)
  t.same(claims, { userId: 'auth0|d1', groups: ['doctor'], organisations: new Map(), expiresAt: new Date((NOON_SECONDS + 300) * 1000) })
  const { tokens } = await withKeySet(t)
  for (const key of [ec, rsa]) t.match(await tokens.read(`Bearer ${await mint(key)}`), { userId: 'auth0|d1' }, key.algorithm)
})

t.test('the header is understood as RFC 6750 writes it, and not otherwise', async (t) => {
  const tokens = withSecret(t)
  const token = await mintWithSecret(SECRET)
  for (const header of [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`]) t.match(await tokens.read(header), { userId: 'auth0|d1' })
  const [head, body, signature] = token.split('.')
  const headers = [
    undefined, '', 'Bearer', 'Bearer ', token, ` Bearer ${token}`, `Bearer${token}`, `Bearer\t${token}`, `Bearer ${token} `, `Bearer ${token}\n`,
    `Basic ${token}`, `Bearer ${token}, Bearer ${token}`, `Bearer ${token} ${token}`, `Bearer "${token}"`, `Bearer ${token}=`, `Bearer ${token}.`,
    `Bearer ${token}.${signature}`, `Bearer ${head}.${body}`, `Bearer ${head}.${body}.`, `Bearer .${body}.${signature}`, `Bearer ${head}..${signature}`,
    'Bearer ..', 'Bearer a.b.c', `Bearer ${'a'.repeat(100_000)}`, `Bearer ${head}.${body}.${'a'.repeat(9000)}`
  ]
  for (const header of headers) await t.rejects(tokens.read(header), INVALID, `${header?.slice(0, 20)}`)
})

t.test('a token is at most 8 KiB long', async (t) => {
  const tokens = withSecret(t)
  // Base64 makes four characters of three: around the limit every length but one in four can be met.
  const ofLength = async (length: number) => {
    for (let filling = Math.floor(length * 0.75) - 300; ; filling++) {
      const token = await mintWithSecret(SECRET, goodClaims({ filling: 'x'.repeat(filling) }))
      if (token.length >= length) return token
    }
  }
  const long = await ofLength(8191)
  t.ok(long.length <= 8192)
  t.match(await tokens.read(`Bearer ${long}`), { userId: 'auth0|d1' })
  await t.rejects(tokens.read(`Bearer ${await ofLength(8193)}`), INVALID)
})

t.test('times count to the millisecond, with the tolerance on both sides', async (t) => {
  const at = (seconds: number) => NOON_SECONDS + seconds
  const cases: Array<[what: string, claims: Record<string, unknown>, offsetMs: number, good: boolean]> = [
    ['expired within the tolerance', { exp: at(0) }, 4999, true],
    ['expired beyond it', { exp: at(0) }, 5000, false],
    ['begins within the tolerance', { nbf: at(10) }, 5000, true],
    ['begins beyond it', { nbf: at(10) }, 4999, false],
    ['issued within the tolerance', { iat: at(10) }, 5000, true],
    ['issued beyond it', { iat: at(10) }, 4999, false],
    ['parts of a second', { exp: at(0.5) }, 5499, true],
    ['parts of a second, over', { exp: at(0.5) }, 5500, false],
    ['without a time of issue', { iat: undefined }, 0, true]
  ]
  for (const [what, claims, offsetMs, good] of cases) {
    const tokens = withSecret(t, { clock: () => new Date(NOON.getTime() + offsetMs) })
    const read = tokens.read(`Bearer ${await mintWithSecret(SECRET, goodClaims(claims))}`)
    if (good) t.match(await read, { userId: 'auth0|d1' }, what)
    else await t.rejects(read, INVALID, what)
  }
  const strict = withSecret(t, { clockToleranceSeconds: 0 })
  t.match(await strict.read(`Bearer ${await mintWithSecret(SECRET, goodClaims({ exp: at(1), nbf: at(0) }))}`), { userId: 'auth0|d1' })
  for (const claims of [{ exp: at(0) }, { nbf: at(1) }, { iat: at(1) }]) await t.rejects(strict.read(`Bearer ${await mintWithSecret(SECRET, goodClaims(claims))}`), INVALID)
})

t.test('the same verifier follows the clock', async (t) => {
  let now = NOON.getTime()
  const tokens = withSecret(t, { clock: () => new Date(now) })
  const header = `Bearer ${await mintWithSecret(SECRET)}`
  t.match(await tokens.read(header), { userId: 'auth0|d1' })
  now += 305_000
  await t.rejects(tokens.read(header), INVALID)
})

t.test('at whole seconds jose decides alike', async (t) => {
  const key = new TextEncoder().encode(SECRET)
  for (const claim of ['exp', 'nbf']) {
    const token = await mintWithSecret(SECRET, goodClaims({ exp: NOON_SECONDS + 300, [claim]: NOON_SECONDS + 60 }))
    for (let seconds = 50; seconds < 70; seconds++) {
      const currentDate = new Date(NOON.getTime() + seconds * 1000)
      const theirs = await jwtVerify(token, key, { currentDate, clockTolerance: 5 }).then(() => true, () => false)
      const ours = await withSecret(t, { clock: () => currentDate }).read(`Bearer ${token}`).then(() => true, () => false)
      t.equal(ours, theirs, `${claim} at ${seconds}`)
    }
  }
})

t.test('whatever is wrong with the claims, the answer is the same', async (t) => {
  const tokens = withSecret(t)
  const bad: Array<Record<string, unknown>> = [
    { exp: undefined }, { exp: null }, { exp: `${NOON_SECONDS + 300}` }, { exp: [NOON_SECONDS + 300] }, { exp: true }, { exp: {} }, { exp: -1 }, { exp: 0 }, { exp: 1e300 }, { exp: NOON_SECONDS - 6 },
    { nbf: null }, { nbf: '0' }, { nbf: NOON_SECONDS + 6 }, { nbf: -1 }, { iat: null }, { iat: '0' }, { iat: NOON_SECONDS + 6 }, { iat: [0] },
    { iss: undefined }, { iss: null }, { iss: 'https://issuer.example.org' }, { iss: [ISSUER] }, { iss: '' },
    { aud: undefined }, { aud: null }, { aud: 'stranger' }, { aud: [] }, { aud: ['stranger'] }, { aud: [AUDIENCE, 7] }, { aud: { 0: AUDIENCE } }, { aud: '' },
    { sub: undefined }, { sub: null }, { sub: '' }, { sub: 7 }, { sub: ['auth0|d1'] }, { sub: 'a\nb' }, { sub: '\u0000' }, { sub: '\u0085' }, { sub: '\ud800' }, { sub: 'x'.repeat(257) },
    { groups: 7 }, { groups: { doctor: true } }, { groups: [7] }, { groups: ['doctor', null] }, { groups: [''] }, { groups: 'a\nb' }, { groups: ['x'.repeat(257)] },
    { organisation: 7 }, { organisation: false }, { organisation: [['clinic']] }, { organisation: [''] }, { organisation: { '': 'ADMIN' } }, { organisation: { clinic: 7 } }, { organisation: { 'a\nb': [] } },
    { organisation: 'clinic', roles: 7 }, { organisation: 'clinic', roles: { ADMIN: true } }, { organisation: { clinic: true } }
  ]
  for (const changes of bad) await t.rejects(tokens.read(`Bearer ${signed(HS256, { ...goodClaims(), ...changes })}`), INVALID, JSON.stringify(changes).slice(0, 60))
  await t.rejects(tokens.read(`Bearer ${signed(HS256, JSON.stringify(goodClaims()).replace(/"exp":\d+/, '"exp":1e999'))}`), INVALID, 'an endless number')
  for (const claims of ['null', '[]', '"text"', '7', '', '{', '{"a":1}{}']) await t.rejects(tokens.read(`Bearer ${signed(HS256, claims)}`), INVALID, claims)
})

t.test('claims at the edge of what is taken are taken', async (t) => {
  const tokens = withSecret(t)
  const good: Array<Record<string, unknown>> = [
    { sub: 'x' }, { sub: '😀'.repeat(256) }, { sub: 'Žofie Größe' }, { aud: 'another' }, { aud: ['stranger', AUDIENCE] },
    { groups: null }, { groups: '' }, { groups: [] }, { organisation: null }, { organisation: '' }, { organisation: {} }, { roles: null }, { exp: 8.64e12 }, { nbf: 0 }
  ]
  for (const changes of good) {
    const { sub = 'auth0|d1' } = changes
    t.match(await tokens.read(`Bearer ${signed(HS256, { ...goodClaims(), ...changes })}`), { userId: sub, groups: [] }, JSON.stringify(changes).slice(0, 60))
  }
})

t.test('without an issuer and an audience configured any will do', async (t) => {
  const tokens = bearerTokens({ secret: SECRET, claims: CLAIMS, clock: () => NOON })
  for (const changes of [{ iss: undefined, aud: undefined }, { iss: 'x', aud: 'y' }]) {
    t.match(await tokens.read(`Bearer ${await mintWithSecret(SECRET, goodClaims(changes))}`), { userId: 'auth0|d1' })
  }
})

t.test('the token’s header decides nothing', async (t) => {
  const tokens = withSecret(t)
  const headers: unknown[] = [
    {}, { alg: null }, { alg: ['HS256'] }, { alg: 'hs256' }, { alg: 'HS384' }, { alg: 'RS256' }, { alg: '__proto__' }, { alg: 'toString' }, { alg: 'none' },
    { ...HS256, crit: ['exp'] }, { ...HS256, crit: [] }, { ...HS256, crit: null }, { ...HS256, crit: false }, { ...HS256, crit: ['b64'], b64: true },
    { ...HS256, typ: 'logout+jwt' }, { ...HS256, typ: 7 }, { ...HS256, typ: '' }, { ...HS256, typ: 'JOSE' }, 'null', '[]', '"HS256"', '{'
  ]
  for (const header of headers) await t.rejects(tokens.read(`Bearer ${signed(header, goodClaims())}`), INVALID, JSON.stringify(header))
  for (const header of [{ alg: 'HS256' }, { ...HS256, typ: 'at+jwt' }, { ...HS256, typ: 'application/at+JWT' }, { ...HS256, kid: 'any' }]) {
    t.match(await tokens.read(`Bearer ${signed(header, goodClaims())}`), { userId: 'auth0|d1' }, JSON.stringify(header))
  }
})

t.test('no signature, or somebody else’s, is none', async (t) => {
  const { tokens } = await withKeySet(t)
  const both = [withSecret(t), tokens]
  const [head, body, signature = ''] = (await mint(ec)).split('.')
  const other = (await mint(ec, goodClaims({ sub: 'auth0|d2' }))).split('.')[2]
  const unsigned = ['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg) => {
    const input = `${base64url({ alg, typ: 'JWT', kid: 'ec' })}.${base64url(goodClaims())}`
    return [`${input}.`, input, `${input}.${signature}`]
  })
  const bad = [
    ...unsigned,
    new UnsecuredJWT(goodClaims()).encode(),
    await mint(stranger),
    await mintWithSecret('another-secret-of-some-other-body'),
    await mint(ec, goodClaims(), { kid: 'rsa' }),
    await mint(rsa, goodClaims(), { kid: 'ec' }),
    `${head}.${body}.${other}`,
    `${head}.${body}.${signature.slice(0, -2)}`,
    `${head}.${body}.${signature}AA`,
    // r and s of zero.
    `${head}.${body}.${Buffer.alloc(64).toString('base64url')}`,
    signed(HS256, goodClaims(), Buffer.alloc(0))
  ]
  for (const token of bad) for (const tokens of both) await t.rejects(tokens.read(`Bearer ${token}`), INVALID, token.slice(0, 60))
})

t.test('a signature has one spelling', async (t) => {
  const { tokens } = await withKeySet(t)
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (const [token, reader] of [[await mintWithSecret(SECRET), withSecret(t)], [await mint(ec), tokens], [await mint(rsa), tokens]] as const) {
    const taken: string[] = []
    for (const last of alphabet) await reader.read(`Bearer ${token.slice(0, -1)}${last}`).then(() => taken.push(last), () => {})
    t.same(taken, [token.at(-1)])
  }
})

t.test('a public key is no secret', async (t) => {
  const { tokens, state } = await withKeySet(t)
  for (const { publicKey, jwk } of [rsa, ec]) {
    const pem = await exportSPKI(publicKey)
    const secrets = [pem, pem.trim(), pem.replaceAll('\n', ''), JSON.stringify(jwk), JSON.stringify({ keys: state.keys }), jwk.n ?? jwk.x ?? '', publicKeyBytes(pem)]
    for (const secret of secrets) {
      for (const kid of ['rsa', 'ec', undefined]) await t.rejects(tokens.read(`Bearer ${signed({ ...HS256, kid }, goodClaims(), secret)}`), INVALID)
    }
    const input = `${base64url({ alg: jwk.alg, kid: jwk.kid })}.${base64url(goodClaims())}`
    await t.rejects(tokens.read(`Bearer ${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`), INVALID)
    t.throws(() => withSecret(t, { secret: pem }), TypeError)
    t.throws(() => withSecret(t, { secret: JSON.stringify(jwk) }), TypeError)
  }
})

const publicKeyBytes = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----|\n/g, ''), 'base64')

t.test('keys and addresses that a token brings along lead nowhere', async (t) => {
  const elsewhere = await fakeIssuer(t, stranger)
  const { tokens, seen } = await withKeySet(t)
  const headers = [{ jwk: stranger.jwk }, { jku: elsewhere.url }, { x5u: elsewhere.url }, { kid: elsewhere.url }, { x5c: ['AAAA'] }, { kid: '../keys' }, { kid: '__proto__' }]
  for (const header of headers) await t.rejects(tokens.read(`Bearer ${await mint(stranger, goodClaims({ iss: elsewhere.url }), header)}`), INVALID)
  t.equal(elsewhere.seen.length, 0)
  t.equal(seen.length, 1)
})

t.test('a token without the name of a key costs the issuer nothing', async (t) => {
  const { tokens, seen } = await withKeySet(t)
  const nameless = await signingKey(undefined)
  const bad = [
    await mint(nameless), signed({ alg: 'ES256', kid: 7 }, goodClaims()), signed({ alg: 'ES256', kid: 'x'.repeat(257) }, goodClaims()),
    signed({ alg: 'HS256', kid: 'ec' }, goodClaims()), signed({ alg: 'ES384', kid: 'ec' }, goodClaims()), signed({ alg: 'ES256', kid: 'ec', crit: ['x'] }, goodClaims())
  ]
  for (const token of bad) await t.rejects(tokens.read(`Bearer ${token}`), INVALID)
  t.equal(seen.length, 0)
})

t.test('a signed text that is no claims is refused, though its signature holds', async (t) => {
  const { tokens } = await withKeySet(t)
  for (const text of ['', 'text', '[]', 'null', '{"sub":']) {
    const token = await new CompactSign(new TextEncoder().encode(text)).setProtectedHeader({ alg: 'ES256', kid: 'ec' }).sign(ec.privateKey)
    await t.rejects(tokens.read(`Bearer ${token}`), INVALID, text)
  }
})

t.test('an error holds nothing of the token, nor a cause that would', async (t) => {
  const tokens = withSecret(t)
  const tries = [
    signed({ ...HS256, crit: ['canary'] }, goodClaims({ sub: 'canary' })), signed(HS256, ['canary']), signed(HS256, { ...goodClaims({ sub: 'canary' }), aud: 'canary' }),
    await mintWithSecret('another-secret-of-some-other-body', goodClaims({ sub: 'canary' }))
  ]
  for (const token of tries) {
    const error = await tokens.read(`Bearer ${token}`).then(() => undefined, (failure: Error) => failure)
    t.match(error, INVALID)
    t.equal(error?.cause, undefined)
    t.notMatch(JSON.stringify({ ...error, message: error?.message }), /canary|eyJ/)
  }
})

t.test('options that would let too much in are refused at once', async (t) => {
  const jwks = { url: 'http://127.0.0.1:1/keys' }
  const base = { claims: CLAIMS, clock: () => NOON }
  const bad: Array<Partial<BearerTokensOptions>> = [
    {}, { secret: SECRET, jwks }, { secret: '' }, { secret: SECRET.slice(1) }, { secret: SECRET, algorithms: ['HS512'] }, { secret: SECRET, algorithms: [] },
    { secret: SECRET, algorithms: ['RS256'] }, { secret: SECRET, algorithms: ['none'] }, { secret: SECRET, algorithms: ['HS256', 'ES256'] },
    { secret: SECRET, audiences: [] }, { secret: SECRET, audiences: [''] }, { secret: SECRET, issuer: '' },
    { jwks }, { jwks, audiences: [] }, { jwks, audiences: [AUDIENCE], algorithms: ['HS256'] }, { jwks, audiences: [AUDIENCE], algorithms: ['RS256', 'none'] }
  ]
  for (const options of bad) t.throws(() => bearerTokens({ ...base, ...options }), TypeError, JSON.stringify(options))
})

t.test('a longer hash can be chosen', async (t) => {
  const secret = SECRET.repeat(2)
  for (const alg of ['HS384', 'HS512'] as const) {
    const tokens = withSecret(t, { secret, algorithms: [alg] })
    t.match(await tokens.read(`Bearer ${await mintWithSecret(secret, goodClaims(), { alg })}`), { userId: 'auth0|d1' })
    await t.rejects(tokens.read(`Bearer ${await mintWithSecret(secret)}`), INVALID)
  }
})
