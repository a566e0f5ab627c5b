import { internal } from './errors.ts'
import { elementMatches } from './query-evaluation.ts'
import { parseElementFilter } from './query-language.ts'
import type { Change } from './update-operators.ts'
import type { Document, Value } from './values.ts'
import { compare, copy, isDocument, isIndex, reach, same } from './values.ts'

export interface UpdateSurroundings {
  /** The request's receive time: what `$currentDate` writes. */
  readonly now: Date
  /** True when the document is being made by an upsert; `$setOnInsert` counts only then. */
  readonly isInsert: boolean
  /** The position that `$` stands for in an array, undefined when the filter does not say. */
  positionIn (array: string): number | undefined
}

type Container = Document | Value[]

function childOf (container: Container, key: string): Value | undefined {
  if (Array.isArray(container)) return isIndex(key) ? container[Number(key)] : undefined
  return Object.hasOwn(container, key) ? container[key] : undefined
}

function put (container: Container, key: string, value: Value): void {
  if (!Array.isArray(container)) {
    container[key] = value
    return
  }
  const position = Number(key)
  // MongoDB fills the gap with nulls; the limit keeps one request from filling the memory with them.
  if (!isIndex(key) || position > container.length + 1000) throw internal(`Cannot create field '${key}' in an array`, '28')
  while (container.length < position) container.push(null)
  container[position] = value
}

/** The object or array that holds the last chunk of a path; made on the way when `isMaking`, else undefined. */
function containerOf (document: Document, path: readonly string[], isMaking: boolean): Container | undefined {
  let container: Container = document
  for (const key of path.slice(0, -1)) {
    let child = childOf(container, key)
    if (child === undefined) {
      if (!isMaking) return undefined
      child = {}
      put(container, key, child)
    }
    if (!isDocument(child) && !Array.isArray(child)) {
      if (!isMaking) return undefined
      throw internal(`Cannot create field '${path.at(-1) ?? ''}' in element {${key}: ${JSON.stringify(child)}}`, '28')
    }
    container = child
  }
  return container
}

function resolve (path: readonly string[], surroundings: UpdateSurroundings): string[] {
  const [array = ''] = path
  return path.map(chunk => {
    if (chunk !== '$') return chunk
    const position = surroundings.positionIn(array)
    if (position === undefined) throw internal('The positional operator did not find the match needed from the query.', '2')
    return String(position)
  })
}

function numberAt (current: Value | undefined, operator: string, path: string): number {
  if (current === undefined) return 0
  if (typeof current !== 'number') throw internal(`Cannot apply ${operator} to a value of non-numeric type at '${path}'`, '14')
  return current
}

function arrayAt (current: Value | undefined, operator: string, path: string): Value[] {
  if (current === undefined) return []
  if (!Array.isArray(current)) throw internal(`The field '${path}' must be an array for ${operator}`, '2')
  return current
}

function eachOf (operator: string, value: Value): Value[] {
  if (!isDocument(value) || !Object.hasOwn(value, '$each')) return [value]
  const each = value['$each']
  if (!Array.isArray(each)) throw internal(`The argument to $each in ${operator} must be an array`, '2')
  return each
}

function sorted (elements: Value[], order: Value | undefined): Value[] {
  if (order === undefined) return elements
  if (order === 1 || order === -1) return elements.toSorted((a, b) => order * compare(a, b))
  if (!isDocument(order)) throw internal('The $sort is invalid: use 1 or -1, or an object of them', '2')
  const keys = Object.entries(order).map(([name, direction]) => ({ path: name.split('.'), direction: direction === -1 ? -1 : 1 }))
  return elements.toSorted((a, b) => {
    for (const { path, direction } of keys) {
      const result = direction * compare(reach(a, path)[0], reach(b, path)[0])
      if (result !== 0) return result
    }
    return 0
  })
}

function pushed (current: Value[], value: Value): Value[] {
  const each = eachOf('$push', value)
  if (!isDocument(value) || !Object.hasOwn(value, '$each')) return [...current, ...each]
  const { $position: position, $slice: slice, $sort: order } = value
  const at = typeof position === 'number' ? position : current.length
  const all = sorted(current.toSpliced(at, 0, ...each), order)
  if (typeof slice !== 'number') return all
  return slice < 0 ? all.slice(slice) : all.slice(0, slice)
}

function added (current: Value[], value: Value): Value[] {
  const all = [...current]
  for (const item of eachOf('$addToSet', value)) {
    if (!all.some(element => same(element, item))) all.push(item)
  }
  return all
}

function pulled (current: Value[], value: Value): Value[] {
  if (!isDocument(value)) return current.filter(element => !same(element, value))
  const condition = parseElementFilter(value)
  return current.filter(element => !elementMatches(condition, element))
}

/** What a path holds after a change, undefined when the change does not write it. */
function changed (change: Change, current: Value | undefined, now: Date): Value | undefined {
  const { operator, value } = change
  const path = change.path.join('.')
  switch (operator) {
    case '$set':
    case '$setOnInsert': return copy(value)
    case '$inc': return numberAt(current, operator, path) + Number(value)
    case '$mul': return numberAt(current, operator, path) * Number(value)
    case '$currentDate': return new Date(now)
    case '$push': return pushed(arrayAt(current, operator, path), copy(value))
    case '$addToSet': return added(arrayAt(current, operator, path), copy(value))
    case '$pull': return current === undefined ? undefined : pulled(arrayAt(current, operator, path), value)
    case '$unset': return undefined
  }
}

function remove (container: Container | undefined, key: string): void {
  if (container === undefined || childOf(container, key) === undefined) return
  if (Array.isArray(container)) container[Number(key)] = null
  else delete container[key]
}

/**
 * A copy of a document with changes applied, as MongoDB's `findOneAndUpdate` would. Throws 500, with MongoDB's number as
 * `code`, for a change that the stored value does not allow.
 */
export function applyUpdate (document: Document, changes: readonly Change[], surroundings: UpdateSurroundings): Document {
  const result = copy(document)
  for (const change of changes) {
    if (change.operator === '$setOnInsert' && !surroundings.isInsert) continue
    const path = resolve(change.path, surroundings)
    const key = path.at(-1) ?? ''
    if (change.operator === '$unset') {
      remove(containerOf(result, path, false), key)
      continue
    }
    const isMaking = change.operator !== '$pull'
    const container = containerOf(result, path, isMaking)
    if (container === undefined) continue
    const value = changed(change, childOf(container, key), surroundings.now)
    if (value !== undefined) put(container, key, value)
  }
  return result
}
