import t from 'tap'
import type { Actor } from '../../lib/domain/authorization.ts'
import { actorFinder, type ActorOptions, type Found, type IdentityRequest, type Organisations } from '../../lib/identity/actor.ts'
import { InvalidPersonalLink, InvalidToken, StorageUnavailable } from '../../lib/errors.ts'
import { NOON } from '../support/service.ts'

const NONE: Organisations = new Map()
const KEPT: Organisations = new Map([['ward', new Set(['SELF', 'STANDARD'] as const)]])
const TOLD: Organisations = new Map([['acme', new Set(['SELF', 'ADMIN'] as const)]])
/** A personal link's token by what it says of itself; whether it is one the reader decides. */
const LINK = `Bearer x.${Buffer.from('{"aud":"personal-link"}').toString('base64url')}.x`

function finder (changes: Partial<ActorOptions<IdentityRequest>> = {}) {
  const asked: string[] = []
  const find = actorFinder<IdentityRequest>({
    mode: 'sessions',
    callerOf: ({ headers }) => typeof headers['miauserid'] === 'string' ? headers['miauserid'] : undefined,
    trustsHeaders: false,
    headers: { organisation: 'x-organisation', roles: 'x-roles' },
    bearer: {
      read: async (authorization) => {
        const [, name = ''] = /^Bearer (ada|bare)$/i.exec(authorization ?? '') ?? []
        if (name === '') throw new InvalidToken()
        return { userId: name, groups: [], organisations: name === 'ada' ? TOLD : NONE, expiresAt: NOON }
      }
    },
    personalLinks: { read: () => ({ room: 'room-1', sub: 'ben', link: 2 }) },
    isClinic: ({ ip }) => ip === '127.0.0.1',
    defaultOrganisation: 'ward',
    membershipsOf: async (userId) => { asked.push(userId); return KEPT },
    ...changes
  })
  return { asked, from: async (headers: Record<string, string>, ip = '203.0.113.7'): Promise<Found> => await find({ headers, ip }) }
}

const person = (id: string, organisations: Organisations): Actor => ({ kind: 'person', id, organisations })

t.test('who is calling comes from a token, a personal link, trusted headers or the clinic’s network, in this order', async (t) => {
  const trusting = finder({ trustsHeaders: true })
  const BEN: Found = { actor: { kind: 'link', room: 'room-1', id: 'ben' }, link: { room: 'room-1', sub: 'ben', link: 2 } }
  for (const [headers, ip, expected] of [
    [{ authorization: 'Bearer ada' }, '127.0.0.1', { actor: person('ada', TOLD) }],
    [{ authorization: LINK }, '127.0.0.1', BEN],
    [{ authorization: LINK, miauserid: 'ben' }, '203.0.113.7', BEN],
    [{ miauserid: 'carl', 'x-organisation': 'acme', 'x-roles': 'ADMIN, OTHER' }, '127.0.0.1', { actor: person('carl', new Map([['acme', new Set(['SELF', 'STANDARD', 'ADMIN'])]])) }],
    [{}, '127.0.0.1', { actor: { kind: 'clinic', organisation: 'ward', id: undefined } }],
    [{}, '203.0.113.7', { actor: undefined }]
  ] as const) t.same(await trusting.from(headers, ip), expected)
  const wary = finder()
  t.same(await wary.from({ miauserid: 'carl', 'x-organisation': 'acme', 'x-roles': 'ADMIN' }), { actor: undefined }, 'headers that nobody vouches for are none')
  t.same(await wary.from({ miauserid: 'carl' }, '127.0.0.1'), { actor: { kind: 'clinic', organisation: 'ward', id: 'carl' } })
})

t.test('where neither token nor header tells of an organisation this service’s memory does', async (t) => {
  const { from, asked } = finder({ trustsHeaders: true })
  t.same(await from({ authorization: 'Bearer ada' }), { actor: person('ada', TOLD) })
  t.same(asked, [], 'what is told is not looked up')
  t.same(await from({ authorization: 'Bearer bare' }), { actor: person('bare', KEPT) })
  t.same(await from({ miauserid: 'carl', 'x-roles': 'ADMIN' }), { actor: person('carl', KEPT) }, 'roles in no organisation are none')
  t.same(await from({ miauserid: 'dora', 'x-organisation': '', 'x-roles': 'ADMIN' }), { actor: person('dora', KEPT) })
  t.same(asked, ['bare', 'carl', 'dora'])
  const failing = finder({ membershipsOf: async () => { throw new StorageUnavailable() } })
  await t.rejects(failing.from({ authorization: 'Bearer bare' }), { code: 'STORAGE_UNAVAILABLE', statusCode: 503 })
})

t.test('two identities in one request are none', async (t) => {
  const ambiguous = { code: 'AMBIGUOUS_IDENTITY', statusCode: 401 }
  for (const changes of [{}, { trustsHeaders: true }, { mode: 'gateway' }] as const) {
    const { from } = finder(changes)
    await t.rejects(from({ authorization: 'Bearer ada', miauserid: 'carl' }), ambiguous)
    await t.rejects(from({ authorization: LINK, miauserid: 'carl' }), ambiguous)
    await t.resolves(from({ authorization: 'Bearer ada', miauserid: 'ada' }))
  }
})

t.test('a token that is none is refused, also from the clinic’s own network', async (t) => {
  const invalid = { code: 'INVALID_TOKEN', statusCode: 401 }
  await t.rejects(finder().from({ authorization: 'Bearer nothing' }, '127.0.0.1'), invalid)
  await t.rejects(finder({ bearer: undefined }).from({ authorization: 'Bearer ada' }, '127.0.0.1'), invalid, 'nobody here can read it')
  await t.rejects(finder({ personalLinks: { read: () => { throw new InvalidPersonalLink() } } }).from({ authorization: LINK }, '127.0.0.1'), { code: 'INVALID_PERSONAL_LINK', statusCode: 401 })
  t.same(await finder().from({ authorization: 'Basic YTpi' }), { actor: undefined }, 'another scheme is none of ours')
  t.match(await finder().from({ authorization: 'bearer ada' }), { actor: { id: 'ada' } }, 'its name has no case')
})

t.test('behind a gateway everybody acts for it, whatever token the gateway itself uses', async (t) => {
  const alone = finder({ mode: 'gateway', bearer: undefined })
  t.same(await alone.from({}), { actor: { kind: 'gateway', id: undefined } })
  t.same(await alone.from({ miauserid: 'carl', authorization: 'Bearer of-the-gateway' }), { actor: { kind: 'gateway', id: 'carl' } })
  t.match(await alone.from({ authorization: LINK }), { actor: { kind: 'link', id: 'ben' } }, 'a personal link stays one')
  const reading = finder({ mode: 'gateway' })
  t.same(await reading.from({ authorization: 'Bearer ada' }), { actor: { kind: 'gateway', id: 'ada' } })
  await t.rejects(reading.from({ authorization: 'Bearer nothing' }), { code: 'INVALID_TOKEN', statusCode: 401 })
})
