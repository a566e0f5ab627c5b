import type { Collection } from './collection-definition.ts'
import { badQuery } from './errors.ts'
import type { Document, Value } from './values.ts'
import { isDocument } from './values.ts'

/** Paths to keep or to leave out; `_id` is always kept. */
export interface Projection {
  readonly kind: 'only' | 'without'
  readonly paths: readonly string[]
}

export interface ProjectionRequest {
  /** `_p`: names separated by commas. */
  readonly names?: string | undefined
  /** `_rawp`: JSON text. */
  readonly raw?: string | undefined
  /** The `acl_read_columns` header: names separated by commas. */
  readonly readable?: string | undefined
}

function parseRaw (raw: string): Array<[string, boolean]> {
  let parsed: unknown
  try {
    parsed = JSON.parse(raw)
  } catch (error) {
    throw badQuery(error instanceof Error ? error.message : 'Invalid _rawp')
  }
  if (!isDocument(parsed)) throw badQuery('_rawp must be an object')
  return Object.entries(parsed).map(([path, value]) => {
    if (path.startsWith('$')) throw badQuery(`Operator ${path} is not allowed in raw projection`)
    if (typeof value !== 'number' && typeof value !== 'boolean') throw badQuery('_rawp supports inclusion and exclusion only')
    return [path, Boolean(value)]
  })
}

function rawProjection (raw: string, collection: Collection, readable: readonly string[] | undefined): Projection {
  const entries = parseRaw(raw)
  const own = entries.filter(([path]) => path !== '_id')
  if (own.some(([, isKept]) => isKept) && own.some(([, isKept]) => !isKept)) {
    throw badQuery('Cannot mix inclusion and exclusion in a projection')
  }
  const isExclusion = own.length > 0 && own.every(([, isKept]) => !isKept)
  const paths = own.map(([path]) => path)
  if (!isExclusion) {
    const named = readable === undefined ? paths : paths.filter(path => readable.includes(path))
    return own.length === 0 ? everything(collection, readable) : { kind: 'only', paths: named }
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

/** The part of a document that a projection lets out; fields that the collection does not declare never leave. */
export function project (document: Document, projection: Projection, collection: Collection): Document {
  const declared = Object.entries(document).filter(([name]) => collection.fields.has(name))
  const id = document['_id'] === undefined ? {} : { _id: document['_id'] }
  const rest = Object.fromEntries(declared.filter(([name]) => name !== '_id'))
  const part = projection.kind === 'only' ? keepOnly(rest, projection.paths) : leaveOut(rest, projection.paths)
  return { ...id, ...(isDocument(part) ? part : {}) }
}
