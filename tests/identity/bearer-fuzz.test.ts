import t from 'tap'
import { bearerTokens } from '../../lib/identity/bearer-tokens.ts'
import { AUDIENCE, base64url, fakeIssuer, mint, mintWithSecret, NOON_SECONDS, signingKey } from '../support/fake-issuer.ts'
import { NOON } from '../support/service.ts'

const SECRET = 'a-secret-of-the-issuer-and-of-us'
const MUTANTS = 2000

t.test('of 2 000 tokens that were changed on the way none is taken, and each is refused alike', async (t) => {
  const ec = await signingKey('ec')
  const rsa = await signingKey('rsa', 'RS256')
  const issuer = await fakeIssuer(t, ec, rsa)
  const common = { audiences: [AUDIENCE], claims: { userId: 'sub', groups: 'groups', organisation: 'organisation', roles: 'roles' }, clock: () => NOON }
  const byKeys = bearerTokens({ ...common, jwks: { url: issuer.url } })
  const bySecret = bearerTokens({ ...common, secret: SECRET })
  t.teardown(() => byKeys.close())
  const originals = [[await mint(ec), byKeys], [await mint(rsa), byKeys], [await mintWithSecret(SECRET), bySecret]] as const
  for (const [token, tokens] of originals) t.match(await tokens.read(`Bearer ${token}`), { userId: 'auth0|d1' })

  const random = seeded(20261123)
  const taken: string[] = []
  const refusals = new Map<string, number>()
  for (let mutants = 0; mutants < MUTANTS;) {
    const [original, tokens] = originals[mutants % originals.length] ?? originals[0]
    const changed = mutated(original, random)
    if (changed === original) continue
    mutants++
    await tokens.read(`Bearer ${changed}`).then(
      () => { taken.push(changed) },
      ({ statusCode, code, message }: { statusCode: number, code: string, message: string }) => {
        const refusal = `${statusCode} ${code} ${message}`
        refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1)
      }
    )
  }
  t.same(taken, [])
  t.same([...refusals], [['401 INVALID_TOKEN The bearer token is not valid, or no longer', MUTANTS]])
  t.equal(issuer.seen.length, 1)
})

/** Mulberry32: the same numbers from 0 to below 1 in every run. */
function seeded (seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u00e9'
const ALGORITHMS = ['none', 'HS256', 'HS512', 'RS256', 'PS256', 'ES256', 'EdDSA']

function mutated (token: string, random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit)
  const at = below(token.length)
  const character = CHARACTERS.charAt(below(CHARACTERS.length))
  const [head = '', body = '', signature = ''] = token.split('.')
  const reworded = (part: string, changes: object) => base64url({ ...JSON.parse(Buffer.from(part, 'base64url').toString()) as object, ...changes })
  const flipped = () => {
    const bytes = Buffer.from(signature, 'base64url')
    const index = below(bytes.length)
    bytes[index] = (bytes[index] ?? 0) ^ (1 << below(8))
    return bytes.toString('base64url')
  }
  const changes = [
    () => token.slice(0, at) + character + token.slice(at + 1),
    () => token.slice(0, at) + character + token.slice(at),
    () => token.slice(0, at) + token.slice(at + 1 + below(4)),
    () => token.slice(0, at),
    () => token.slice(0, -1) + character,
    () => token.slice(0, at) + token.slice(at).split('').reverse().join(''),
    () => `${head}.${signature}.${body}`,
    () => `${reworded(head, { alg: ALGORITHMS[below(ALGORITHMS.length)], more: at })}.${body}.${signature}`,
    () => `${head}.${reworded(body, { sub: `auth0|${at}` })}.${signature}`,
    () => `${head}.${reworded(body, { exp: NOON_SECONDS + 301 + at })}.${signature}`,
    () => `${head}.${body}.${flipped()}`
  ]
  return changes[below(changes.length)]?.() ?? token
}
