import t from 'tap'
import { httpClient } from '../../lib/http/client.ts'
import { AGENDA_FEEDS } from '../../lib/storage/collections.ts'
import { crudCollection, type CrudCollection } from '../../lib/storage/crud-client.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { feedStore } from '../../lib/storage/feed-store.ts'
import { after, NOON, type Teardown } from '../support/service.ts'

const CONTEXT = { headers: {} }
const KEY = 'a-key-of-the-tests'

async function open (t: Teardown) {
  const crud = await startEmbeddedCrud({ file: ':memory:', collections: [AGENDA_FEEDS], userIdHeaderKey: 'miauserid', clock: () => NOON })
  const http = httpClient({ baseUrl: crud.origin, timeoutMs: 10_000 })
  t.teardown(async () => { await http.close(); await crud.close() })
  const collection = crudCollection(http, '/agenda-feeds')
  let now = NOON
  const storeOn = (on: CrudCollection, key = KEY) => feedStore(on, { key, clock: () => now })
  return { collection, storeOn, feeds: storeOn(collection), setClock: (at: Date) => { now = at } }
}

t.test('a token leads to its person, and has 256 random bits', async (t) => {
  const { feeds } = await open(t)
  const { token, createdAt } = await feeds.issue('ada', CONTEXT)
  t.match(token, /^[A-Za-z0-9_-]{43}$/)
  t.same(createdAt, NOON)
  t.same(await feeds.ownerOf(token, CONTEXT), { userId: 'ada', createdAt: NOON })
  t.same(await feeds.find('ada', CONTEXT), { createdAt: NOON })
  t.not((await feeds.issue('bo', CONTEXT)).token, token)
  t.same(await feeds.ownerOf(token, CONTEXT), { userId: 'ada', createdAt: NOON })
})

t.test('what is stored is a keyed hash, one document a person', async (t) => {
  const { feeds, collection, storeOn } = await open(t)
  await feeds.issue('ada', CONTEXT)
  const { token } = await feeds.issue('ada', CONTEXT)
  const documents = await collection.list({ limit: 10 }, {})
  t.equal(documents.length, 1)
  t.notOk(JSON.stringify(documents).includes(token))
  t.match(documents[0], { userId: 'ada', tokenHash: /^[A-Za-z0-9_-]{43}$/, issuedAt: NOON.toISOString() })
  t.equal(await storeOn(collection, 'another key').ownerOf(token, CONTEXT), undefined)
})

t.test('asking again replaces: the old token stops at once', async (t) => {
  const { feeds, setClock } = await open(t)
  const first = await feeds.issue('ada', CONTEXT)
  setClock(after(NOON, 5))
  const second = await feeds.issue('ada', CONTEXT)
  t.equal(await feeds.ownerOf(first.token, CONTEXT), undefined)
  t.same(await feeds.ownerOf(second.token, CONTEXT), { userId: 'ada', createdAt: after(NOON, 5) })
  t.same(await feeds.find('ada', CONTEXT), { createdAt: after(NOON, 5) })
})

t.test('a revoked token leads nowhere, revoking again is harmless, and a new one may follow', async (t) => {
  const { feeds, collection } = await open(t)
  await feeds.revoke('ada', CONTEXT)
  t.equal(await feeds.find('ada', CONTEXT), undefined)
  const { token } = await feeds.issue('ada', CONTEXT)
  await feeds.revoke('ada', CONTEXT)
  await feeds.revoke('ada', CONTEXT)
  t.equal(await feeds.ownerOf(token, CONTEXT), undefined)
  t.equal(await feeds.find('ada', CONTEXT), undefined)
  const [document = {}] = await collection.list({ limit: 1 }, {})
  t.notOk('tokenHash' in document || 'issuedAt' in document)
  const again = await feeds.issue('ada', CONTEXT)
  t.equal(await feeds.ownerOf(token, CONTEXT), undefined)
  t.match(await feeds.ownerOf(again.token, CONTEXT), { userId: 'ada' })
})

t.test('of tokens that are asked for at once exactly one works, also the first ones', async (t) => {
  const { feeds } = await open(t)
  for (let round = 0; round < 3; round++) {
    const issued = await Promise.all([feeds.issue('ada', CONTEXT), feeds.issue('ada', CONTEXT), feeds.issue('ada', CONTEXT)])
    const owners = await Promise.all(issued.map(({ token }) => feeds.ownerOf(token, CONTEXT)))
    t.equal(owners.filter((owner) => owner !== undefined).length, 1)
  }
})

t.test('a write that arrives a second time does not bring a revoked token back', async (t) => {
  const { feeds, collection, storeOn } = await open(t)
  await feeds.issue('ada', CONTEXT)
  await feeds.revoke('ada', CONTEXT)
  const sent: Array<Parameters<CrudCollection['patch']>> = []
  const overheard = storeOn({ ...collection, patch: async (...given) => { sent.push(given); return await collection.patch(...given) } })
  const { token } = await overheard.issue('ada', CONTEXT)
  await feeds.revoke('ada', CONTEXT)
  for (const given of sent) t.equal(await collection.patch(...given), undefined)
  t.equal(sent.length, 1)
  t.equal(await feeds.ownerOf(token, CONTEXT), undefined)
})

t.test('a guess leads nowhere: what can be no token is not even asked for', async (t) => {
  const { feeds, collection, storeOn } = await open(t)
  const { token } = await feeds.issue('ada', CONTEXT)
  const flipped = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
  t.equal(await feeds.ownerOf(flipped, CONTEXT), undefined)
  let asked = 0
  const counted = storeOn({ ...collection, list: async (...given) => { asked++; return await collection.list(...given) } })
  for (const guess of ['', 'a', token.slice(1), `${token}=`, `${token}a`, ` ${token.slice(1)}`, '{"$exists":true}', 'é'.repeat(43)]) {
    t.equal(await counted.ownerOf(guess, CONTEXT), undefined, `${guess.length} characters`)
  }
  t.equal(asked, 0)
})

t.test('a document that the filter should not have found leads nowhere', async (t) => {
  const { feeds, collection, storeOn } = await open(t)
  const { token } = await feeds.issue('ada', CONTEXT)
  const careless = storeOn({ ...collection, list: async (_query, headers) => await collection.list({ limit: 1 }, headers) })
  t.match(await careless.ownerOf(token, CONTEXT), { userId: 'ada' })
  t.equal(await careless.ownerOf('x'.repeat(43), CONTEXT), undefined)
})

t.test('a restriction of rows speaks of other documents', async (t) => {
  const { feeds } = await open(t)
  const context = { headers: { acl_rows: JSON.stringify([{ 'participants.userExternalId': 'ada' }]) } }
  const { token } = await feeds.issue('ada', context)
  t.match(await feeds.ownerOf(token, context), { userId: 'ada' })
  await feeds.revoke('ada', context)
  t.equal(await feeds.find('ada', context), undefined)
})

t.test('a write that others are always ahead of is given up as STORAGE_UNAVAILABLE', async (t) => {
  const { feeds, collection, storeOn } = await open(t)
  const { token } = await feeds.issue('ada', CONTEXT)
  const late = storeOn({ ...collection, patch: async () => undefined })
  await t.rejects(late.issue('ada', CONTEXT), { code: 'STORAGE_UNAVAILABLE', statusCode: 503 })
  await t.rejects(late.revoke('ada', CONTEXT), { code: 'STORAGE_UNAVAILABLE', statusCode: 503 })
  t.match(await feeds.ownerOf(token, CONTEXT), { userId: 'ada' })
})
