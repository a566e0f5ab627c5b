import type { Collection, IndexDefinition } from './collection-definition.ts'
import { isElementIndex } from './collection-definition.ts'
import { expressionOf } from './sqlite-conditions.ts'
import type { Database } from './sqlite-database.ts'
import type { ElementIndex } from './sqlite-elements.ts'
import { createElementIndexes } from './sqlite-elements.ts'
import { isDocument } from './values.ts'

export interface Layout {
  /** The quoted name of the collection's table. */
  readonly table: string
  readonly indexes: ReadonlyArray<{ readonly sqlName: string, readonly definition: IndexDefinition }>
  /** Indexes on what stands in arrays. */
  readonly elementIndexes: readonly ElementIndex[]
  /** Indexed paths with a dot. SQL can look them up as long as no document ever had an array on the way. */
  readonly dottedPaths: readonly string[]
  isMultikey (path: string): boolean
  markMultikey (path: string): void
}

// The dot keeps this name apart from those of collections.
const MULTIKEY_TABLE = '"crud.multikey_paths"'

/** The paths that must be there for a document to be in an index; none when all documents are. */
function neededPaths ({ name, fields, usePartialFilter, partialFilterExpression }: IndexDefinition): string[] {
  if (usePartialFilter !== true || partialFilterExpression === undefined) return []
  const expression: unknown = JSON.parse(partialFilterExpression)
  const conditions = isDocument(expression) ? Object.entries(expression) : [['', null] as const]
  const isPresence = conditions.every(([path, condition]) => fields.some(field => field.name === path) &&
    isDocument(condition) && Object.keys(condition).length === 1 && condition['$exists'] === true)
  if (!isPresence) throw new Error(`The index ${name} has a partial filter other than $exists: true on its own fields, which is not supported`)
  return conditions.map(([path]) => path)
}

function createIndexStatement (sqlName: string, table: string, definition: IndexDefinition): string {
  const columns = definition.fields.map(({ name, order }) => `${expressionOf(name)}${order === -1 ? ' DESC' : ''}`)
  // Nothing is looked up by null, so a null is left out as well.
  const present = neededPaths(definition).map(path => `${expressionOf(path)} IS NOT NULL`)
  const where = present.length === 0 ? '' : ` WHERE ${present.join(' AND ')}`
  return `CREATE ${definition.unique ? 'UNIQUE ' : ''}INDEX "${sqlName}" ON ${table} (${columns.join(', ')})${where}`
}

function tablesStatement (table: string): string {
  return `
    CREATE TABLE IF NOT EXISTS ${table} (
      row INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS ${MULTIKEY_TABLE} (
      collection TEXT NOT NULL,
      path TEXT NOT NULL,
      PRIMARY KEY (collection, path)
    ) STRICT, WITHOUT ROWID`
}

function arrayStatement (table: string, path: string): string {
  const chunks = path.split('.').map(chunk => `"${chunk}"`)
  const conditions = chunks.map((_, depth) => `json_type(body, '$.${chunks.slice(0, depth + 1).join('.')}') = 'array'`)
  return `SELECT 1 AS found FROM ${table} WHERE ${conditions.join(' OR ')} LIMIT 1`
}

/**
 * Makes the table and the declared indexes of a collection, and drops indexes that are declared no longer, as the CRUD
 * Service does. Throws when stored documents break a unique index that is new.
 */
export function createLayout (database: Database, collection: Collection): Layout {
  const { name: collectionName, indexes: declared = [] } = collection.definition
  const table = `"${collectionName}"`
  const definitions = declared.filter(index => !isElementIndex(index, collection.fields))
  const onElements = declared.filter(index => isElementIndex(index, collection.fields))
  let elementIndexes: ElementIndex[] = []
  const indexes = definitions.map(definition => ({ sqlName: `${collectionName}.${definition.name}`, definition }))
  const wanted = new Map(indexes.map(({ sqlName, definition }) => [sqlName, createIndexStatement(sqlName, table, definition)]))

  const markMultikey = (path: string) => {
    database.statement(`INSERT OR IGNORE INTO ${MULTIKEY_TABLE} VALUES (?, ?)`).run(collectionName, path)
  }
  const dottedPaths = [...new Set(definitions.flatMap(({ fields }) => fields.map(field => field.name)).filter(path => path.includes('.')))]

  const create = () => {
    database.execute(tablesStatement(table))
    const existing = database.statement("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL").all(collectionName)
    for (const { name, sql } of existing) {
      if (wanted.get(String(name)) === sql) wanted.delete(String(name))
      else database.execute(`DROP INDEX "${String(name)}"`)
    }
    for (const { sqlName, definition } of indexes) {
      const sql = wanted.get(sqlName)
      if (sql === undefined) continue
      database.execute(sql)
      // Documents that are older than the index were not watched for arrays when they were written.
      for (const { name } of definition.fields) {
        if (dottedPaths.includes(name) && database.statement(arrayStatement(table, name)).get() !== undefined) markMultikey(name)
      }
    }
    elementIndexes = createElementIndexes(database, collectionName, table, onElements)
  }

  // One transaction, since another process may be starting on the same file.
  database.execute('BEGIN IMMEDIATE')
  try {
    create()
    database.execute('COMMIT')
  } catch (error) {
    database.execute('ROLLBACK')
    throw error
  }

  return {
    table,
    indexes,
    elementIndexes,
    dottedPaths,
    isMultikey: path => database.statement(`SELECT 1 AS found FROM ${MULTIKEY_TABLE} WHERE collection = ? AND path = ?`).get(collectionName, path) !== undefined,
    markMultikey,
  }
}
