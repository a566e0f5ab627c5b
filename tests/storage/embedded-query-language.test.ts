import t from 'tap'
import { defineCollection } from '../../lib/storage/embedded/collection-definition.ts'
import type { FieldDefinition } from '../../lib/storage/embedded/collection-definition.ts'
import { CrudError } from '../../lib/storage/embedded/errors.ts'
import { matchedPosition, matches } from '../../lib/storage/embedded/query-evaluation.ts'
import { parseFilter } from '../../lib/storage/embedded/query-language.ts'
import type { Document, Value } from '../../lib/storage/embedded/values.ts'
import { compare, same } from '../../lib/storage/embedded/values.ts'

const field = (name: string, type: FieldDefinition['type']): FieldDefinition => ({ name, type, required: false, nullable: true })
const collection = defineCollection({
  name: 'things',
  endpointBasePath: '/things',
  defaultState: 'PUBLIC',
  fields: [
    field('text', 'string'), field('number', 'number'), field('flag', 'boolean'), field('at', 'Date'), field('raw', 'RawObject'),
    { ...field('people', 'Array'), items: { type: 'RawObject' } },
    { ...field('tags', 'Array'), items: { type: 'string' } },
  ],
})

const finds = (filter: unknown, document: Document) => matches(parseFilter(filter, collection), document)
const AT = new Date('2030-01-01T10:00:00.000Z')

const rows: ReadonlyArray<[title: string, filter: unknown, document: Document, found: boolean]> = [
  ['an empty filter finds everything', {}, {}, true],
  ['equality', { text: 'a' }, { text: 'a' }, true],
  ['equality is of one type', { text: '1' }, { text: 1 }, false],
  ['null finds what is absent', { text: null }, {}, true],
  ['null finds null', { text: null }, { text: null }, true],
  ['null does not find a value', { text: null }, { text: '' }, false],
  ['$eq', { number: { $eq: 1 } }, { number: 1 }, true],
  ['$ne finds what is absent', { number: { $ne: 1 } }, {}, true],
  ['$ne null does not find what is absent', { number: { $ne: null } }, {}, false],
  ['$gt excludes the bound', { number: { $gt: 1 } }, { number: 1 }, false],
  ['$gte includes the bound', { number: { $gte: 1 } }, { number: 1 }, true],
  ['$lt does not find what is absent', { number: { $lt: 1 } }, {}, false],
  ['$lte does not compare a number with a text', { number: { $lte: 9 } }, { number: '1' }, false],
  ['$gte null finds what is absent', { number: { $gte: null } }, {}, true],
  ['two bounds hold together', { number: { $gt: 1, $lt: 3 } }, { number: 3 }, false],
  ['$in', { text: { $in: ['a', 'b'] } }, { text: 'b' }, true],
  ['$in with null finds what is absent', { text: { $in: ['a', null] } }, {}, true],
  ['$in of nothing finds nothing', { text: { $in: [] } }, { text: 'a' }, false],
  ['$nin finds what is absent', { text: { $nin: ['a'] } }, {}, true],
  ['$nin of an element excludes the array', { tags: { $nin: ['a'] } }, { tags: ['a', 'b'] }, false],
  ['$all', { tags: { $all: ['a', 'b'] } }, { tags: ['b', 'c', 'a'] }, true],
  ['$all of nothing finds nothing', { tags: { $all: [] } }, { tags: ['a'] }, false],
  ['$exists', { text: { $exists: true } }, { text: null }, true],
  ['$exists false', { text: { $exists: false } }, {}, true],
  ['$regex', { text: { $regex: '^ab', $options: 'i' } }, { text: 'ABC' }, true],
  ['$regex with a leading flag', { text: { $regex: '(?i)^ab' } }, { text: 'ABC' }, true],
  ['$regex does not find a number', { 'raw.x': { $regex: '1' } }, { raw: { x: 1 } }, false],
  ['$or', { $or: [{ text: 'a' }, { number: 1 }] }, { number: 1 }, true],
  ['$and', { $and: [{ text: 'a' }, { number: 1 }] }, { number: 1 }, false],
  ['several fields hold together', { text: 'a', number: 1 }, { text: 'a', number: 2 }, false],
  ['a date compares as an instant', { at: '2030-01-01T12:00:00+02:00' }, { at: AT }, true],
  ['a date from milliseconds', { at: { $lte: AT.getTime() } }, { at: AT }, true],
  ['a date is not found by an earlier bound', { at: { $lt: '2030-01-01' } }, { at: AT }, false],
  ['an array equals as a whole', { tags: ['a', 'b'] }, { tags: ['a', 'b'] }, true],
  ['an array in another order does not equal', { tags: ['b', 'a'] }, { tags: ['a', 'b'] }, false],
  ['a value equals one element', { tags: 'b' }, { tags: ['a', 'b'] }, true],
  ['$size', { tags: { $size: 2 } }, { tags: ['a', 'b'] }, true],
  ['$size of no array', { people: { $size: 1 } }, { people: { a: 1 } }, false],
  ['a path walks through an array', { 'people.id': 'b' }, { people: [{ id: 'a' }, { id: 'b' }] }, true],
  ['a path names a position', { 'people.1.id': 'a' }, { people: [{ id: 'a' }, { id: 'b' }] }, false],
  ['conditions on two paths may hold for two elements', { 'people.id': 'a', 'people.n': 2 }, { people: [{ id: 'a', n: 1 }, { id: 'b', n: 2 }] }, true],
  ['$elemMatch holds for one element', { people: { $elemMatch: { id: 'a', n: 2 } } }, { people: [{ id: 'a', n: 1 }, { id: 'b', n: 2 }] }, false],
  ['$elemMatch of operators', { tags: { $elemMatch: { $gt: 'a', $lt: 'c' } } }, { tags: ['a', 'b'] }, true],
  ['$elemMatch takes logic inside', { people: { $elemMatch: { $or: [{ id: 'x' }, { n: { $not: { $lt: 1 } } }] } } }, { people: [{ n: 1 }] }, true],
  ['dates inside undeclared objects stay texts', { 'people.at': { $gt: '2030' } }, { people: [{ at: '2031' }] }, true],
  ['an object equals with its keys in order', { raw: { a: 1, b: 2 } }, { raw: { a: 1, b: 2 } }, true],
  ['an object does not equal with its keys in another order', { raw: { a: 1, b: 2 } }, { raw: { b: 2, a: 1 } }, false],
  ['an undeclared path below an object', { 'raw.a.b': { $gte: 2 } }, { raw: { a: { b: 2 } } }, true],
  ['absent below an array of objects', { 'people.id': { $exists: false } }, { people: [{ n: 1 }] }, true],
  ['inherited names are absent', { 'raw.constructor': { $exists: true } }, { raw: {} }, false],
  ['an id in capitals', { _id: 'ABCDEFABCDEFABCDEFABCDEF' }, { _id: 'abcdefabcdefabcdefabcdef' }, true],
]

for (const [title, filter, document, found] of rows) {
  t.test(title, async t => { t.equal(finds(filter, document), found) })
}

const refusals: ReadonlyArray<[filter: unknown, message: string, statusCode: number]> = [
  [{ nope: 1 }, 'Unknown field: nope', 400],
  [{ 'nope.x': 1 }, 'Unknown field: nope.x', 400],
  [{ $nor: [{ text: 'a' }] }, 'Unknown operator: $nor', 400],
  [{ $expr: {} }, 'Unknown operator: $expr', 400],
  [{ $where: '1' }, 'Unknown operator: $where', 400],
  [{ text: { $not: { $eq: 'a' } } }, 'Unsupported operator: $not', 400],
  [{ text: { a: 1 } }, 'Unsupported operator: a', 400],
  [{ 'people.x': { a: 1 } }, 'Unsupported operator: a', 400],
  [{ text: { $size: 1 } }, 'Unsupported operator: $size for string field', 400],
  [{ at: { $elemMatch: {} } }, 'Unsupported operator: $elemMatch for Date field', 400],
  [{ people: { $gt: 1 } }, 'Unsupported operator: $gt for Array field', 400],
  [{ 'people.0': { $gt: 1 } }, 'Unsupported operator: $gt for Array field', 400],
  [{ raw: { $eq: {} } }, 'Unsupported operator: $eq for RawObject field', 400],
  [{ at: 'x' }, 'Invalid Date', 400],
  [{ at: true }, 'Invalid Date', 400],
  [{ at: { $in: ['2030-01-01', 'x'] } }, 'Invalid Date', 400],
  [{ _id: 'abc' }, 'Invalid objectId', 400],
  [{ _id: 12 }, 'Invalid objectId', 400],
  [{ $and: [] }, '$and/$or/$nor must be a nonempty array', 500],
  [5, 'a filter must be an object', 500],
]

for (const [filter, message, statusCode] of refusals) {
  t.test(`${JSON.stringify(filter)} is refused`, async t => {
    try {
      parseFilter(filter, collection)
      t.fail('it was accepted')
    } catch (error) {
      t.ok(error instanceof CrudError)
      t.match(error, { statusCode, message })
    }
  })
}

t.test('an unknown regular expression is refused', async t => {
  t.throws(() => parseFilter({ text: { $regex: '(' } }, collection), CrudError)
  t.throws(() => parseFilter({ text: { $regex: 'a', $options: 'x' } }, collection), CrudError)
})

t.test('a filter says which element of an array it means', async t => {
  const document = { people: [{ id: 'a', n: 1 }, { id: 'b', n: 2 }], tags: ['x', 'y'] }
  const position = (filter: unknown, array: string) => matchedPosition(parseFilter(filter, collection), document, array)
  t.equal(position({ 'people.id': 'b' }, 'people'), 1)
  t.equal(position({ $and: [{ text: null }, { people: { $elemMatch: { n: { $gt: 1 } } } }] }, 'people'), 1)
  t.equal(position({ tags: 'y' }, 'tags'), 1)
  t.equal(position({ tags: { $in: ['y', 'z'] } }, 'tags'), 1)
  t.equal(position({ text: null }, 'people'), undefined)
  t.equal(position({ 'people.id': 'z' }, 'people'), undefined)
})

t.test('values have one order across types', async t => {
  const ordered: Value[] = [null, -1, 2, '', 'a', '\u{e000}', '\u{10000}', { a: 1 }, [1], [1, 2], false, true, new Date(0), new Date(1)]
  t.strictSame(ordered.toReversed().sort(compare), ordered)
  t.ok(same({ a: [new Date(5), null] }, { a: [new Date(5), null] }))
})
