import type { Collection } from './collection-definition.ts'
import { DuplicateKey } from './errors.ts'
import { matches } from './query-evaluation.ts'
import type { Database } from './sqlite-database.ts'
import { createLayout } from './sqlite-layout.ts'
import type { Selection, SortKey } from './sqlite-plan.ts'
import { isOrderedBySql, plannerOf } from './sqlite-plan.ts'
import type { Document, Value } from './values.ts'
import { compare, isDocument, reach } from './values.ts'

export type { Selection, SortKey } from './sqlite-plan.ts'

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
  const layout = createLayout(database, collection)
  const { table, indexes, dottedPaths, markMultikey } = layout
  const planOf = plannerOf(collection, layout)
  const { statement } = database

  const revive = (body: unknown): Document => {
    const document: Document = JSON.parse(String(body))
    for (const name of collection.dateFields) {
      const value = document[name]
      if (typeof value === 'string') document[name] = new Date(value)
    }
    return document
  }

  function * scan (selection: Selection): Generator<Found> {
    const { from, order, values } = planOf(selection)
    for (const record of statement(`SELECT row, body FROM ${from} ORDER BY ${order}`).iterate(...values)) {
      const document = revive(record['body'])
      if (matches(selection.filter, document)) yield { row: Number(record['row']), document }
    }
  }

  const search = <Picked>(selection: Selection, pick: (found: Found) => Picked): Picked[] => {
    const { sort = [], skip = 0, limit = Infinity } = selection
    if (sort.some(({ path }) => !isOrderedBySql(path, selection.filter, collection, layout))) {
      const { filter, states } = selection
      const all = [...scan({ filter, states })].sort((left, right) => compareBy(sort, left.document, right.document))
      return all.slice(skip, skip + limit).map(pick)
    }
    const picked: Picked[] = []
    let toSkip = skip
    for (const found of scan(selection)) {
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
      const { from, values, isExact } = planOf(selection)
      if (isExact) return Number(statement(`SELECT count(*) AS number FROM ${from}`).get(...values)?.['number'])
      const found = scan(selection)
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
