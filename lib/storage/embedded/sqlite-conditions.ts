import type { SQLInputValue } from 'node:sqlite'
import type { Collection } from './collection-definition.ts'
import { isScalar } from './collection-definition.ts'
import type { Filter, Test } from './query-language.ts'
import type { Value } from './values.ts'

/** A condition in SQL, and the values for its question marks. */
export interface Condition {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

const COLUMNS: ReadonlyMap<string, string> = new Map([
  ['_id', 'id'], ['__STATE__', 'state'], ['createdAt', 'created_at'], ['updatedAt', 'updated_at'],
])

/** The SQL of what a path holds. Indexes and conditions must use the very same text to meet. */
export function expressionOf (path: string): string {
  const column = COLUMNS.get(path)
  if (column !== undefined) return column
  return `json_extract(body, '$.${path.split('.').map(chunk => `"${chunk}"`).join('.')}')`
}

/** Whether a path holds at most one comparable value in every document of a collection, by its declaration. */
export function isSingleValued (path: string, collection: Collection): boolean {
  const field = collection.fields.get(path)
  return field !== undefined && isScalar(field.type)
}

/** The value in the form that SQL compares, undefined when SQL would compare it differently. */
function operand (value: Value, path: string): SQLInputValue | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0') ? value : undefined
  if (!(value instanceof Date)) return undefined
  if (COLUMNS.has(path)) return value.getTime()
  const text = value.toISOString()
  return /^\d/.test(text) ? text : undefined
}

const COMPARISONS: ReadonlyMap<string, string> = new Map([['eq', '='], ['gt', '>'], ['gte', '>='], ['lt', '<'], ['lte', '<=']])

function testCondition (test: Test, path: string): Condition | undefined {
  const expression = expressionOf(path)
  if (test.op === 'in') {
    const values = test.values.map(value => operand(value, path))
    if (values.length === 0 || values.includes(undefined)) return undefined
    return { sql: `${expression} IN (SELECT value FROM json_each(?))`, values: [JSON.stringify(values)] }
  }
  const comparison = COMPARISONS.get(test.op)
  if (comparison === undefined || !('value' in test)) return undefined
  const value = operand(test.value, path)
  return value === undefined ? undefined : { sql: `${expression} ${comparison} ?`, values: [value] }
}

function join (conditions: readonly Condition[], word: 'AND' | 'OR'): Condition | undefined {
  if (conditions.length === 0) return undefined
  return { sql: `(${conditions.map(({ sql }) => sql).join(` ${word} `)})`, values: conditions.flatMap(({ values }) => values) }
}

/**
 * A condition that every document passing the filter meets; others may meet it too, so the filter must still be asked.
 * Undefined when nothing simple follows from the filter. `isPlain` says which paths never lead through arrays.
 */
export function conditionOf (filter: Filter, isPlain: (path: string) => boolean): Condition | undefined {
  switch (filter.kind) {
    case 'field': {
      const path = filter.path.join('.')
      if (!isPlain(path)) return undefined
      return join(filter.tests.map(test => testCondition(test, path)).filter(condition => condition !== undefined), 'AND')
    }
    case 'and':
      return join(filter.filters.map(part => conditionOf(part, isPlain)).filter(condition => condition !== undefined), 'AND')
    case 'or': {
      const conditions = filter.filters.map(part => conditionOf(part, isPlain)).filter(condition => condition !== undefined)
      return conditions.length === filter.filters.length ? join(conditions, 'OR') : undefined
    }
    case 'nor':
      return undefined
  }
}
