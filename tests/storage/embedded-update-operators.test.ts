import t from 'tap'
import { defineCollection } from '../../lib/storage/embedded/collection-definition.ts'
import type { FieldDefinition } from '../../lib/storage/embedded/collection-definition.ts'
import { applyUpdate } from '../../lib/storage/embedded/update-application.ts'
import { parseUpdate } from '../../lib/storage/embedded/update-operators.ts'
import type { Document } from '../../lib/storage/embedded/values.ts'

const field = (name: string, type: FieldDefinition['type']): FieldDefinition => ({ name, type, required: false, nullable: true })
const collection = defineCollection({
  name: 'things',
  endpointBasePath: '/things',
  defaultState: 'PUBLIC',
  fields: [
    field('text', 'string'), field('number', 'number'), field('at', 'Date'), field('raw', 'RawObject'),
    { ...field('people', 'Array'), items: { type: 'RawObject' } },
    { ...field('tags', 'Array'), items: { type: 'string' } },
  ],
})
const NOW = new Date('2030-01-01T00:00:00.000Z')

function update (document: Document, body: Record<string, unknown>, position?: number, isInsert = false): Document {
  return applyUpdate(document, parseUpdate(body, collection), { now: NOW, isInsert, positionIn: () => position })
}

const rows: ReadonlyArray<[title: string, before: Document, body: Record<string, unknown>, after: Document]> = [
  ['$set writes', { text: 'a' }, { $set: { text: 'b', number: 1 } }, { text: 'b', number: 1 }],
  ['$set makes objects on a path', {}, { $set: { 'raw.a.b': 1 } }, { raw: { a: { b: 1 } } }],
  ['$set keeps what is beside a path', { raw: { a: { c: 2 } } }, { $set: { 'raw.a.b': 1 } }, { raw: { a: { c: 2, b: 1 } } }],
  ['$set reaches a position in an array', { raw: { list: [1, 2] } }, { $set: { 'raw.list.1': 3, 'raw.list.3': 4 } }, { raw: { list: [1, 3, null, 4] } }],
  ['$set reads a date', {}, { $set: { at: '2030-01-01T02:00:00+02:00' } }, { at: NOW }],
  ['$set takes null', { at: NOW }, { $set: { at: null } }, { at: null }],
  ['$unset removes', { text: 'a', raw: { a: 1, b: 2 } }, { $unset: { text: true, 'raw.a': true, number: true, 'raw.x.y': true } }, { raw: { b: 2 } }],
  ['$inc counts from what is there', { number: 2 }, { $inc: { number: 3 } }, { number: 5 }],
  ['$inc counts from nothing', {}, { $inc: { number: 3, 'raw.n': 1 } }, { number: 3, raw: { n: 1 } }],
  ['$mul multiplies', { number: 2 }, { $mul: { number: 3 } }, { number: 6 }],
  ['$mul of nothing is zero', {}, { $mul: { number: 3 } }, { number: 0 }],
  ['$currentDate writes the time of the request', {}, { $currentDate: { at: true } }, { at: NOW }],
  ['$push appends', { tags: ['a'] }, { $push: { tags: 'b' } }, { tags: ['a', 'b'] }],
  ['$push makes the array', {}, { $push: { people: { id: 'a' } } }, { people: [{ id: 'a' }] }],
  ['$push takes several', { tags: ['a'] }, { $push: { tags: { $each: ['b', 'c'] } } }, { tags: ['a', 'b', 'c'] }],
  ['$push puts at a position', { tags: ['a', 'b'] }, { $push: { tags: { $each: ['x'], $position: 1 } } }, { tags: ['a', 'x', 'b'] }],
  ['$push puts at a position from the end', { tags: ['a', 'b'] }, { $push: { tags: { $each: ['x'], $position: -1 } } }, { tags: ['a', 'x', 'b'] }],
  ['$push keeps the last with a negative slice', { tags: ['a', 'b'] }, { $push: { tags: { $each: ['c'], $slice: -2 } } }, { tags: ['b', 'c'] }],
  ['$push keeps the first with a slice', { tags: ['a', 'b'] }, { $push: { tags: { $each: ['c'], $slice: 2 } } }, { tags: ['a', 'b'] }],
  ['$push empties with a slice of zero', { tags: ['a'] }, { $push: { tags: { $each: ['c'], $slice: 0 } } }, { tags: [] }],
  ['$push sorts values', { tags: ['b'] }, { $push: { tags: { $each: ['c', 'a'], $sort: -1 } } }, { tags: ['c', 'b', 'a'] }],
  ['$push sorts objects', { people: [{ n: 2 }] }, { $push: { people: { $each: [{ n: 1 }], $sort: { n: 1 } } } }, { people: [{ n: 1 }, { n: 2 }] }],
  ['$addToSet adds what is missing', { tags: ['a'] }, { $addToSet: { tags: { $each: ['a', 'b', 'b'] } } }, { tags: ['a', 'b'] }],
  ['$addToSet compares objects as a whole', { people: [{ a: 1, b: 2 }] }, { $addToSet: { people: { a: 1, b: 2 } } }, { people: [{ a: 1, b: 2 }] }],
  ['$pull removes a value', { tags: ['a', 'b', 'a'] }, { $pull: { tags: 'a' } }, { tags: ['b'] }],
  ['$pull removes what a condition matches', { people: [{ id: 'a', n: 1 }, { id: 'b' }] }, { $pull: { people: { id: 'a' } } }, { people: [{ id: 'b' }] }],
  ['$pull takes operators', { tags: ['a', 'b', 'c'] }, { $pull: { tags: { $in: ['a', 'c'] } } }, { tags: ['b'] }],
  ['$pull of nothing makes no array', {}, { $pull: { tags: 'a' } }, {}],
  ['$setOnInsert leaves a stored document alone', { text: 'a' }, { $setOnInsert: { text: 'b' } }, { text: 'a' }],
]

for (const [title, before, body, after] of rows) {
  t.test(title, async t => {
    const kept = structuredClone(before)
    t.strictSame(update(before, body), after)
    t.strictSame(before, kept, 'the document given is not changed')
  })
}

t.test('$setOnInsert counts when the document is new', async t => {
  t.strictSame(update({}, { $setOnInsert: { at: '2030-01-01' } }, undefined, true), { at: NOW })
})

t.test('replace puts another element at the matched position', async t => {
  const before = { people: [{ id: 'a' }, { id: 'b', n: 1 }] }
  t.strictSame(update(before, { $set: { 'people.$.replace': { id: 'c' } } }, 1), { people: [{ id: 'a' }, { id: 'c' }] })
})

t.test('merge changes only the keys given of the matched element', async t => {
  const before = { people: [{ id: 'a', n: 1, deep: { x: 1 } }] }
  const after = { people: [{ id: 'a', n: 2, deep: { x: 1, y: 2 } }] }
  t.strictSame(update(before, { $set: { 'people.$.merge': { n: 2, 'deep.y': 2 } } }, 0), after)
})

const failures: ReadonlyArray<[title: string, before: Document, body: Record<string, unknown>, error: { message: string | RegExp, statusCode: number, body?: { code: string } }]> = [
  ['a positional change without a position', { people: [] }, { $set: { 'people.$.replace': {} } }, { message: /positional operator/, statusCode: 500, body: { code: '2' } }],
  ['a path through a text', { raw: { a: 'x' } }, { $set: { 'raw.a.b': 1 } }, { message: /Cannot create field 'b'/, statusCode: 500, body: { code: '28' } }],
  ['a name in an array', { raw: { a: [] } }, { $set: { 'raw.a.b': 1 } }, { message: /Cannot create field 'b'/, statusCode: 500, body: { code: '28' } }],
  ['a position far behind the end', { raw: { a: [] } }, { $set: { 'raw.a.9999999': 1 } }, { message: /Cannot create field/, statusCode: 500, body: { code: '28' } }],
  ['counting up a text', { raw: { a: 'x' } }, { $inc: { 'raw.a': 1 } }, { message: /non-numeric/, statusCode: 500, body: { code: '14' } }],
  ['pushing to an object', { people: { a: 1 } }, { $push: { people: {} } }, { message: /must be an array/, statusCode: 500, body: { code: '2' } }],
  ['two operators on one path', {}, { $set: { number: 1 }, $inc: { number: 1 } }, { message: /conflict at 'number'/, statusCode: 500, body: { code: '40' } }],
  ['a path and what is below it', {}, { $set: { raw: {}, 'raw.a': 1 } }, { message: /conflict at 'raw'/, statusCode: 500, body: { code: '40' } }],
  ['a day that does not exist', {}, { $set: { at: '2026-13-45' } }, { statusCode: 500, message: 'Invalid Date' }],
  ['a path to the prototype', {}, { $set: { 'raw.__proto__.x': 1 } }, { message: /cannot be used/, statusCode: 400 }],
]

for (const [title, before, body, error] of failures) {
  t.test(`${title} fails`, async t => { t.throws(() => update(before, body), error) })
}

t.test('only writable fields may change', async t => {
  const writable = new Set(['text', 'raw'])
  t.strictSame(parseUpdate({ $set: { text: 'a', 'raw.b': 1 } }, collection, writable).length, 2)
  t.throws(() => parseUpdate({ $push: { tags: 'a' } }, collection, writable), { statusCode: 500, message: 'You cannot edit "tags" field' })
})

t.test('names that lead to a prototype do not reach it', async t => {
  update({}, { $set: { 'raw.constructor.prototype.polluted': 1 } })
  t.notOk('polluted' in {})
})
