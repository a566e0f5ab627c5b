import { readFileSync } from 'node:fs'
import { PERMISSION_NAMES, type PermissionName } from '../../schemas/permissions.ts'

/** Kinds of caller, as the document's columns name them. */
export const COLUMNS = [
  'anonymous', 'outsider', 'participant', 'guest', 'link holder', 'member', 'owner', 'admin', 'admin of another organisation', 'clinic', 'gateway'
] as const
export type Column = typeof COLUMNS[number]

/** Those who may be granted permissions. */
export const SEATED = ['participant', 'guest', 'link holder'] as const satisfies readonly Column[]

export const CELLS = ['allowed', 'own', '401', '403', '404'] as const
export type Cell = typeof CELLS[number]

export interface Row {
  cells: Readonly<Record<Column, Cell>>
  /** Each of them opens the route to whoever takes part. */
  openedBy: readonly PermissionName[]
}

const PERMISSION_COLUMN = 'with a permission'
const oneOf = <T extends string> (allowed: readonly T[], text: string, where: string): T => {
  const found = allowed.find((word) => word === text)
  if (found === undefined) throw new Error(`docs/authorization.md, ${where}: "${text}" is none of ${allowed.join(', ')}`)
  return found
}

/** The matrix of docs/authorization.md by method and path: its one table whose first heading is `route`. */
export function readMatrix (text = readFileSync('docs/authorization.md', 'utf8')): ReadonlyMap<string, Row> {
  const tables = text.split(/\n(?!\|)/).map((block) => block.trim()).filter((block) => /^\| *route *\|/.test(block))
  const [heading = '', , ...lines] = tables[0]?.split('\n') ?? []
  if (tables.length !== 1) throw new Error(`docs/authorization.md has ${tables.length} matrices`)
  const wordsOf = (line: string) => line.split('|').slice(1, -1).map((word) => word.trim().replaceAll('`', ''))
  const [, ...names] = wordsOf(heading)
  if ([...names].sort().join() !== [...COLUMNS, PERMISSION_COLUMN].sort().join()) throw new Error('docs/authorization.md: the matrix has other columns')
  const rows = new Map<string, Row>()
  for (const line of lines) {
    const [route = '', ...words] = wordsOf(line)
    if (rows.has(route) || words.length !== names.length) throw new Error(`docs/authorization.md: ${route} is there twice, or has too many or too few cells`)
    const word = (name: string) => words[names.indexOf(name)] ?? ''
    const cells = Object.fromEntries(COLUMNS.map((column) => [column, oneOf(CELLS, word(column), `${route}, ${column}`)])) as Record<Column, Cell>
    const openedBy = word(PERMISSION_COLUMN) === '–' ? [] : word(PERMISSION_COLUMN).split(', ').map((name) => oneOf(PERMISSION_NAMES, name, route))
    rows.set(route, { cells, openedBy })
  }
  return rows
}
