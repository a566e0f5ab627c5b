import t from 'tap'
import type { GivenRole } from '../../schemas/organisations.ts'
import type { Membership, MemberState } from '../../lib/domain/membership.ts'
import { httpClient } from '../../lib/http/client.ts'
import { ORGANISATION_MEMBERS } from '../../lib/storage/collections.ts'
import { crudCollection } from '../../lib/storage/crud-client.ts'
import { memberStore, type StoredMembership } from '../../lib/storage/member-store.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import type { Teardown } from '../support/service.ts'

const CONTEXT = { headers: { miauserid: 'tester', acl_rows: '{"bandyerRoomId":"none of ours"}' } }

async function open (t: Teardown) {
  // The clock of this storage stands still: only revisions tell two versions apart.
  const crud = await flakyCrud(t, [ORGANISATION_MEMBERS])
  const http = httpClient({ baseUrl: crud.url, timeoutMs: 30_000 })
  t.teardown(() => http.close())
  const collection = crudCollection(http, ORGANISATION_MEMBERS.endpointBasePath)
  return { crud, collection, store: memberStore(collection) }
}

const membership = (userId: string, { organisation = 'ward', state = 'INVITED', roles = ['STANDARD'] }: { organisation?: string, state?: MemberState, roles?: GivenRole[] } = {}): Membership =>
  ({ organisation, userId, state, roles: new Set(roles) })

type Store = ReturnType<typeof memberStore>

async function added (store: Store, member: Membership): Promise<StoredMembership> {
  const outcome = await store.invite(member, CONTEXT)
  if (outcome === 'exists') throw new Error('nobody else is there')
  return outcome
}

const admin = async (store: Store, userId: string) => await added(store, membership(userId, { state: 'ACCEPTED', roles: ['STANDARD', 'ADMIN'] }))

const GONE = { state: 'REMOVED', roles: new Set<GivenRole>() } as const
const PLAIN = { state: 'ACCEPTED', roles: new Set<GivenRole>(['STANDARD']) } as const

t.test('what was written is read back', async (t) => {
  const { store, collection } = await open(t)
  const written = await added(store, { ...membership('ada', { roles: ['STANDARD', 'ADMIN'] }), invitedBy: 'bruno', fullName: 'Ada' })
  t.same(await store.get('ward', 'ada', CONTEXT), written)
  t.match(await collection.get(written.id, {}), { organisation: 'ward', userId: 'ada', roles: ['STANDARD', 'ADMIN'], state: 'INVITED', revision: 1, invitedBy: 'bruno', fullName: 'Ada' })
  t.equal(await store.get('ward', 'carla', CONTEXT), undefined)
  t.equal(await store.get('elsewhere', 'ada', CONTEXT), undefined)
})

t.test('of two invitations at once one is made', async (t) => {
  const { store } = await open(t)
  const outcomes = await Promise.all([store.invite(membership('ada'), CONTEXT), store.invite(membership('ada', { roles: ['STANDARD', 'ADMIN'] }), CONTEXT)])
  t.equal(outcomes.filter((outcome) => outcome === 'exists').length, 1)
  t.equal((await store.ofUser('ada', 'INVITED', CONTEXT)).length, 1)
})

t.test('of two writes on one version one is made', async (t) => {
  const { store } = await open(t)
  const read = await added(store, membership('ada'))
  const outcomes = await Promise.all([store.replaceIfUnchanged(read, PLAIN, CONTEXT), store.replaceIfUnchanged(read, GONE, CONTEXT)])
  t.equal(outcomes.filter((outcome) => outcome === 'changed').length, 1)
  t.equal(await store.replaceIfUnchanged(read, GONE, CONTEXT), 'changed', 'the old version is over')
})

t.test('what stays of somebody removed has no name, and is invited again', async (t) => {
  const { store, collection } = await open(t)
  const read = await added(store, { ...membership('ada'), invitedBy: 'bruno', fullName: 'Ada' })
  const gone = await store.replaceIfUnchanged(read, GONE, CONTEXT)
  t.match(gone, { state: 'REMOVED', roles: new Set() })
  const document = await collection.get(read.id, {})
  t.notOk(document !== undefined && ('fullName' in document || 'invitedBy' in document))
  const again = await store.invite(membership('ada', { roles: ['STANDARD', 'ADMIN'] }), CONTEXT)
  t.match(again, { id: read.id, state: 'INVITED', roles: new Set(['STANDARD', 'ADMIN']) })
  t.equal(await store.invite(membership('ada'), CONTEXT), 'exists')
})

t.test('pages go by userId, from any place on, with the states that are asked for', async (t) => {
  const { store } = await open(t)
  for (const userId of ['d', 'b', 'a', 'c']) await added(store, membership(userId, { state: userId === 'b' ? 'INVITED' : 'ACCEPTED' }))
  await added(store, membership('a', { organisation: 'other', state: 'ACCEPTED' }))
  const ids = async (states: MemberState[], limit: number, after?: string) => (await store.list('ward', { states, limit, after }, CONTEXT)).map(({ userId }) => userId)
  t.same(await ids(['INVITED', 'ACCEPTED'], 3), ['a', 'b', 'c'])
  t.same(await ids(['INVITED', 'ACCEPTED'], 3, 'c'), ['d'])
  t.same(await ids(['ACCEPTED'], 9, 'a'), ['c', 'd'])
})

t.test('somebody’s memberships are found over more than one page of the storage', async (t) => {
  const { store, collection } = await open(t)
  const fields = { userId: 'ada', roles: ['STANDARD'], state: 'ACCEPTED', revision: 1 }
  await Promise.all(Array.from({ length: 230 }, async (_, index) => await collection.insert({ ...fields, organisation: `ward-${index}` }, {})))
  await added(store, membership('ada', { organisation: 'invited' }))
  t.equal(new Set((await store.ofUser('ada', 'ACCEPTED', CONTEXT)).map(({ organisation }) => organisation)).size, 230)
})

t.test('the last ADMIN is neither removed nor made less, and nothing is written for it', async (t) => {
  const { store } = await open(t)
  const ada = await admin(store, 'ada')
  await added(store, membership('bruno', { roles: ['STANDARD', 'ADMIN'] }))
  await added(store, membership('carla', { state: 'ACCEPTED' }))
  await added(store, { ...membership('dino', { state: 'ACCEPTED', roles: ['STANDARD', 'ADMIN'] }), organisation: 'other' })
  t.equal(await store.replaceIfUnchanged(ada, GONE, CONTEXT), 'last admin')
  t.equal(await store.replaceIfUnchanged(ada, PLAIN, CONTEXT), 'last admin')
  t.same(await store.get('ward', 'ada', CONTEXT), ada, 'whoever is only invited, or an ADMIN elsewhere, does not count')
})

t.test('of several ADMINs one goes', async (t) => {
  const { store } = await open(t)
  const [ada, bruno] = [await admin(store, 'ada'), await admin(store, 'bruno')]
  t.match(await store.replaceIfUnchanged(ada, PLAIN, CONTEXT), { state: 'ACCEPTED', roles: PLAIN.roles, adminEnding: false })
  t.equal(await store.replaceIfUnchanged(bruno, GONE, CONTEXT), 'last admin')
})

t.test('every write is told with the person’s id, also one that failed', async (t) => {
  const { store, crud } = await open(t)
  const told: string[] = []
  store.onWrite((userId) => { told.push(userId) })
  const ada = await added(store, membership('ada'))
  crud.state.mode = 'fail'
  await t.rejects(store.replaceIfUnchanged(ada, PLAIN, CONTEXT), { code: 'STORAGE_UNAVAILABLE', statusCode: 503 })
  t.same(told, ['ada', 'ada'])
})

t.test('a document that cannot be understood is an error, not a membership', async (t) => {
  const { store, collection } = await open(t)
  const fields = { organisation: 'ward', roles: ['STANDARD'], state: 'ACCEPTED', revision: 1 }
  await collection.insert({ ...fields, userId: 'ada', roles: ['OWNER'] }, {})
  await collection.insert({ ...fields, userId: 'bruno', state: 'ASLEEP' }, {})
  for (const userId of ['ada', 'bruno']) await t.rejects(store.get('ward', userId, CONTEXT), { code: 'STORAGE_BAD_ANSWER', statusCode: 502 })
})
