import type { Collection, FieldType } from './collection-definition.ts'
import { badQuery, internal } from './errors.ts'
import { asId } from './ids.ts'
import type { Value } from './values.ts'
import { isDocument } from './values.ts'

/** One test of what a path reaches; all tests of one field must hold. */
export type Test =
  | { readonly op: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte', readonly value: Value }
  | { readonly op: 'in' | 'nin' | 'all', readonly values: readonly Value[] }
  | { readonly op: 'exists', readonly expected: boolean }
  | { readonly op: 'regex', readonly pattern: RegExp }
  | { readonly op: 'size', readonly size: number }
  | { readonly op: 'elemMatch', readonly tests: readonly Test[] }
  | { readonly op: 'elemMatch', readonly filter: Filter }
  | { readonly op: 'not', readonly tests: readonly Test[] }

export type Filter =
  | { readonly kind: 'and' | 'or' | 'nor', readonly filters: readonly Filter[] }
  | { readonly kind: 'field', readonly path: readonly string[], readonly tests: readonly Test[] }

/** The filter that every document passes. */
export const EVERYTHING: Filter = { kind: 'and', filters: [] }

type Cast = (value: unknown) => Value

interface Rules {
  /** Throws when the path is not known; says which operators and casts apply. */
  typeOf (path: string): FieldType | undefined
  readonly logical: readonly string[]
}

const SCALAR_OPERATORS = new Set(['$eq', '$gt', '$gte', '$lt', '$lte', '$ne', '$regex', '$options', '$in', '$nin', '$all', '$exists'])
const ARRAY_OPERATORS = new Set(['$eq', '$in', '$nin', '$all', '$exists', '$elemMatch', '$size'])
const RAW_OBJECT_OPERATORS = new Set(['$exists'])
const KNOWN_OPERATORS = new Set([...SCALAR_OPERATORS, ...ARRAY_OPERATORS, '$nearSphere'])

function operatorsOf (type: FieldType | undefined): ReadonlySet<string> {
  if (type === 'Array') return ARRAY_OPERATORS
  if (type === 'RawObject') return RAW_OBJECT_OPERATORS
  return type === undefined ? KNOWN_OPERATORS : SCALAR_OPERATORS
}

/** An instant from ISO text or milliseconds; null passes. Throws 400 `Invalid Date`. */
function castDate (value: unknown): Date | null {
  if (value === null) return null
  const date = typeof value === 'string' || typeof value === 'number' ? new Date(value) : undefined
  if (date === undefined || Number.isNaN(date.getTime())) throw badQuery('Invalid Date')
  return date
}

function castId (value: unknown): string | null {
  if (value === null) return null
  const id = typeof value === 'string' ? asId(value) : undefined
  if (id === undefined) throw badQuery('Invalid objectId')
  return id
}

// The value comes from JSON.parse, so it is a Value already; only declared dates and ids have another form.
function castOf (type: FieldType | undefined): Cast {
  if (type === 'Date') return castDate
  if (type === 'ObjectId') return castId
  return value => value as Value
}

function castAll (operator: string, value: unknown, cast: Cast): Value[] {
  if (!Array.isArray(value)) throw badQuery(`${operator} needs an array`)
  return value.map(item => cast(item))
}

const FLAGS = /^[imsx]*$/

function parseRegex (source: unknown, options: unknown): RegExp {
  if (typeof source !== 'string') throw badQuery('$regex needs a string')
  const inline = /^\(\?([ims]+)\)/.exec(source)
  const flags = `${typeof options === 'string' ? options : ''}${inline?.[1] ?? ''}`
  if (!FLAGS.test(flags) || flags.includes('x')) throw badQuery('$options takes i, m and s')
  try {
    return new RegExp(source.slice(inline?.[0].length ?? 0), [...new Set(flags)].join(''))
  } catch (error) {
    throw badQuery(error instanceof Error ? error.message : 'Invalid regular expression')
  }
}

function parseElement (value: unknown): Test {
  if (!isDocument(value)) throw badQuery('$elemMatch needs an object')
  const keys = Object.keys(value)
  const isAboutElement = keys.some(key => key.startsWith('$') && !UNDECLARED.logical.includes(key))
  return isAboutElement
    ? { op: 'elemMatch', tests: parseOperators(value, undefined, true) }
    : { op: 'elemMatch', filter: parse(value, UNDECLARED) }
}

function parseOperator (operator: string, value: unknown, condition: Record<string, unknown>, cast: Cast): Test {
  switch (operator) {
    case '$eq': return { op: 'eq', value: cast(value) }
    case '$ne': return { op: 'ne', value: cast(value) }
    case '$gt': return { op: 'gt', value: cast(value) }
    case '$gte': return { op: 'gte', value: cast(value) }
    case '$lt': return { op: 'lt', value: cast(value) }
    case '$lte': return { op: 'lte', value: cast(value) }
    case '$in': return { op: 'in', values: castAll(operator, value, cast) }
    case '$nin': return { op: 'nin', values: castAll(operator, value, cast) }
    case '$all': return { op: 'all', values: castAll(operator, value, cast) }
    case '$exists': return { op: 'exists', expected: Boolean(value) }
    case '$regex': return { op: 'regex', pattern: parseRegex(cast(value), condition['$options']) }
    case '$elemMatch': return parseElement(value)
    case '$size':
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw badQuery('$size needs a whole number')
      return { op: 'size', size: value }
    default:
      throw badQuery(`Unsupported operator: ${operator}`)
  }
}

function parseOperators (condition: Record<string, unknown>, type: FieldType | undefined, mayNegate: boolean): Test[] {
  const allowed = operatorsOf(type)
  const tests: Test[] = []
  for (const [operator, value] of Object.entries(condition)) {
    if (operator === '$not' && mayNegate && isDocument(value)) {
      tests.push({ op: 'not', tests: parseOperators(value, type, mayNegate) })
      continue
    }
    if (!KNOWN_OPERATORS.has(operator)) throw badQuery(`Unsupported operator: ${operator}`)
    if (!allowed.has(operator)) throw badQuery(`Unsupported operator: ${operator} for ${type} field`)
    if (operator === '$options') {
      if (!('$regex' in condition)) throw badQuery('$options needs a $regex')
      continue
    }
    tests.push(parseOperator(operator, value, condition, castOf(type)))
  }
  return tests
}

function parseCondition (condition: unknown, type: FieldType | undefined, rules: Rules): Test[] {
  if (!isDocument(condition)) return [{ op: 'eq', value: castOf(type)(condition) }]
  const keys = Object.keys(condition)
  const isPlain = rules === UNDECLARED || type === 'RawObject' ? keys.every(key => !key.startsWith('$')) : keys.length === 0
  if (isPlain) return [{ op: 'eq', value: condition }]
  return parseOperators(condition, type, rules === UNDECLARED)
}

function parseClauses (operator: string, clauses: unknown, rules: Rules): Filter[] {
  // What MongoDB's driver throws, the CRUD Service answers as it is.
  if (!Array.isArray(clauses)) throw internal(`${operator} must be an array`, '2')
  if (clauses.length === 0) throw internal('$and/$or/$nor must be a nonempty array', '2')
  return clauses.map(clause => parse(clause, rules))
}

function parse (raw: unknown, rules: Rules): Filter {
  if (!isDocument(raw)) throw internal('a filter must be an object', '2')
  const filters: Filter[] = []
  for (const [key, value] of Object.entries(raw)) {
    if (rules.logical.includes(key)) {
      const kind = key === '$or' ? 'or' : key === '$nor' ? 'nor' : 'and'
      filters.push({ kind, filters: parseClauses(key, value, rules) })
    } else if (key === '$text') {
      throw internal('text index required for $text query', '27')
    } else if (key.startsWith('$')) {
      throw badQuery(`Unknown operator: ${key}`)
    } else {
      filters.push({ kind: 'field', path: key.split('.'), tests: parseCondition(value, rules.typeOf(key), rules) })
    }
  }
  return filters.length === 1 && filters[0] !== undefined ? filters[0] : { kind: 'and', filters }
}

const UNDECLARED: Rules = { logical: ['$and', '$or', '$nor'], typeOf: () => undefined }

/** The declared type of a dotted path, undefined for an undeclared sub-path. Throws 400 when its first chunk is unknown. */
export function typeOfPath (collection: Collection, path: string): FieldType | undefined {
  const chunks = path.split('.').filter(chunk => !/^\d+$/.test(chunk))
  const field = collection.fields.get(chunks[0] ?? '')
  if (field === undefined) throw badQuery(`Unknown field: ${path}`)
  return chunks.length === 1 ? field.type : undefined
}

/**
 * Checks a filter of the `_q` language against a collection and casts what it compares with. Throws 400 for what the
 * language refuses, 500 for what only MongoDB's driver would.
 */
export function parseFilter (raw: unknown, collection: Collection): Filter {
  return parse(raw, { logical: ['$and', '$or'], typeOf: path => typeOfPath(collection, path) })
}

/** Reads a condition on the elements of an array, as `$pull` takes it: nothing is declared there, nothing is cast. */
export function parseElementFilter (raw: unknown): Extract<Test, { op: 'elemMatch' }> {
  return parseElement(raw) as Extract<Test, { op: 'elemMatch' }>
}

/** Both filters together. */
export function both (...filters: Filter[]): Filter {
  return filters.length === 1 && filters[0] !== undefined ? filters[0] : { kind: 'and', filters }
}
