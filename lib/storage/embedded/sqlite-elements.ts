import type { IndexDefinition } from './collection-definition.ts'
import { expressionOf, jsonPath } from './sqlite-conditions.ts'
import type { Database } from './sqlite-database.ts'

/**
 * An index on a path that leads through an array: a table with one row for each different value that the path reaches in a
 * document, in the order of the value, the other fields of the index, and the document's row. Triggers keep it, so it is
 * changed by whatever changes the documents, in the same transaction.
 */
export interface ElementIndex {
  readonly path: string
  /** The quoted name of the table; its columns are `element`, `key_1` and so on, and `document`. */
  readonly table: string
  /** The fields after the first, and the columns that hold them. */
  readonly keys: ReadonlyArray<{ readonly path: string, readonly order: 1 | -1, readonly column: string }>
}

/** Sorts before every value that JSON can hold, as an absent value does; a primary key takes no NULL. */
const FLOOR = '-9e999'

// No index has a dot in its name, so neither indexes nor collections meet these.
const SUFFIX = '.elements'

function keysOf ({ fields }: IndexDefinition): ElementIndex['keys'] {
  return fields.slice(1).map(({ name, order }, index) => ({ path: name, order, column: `key_${index + 1}` }))
}

const primaryKey = (keys: ElementIndex['keys'], withOrder: boolean) =>
  ['element', ...keys.map(({ column, order }) => withOrder && order === -1 ? `${column} DESC` : column), 'document'].join(', ')

/** The SQL of a list of what a key of a JSON text holds: an array as it is, anything else as the one item. */
function listOf (json: string, chunk: string): string {
  const path = jsonPath([chunk])
  return `CASE json_type(${json}, ${path}) WHEN 'array' THEN ${json} -> ${path} ELSE json_array(${json} -> ${path}) END`
}

/** The SQL of documents' rows in the table; `source` stands before the names of a document's columns, `from` names its table. */
function rowsOf (path: string, keys: ElementIndex['keys'], source: string, from: readonly string[] = []): string {
  const lists = path.split('.').map((chunk, depth) => {
    const list = depth === 0 ? listOf(`${source}body`, chunk) : `CASE step_${depth - 1}.type WHEN 'object' THEN ${listOf(`step_${depth - 1}.value`, chunk)} ELSE '[]' END`
    return `json_each(${list}) AS step_${depth}`
  })
  const last = `step_${lists.length - 1}.atom`
  const columns = [last, ...keys.map(key => `coalesce(${expressionOf(key.path, source)}, ${FLOOR})`), `${source}row`]
  return `SELECT DISTINCT ${columns.join(', ')} FROM ${[...from, ...lists].join(', ')} WHERE ${last} IS NOT NULL`
}

interface Statements {
  readonly table: string
  /** Triggers by name. */
  readonly triggers: ReadonlyMap<string, string>
  readonly fill: string
}

function statementsOf (name: string, collectionTable: string, { path, table, keys }: ElementIndex): Statements {
  const add = `INSERT INTO ${table} ${rowsOf(path, keys, 'NEW.')}`
  const drop = `DELETE FROM ${table} WHERE (${primaryKey(keys, false)}) IN (${rowsOf(path, keys, 'OLD.')})`
  const parts = (source: string) => [`${source}body -> ${jsonPath(path.split('.').slice(0, 1))}`, ...keys.map(key => expressionOf(key.path, source))]
  const now = parts('NEW.')
  const differs = parts('OLD.').map((part, index) => `${part} IS NOT ${now[index]}`)
  const trigger = (event: string, when: string, work: string) => {
    const triggerName = `${name}.${event.toLowerCase()}`
    return [triggerName, `CREATE TRIGGER "${triggerName}" AFTER ${event} ON ${collectionTable}${when} BEGIN ${work}; END`] as const
  }
  return {
    table: `CREATE TABLE ${table} (element ANY NOT NULL, ${keys.map(({ column }) => `${column} ANY NOT NULL, `).join('')}document INTEGER NOT NULL, PRIMARY KEY (${primaryKey(keys, true)})) STRICT, WITHOUT ROWID`,
    triggers: new Map([
      trigger('INSERT', '', add),
      trigger('UPDATE', ` WHEN ${differs.join(' OR ')}`, `${drop}; ${add}`),
      trigger('DELETE', '', drop),
    ]),
    fill: `INSERT INTO ${table} ${rowsOf(path, keys, `${collectionTable}.`, [collectionTable])} ORDER BY 1, 2`,
  }
}

/**
 * Makes and fills what is declared and missing, and drops what is declared no longer or differently. To be called in a
 * transaction, when the collection's own table is there.
 */
export function createElementIndexes (database: Database, collectionName: string, collectionTable: string, definitions: readonly IndexDefinition[]): ElementIndex[] {
  const named = definitions.map(definition => {
    const name = `${collectionName}.${definition.name}${SUFFIX}`
    return { name, index: { path: definition.fields[0]?.name ?? '', table: `"${name}"`, keys: keysOf(definition) } }
  })
  const wanted = new Map(named.map(({ name, index }) => [name, statementsOf(name, collectionTable, index)]))

  const texts = (type: 'table' | 'trigger', matching: string) => new Map(
    database.statement(`SELECT name, sql FROM sqlite_master WHERE type = '${type}' AND name GLOB ?`).all(matching).map(({ name, sql }) => [String(name), String(sql)])
  )
  const tables = texts('table', `${collectionName}.*${SUFFIX}`)
  const triggers = texts('trigger', `${collectionName}.*${SUFFIX}.*`)
  const kept = [...wanted].filter(([name, statements]) =>
    tables.get(name) === statements.table && [...statements.triggers].every(([trigger, sql]) => triggers.get(trigger) === sql))
  const keptNames = new Set(kept.flatMap(([name, statements]) => [name, ...statements.triggers.keys()]))

  for (const name of triggers.keys()) if (!keptNames.has(name)) database.execute(`DROP TRIGGER "${name}"`)
  for (const name of tables.keys()) if (!keptNames.has(name)) database.execute(`DROP TABLE "${name}"`)
  for (const [name, statements] of wanted) {
    if (keptNames.has(name)) continue
    database.execute(statements.table)
    database.execute(statements.fill)
    for (const sql of statements.triggers.values()) database.execute(sql)
  }
  return named.map(({ index }) => index)
}
