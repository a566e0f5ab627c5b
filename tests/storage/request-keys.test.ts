import t from 'tap'
import type { Content, Control, Teleconsultation } from '../../lib/domain/teleconsultation.ts'
import { StorageTimeout } from '../../lib/errors.ts'
import { httpClient } from '../../lib/http/client.ts'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { crudCollection } from '../../lib/storage/crud-client.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import type { Layout } from '../../lib/storage/stored-teleconsultation.ts'
import { teleconsultationStore, type TeleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import { OFFICIAL_TELECONSULTATIONS } from '../support/collections.ts'
import { after, NOON, type Teardown } from '../support/service.ts'

const CONTEXT = { headers: {} }
const CONTENT: Content = { number: 3, participants: [{ userExternalId: 'patient-1', userBandyerId: '', accessLinkURL: null }], startAt: NOON, endAt: after(NOON, 30) }
const record = (operationId: string, key = 'key'): Control =>
  ({ phase: 'INCOMPLETE', sealed: false, epoch: 1, applied: [operationId], garbage: [], provider: 'embedded', idempotency: { key, fingerprint: 'body', at: NOON.getTime() } })
const doubtful = (id: string) => ({ id, kind: 'create' as const, epoch: 1, startedAt: 0, leaseUntil: after(NOON, 1).getTime() })

async function open (t: Teardown, layout: Layout) {
  const crud = await startEmbeddedCrud({ file: ':memory:', collections: [layout === 'declared' ? TELECONSULTATIONS : OFFICIAL_TELECONSULTATIONS, USER_ID_MAPS], userIdHeaderKey: 'miauserid', clock: () => NOON })
  const http = httpClient({ baseUrl: crud.origin, timeoutMs: 5000 })
  t.teardown(async () => {
    await http.close()
    await crud.close()
  })
  const collection = crudCollection(http, '/teleconsultations')
  return { collection, store: teleconsultationStore(collection, async () => layout, 'embedded') }
}

const insert = (store: TeleconsultationStore, operationId: string, key?: string) => store.insert(CONTENT, record(operationId, key), CONTEXT, doubtful(operationId))

async function inserted (store: TeleconsultationStore, operationId: string, key?: string): Promise<Teleconsultation> {
  const outcome = await insert(store, operationId, key)
  if (outcome === 'duplicate') throw new Error('nothing else is there')
  return outcome
}

for (const layout of ['declared', 'official'] as const) {
  t.test(`${layout} layout`, async (t) => {
    t.test('the second with a key is not inserted, also where the first is in the trash', async (t) => {
      const { store } = await open(t, layout)
      const first = await inserted(store, 'op-1')
      t.match(first.control, { applied: ['op-1'], operation: undefined })
      t.equal(await insert(store, 'op-2'), 'duplicate')
      await store.trash(first.id, CONTEXT)
      t.equal(await insert(store, 'op-3'), 'duplicate')
      t.same((await store.findByKey('key', CONTEXT)).map(({ id }) => id), [first.id])
      t.same(await store.findByKey('another', CONTEXT), [])
    })

    t.test('of many at once with a key one is inserted at the most, and what was is all that is found', async (t) => {
      for (const size of [2, 3, 8]) {
        const { store } = await open(t, layout)
        const outcomes = await Promise.all(Array.from({ length: size }, (_, index) => insert(store, `op-${index}`)))
        const winners = outcomes.filter((outcome) => outcome !== 'duplicate')
        t.equal(winners.length, 1, `${size} at once`)
        t.same((await store.findByKey('key', CONTEXT)).map(({ id }) => id), winners.map(({ id }) => id))
      }
    })

    t.test('nobody who looks meanwhile sees as booked what gives way later', async (t) => {
      const { store } = await open(t, layout)
      const seen = new Set<string>()
      const over = new AbortController()
      const look = async () => {
        while (!over.signal.aborted) for (const { id, control } of await store.findByKey('key', CONTEXT)) if (control.applied.length > 0) seen.add(id)
      }
      const looking = [look(), look()]
      const outcomes = await Promise.all(Array.from({ length: 4 }, (_, index) => insert(store, `op-${index}`)))
      over.abort()
      await Promise.all(looking)
      const booked = new Set(outcomes.flatMap((outcome) => outcome === 'duplicate' ? [] : [outcome.id]))
      t.same([...seen].filter((id) => !booked.has(id)), [])
    })

    t.test('a key that was freed is another’s to use, and who read before that writes nothing', async (t) => {
      const { store } = await open(t, layout)
      const first = await inserted(store, 'op-1')
      const [read] = await store.findByKey('key', CONTEXT)
      if (read === undefined) throw new Error('it is there')
      await store.releaseKey(read, CONTEXT)
      const second = await inserted(store, 'op-2')
      t.equal(await store.replaceIfUnchanged(read, { control: { ...read.control, applied: ['op-1', 'late'] } }, CONTEXT), 'changed')
      t.same((await store.findByKey('key', CONTEXT)).map(({ id }) => id), [second.id])
      t.match((await store.get(first.id, CONTEXT))?.control, { applied: ['op-1'], idempotency: undefined })
    })

    t.test('freeing a key that somebody wrote beside frees nothing', async (t) => {
      const { store } = await open(t, layout)
      await inserted(store, 'op-1')
      const [read] = await store.findByKey('key', CONTEXT)
      if (read === undefined) throw new Error('it is there')
      await store.replaceIfUnchanged(read, { control: { ...read.control, applied: ['op-1', 'op-2'] } }, CONTEXT)
      await store.releaseKey(read, CONTEXT)
      t.match(await store.findByKey('key', CONTEXT), [{ control: { applied: ['op-1', 'op-2'] } }])
    })

    t.test('a key is freed in the trash as well', async (t) => {
      const { store } = await open(t, layout)
      const { id } = await inserted(store, 'op-1')
      await store.trash(id, CONTEXT)
      const [read] = await store.findByKey('key', CONTEXT)
      if (read === undefined) throw new Error('it is there')
      await store.releaseKey(read, CONTEXT)
      t.not(await insert(store, 'op-2'), 'duplicate')
    })

    t.test('records without a key are no one’s duplicates', async (t) => {
      const { store } = await open(t, layout)
      for (const id of ['op-1', 'op-2']) t.not(await store.insert(CONTENT, { ...record(id), idempotency: undefined }, CONTEXT, doubtful(id)), 'duplicate')
    })
  })
}

t.test('where no index tells, what is inserted is in doubt until nobody else was seen', async (t) => {
  const { store, collection } = await open(t, 'official')
  const blind = teleconsultationStore({ ...collection, list: async () => { throw new StorageTimeout() } }, async () => 'official', 'embedded')
  await t.rejects(insert(blind, 'op-1'), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  t.match(await store.findByKey('key', CONTEXT), [{ control: { applied: [], operation: { id: 'op-1' } } }])
})
