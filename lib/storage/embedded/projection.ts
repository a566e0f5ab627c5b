import type { Collection } from './collection-definition.ts'
import { badQuery } from './errors.ts'
import { elementMatches } from './query-evaluation.ts'
import type { Test } from './query-language.ts'
import { parseElementFilter } from './query-language.ts'
import type { Document, Value } from './values.ts'
import { isDocument } from './values.ts'

type ElementTest = Extract<Test, { op: 'elemMatch' }>

/** Paths to keep or to leave out; `_id` is always kept. */
export interface Projection {
  readonly kind: 'only' | 'without'
  readonly paths: readonly string[]
  /** Arrays of which only the first element that passes is let out. */
  readonly elements?: ReadonlyMap<string, ElementTest>
}

export interface ProjectionRequest {
  /** `_p`: names separated by commas. */
  readonly names?: string | undefined
  /** `_rawp`: JSON text. */
  readonly raw?: string | undefined
  /** The `acl_read_columns` header: names separated by commas. */
  readonly readable?: string | undefined
}

/** What the CRUD Service lets into a raw projection; a reference to a field (`$name`) may stand beside them. */
const RAW_OPERATORS = new Set([
  '$eq', '$gt', '$gte', '$in', '$lt', '$lte', '$ne', '$nin', '$and', '$not', '$nor', '$or', '$exists', '$type', '$cond', '$regexMatch',
  '$mod', '$all', '$elemMatch', '$size', '$filter', '$reduce', '$concatArrays', '$first', '$map', '$dateToString',
])
const NOT_COMPUTED = '_rawp takes inclusion, exclusion and $elemMatch here'

interface RawEntry {
  readonly path: string
  readonly isKept: boolean
  readonly element?: ElementTest
}

function assertAllowed (raw: string, fields: readonly string[]): void {
  for (const [word] of raw.matchAll(/\${1,2}[\w-]+/g)) {
    if (word.startsWith('$$')) throw badQuery(NOT_COMPUTED)
    if (!RAW_OPERATORS.has(word) && !fields.includes(word.slice(1))) throw badQuery(`Operator ${word} is not allowed in raw projection`)
  }
}

function rawEntry (path: string, value: unknown): RawEntry[] {
  if (typeof value === 'number' || typeof value === 'boolean') return [{ path, isKept: Boolean(value) }]
  if (path.startsWith('$') || !isDocument(value)) throw badQuery(NOT_COMPUTED)
  const { $elemMatch: condition, ...others } = value
  // An object without an operator names paths below its own, as in MongoDB.
  if (condition === undefined) return Object.entries(others).flatMap(([name, part]) => rawEntry(name.startsWith('$') ? name : `${path}.${name}`, part))
  if (path.includes('.') || Object.keys(others).length > 0) throw badQuery(NOT_COMPUTED)
  return [{ path, isKept: true, element: parseElementFilter(condition) }]
}

function parseRaw (raw: string, fields: readonly string[]): RawEntry[] {
  assertAllowed(raw, fields)
  let parsed: unknown
  try {
    parsed = JSON.parse(raw)
  } catch (error) {
    throw badQuery(error instanceof Error ? error.message : 'Invalid _rawp')
  }
  if (!isDocument(parsed)) throw badQuery('_rawp must be an object')
  return Object.entries(parsed).flatMap(([path, value]) => rawEntry(path, value))
}

function rawProjection (raw: string, collection: Collection, readable: readonly string[] | undefined): Projection {
  const entries = parseRaw(raw, readable ?? [...collection.fields.keys()])
  const own = entries.filter(({ path }) => path !== '_id')
  if (own.some(({ isKept }) => isKept) && own.some(({ isKept }) => !isKept)) {
    throw badQuery('Cannot mix inclusion and exclusion in a projection')
  }
  const isExclusion = own.length > 0 && own.every(({ isKept }) => !isKept)
  const paths = own.map(({ path }) => path)
  if (!isExclusion) {
    if (own.length === 0) return everything(collection, readable)
    const elements = new Map(own.flatMap(({ path, element }) => element === undefined ? [] : [[path, element]]))
    return { kind: 'only', paths: readable === undefined ? paths : paths.filter(path => readable.includes(path)), elements }
  }
  if (readable === undefined) return { kind: 'without', paths }
  if (paths.some(path => readable.includes(path))) {
    throw badQuery('_rawp exclusive projection is overriding at least one acl_read_column value')
  }
  // Excluding what may not be read anyway must not open the rest.
  return { kind: 'only', paths: readable }
}

function everything (collection: Collection, readable: readonly string[] | undefined): Projection {
  const names = [...collection.fields.keys()]
  return { kind: 'only', paths: readable === undefined ? names : names.filter(name => readable.includes(name)) }
}

/** What a caller gets to see of a document. Throws 400 for `_p` together with `_rawp`, and for a `_rawp` that is not understood. */
export function parseProjection ({ names, raw, readable }: ProjectionRequest, collection: Collection): Projection {
  const columns = readable ? readable.split(',').map(name => name.trim()) : undefined
  if (names && raw) throw badQuery('Use of both _rawp and _p parameter is not allowed')
  if (raw) return rawProjection(raw, collection, columns)
  if (!names) return everything(collection, columns)
  const paths = names.split(',')
  return { kind: 'only', paths: columns === undefined ? paths : paths.filter(path => columns.includes(path)) }
}

const below = (paths: readonly string[], name: string) =>
  paths.filter(path => path.startsWith(`${name}.`)).map(path => path.slice(name.length + 1))

function keepOnly (value: Value, paths: readonly string[]): Value | undefined {
  if (Array.isArray(value)) return value.map(item => keepOnly(item, paths)).filter(item => item !== undefined)
  if (!isDocument(value)) return undefined
  const kept: Array<[string, Value]> = []
  for (const [name, item] of Object.entries(value)) {
    const part = paths.includes(name) ? item : keepBelow(item, below(paths, name))
    if (part !== undefined) kept.push([name, part])
  }
  return Object.fromEntries(kept)
}

const keepBelow = (value: Value, paths: readonly string[]) => paths.length === 0 ? undefined : keepOnly(value, paths)

function leaveOut (value: Value, paths: readonly string[]): Value {
  if (paths.length === 0) return value
  if (Array.isArray(value)) return value.map(item => leaveOut(item, paths))
  if (!isDocument(value)) return value
  return Object.fromEntries(Object.entries(value)
    .filter(([name]) => !paths.includes(name))
    .map(([name, item]) => [name, leaveOut(item, below(paths, name))]))
}

/** The paths that a projection lets out, in the order of a table's columns, `_id` first. */
export function columnsOf ({ kind, paths }: Projection, collection: Collection): string[] {
  const names = [...collection.fields.keys()]
  const declared = kind === 'only'
    ? paths.filter(path => collection.fields.has(path.split('.')[0] ?? path))
    : names.filter(name => !paths.includes(name))
  return [...new Set(['_id', ...declared])]
}

function firstElements (part: Document, elements: ReadonlyMap<string, ElementTest>): Document {
  const result = { ...part }
  for (const [name, test] of elements) {
    const value = result[name]
    const found = Array.isArray(value) ? value.find(element => elementMatches(test, element)) : undefined
    if (found === undefined) delete result[name]
    else result[name] = [found]
  }
  return result
}

/** The part of a document that a projection lets out; fields that the collection does not declare never leave. */
export function project (document: Document, projection: Projection, collection: Collection): Document {
  const declared = Object.entries(document).filter(([name]) => collection.fields.has(name))
  const id = document['_id'] === undefined ? {} : { _id: document['_id'] }
  const rest = Object.fromEntries(declared.filter(([name]) => name !== '_id'))
  const part = projection.kind === 'only' ? keepOnly(rest, projection.paths) : leaveOut(rest, projection.paths)
  if (!isDocument(part)) return id
  return { ...id, ...(projection.elements === undefined ? part : firstElements(part, projection.elements)) }
}
