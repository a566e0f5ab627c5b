import type { Collection } from './collection-definition.ts'
import { badRequest, internal } from './errors.ts'
import type { Document, Value } from './values.ts'
import { isDocument } from './values.ts'

export const UPDATE_OPERATORS = ['$set', '$unset', '$inc', '$mul', '$currentDate', '$push', '$addToSet', '$pull', '$setOnInsert'] as const
export type UpdateOperator = typeof UPDATE_OPERATORS[number]

/** One change of one path; `$` in a path stands for the element that the request's filter matched. */
export interface Change {
  readonly operator: UpdateOperator
  readonly path: readonly string[]
  readonly value: Value
}

const EARLIEST = Date.parse('0000-01-01T00:00:00.000Z')
const LATEST = Date.parse('9999-12-31T23:59:59.999Z')

/** A declared `Date` from a text that the request's schema let through. Throws 500 `Invalid Date`, as the CRUD Service does. */
export function castStoredDate (value: Value): Value {
  if (typeof value !== 'string') return value
  const instant = Date.parse(value)
  // Outside four-digit years the stored texts would no longer sort as instants.
  if (Number.isNaN(instant) || instant < EARLIEST || instant > LATEST) throw internal('Invalid Date')
  return new Date(instant)
}

/** A document with its declared dates as instants. Throws 500 `Invalid Date`. */
export function castDates (document: Document, { dateFields }: Collection): Document {
  const result = { ...document }
  for (const name of dateFields) {
    const value = result[name]
    if (value !== undefined) result[name] = castStoredDate(value)
  }
  return result
}

/** Throws 500, as the CRUD Service does, for a path outside the columns that may be written; undefined means all of them. */
export function assertWritable (paths: readonly string[], writable: ReadonlySet<string> | undefined): void {
  const refused = writable === undefined ? undefined : paths.find(path => !writable.has(path.split('.')[0] ?? path) && !writable.has(path))
  if (refused !== undefined) throw internal(`You cannot edit "${refused}" field`)
}

function changesOf (operator: UpdateOperator, name: string, value: Value, collection: Collection): Change[] {
  const [array = '', action] = name.split('.$.')
  if (action === 'replace') return [{ operator, path: [array, '$'], value }]
  if (action === 'merge' && isDocument(value)) {
    return Object.entries(value).map(([key, part]) => ({ operator, path: [array, '$', ...key.split('.')], value: part }))
  }
  const isDate = collection.fields.get(name)?.type === 'Date' && (operator === '$set' || operator === '$setOnInsert')
  return [{ operator, path: name.split('.'), value: isDate ? castStoredDate(value) : value }]
}

const startsWith = (path: readonly string[], start: readonly string[]) => start.every((chunk, index) => path[index] === chunk)

function assertNoConflict (changes: readonly Change[]): void {
  for (const [index, { path }] of changes.entries()) {
    const other = changes.slice(0, index).find(earlier => startsWith(path, earlier.path) || startsWith(earlier.path, path))
    if (other !== undefined) {
      throw internal(`Updating the path '${path.join('.')}' would create a conflict at '${other.path.join('.')}'`, '40')
    }
  }
}

/**
 * Reads the body of a change that has passed its schema. Casts dates, unfolds the positional forms, and refuses fields
 * outside `writable` (500, as the CRUD Service does). Throws 500 when two operators meet on one path.
 */
export function parseUpdate (body: Record<string, unknown>, collection: Collection, writable?: ReadonlySet<string>): Change[] {
  const changes: Change[] = []
  for (const operator of UPDATE_OPERATORS) {
    const operands = body[operator]
    if (!isDocument(operands)) continue
    for (const [name, value] of Object.entries(operands)) {
      assertWritable([name], writable)
      if (name.split('.').includes('__proto__')) throw badRequest(`body/${operator} names a path that cannot be used`)
      changes.push(...changesOf(operator, name, value, collection))
    }
  }
  assertNoConflict(changes)
  return changes
}
