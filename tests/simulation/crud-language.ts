import { isDeepStrictEqual } from 'node:util'
import { StorageRefused } from '../../lib/errors.ts'
import type { CrudCommands, CrudFilter } from '../../lib/storage/crud-client.ts'

export type Row = Record<string, unknown>

/** As much of the CRUD Service's query language as the stores speak. */
export const matches = (row: Row, filter: CrudFilter): boolean =>
  Object.entries(filter).every(([path, condition]) => {
    if (path === '$or') return Array.isArray(condition) && condition.some((part: CrudFilter) => matches(row, part))
    return meets(valuesAt(row, path.split('.')), condition)
  })

/** More than one value where the path leads through an array. */
export function valuesAt (value: unknown, [name, ...rest]: readonly string[]): unknown[] {
  if (name === undefined) return [value]
  if (Array.isArray(value)) return value.flatMap((element: unknown) => valuesAt(element, [name, ...rest]))
  return typeof value === 'object' && value !== null ? valuesAt((value as Row)[name], rest) : [undefined]
}

function meets (values: readonly unknown[], condition: unknown): boolean {
  const present = values.filter((value) => value !== undefined)
  const equals = (wanted: unknown) => present.some((value) => isDeepStrictEqual(value, wanted) || (Array.isArray(value) && value.includes(wanted)))
  if (typeof condition !== 'object' || condition === null) return equals(condition)
  return Object.entries(condition).every(([operator, operand]: [string, unknown]) => {
    const list: unknown[] = Array.isArray(operand) ? operand : []
    switch (operator) {
      case '$exists': return (present.length > 0) === operand
      case '$in': return list.some(equals)
      case '$nin': return !list.some(equals)
      case '$gt': return present.some((value) => typeof value === 'number' && typeof operand === 'number' && value > operand)
      case '$size': return present.some((value) => Array.isArray(value) && value.length === operand)
      case '$regex': return present.some((value) => typeof value === 'string' && new RegExp(String(operand)).test(value))
      default: throw new Error(`the simulated CRUD does not know ${operator}`)
    }
  })
}

/** A collection knows its declared fields, and nothing of what is below them. */
export function checkPaths (named: object, fields: ReadonlySet<string>): void {
  for (const [path, value] of Object.entries(named) as Array<[string, unknown]>) {
    if (path === '$or' && Array.isArray(value)) for (const part of value as object[]) checkPaths(part, fields)
    else if (!fields.has(path.split('.')[0] ?? '')) throw Object.assign(new StorageRefused(`Unknown field: ${path}`), { statusCode: 400 })
  }
}

/** Changes the row in place. */
export function apply (row: Row, { $set = {}, $unset = {}, $inc = {}, $push = {} }: CrudCommands): void {
  const at = (path: string, change: (holder: Row, name: string) => void) => {
    const names = path.split('.')
    const last = names.pop() ?? ''
    let holder = row
    for (const name of names) holder = (holder[name] ??= {}) as Row
    change(holder, last)
  }
  const paths = [$set, $unset, $inc, $push].flatMap(Object.keys)
  const conflict = paths.find((path, i) => paths.some((other, j) => i !== j && `${path}.`.startsWith(`${other}.`)))
  if (conflict !== undefined) throw new Error(`two commands meet at ${conflict}`)
  for (const [path, value] of Object.entries($set)) at(path, (holder, name) => { holder[name] = value })
  for (const path of Object.keys($unset)) at(path, (holder, name) => { delete holder[name] })
  for (const [path, by] of Object.entries($inc)) at(path, (holder, name) => { holder[name] = Number(holder[name] ?? 0) + by })
  for (const [path, value] of Object.entries($push)) at(path, (holder, name) => { holder[name] = [...(holder[name] ?? []) as unknown[], value] })
}
