import type { SQLInputValue } from 'node:sqlite'
import type { Collection } from './collection-definition.ts'
import { DuplicateKey } from './errors.ts'
import { matches } from './query-evaluation.ts'
import type { Filter } from './query-language.ts'
import { conditionOf, expressionOf, isSingleValued } from './sqlite-conditions.ts'
import type { Database } from './sqlite-database.ts'
import { createLayout } from './sqlite-layout.ts'
import type { Document, Value } from './values.ts'
import { compare, isDocument, reach } from './values.ts'

export interface SortKey {
  readonly path: string
  readonly direction: 1 | -1
}

export interface Selection {
  readonly filter: Filter
  readonly states: readonly string[]
  readonly sort?: readonly SortKey[]
  readonly skip?: number | undefined
  readonly limit?: number | undefined
}

/** The documents of one collection. Writing methods are to be called inside `Database.write`. */
export interface DocumentStore {
  get (id: string): Document | undefined
  find (selection: Selection): Document[]
  /** Row numbers of what `find` would give, for reading a long result piece by piece. */
  findRows (selection: Selection): number[]
  getRow (row: number): Document | undefined
  count (selection: Selection): number
  /** How many documents there are in all states. */
  size (): number
  /** Throws DuplicateKey. */
  insert (document: Document): void
  /** Writes a new version of the document with the same id. Throws DuplicateKey. */
  replace (document: Document): void
  remove (id: string): void
}

/** SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY. */
const DUPLICATE_CODES: readonly unknown[] = [2067, 1555]

interface Found {
  readonly row: number
  readonly document: Document
}

function isEverything (filter: Filter): boolean {
  return filter.kind === 'and' && filter.filters.every(isEverything)
}

// An array sorts by its least element upwards and by its greatest downwards.
function sortValue (document: Document, { path, direction }: SortKey): Value | undefined {
  const values = reach(document, path.split('.')).flatMap(value => Array.isArray(value) ? value : [value])
  return values.toSorted((left, right) => direction * compare(left, right))[0]
}

function compareBy (keys: readonly SortKey[], left: Document, right: Document): number {
  for (const key of keys) {
    const order = key.direction * compare(sortValue(left, key), sortValue(right, key))
    if (order !== 0) return order
  }
  return 0
}

/** Opens the collection's table in a database, making what is missing. */
export function openStore (database: Database, collection: Collection): DocumentStore {
  const { table, indexes, dottedPaths, isMultikey, markMultikey } = createLayout(database, collection)
  const { statement } = database

  const revive = (body: unknown): Document => {
    const document: Document = JSON.parse(String(body))
    for (const name of collection.dateFields) {
      const value = document[name]
      if (typeof value === 'string') document[name] = new Date(value)
    }
    return document
  }

  const isPlain = (path: string) => isSingleValued(path, collection) || (dottedPaths.includes(path) && !isMultikey(path))

  const whereOf = ({ filter, states }: Selection) => {
    const condition = conditionOf(filter, isPlain)
    return {
      sql: `state IN (SELECT value FROM json_each(?))${condition === undefined ? '' : ` AND ${condition.sql}`}`,
      values: [JSON.stringify(states), ...condition?.values ?? []] satisfies SQLInputValue[],
    }
  }

  function * scan (selection: Selection, order: readonly string[]): Generator<Found> {
    const where = whereOf(selection)
    const sql = `SELECT row, body FROM ${table} WHERE ${where.sql} ORDER BY ${[...order, 'row'].join(', ')}`
    for (const record of statement(sql).iterate(...where.values)) {
      const document = revive(record['body'])
      if (matches(selection.filter, document)) yield { row: Number(record['row']), document }
    }
  }

  const search = <Picked>(selection: Selection, pick: (found: Found) => Picked): Picked[] => {
    const { sort = [], skip = 0, limit = Infinity } = selection
    if (sort.some(({ path }) => !isSingleValued(path, collection))) {
      const all = [...scan(selection, [])].sort((left, right) => compareBy(sort, left.document, right.document))
      return all.slice(skip, skip + limit).map(pick)
    }
    const order = sort.map(({ path, direction }) => `${expressionOf(path)} ${direction === 1 ? 'ASC' : 'DESC'}`)
    const picked: Picked[] = []
    let toSkip = skip
    for (const found of scan(selection, order)) {
      if (toSkip-- > 0) continue
      picked.push(pick(found))
      if (picked.length >= limit) break
    }
    return picked
  }

  const duplicateOf = (error: unknown, document: Document): unknown => {
    if (!(error instanceof Error) || !('errcode' in error) || !DUPLICATE_CODES.includes(error.errcode)) return error
    const index = indexes.find(({ sqlName }) => error.message.includes(`'${sqlName}'`))
    const fields = index?.definition.fields.map(field => field.name) ?? ['_id']
    const values = fields.map(name => [name, reach(document, name.split('.'))[0]] as const)
    return new DuplicateKey(collection.definition.name, index?.definition.name ?? '_id_', values)
  }

  const leadsThroughArray = (document: Document, path: string) => {
    let at: Value | undefined = document
    for (const chunk of path.split('.')) {
      if (!isDocument(at)) break
      at = Object.hasOwn(at, chunk) ? at[chunk] : undefined
      if (Array.isArray(at)) return true
    }
    return false
  }

  const put = (sql: string, document: Document) => {
    for (const path of dottedPaths) {
      if (leadsThroughArray(document, path)) markMultikey(path)
    }
    const { _id: id, __STATE__: state, createdAt, updatedAt } = document
    try {
      statement(sql).run(String(state), Number(createdAt), Number(updatedAt), JSON.stringify(document), String(id))
    } catch (error) {
      throw duplicateOf(error, document)
    }
  }

  return {
    get (id) {
      const record = statement(`SELECT body FROM ${table} WHERE id = ?`).get(id)
      return record === undefined ? undefined : revive(record['body'])
    },
    find: selection => search(selection, ({ document }) => document),
    findRows: selection => search(selection, ({ row }) => row),
    getRow (row) {
      const record = statement(`SELECT body FROM ${table} WHERE row = ?`).get(row)
      return record === undefined ? undefined : revive(record['body'])
    },
    count (selection) {
      if (isEverything(selection.filter)) {
        const where = whereOf(selection)
        return Number(statement(`SELECT count(*) AS number FROM ${table} WHERE ${where.sql}`).get(...where.values)?.['number'])
      }
      const found = scan(selection, [])
      let number = 0
      while (found.next().done !== true) number++
      return number
    },
    size: () => Number(statement(`SELECT count(*) AS number FROM ${table}`).get()?.['number']),
    insert (document) {
      put(`INSERT INTO ${table} (state, created_at, updated_at, body, id) VALUES (?, ?, ?, ?, ?)`, document)
    },
    replace (document) {
      put(`UPDATE ${table} SET state = ?, created_at = ?, updated_at = ?, body = ? WHERE id = ?`, document)
    },
    remove (id) {
      statement(`DELETE FROM ${table} WHERE id = ?`).run(id)
    },
  }
}
