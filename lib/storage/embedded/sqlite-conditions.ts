import type { SQLInputValue } from 'node:sqlite'
import type { FieldType } from './collection-definition.ts'
import type { Filter, Test } from './query-language.ts'
import type { Value } from './values.ts'

/** A condition in SQL, and the values for its question marks. */
export interface Condition {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
  /** True when it holds for the documents that pass the filter and for no others. */
  readonly isExact: boolean
}

/** Where SQL finds what a path reaches. */
export interface Columns {
  /** The SQL of a path that reaches one comparable value at most, undefined for every other. */
  single (path: string): SingleColumn | undefined
  /** The rows of documents in which an indexed path reaches a value, undefined where there is no such table. */
  elements (path: string): ElementColumn | undefined
}

export interface SingleColumn {
  readonly sql: string
  /** As declared; undefined where nothing is, so that any type may be stored. */
  readonly type: FieldType | undefined
  /** True where an absent value is stored as something that sorts before every other value. */
  readonly hasFloor: boolean
}

export interface ElementColumn {
  /** The quoted name of the table. */
  readonly table: string
  /** The SQL of the row number that its `document` is compared with. */
  readonly row: string
}

const COLUMNS: ReadonlyMap<string, string> = new Map([
  ['_id', 'id'], ['__STATE__', 'state'], ['createdAt', 'created_at'], ['updatedAt', 'updated_at'],
])

/** A path in SQLite's notation, as a text in SQL. */
export function jsonPath (chunks: readonly string[]): string {
  return `'$.${chunks.map(chunk => `"${chunk}"`).join('.')}'`
}

/**
 * The SQL of what a path holds. Indexes and conditions must use the very same text to meet. `source` goes before the
 * names of columns, e.g. `NEW.` in a trigger.
 */
export function expressionOf (path: string, source = ''): string {
  const column = COLUMNS.get(path)
  return column === undefined ? `json_extract(${source}body, ${jsonPath(path.split('.'))})` : source + column
}

/** The value in the form that SQL compares, undefined when SQL would compare it differently. */
function operand (value: Value, path: string): SQLInputValue | undefined {
  // Beyond these, SQLite reads a number's text as a neighbour of what JavaScript reads.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0') ? value : undefined
  if (!(value instanceof Date)) return undefined
  if (COLUMNS.has(path)) return value.getTime()
  const text = value.toISOString()
  return /^\d/.test(text) ? text : undefined
}

/** The operands of an `in`, undefined when SQL would miss one of them. */
export function operandsOf (values: readonly Value[], path: string): SQLInputValue[] | undefined {
  const operands = values.map(value => operand(value, path)).filter(value => value !== undefined)
  return operands.length > 0 && operands.length === values.length ? operands : undefined
}

const COMPARISONS: ReadonlyMap<string, string> = new Map([['gt', '>'], ['gte', '>='], ['lt', '<'], ['lte', '<=']])
const LIST = '(SELECT value FROM json_each(?))'

/** Whether SQL finds a value equal exactly where the filter does: numbers and truth values share a form, texts don't. */
function isTold (value: Value, type: FieldType | undefined): boolean {
  if (value instanceof Date) return type === 'Date'
  if (typeof value !== 'string') return false
  // Where any type may be stored, an object's text in SQL begins with a brace.
  return type === undefined ? !/^[[{]/.test(value) : type === 'string' || type === 'ObjectId'
}

function equality (values: readonly Value[], path: string, { sql, type }: SingleColumn, isNegative: boolean): Condition | undefined {
  const operands = operandsOf(values, path)
  if (operands === undefined) return undefined
  const isExact = values.every(value => isTold(value, type))
  // An object's text would be excluded in place of the object.
  if (isNegative && (!isExact || type === undefined)) return undefined
  const isOne = operands.length === 1
  if (isNegative) return { sql: isOne ? `${sql} IS NOT ?` : `(${sql} IS NULL OR ${sql} NOT IN ${LIST})`, values: isOne ? operands : [JSON.stringify(operands)], isExact }
  return { sql: isOne ? `${sql} = ?` : `${sql} IN ${LIST}`, values: isOne ? operands : [JSON.stringify(operands)], isExact }
}

function range (comparison: string, value: Value, path: string, { sql, type, hasFloor }: SingleColumn): Condition | undefined {
  const bound = operand(value, path)
  if (bound === undefined) return undefined
  const isExact = value instanceof Date ? type === 'Date' : type === 'ObjectId' && typeof value === 'string'
  const isUpper = comparison.startsWith('<')
  // The empty text is the least of all texts, and above what stands for an absent value.
  if (isUpper && hasFloor && typeof bound === 'string') return { sql: `(${sql} >= '' AND ${sql} ${comparison} ?)`, values: [bound], isExact }
  return { sql: `${sql} ${comparison} ?`, values: [bound], isExact: isExact && !(isUpper && hasFloor) }
}

function elementCondition (test: Test, path: string, { table, row }: ElementColumn): Condition | undefined {
  const values = equalValues(test)
  const operands = values === undefined ? undefined : operandsOf(values, path)
  if (values === undefined || operands === undefined) return undefined
  return {
    sql: `${row} IN (SELECT document FROM ${table} WHERE element IN ${LIST})`,
    values: [JSON.stringify(operands)],
    isExact: values.every(value => typeof value === 'string'),
  }
}

/** The values of which a test demands one, undefined for every other test. */
export function equalValues (test: Test): readonly Value[] | undefined {
  return test.op === 'eq' ? [test.value] : test.op === 'in' ? test.values : undefined
}

function testCondition (test: Test, path: string, columns: Columns): Condition | undefined {
  const column = columns.single(path)
  if (column === undefined) {
    const elements = columns.elements(path)
    return elements === undefined ? undefined : elementCondition(test, path, elements)
  }
  if (test.op === 'ne') return equality([test.value], path, column, true)
  if (test.op === 'nin') return equality(test.values, path, column, true)
  const values = equalValues(test)
  if (values !== undefined) return equality(values, path, column, false)
  const comparison = COMPARISONS.get(test.op)
  return comparison === undefined || !('value' in test) ? undefined : range(comparison, test.value, path, column)
}

function join (conditions: readonly Condition[], word: 'AND' | 'OR', isComplete: boolean): Condition | undefined {
  if (conditions.length === 0) return undefined
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(` ${word} `)})`,
    values: conditions.flatMap(({ values }) => values),
    isExact: isComplete && conditions.every(({ isExact }) => isExact),
  }
}

const every = (parts: ReadonlyArray<Condition | undefined>): Condition | undefined => {
  const conditions = parts.filter(condition => condition !== undefined)
  return join(conditions, 'AND', conditions.length === parts.length)
}

/**
 * A condition that every document passing the filter meets. Others may meet it too unless it is exact, so the filter must
 * still be asked. Undefined when nothing simple follows from the filter.
 */
export function conditionOf (filter: Filter, columns: Columns): Condition | undefined {
  switch (filter.kind) {
    case 'field': {
      const path = filter.path.join('.')
      return every(filter.tests.map(test => testCondition(test, path, columns)))
    }
    case 'and':
      // The filter that everything passes is no condition, and takes nothing from the exactness of the others.
      return every(filter.filters.filter(part => !isEverything(part)).map(part => conditionOf(part, columns)))
    case 'or': {
      const conditions = filter.filters.map(part => conditionOf(part, columns)).filter(condition => condition !== undefined)
      return conditions.length === filter.filters.length ? join(conditions, 'OR', true) : undefined
    }
    case 'nor':
      return undefined
  }
}

/** True for a filter that asks nothing. */
export function isEverything (filter: Filter): boolean {
  return filter.kind === 'and' && filter.filters.every(isEverything)
}

/** The parts of a filter that all must hold. */
export function conjunctsOf (filter: Filter): Filter[] {
  return filter.kind === 'and' || (filter.kind === 'or' && filter.filters.length === 1) ? filter.filters.flatMap(conjunctsOf) : [filter]
}
