import t from 'tap'
import { bearerTokens } from '../../lib/identity/bearer-tokens.ts'
import { goodClaims, mintWithSecret } from '../support/fake-issuer.ts'
import { NOON } from '../support/service.ts'

const SECRET = 'a-secret-of-the-issuer-and-of-us'
const PATHS = { userId: 'sub', groups: 'groups', organisation: 'organisation', roles: 'roles' }
const INVALID = { statusCode: 401, code: 'INVALID_TOKEN' }

const read = async (claims: Record<string, unknown>, paths: Partial<typeof PATHS> = {}) =>
  await bearerTokens({ secret: SECRET, claims: { ...PATHS, ...paths }, clock: () => NOON }).read(`Bearer ${await mintWithSecret(SECRET, goodClaims(claims))}`)

const organisations = async (claims: Record<string, unknown>, paths: Partial<typeof PATHS> = {}) => Object.fromEntries([...(await read(claims, paths)).organisations].map(([organisation, roles]) => [organisation, [...roles]]))

t.test('groups are an array or one text, each once', async (t) => {
  t.same((await read({ groups: ['doctor', 'Intensive care', 'doctor'] })).groups, ['doctor', 'Intensive care'])
  t.same((await read({ groups: 'Intensive care' })).groups, ['Intensive care'])
  t.same((await read({})).groups, [])
})

t.test('a member has SELF, and STANDARD if the token names no role that is known', async (t) => {
  const organisation = 'clinic'
  const cases: Array<[roles: unknown, expected: string[]]> = [
    [undefined, ['SELF', 'STANDARD']],
    [null, ['SELF', 'STANDARD']],
    ['', ['SELF', 'STANDARD']],
    [[], ['SELF', 'STANDARD']],
    ['offline_access standard admin', ['SELF', 'STANDARD']],
    [['nurse', 7, null, ['ADMIN']], ['SELF', 'STANDARD']],
    ['SELF', ['SELF']],
    ['STANDARD', ['SELF', 'STANDARD']],
    ['ADMIN', ['SELF', 'ADMIN']],
    ['ADMIN  STANDARD ADMIN SELF', ['SELF', 'STANDARD', 'ADMIN']],
    [['ADMIN', 'nurse'], ['SELF', 'ADMIN']],
    [['SELF ADMIN'], ['SELF', 'STANDARD']]
  ]
  for (const [roles, expected] of cases) t.same(await organisations({ organisation, roles }), { clinic: expected }, JSON.stringify(roles))
})

t.test('an organisation is a text, several are an array or an object with the roles in each', async (t) => {
  t.same(await organisations({ organisation: ['a', 'b', 'a'], roles: 'ADMIN' }), { a: ['SELF', 'ADMIN'], b: ['SELF', 'ADMIN'] })
  t.same(
    await organisations({ organisation: { a: 'ADMIN', b: ['SELF'], c: [], d: null, e: {}, f: { id: '1', roles: ['ADMIN'] } }, roles: 'ADMIN' }),
    { a: ['SELF', 'ADMIN'], b: ['SELF'], c: ['SELF', 'STANDARD'], d: ['SELF', 'STANDARD'], e: ['SELF', 'STANDARD'], f: ['SELF', 'STANDARD'] }
  )
  t.same(await organisations({ roles: 'ADMIN' }), {})
})

t.test('names of an object’s own properties are organisations like others', async (t) => {
  const { organisations } = await read({ organisation: JSON.parse('{"__proto__":"ADMIN","constructor":"SELF"}') })
  t.same([...organisations].map(([organisation, roles]) => [organisation, [...roles]]), [['__proto__', ['SELF', 'ADMIN']], ['constructor', ['SELF']]])
})

t.test('a claim is found by its literal name first, then by the dots', async (t) => {
  const namespaced = { 'https://example.org/organisation': 'clinic', 'https://example.org/roles': ['ADMIN'] }
  t.same(await organisations(namespaced, { organisation: 'https://example.org/organisation', roles: 'https://example.org/roles' }), { clinic: ['SELF', 'ADMIN'] })
  const nested = { organisation: 'clinic', realm_access: { roles: ['ADMIN', 'offline_access'] } }
  t.same(await organisations(nested, { roles: 'realm_access.roles' }), { clinic: ['SELF', 'ADMIN'] })
  t.same(await organisations({ ...nested, 'realm_access.roles': 'SELF' }, { roles: 'realm_access.roles' }), { clinic: ['SELF'] })
  const ofClient = { organisation: 'clinic', resource_access: { 'video.example.org': { roles: ['ADMIN'] } } }
  t.same(await organisations(ofClient, { roles: 'resource_access.video.example.org.roles' }), { clinic: ['SELF', 'ADMIN'] })
  const inNamespace = { 'https://example.org/claims': { id: 'u7' } }
  t.equal((await read(inNamespace, { userId: 'https://example.org/claims.id' })).userId, 'u7')
  t.equal((await read({ a: { b: { c: 'deep' } } }, { userId: 'a.b.c' })).userId, 'deep')
})

t.test('what a claim’s path does not lead to is not there', async (t) => {
  for (const userId of ['nobody', 'sub.length', 'toString', 'constructor.name', '__proto__.x', 'a.b', 'a.', '.a', '']) {
    await t.rejects(read({ a: 'text' }, { userId }), INVALID, userId)
  }
  t.same((await read({ list: ['x'] }, { groups: 'list.0' })).groups, [])
})
