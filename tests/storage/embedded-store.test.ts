import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { TELECONSULTATIONS } from '../../lib/storage/collections.ts'
import { defineCollection } from '../../lib/storage/embedded/collection-definition.ts'
import type { CollectionDefinition } from '../../lib/storage/embedded/collection-definition.ts'
import { DuplicateKey } from '../../lib/storage/embedded/errors.ts'
import { asId, idGenerator } from '../../lib/storage/embedded/ids.ts'
import { matches } from '../../lib/storage/embedded/query-evaluation.ts'
import { parseFilter } from '../../lib/storage/embedded/query-language.ts'
import { openDatabase } from '../../lib/storage/embedded/sqlite-database.ts'
import type { Database } from '../../lib/storage/embedded/sqlite-database.ts'
import { openStore } from '../../lib/storage/embedded/sqlite-store.ts'
import type { SortKey } from '../../lib/storage/embedded/sqlite-store.ts'
import type { Document, Value } from '../../lib/storage/embedded/values.ts'

const NOW = new Date('2030-01-01T00:00:00.000Z')
const newId = idGenerator(() => NOW)
const document = (more: Document): Document => ({ _id: newId(), creatorId: 'a', createdAt: NOW, updaterId: 'a', updatedAt: NOW, __STATE__: 'PUBLIC', ...more })

function memory (t: Test, definition: CollectionDefinition = TELECONSULTATIONS) {
  const database = openDatabase(':memory:')
  t.teardown(() => database.close())
  const seen: string[] = []
  const watched: Database = { ...database, statement: sql => { seen.push(sql); return database.statement(sql) } }
  const collection = defineCollection(definition)
  const store = openStore(watched, collection)
  const plan = () => database.statement(`EXPLAIN QUERY PLAN ${seen.at(-1) ?? ''}`).all().map(step => String(step['detail'])).join('; ')
  const find = (filter: unknown, sort: SortKey[] = [], limit?: number) => store.find({ filter: parseFilter(filter, collection), states: ['PUBLIC'], sort, limit })
  return { store, find, plan, seen, collection }
}

t.test('a document is looked up by its key', async t => {
  const { store, plan } = memory(t)
  store.get('000000000000000000000000')
  t.match(plan(), /^SEARCH teleconsultations USING INDEX sqlite_autoindex_teleconsultations_1 \(id=\?\)$/)
})

t.test('a list sorted by an indexed field follows the index', async t => {
  const { find, plan } = memory(t)
  find({}, [{ path: 'startDate', direction: 1 }], 25)
  t.match(plan(), /SCAN teleconsultations USING INDEX teleconsultations\.startDate/)
  t.notMatch(plan(), /TEMP B-TREE/)
  find({ startDate: { $gte: '2030-01-01', $lt: '2030-02-01' } }, [{ path: 'startDate', direction: -1 }], 25)
  t.match(plan(), /SEARCH teleconsultations USING INDEX teleconsultations\.startDate/)
})

t.test('state and age are found by their common index', async t => {
  const { find, plan } = memory(t)
  find({ teleconsultationState: 'CREATING', updatedAt: { $lt: '2030-01-01' } }, [{ path: 'updatedAt', direction: 1 }])
  t.match(plan(), /SEARCH teleconsultations USING INDEX teleconsultations\.teleconsultationState_updatedAt/)
})

t.test('a key below an object is found by its index until an array was on the way', async t => {
  const { store, find, plan, seen } = memory(t)
  const filter = { 'service.idempotency.key': 'k' }
  store.insert(document({ service: { idempotency: { key: 'k' } } }))
  t.equal(find(filter).length, 1)
  seen.splice(0, seen.findLastIndex(sql => sql.startsWith('SELECT row, body')))
  t.match(seen[0], /json_extract/)
  t.match(plan(), /SEARCH teleconsultations USING INDEX teleconsultations\.service_idempotency_key/)
  store.insert(document({ service: { idempotency: [{ key: 'k' }] } }))
  t.equal(find(filter).length, 2, 'what MongoDB finds through an array is found')
})

t.test('documents older than an index are watched for arrays', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const bare: CollectionDefinition = { ...TELECONSULTATIONS, indexes: [] }
  const filter = parseFilter({ 'service.idempotency.key': 'k' }, defineCollection(TELECONSULTATIONS))
  const before = openDatabase(file)
  openStore(before, defineCollection(bare)).insert(document({ service: [{ idempotency: { key: 'k' } }] }))
  before.close()
  const after = openDatabase(file)
  t.teardown(() => after.close())
  t.equal(openStore(after, defineCollection(TELECONSULTATIONS)).find({ filter, states: ['PUBLIC'] }).length, 1)
})

t.test('an index that is declared no longer is dropped', async t => {
  const database = openDatabase(':memory:')
  t.teardown(() => database.close())
  const names = () => database.statement("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name").all().map(({ name }) => name)
  openStore(database, defineCollection(TELECONSULTATIONS))
  const declared = ['service_idempotency_key', 'service_mail_due', 'service_pending', 'service_session_organisation_startDate', 'service_session_owner_startDate', 'startDate_id', 'teleconsultationState_updatedAt']
  t.strictSame(names(), declared.map(name => `teleconsultations.${name}`))
  openStore(database, defineCollection({ ...TELECONSULTATIONS, indexes: [] }))
  t.strictSame(names(), [])
})

t.test('what is due is read along its index, whatever else stands at its place', async t => {
  const { store, find, plan, seen } = memory(t)
  const dues = [30, 10, 'soon', 20, null, true, 10, { at: 5 }, -1.5, 2 ** 60]
  for (const due of dues) store.insert(document({ service: { mail: { due } } }))
  store.insert(document({}))
  const dueOf = ({ service }: Document) => (service as { mail: { due: Value } }).mail.due
  const sort: SortKey[] = [{ path: 'service.mail.due', direction: 1 }]
  t.strictSame(find({ 'service.mail.due': { $lte: 25 } }, sort).map(dueOf), [-1.5, 10, 10, 20])
  t.match(seen.at(-1), /ORDER BY json_extract/)
  t.match(plan(), /^SEARCH teleconsultations USING INDEX teleconsultations\.service_mail_due \(<expr><\?\)/)
  t.notMatch(plan(), /TEMP B-TREE/, 'nothing is left to sort')
  t.strictSame(find({ 'service.mail.due': { $lte: 25 } }, sort, 2).map(dueOf), [-1.5, 10])
  t.strictSame(find({ 'service.mail.due': { $gt: 10 } }, [{ path: 'service.mail.due', direction: -1 }]).map(dueOf), [2 ** 60, 30, 20])
  t.strictSame(find({ 'service.mail.due': { $exists: true } }, sort).map(dueOf), [null, -1.5, 10, 10, 20, 30, 2 ** 60, 'soon', { at: 5 }, true], 'values of several types are sorted as MongoDB does')
})

t.test('a unique index collides on equal values and never on absent ones', async t => {
  const { store } = memory(t)
  store.insert(document({}))
  store.insert(document({ service: { idempotency: {} } }))
  store.insert(document({ service: { idempotency: { key: null } } }))
  store.insert(document({ service: { idempotency: { key: 'k' } } }))
  t.throws(() => store.insert(document({ service: { idempotency: { key: 'k' } } })), DuplicateKey)
  t.throws(() => store.insert(document({ service: { idempotency: { key: 'k' } } })), {
    message: 'E11000 duplicate key error collection: embedded.teleconsultations index: service_idempotency_key dup key: { service.idempotency.key: "k" }',
  })
})

t.test('an index that the stored documents break is refused, and nothing is half done', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const database = openDatabase(file)
  t.teardown(() => database.close())
  const store = openStore(database, defineCollection({ ...TELECONSULTATIONS, indexes: [] }))
  for (let copies = 0; copies < 2; copies++) store.insert(document({ service: { idempotency: { key: 'k' } } }))
  t.throws(() => openStore(database, defineCollection(TELECONSULTATIONS)), { message: /UNIQUE constraint failed/ })
  t.strictSame(database.statement("SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL").all(), [])
})

t.test('a partial filter that is not understood is refused', async t => {
  const indexes = [{ name: 'x', type: 'normal' as const, unique: true, fields: [{ name: 'duration', order: 1 as const }], usePartialFilter: true, partialFilterExpression: '{"duration":{"$gt":1}}' }]
  t.throws(() => memory(t, { ...TELECONSULTATIONS, indexes }), { message: /partial filter/ })
  const elsewhere = indexes.map(index => ({ ...index, partialFilterExpression: '{"endDate":{"$exists":true}}' }))
  t.throws(() => memory(t, { ...TELECONSULTATIONS, indexes: elsewhere }), { message: /partial filter/ })
})

t.test('names that could end a statement are refused', async t => {
  t.throws(() => defineCollection({ ...TELECONSULTATIONS, name: 'a"b' }), { message: /cannot be used/ })
  t.throws(() => defineCollection({ ...TELECONSULTATIONS, indexes: [{ name: 'a"', type: 'normal', unique: false, fields: [{ name: 'duration', order: 1 }] }] }), { message: /cannot be used/ })
  t.throws(() => defineCollection({ ...TELECONSULTATIONS, fields: [{ name: "a'", type: 'string', required: false, nullable: false }] }), { message: /cannot be used/ })
})

t.test('what SQL selects is what the filter means, whatever the filter', async t => {
  const { store, find, collection } = memory(t)
  let seed = 7
  const below = (limit: number) => {
    seed = (seed * 48271) % 2147483647
    return seed % limit
  }
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  const days = ['2030-01-01', '2030-01-02', '2030-01-03T04:05:06.007Z', '2030-02-01']
  const some = (values: readonly Value[], name: string): Document => below(3) === 0 ? {} : { [name]: pick(values) }
  const documents = Array.from({ length: 150 }, () => document({
    ...some(['CREATING', 'READY', '', 'é', '\u{1f600}'], 'teleconsultationState'),
    ...some([1, 2, 2.5, -3], 'duration'),
    ...some(days.map(day => new Date(day)), 'startDate'),
    ...some([{ idempotency: {} }, { idempotency: [{ key: 'k' }] }, []], 'service'),
    updatedAt: new Date(pick(days)),
  }))
  for (const one of documents) store.insert(one)

  const operators = ['$eq', '$gt', '$gte', '$lt', '$lte', '$ne']
  const condition = (): Document => {
    const [name, values] = pick([
      ['teleconsultationState', ['CREATING', 'READY', '', 'é', '\u{1f600}', null, 5]],
      ['duration', [1, 2, 2.5, null, '2', 1e300]],
      ['startDate', [...days, null, 0]],
      ['updatedAt', [...days, Date.parse('2030-01-02')]],
      ['service.idempotency.key', ['k', null]],
    ] as const)
    return pick<Document>([{ [name]: pick<Value>(values) }, { [name]: { [pick(operators)]: pick<Value>(values) } }, { [name]: { $in: [pick<Value>(values), pick<Value>(values)] } }])
  }
  for (let round = 0; round < 300; round++) {
    const raw = { [pick(['$and', '$or'])]: [condition(), pick([condition(), { $or: [condition(), condition()] }])] }
    const filter = parseFilter(raw, collection)
    const expected = documents.filter(one => matches(filter, one)).map(one => one['_id'])
    const found = find(raw).map(one => one['_id'])
    if (JSON.stringify(found) !== JSON.stringify(expected)) t.strictSame(found, expected, JSON.stringify(raw))
    if (store.count({ filter, states: ['PUBLIC'] }) !== expected.length) t.fail(`the count of ${JSON.stringify(raw)}`)
  }
  t.pass('300 filters')
})

t.test('SQL and JavaScript sort alike', async t => {
  const { store, find } = memory(t)
  for (const text of ['b', '\u{10000}', undefined, '', 'a', '\u{e000}', 'B', 'a']) {
    store.insert(document(text === undefined ? {} : { teleconsultationState: text, service: { text } }))
  }
  const ids = (sort: SortKey[]) => find({}, sort).map(one => one['_id'])
  t.strictSame(ids([{ path: 'service.text', direction: 1 }]), ids([{ path: 'teleconsultationState', direction: 1 }]))
  t.strictSame(ids([{ path: 'service.text', direction: -1 }]), ids([{ path: 'teleconsultationState', direction: -1 }]))
})

t.test('ids are 24 hex digits that follow time', async t => {
  let seconds = 1_900_000_000
  const next = idGenerator(() => new Date(seconds * 1000), '0123456789', 0xffffff)
  t.equal(next(), '713fb3000123456789ffffff')
  t.equal(next(), '713fb3000123456789000000', 'the counter begins again')
  seconds++
  t.equal(next(), '713fb3010123456789000001')
  t.equal(asId('713FB3010123456789000001'), '713fb3010123456789000001')
  t.equal(asId('713fb3010123456789'), undefined)
})
