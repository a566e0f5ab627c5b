import { generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import { bearerTokens, type BearerTokensOptions } from '../../lib/identity/bearer-tokens.ts'
import { AUDIENCE, base64url, fakeIssuer, goodClaims, mint, NOON_SECONDS, signingKey, type FakeIssuer, type SigningKey } from '../support/fake-issuer.ts'
import { NOON, type Teardown } from '../support/service.ts'

const UNAVAILABLE = { statusCode: 503, code: 'IDENTITY_UNAVAILABLE' }
const INVALID = { statusCode: 401, code: 'INVALID_TOKEN' }
const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const first = await signingKey('first')
const second = await signingKey('second')
const unknown = await signingKey('unknown')

/** Tokens that outlive every test's clock. */
const longLived = async (key: SigningKey, kid?: string) => await mint(key, goodClaims({ exp: NOON_SECONDS + 7 * 24 * 3600 }), kid === undefined ? {} : { kid })

async function world (t: Teardown, keys: SigningKey[] = [first], options: Partial<BearerTokensOptions> & { timeoutMs?: number } = {}) {
  const issuer: FakeIssuer = await fakeIssuer(t, ...keys)
  let now = NOON.getTime()
  const { timeoutMs = 2000, ...others } = options
  const tokens = bearerTokens({
    jwks: { url: issuer.url, timeoutMs },
    audiences: [AUDIENCE],
    claims: { userId: 'sub', groups: 'groups', organisation: 'organisation', roles: 'roles' },
    clock: () => new Date(now),
    ...others
  })
  t.teardown(() => tokens.close())
  return {
    ...issuer,
    tokens,
    read: async (key: SigningKey, kid?: string) => await tokens.read(`Bearer ${await longLived(key, kid)}`),
    pass: (ms: number) => { now += ms }
  }
}

t.test('the keys are read once for ten minutes, from the configured address', async (t) => {
  const { read, seen, pass } = await world(t)
  t.equal(seen.length, 0, 'not before they are needed')
  t.match(await read(first), { userId: 'auth0|d1' })
  pass(10 * MINUTE - 1)
  await read(first)
  t.match(seen, [{ method: 'GET', url: '/realm/keys?version=1', headers: { accept: 'application/jwk-set+json, application/json' } }])
  t.equal(seen[0]?.headers.authorization, undefined)
  pass(1)
  await read(first)
  t.equal(seen.length, 2)
})

t.test('callers who come together share one reading', async (t) => {
  const { read, tokens, seen, state, pass } = await world(t, [first, second])
  const headers = [`Bearer ${await longLived(first)}`, `Bearer ${await longLived(second)}`]
  const gate = Promise.withResolvers<void>()
  state.slowness = gate.promise
  const readers = [...Array(20).keys()].map((index) => read(index % 2 === 0 ? first : second))
  while (seen.length === 0) await new Promise((resolve) => { setImmediate(resolve) })
  pass(MINUTE)
  readers.push(...headers.map((header) => tokens.read(header)))
  gate.resolve()
  t.equal((await Promise.all(readers)).length, 22)
  t.equal(seen.length, 1)
})

t.test('a new key is known with its first token, a withdrawn one is refused from the next reading on', async (t) => {
  const { read, seen, state, pass } = await world(t)
  await read(first)
  pass(30 * SECOND)
  state.keys = [first.jwk, second.jwk]
  await read(second)
  await read(first)
  t.equal(seen.length, 2)
  state.keys = [second.jwk]
  await read(first)
  pass(10 * MINUTE)
  await t.rejects(read(first), INVALID)
  await read(second)
  t.equal(seen.length, 3)
})

t.test('another key under a known name takes its place', async (t) => {
  const { read, state, pass } = await world(t)
  await read(first)
  state.keys = [{ ...second.jwk, kid: 'first' }]
  pass(10 * MINUTE)
  await t.rejects(read(first), INVALID)
  await read(second, 'first')
})

t.test('however many unknown keys are named, the issuer is asked once in half a minute', async (t) => {
  const { read, seen, pass, state } = await world(t)
  await read(first)
  const flood = async (round: number) => {
    for (let batch = 0; batch < 5; batch++) {
      await Promise.all([...Array(40).keys()].map((index) => t.rejects(read(unknown, `${round}-${batch}-${index}`), INVALID)))
      pass(SECOND)
    }
  }
  await flood(0)
  t.equal(seen.length, 1, 'just read')
  pass(25 * SECOND)
  await flood(1)
  t.equal(seen.length, 2)
  pass(25 * SECOND)
  state.instead = 'drop'
  await Promise.all([...Array(40).keys()].map((index) => t.rejects(read(unknown, `down-${index}`), UNAVAILABLE)))
  t.equal(seen.length, 3, 'a failure rests as long')
  pass(29 * SECOND)
  await t.rejects(read(unknown), UNAVAILABLE)
  t.match(await read(first), { userId: 'auth0|d1' })
  t.equal(seen.length, 3)
})

t.test('while the issuer is down known keys serve for a day, and of unknown ones nothing can be told', async (t) => {
  const { read, seen, state, pass } = await world(t)
  await read(first)
  state.instead = { status: 503, text: '' }
  pass(10 * MINUTE)
  await read(first)
  await t.rejects(read(second), UNAVAILABLE)
  t.equal(seen.length, 2)
  pass(24 * HOUR - 10 * MINUTE - 1)
  await read(first)
  pass(1)
  await t.rejects(read(first), UNAVAILABLE)
  state.instead = undefined
  pass(2 * SECOND)
  await read(first)
  pass(30 * SECOND)
  await t.rejects(read(second), INVALID)
})

t.test('an issuer that is down holds nobody up who is known, and is found back', async (t) => {
  const { read, tokens, seen, state, pass } = await world(t)
  const token = `Bearer ${await longLived(first)}`
  await tokens.read(token)
  state.instead = 'drop'
  pass(10 * MINUTE)
  await tokens.read(token)
  state.instead = undefined
  state.keys = [second.jwk]
  const gate = Promise.withResolvers<void>()
  state.slowness = gate.promise
  pass(30 * SECOND)
  await tokens.read(token)
  const waiting = read(second)
  gate.resolve()
  await waiting
  await t.rejects(tokens.read(token), INVALID)
  t.equal(seen.length, 3)
})

t.test('after an idle outage the keys are read before they are used', async (t) => {
  const { read, state, pass } = await world(t)
  await read(first)
  state.instead = 'drop'
  pass(10 * MINUTE)
  await read(first)
  state.instead = undefined
  state.keys = [second.jwk]
  pass(HOUR)
  await t.rejects(read(first), INVALID)
})

t.test('without any key every fault of the issuer is a 503, until it answers', async (t) => {
  const keys = [first.jwk]
  const faults: Array<NonNullable<FakeIssuer['state']['instead']>> = [
    'hang', 'drop', 'cut',
    { status: 500, text: JSON.stringify({ keys }) },
    { status: 404, text: JSON.stringify({ keys }) },
    { status: 204, text: '' },
    { status: 302, text: '', headers: { location: '/elsewhere' } },
    { status: 200, text: '' },
    { status: 200, text: '<html>' },
    { status: 200, text: 'null' },
    { status: 200, text: '[]' },
    { status: 200, text: '{"issuer":"https://issuer.example.org/"}' },
    { status: 200, text: JSON.stringify({ keys: { first: first.jwk } }) },
    { status: 200, text: JSON.stringify({ keys: Array.from({ length: 101 }, () => first.jwk) }) },
    { status: 200, text: JSON.stringify({ keys, filling: 'x'.repeat(256 * 1024) }) }
  ]
  for (const instead of faults) {
    const { read, seen, state, pass } = await world(t, [first], instead === 'hang' ? { timeoutMs: 300 } : {})
    state.instead = instead
    const error = await read(first).then(() => undefined, (failure: Error) => failure)
    t.match(error, UNAVAILABLE, JSON.stringify(instead).slice(0, 60))
    t.notMatch(error?.message, /first|127|http/)
    await t.rejects(read(first), UNAVAILABLE)
    t.equal(seen.length, 1, 'not asked again at once')
    state.instead = undefined
    pass(2 * SECOND)
    await read(first)
    t.equal(seen.length, 2)
  }
})

t.test('a key is taken for what it says it is, and nothing else', async (t) => {
  const { jwk } = second
  const privateJwk = { ...jwk, d: 'AAAA' }
  const keys: Array<[string, unknown]> = [
    ['for encryption', { ...jwk, use: 'enc' }],
    ['another algorithm', { ...jwk, alg: 'ECDH-ES' }],
    ['an algorithm that is not allowed', { ...jwk, alg: 'ES384' }],
    ['operations without verify', { ...jwk, key_ops: ['sign'] }],
    ['operations of another shape', { ...jwk, key_ops: 'verify' }],
    ['a private key', privateJwk],
    ['a secret', { kty: 'oct', k: 'c2VjcmV0', kid: 'second', alg: 'HS256' }],
    ['a foreign curve', { ...jwk, crv: 'secp256k1' }],
    ['a point off the curve', { ...jwk, x: jwk.y }],
    ['half a point', { ...jwk, y: undefined }],
    ['numbers for coordinates', { ...jwk, x: 1, y: 2 }],
    ['another kind', { ...jwk, kty: 'RSA' }],
    ['an unknown kind', { ...jwk, kty: '__proto__' }],
    ['no name', { ...jwk, kid: undefined }],
    ['a number for a name', { ...jwk, kid: 2 }],
    ['null', null],
    ['a text', 'second']
  ]
  for (const [what, key] of keys) {
    const { read, state } = await world(t)
    state.keys = [key, first.jwk]
    await t.rejects(read(second), INVALID, what)
    t.match(await read(first), { userId: 'auth0|d1' }, `${what} beside a good one`)
  }
  for (const good of [{ ...jwk, use: undefined, alg: undefined }, { ...jwk, key_ops: ['verify'] }, { ...jwk, x5c: ['AAAA'] }]) {
    const { read, state } = await world(t)
    state.keys = [good]
    t.match(await read(second), { userId: 'auth0|d1' })
  }
})

t.test('an RSA key has 2 048 bits at least', async (t) => {
  for (const [modulusLength, good] of [[1024, false], [2047, false], [2048, true]] as const) {
    const { tokens, state } = await world(t)
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
    state.keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'rsa' }]
    // jose signs with no shorter one.
    const input = `${base64url({ alg: 'RS256', kid: 'rsa' })}.${base64url(goodClaims())}`
    const read = tokens.read(`Bearer ${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`)
    if (good) t.match(await read, { userId: 'auth0|d1' })
    else await t.rejects(read, INVALID, `${modulusLength} bits`)
  }
})

t.test('of two keys with one name the first counts', async (t) => {
  const { read, state } = await world(t)
  state.keys = [first.jwk, { ...second.jwk, kid: 'first' }]
  await read(first)
  await t.rejects(read(second, 'first'), INVALID)
})

t.test('an issuer that withdraws all its keys is believed', async (t) => {
  const { read, state, pass } = await world(t)
  await read(first)
  state.keys = []
  pass(10 * MINUTE)
  await t.rejects(read(first), INVALID)
})

t.test('a clock that is set back neither stops the reading nor keeps a key', async (t) => {
  const { read, seen, state, pass } = await world(t)
  pass(5 * HOUR)
  await read(first)
  state.keys = [second.jwk]
  pass(-5 * HOUR)
  await t.rejects(read(first), INVALID)
  await read(second)
  t.equal(seen.length, 2)
})

t.test('every asymmetric algorithm can be chosen', async (t) => {
  for (const algorithm of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const) {
    const key = await signingKey('key', algorithm)
    const { read } = await world(t, [key], { algorithms: [algorithm] })
    t.match(await read(key), { userId: 'auth0|d1' }, algorithm)
  }
})

t.test('whoever waits for a reading when all is closed is told so', async (t) => {
  const { read, tokens, state, seen } = await world(t, [first], { timeoutMs: 600_000 })
  state.instead = 'hang'
  const waiting = read(first)
  while (seen.length === 0) await new Promise((resolve) => { setImmediate(resolve) })
  await Promise.all([t.rejects(waiting, UNAVAILABLE), tokens.close()])
  await t.rejects(read(first), UNAVAILABLE)
})
