import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { TELECONSULTATIONS } from '../../lib/storage/collections.ts'
import { defineCollection } from '../../lib/storage/embedded/collection-definition.ts'
import type { CollectionDefinition, IndexDefinition } from '../../lib/storage/embedded/collection-definition.ts'
import { idGenerator } from '../../lib/storage/embedded/ids.ts'
import { matches } from '../../lib/storage/embedded/query-evaluation.ts'
import { parseFilter } from '../../lib/storage/embedded/query-language.ts'
import { openDatabase } from '../../lib/storage/embedded/sqlite-database.ts'
import type { Database } from '../../lib/storage/embedded/sqlite-database.ts'
import { openStore } from '../../lib/storage/embedded/sqlite-store.ts'
import type { SortKey } from '../../lib/storage/embedded/sqlite-store.ts'
import { compare } from '../../lib/storage/embedded/values.ts'
import type { Document, Value } from '../../lib/storage/embedded/values.ts'
import { idOf, listOf, q, send } from '../support/crud-client.ts'
import { teleconsultation } from '../support/crud-contract.ts'
import { embeddedCrud } from '../support/crud-subjects.ts'

const NOW = new Date('2030-01-01T00:00:00.000Z')
const START = '2030-01-02T00:00:00.000Z'
const ID = '713fb3000123456789ffffff'
const newId = idGenerator(() => NOW)
const document = (more: Document): Document => ({ _id: newId(), creatorId: 'a', createdAt: NOW, updaterId: 'a', updatedAt: NOW, __STATE__: 'PUBLIC', startDate: NOW, ...more })
const person = (id: Value): Document => ({ userExternalId: id })
const inOrder = (direction: 1 | -1): SortKey[] => [{ path: 'startDate', direction }, { path: '_id', direction }]
const ELEMENTS = 'teleconsultations.participants_startDate.elements'
const BY_PERSON = 'participants.userExternalId'

function subject (database: Database, definition: CollectionDefinition = TELECONSULTATIONS) {
  const seen: string[] = []
  const collection = defineCollection(definition)
  const store = openStore({ ...database, statement: sql => { seen.push(sql); return database.statement(sql) } }, collection)
  const read = (filter: object) => ({ filter: parseFilter(filter, collection), states: ['PUBLIC'] })
  return {
    store,
    collection,
    find: (filter: object, sort: SortKey[] = inOrder(1), limit?: number) => store.find({ ...read(filter), sort, limit }),
    count: (filter: object) => store.count(read(filter)),
    lastStatement: () => seen.at(-1) ?? '',
    plan: () => database.statement(`EXPLAIN QUERY PLAN ${seen.at(-1) ?? ''}`).all().map(step => String(step['detail'])).join('; '),
  }
}

function memory (t: Test, definition?: CollectionDefinition) {
  const database = openDatabase(':memory:')
  t.teardown(() => database.close())
  return { database, ...subject(database, definition) }
}

const behind = (direction: 1 | -1): Document => {
  const [from, beyond] = direction === 1 ? ['$gte', '$gt'] : ['$lte', '$lt']
  return { $and: [{ startDate: { [from]: START } }, { $or: [{ startDate: { [beyond]: START } }, { _id: { [beyond]: ID } }] }] }
}

const LISTS: ReadonlyArray<readonly [title: string, key: Document, step: string]> = [
  ['a participant', { [BY_PERSON]: 'p' }, `SEARCH ${ELEMENTS} USING PRIMARY KEY (element=?`],
  ['one participant of a list', { [BY_PERSON]: { $in: ['p'] } }, `SEARCH ${ELEMENTS} USING PRIMARY KEY (element=?`],
  ['an owner', { 'service.session.owner': 'p' }, 'SEARCH teleconsultations USING INDEX teleconsultations.service_session_owner_startDate (<expr>=?'],
  ['an organisation', { 'service.session.organisation': 'o' }, 'SEARCH teleconsultations USING INDEX teleconsultations.service_session_organisation_startDate (<expr>=?'],
  ['everybody', {}, 'teleconsultations USING INDEX teleconsultations.startDate_id'],
]

t.test('each page of a list is read along its index, without sorting', async t => {
  const { find, plan } = memory(t)
  const conditions: Document[] = [{}, { teleconsultationState: 'READY' }, { teleconsultationState: { $in: ['READY', 'CREATING'] } }, { teleconsultationState: { $nin: ['READY', 'CREATING'] } }, { startDate: { $lt: '2031-01-01' } }]
  for (const [title, key, step] of LISTS) {
    for (const direction of [1, -1] as const) {
      for (const condition of conditions) {
        for (const cursor of [{}, behind(direction)]) {
          find({ ...key, ...cursor, ...condition }, inOrder(direction), 26)
          const how = plan()
          const name = `${title}, ${direction}, ${JSON.stringify(condition)}, ${JSON.stringify(cursor)}`
          t.ok(how.startsWith(step) || how.startsWith(`SEARCH ${step}`) || how.startsWith(`SCAN ${step}`), `${name}: ${how}`)
          t.notMatch(how, /TEMP B-TREE/, name)
          if ('$and' in cursor) t.match(how, /<expr>[<>]\?|key_1[<>]\?/, `${name} begins at the cursor`)
        }
      }
    }
  }
})

t.test('what leaves the order open is put in the order of the index', async t => {
  const { find, plan } = memory(t)
  for (const direction of [1, -1] as const) {
    find({ [BY_PERSON]: 'p' }, [{ path: 'startDate', direction }], 26)
    t.notMatch(plan(), /TEMP B-TREE/)
  }
})

t.test('several people are looked up one by one', async t => {
  const { find, plan } = memory(t)
  find({ [BY_PERSON]: { $in: ['p', 'q'] }, ...behind(1) }, inOrder(1), 26)
  t.ok(plan().includes(`SEARCH ${ELEMENTS} USING PRIMARY KEY (element=? AND key_1>?)`), plan())
  find({ $or: [{ [BY_PERSON]: 'p' }, { 'service.session.owner': 'p' }] }, inOrder(1), 26)
  t.ok(plan().includes(`SEARCH ${ELEMENTS} USING PRIMARY KEY (element=?)`), plan())
})

t.test('an id or a unique value is looked up first, whatever the order', async t => {
  const { find, plan } = memory(t)
  find({ [BY_PERSON]: 'p', _id: ID }, inOrder(1), 1)
  t.match(plan(), /SEARCH teleconsultations USING INDEX sqlite_autoindex_teleconsultations_1 \(id=\?\)/)
  find({ 'service.idempotency.key': 'k' }, inOrder(1), 1)
  t.match(plan(), /SEARCH teleconsultations USING INDEX teleconsultations\.service_idempotency_key/)
})

t.test('what SQL can tell alone it counts without reading documents', async t => {
  const { count, store, lastStatement } = memory(t)
  store.insert(document({ participants: [person('p'), person('p')], teleconsultationState: 'READY', service: { session: { owner: 'p', organisation: { a: 1 } } } }))
  const counted: Array<[Document, number]> = [
    [{}, 1],
    [{ [BY_PERSON]: 'p' }, 1],
    [{ [BY_PERSON]: { $in: ['p', 'q'] }, startDate: { $gte: '2030-01-01', $lt: '2031-01-01' } }, 1],
    [{ [BY_PERSON]: 'p', teleconsultationState: { $nin: ['READY', 'CREATING'] } }, 0],
    [{ $or: [{ [BY_PERSON]: 'q' }, { 'service.session.owner': 'p' }], teleconsultationState: { $ne: 'CREATING' } }, 1],
  ]
  for (const [filter, number] of counted) {
    t.equal(count(filter), number, JSON.stringify(filter))
    t.match(lastStatement(), /^SELECT count/)
  }
  for (const filter of [{ [BY_PERSON]: 1 }, { 'service.session.organisation': '{"a":1}' }, { teleconsultationState: { $gt: 'A' } }, { teleconsultationState: { $regex: 'R' } }, { duration: { $ne: 5 } }]) {
    count(filter)
    t.match(lastStatement(), /^SELECT row, body/, JSON.stringify(filter))
  }
  t.equal(count({ 'service.session.organisation': '{"a":1}' }), 0, 'an object is not its text')
})

t.test('a document is found by each value that its elements hold, once', async t => {
  const { store, find } = memory(t)
  const people: Value[] = [
    [person('p'), person('q'), person('p')],
    [person(['p', 'r'])],
    [{}, person(null), 'p', ['p'], [person('p')]],
    person('p'),
    [person(5), person(true), person('5'), person({ id: 'p' })],
    [],
    null,
  ]
  const ids = people.map(participants => {
    const one = document({ participants })
    store.insert(one)
    return one['_id']
  })
  const at = (id: Value) => find({ [BY_PERSON]: id }).map(one => ids.indexOf(String(one['_id'])))
  t.strictSame(at('p'), [0, 1, 3])
  t.strictSame(at('q'), [0])
  t.strictSame(at('r'), [1])
  t.strictSame(at(5), [4])
  t.strictSame(at('5'), [4])
  t.strictSame(at(true), [4])
  t.strictSame(at(1), [])
  t.strictSame(at(null), [2, 5, 6].filter(index => matches(parseFilter({ [BY_PERSON]: null }, defineCollection(TELECONSULTATIONS)), { participants: people[index] ?? null })))
  t.strictSame(find({ [BY_PERSON]: { $in: ['p', 'q', 'r'] } }).map(one => ids.indexOf(String(one['_id']))), [0, 1, 3])
})

t.test('a changed document is found by what it holds now, a removed one by nothing', async t => {
  const { store, find, count, database } = memory(t)
  const one = document({ participants: [person('p'), person('q')] })
  store.insert(one)
  store.replace({ ...one, participants: [person('q'), person('r')] })
  t.strictSame(['p', 'q', 'r'].map(id => [find({ [BY_PERSON]: id }).length, count({ [BY_PERSON]: id })]), [[0, 0], [1, 1], [1, 1]])
  store.replace({ ...one, participants: [person('q'), person('r')], startDate: new Date(START) })
  t.equal(find({ [BY_PERSON]: 'q', startDate: { $gte: START } }).length, 1, 'in its new place')
  t.equal(count({ [BY_PERSON]: 'q', startDate: { $lt: START } }), 0)
  store.remove(String(one['_id']))
  t.equal(database.statement(`SELECT count(*) AS number FROM "${ELEMENTS}"`).get()?.['number'], 0)
})

t.test('what a failed write did to the elements is undone with it', async t => {
  const { store, find, database } = memory(t)
  const one = document({ participants: [person('p')] })
  await database.write(() => store.insert(one))
  const failing = database.write(() => {
    store.replace({ ...one, participants: [person('q')] })
    store.insert(document({ participants: [person('q')] }))
    throw new Error('changed its mind')
  })
  await t.rejects(failing, { message: 'changed its mind' })
  t.equal(find({ [BY_PERSON]: 'p' }).length, 1)
  t.equal(find({ [BY_PERSON]: 'q' }).length, 0)
})

t.test('a file from before the index gets it, and loses it with the declaration', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const bare: CollectionDefinition = { ...TELECONSULTATIONS, indexes: [] }
  const open = (definition: CollectionDefinition) => {
    const database = openDatabase(file)
    const elements = () => database.statement("SELECT name FROM sqlite_master WHERE name GLOB 'teleconsultations.*'").all().map(({ name }) => String(name))
    return { database, elements, ...subject(database, definition) }
  }
  const one = document({ participants: [person('p')] })

  const before = open(bare)
  before.store.insert(one)
  t.strictSame(before.elements(), [])
  before.database.close()

  const after = open(TELECONSULTATIONS)
  t.equal(after.find({ [BY_PERSON]: 'p' }).length, 1)
  t.ok(after.plan().startsWith(`SEARCH ${ELEMENTS}`))
  after.database.close()

  const [first, ...others] = (TELECONSULTATIONS.indexes ?? []).filter(index => index.name === 'participants_startDate')
  if (first === undefined || others.length > 0) throw new Error('there is one index on participants')
  const downwards: IndexDefinition = { ...first, fields: [{ name: BY_PERSON, order: 1 }, { name: 'startDate', order: -1 }] }
  const changed = open({ ...TELECONSULTATIONS, indexes: [downwards] })
  t.equal(changed.find({ [BY_PERSON]: 'p' }, [{ path: 'startDate', direction: -1 }], 5).length, 1, 'filled again')
  t.ok(changed.plan().startsWith(`SEARCH ${ELEMENTS}`))
  changed.database.close()

  const without = open(bare)
  t.teardown(() => without.database.close())
  t.strictSame(without.elements(), [])
  without.store.insert(document({ participants: [person('p')] }))
  t.equal(without.find({ [BY_PERSON]: 'p' }).length, 2, 'found without an index')
})

t.test('an index on an array that would not be kept is refused', async t => {
  const index = (fields: string[], more: Partial<IndexDefinition> = {}): IndexDefinition => ({ name: 'x', type: 'normal', unique: false, fields: fields.map(name => ({ name, order: 1 })), ...more })
  for (const refused of [index([BY_PERSON], { unique: true }), index([BY_PERSON, 'service.session.owner']), index(['startDate', BY_PERSON]), index([BY_PERSON, 'participants.privilege'])]) {
    t.throws(() => defineCollection({ ...TELECONSULTATIONS, indexes: [refused] }), { message: /not supported/ })
  }
})

t.test('pages and counts by index are those of the filter, whatever is stored', async t => {
  const { store, find, count, collection } = memory(t)
  let seed = 11
  const below = (limit: number) => {
    seed = (seed * 48271) % 2147483647
    return seed % limit
  }
  const pick = <Item>(items: readonly Item[]): Item => items[below(items.length)] as Item
  const ids: Value[] = ['p', 'q', 'é', '', '5', 5, 2.5, 0.1 + 0.2, 2 ** 60, true, null, '{"a":1}', { a: 1 }, 'p\0', ['p', 5]]
  const days = ['2030-01-01', START, '2030-01-03', '2030-02-01T04:05:06.007Z']
  const documents = Array.from({ length: 200 }, () => document({
    participants: pick<Value>([Array.from({ length: below(4) }, () => person(pick(ids))), person(pick(ids)), [{}], 'p']),
    ...(below(9) === 0 ? { startDate: null } : { startDate: new Date(pick(days)) }),
    ...(below(3) === 0 ? {} : { teleconsultationState: pick<Value>(['READY', 'CREATING', null]) }),
    service: pick<Value>([{}, { session: { owner: pick(ids.slice(0, -1)) } }]),
  }))
  for (const one of documents) store.insert(one)
  const some = documents.map(one => String(one['_id']))
  const condition = (): Document => pick<() => Document>([
    () => ({ [BY_PERSON]: pick(ids.slice(0, 11)) }),
    () => ({ [BY_PERSON]: { $in: [pick<Value>(ids.slice(0, 11)), pick<Value>(ids.slice(0, 11))] } }),
    () => ({ 'service.session.owner': pick(ids.slice(0, 12)) }),
    () => ({ startDate: { [pick(['$gt', '$gte', '$lt', '$lte', '$eq', '$ne'])]: pick(days) } }),
    () => ({ _id: { [pick(['$gt', '$lt', '$ne'])]: pick(some) } }),
    () => ({ teleconsultationState: { [pick(['$nin', '$in'])]: [pick<Value>(['READY', 'CREATING', null]), 'READY'] } }),
    () => ({ $or: [condition(), condition()] }),
  ])()
  for (let round = 0; round < 600; round++) {
    const raw = { $and: [condition(), condition(), ...(below(2) === 0 ? [condition()] : [])] }
    const filter = parseFilter(raw, collection)
    const direction = pick([1, -1] as const)
    const limit = pick([undefined, 1, 7])
    const expected = documents.filter(one => matches(filter, one))
      .sort((left, right) => direction * (compare(left['startDate'], right['startDate']) || compare(left['_id'], right['_id'])))
      .map(one => one['_id'])
    const found = find(raw, inOrder(direction), limit).map(one => one['_id'])
    if (JSON.stringify(found) !== JSON.stringify(expected.slice(0, limit))) t.strictSame(found, expected.slice(0, limit), JSON.stringify(raw))
    if (count(raw) !== expected.length) t.equal(count(raw), expected.length, `the count of ${JSON.stringify(raw)}`)
  }
  t.pass('600 filters')
})

t.test('a client walks through a person’s list page by page, both ways', async t => {
  const { origin, teleconsultations: path } = await embeddedCrud(t)
  const all: string[] = []
  for (let number = 0; number < 12; number++) {
    const participants = [person('p'), person(`q${number}`)]
    // Every two begin at the same instant.
    all.push(idOf(await send(origin, { method: 'POST', path: `${path}/`, body: teleconsultation('r', { participants, startDate: `2030-01-${10 + Math.floor(number / 2)}T00:00:00.000Z` }) })))
  }
  await send(origin, { method: 'POST', path: `${path}/`, body: teleconsultation('r', { participants: [person('q1')] }) })
  for (const [sort, from, beyond, expected] of [['startDate,_id', '$gte', '$gt', all], ['-startDate,-_id', '$lte', '$lt', all.toReversed()]] as const) {
    const walked: unknown[] = []
    let cursor: object = {}
    for (let page = 0; page < 3; page++) {
      const answer = await send(origin, { method: 'GET', path: `${path}/?${q({ [BY_PERSON]: 'p', ...cursor })}&_s=${sort}&_l=5` })
      t.equal(answer.status, 200)
      const rows = listOf(answer)
      walked.push(...rows.map(row => row['_id']))
      const last = rows.at(-1)
      cursor = { $and: [{ startDate: { [from]: last?.['startDate'] } }, { $or: [{ startDate: { [beyond]: last?.['startDate'] } }, { _id: { [beyond]: last?.['_id'] } }] }] }
    }
    t.strictSame(walked, expected)
  }
  t.equal((await send(origin, { method: 'GET', path: `${path}/count?${q({ [BY_PERSON]: 'p' })}` })).json, 12)
})
