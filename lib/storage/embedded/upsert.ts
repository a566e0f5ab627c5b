import type { Collection } from './collection-definition.ts'
import { isScalar } from './collection-definition.ts'
import { internal } from './errors.ts'
import type { Filter } from './query-language.ts'
import { applyUpdate } from './update-application.ts'
import type { Change } from './update-operators.ts'
import type { Document, Value } from './values.ts'
import { isDocument } from './values.ts'

interface Term {
  readonly path: readonly string[]
  readonly value: Value
}

/** What a filter demands to be equal: MongoDB copies exactly these terms into an upserted document. */
function equalityTerms (filter: Filter): Term[] {
  if (filter.kind === 'field') return filter.tests.flatMap(test => test.op === 'eq' ? [{ path: filter.path, value: test.value }] : [])
  const isDemanded = filter.kind === 'and' || (filter.kind === 'or' && filter.filters.length === 1)
  return isDemanded ? filter.filters.flatMap(equalityTerms) : []
}

/**
 * The document that an upsert inserts when nothing matches, without the server's fields but for an `_id` that the filter
 * names. Required fields are not enforced: the CRUD Service doesn't either.
 */
export function upsertedDocument (filter: Filter, changes: readonly Change[], collection: Collection, now: Date): Document {
  const terms: Change[] = []
  for (const { path, value } of equalityTerms(filter)) {
    const field = collection.fields.get(path[0] ?? '')
    const isPlaceable = field !== undefined && !(path.length > 1 && isScalar(field.type))
    if (!isPlaceable || path.includes('__proto__') || (isScalar(field.type) && (isDocument(value) || Array.isArray(value)))) {
      throw internal(`The filter's value of ${path.join('.')} cannot become part of a document`)
    }
    terms.push({ operator: '$set', path, value })
  }
  const surroundings = { now, isInsert: true, positionIn: () => undefined }
  const { _id, creatorId, createdAt, updaterId, updatedAt, __STATE__, ...own } = applyUpdate(applyUpdate({}, terms, surroundings), changes, surroundings)
  return typeof _id === 'string' ? { _id, ...own } : own
}
