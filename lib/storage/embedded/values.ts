/** What a document holds. Declared `Date` fields hold a Date; everything else is as JSON had it. */
export type Value = null | boolean | number | string | Date | Value[] | Document
export interface Document { [key: string]: Value }

/** True for an object that is neither null, nor an array, nor a Date. */
export function isDocument (value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

// MongoDB's order of types; only types that JSON and dates can produce.
function rank (value: Value | undefined): number {
  if (value === undefined || value === null) return 1
  if (typeof value === 'number') return 2
  if (typeof value === 'string') return 3
  if (Array.isArray(value)) return 5
  if (typeof value === 'boolean') return 8
  if (value instanceof Date) return 9
  return 4
}

/** True when both values are of one type in MongoDB's sense, so that a range test between them can hold. */
export function sameType (left: Value | undefined, right: Value | undefined): boolean {
  return rank(left) === rank(right)
}

const sign = (left: number, right: number) => left < right ? -1 : left > right ? 1 : 0

// By code point, as SQLite and MongoDB compare UTF-8 bytes: JavaScript's own order puts U+10000 and up before U+E000.
function compareTexts (left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index++) {
    const a = left.charCodeAt(index)
    const b = right.charCodeAt(index)
    if (a !== b) {
      const surrogates = a >= 0xd800 && b >= 0xd800
      const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdfff
      if (surrogates && isHigh(a) !== isHigh(b)) return isHigh(a) ? 1 : -1
      return a < b ? -1 : 1
    }
  }
  return sign(left.length, right.length)
}

function compareLists (left: readonly Value[], right: readonly Value[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compare(left[index], right[index])
    if (order !== 0) return order
  }
  return sign(left.length, right.length)
}

/** A total order over values: by type first, then by value; an absent value equals null. */
export function compare (left: Value | undefined, right: Value | undefined): number {
  const byType = sign(rank(left), rank(right))
  if (byType !== 0) return byType
  if (typeof left === 'string' && typeof right === 'string') return compareTexts(left, right)
  if (Array.isArray(left) && Array.isArray(right)) return compareLists(left, right)
  if (isDocument(left) && isDocument(right)) return compareLists(Object.entries(left).flat(), Object.entries(right).flat())
  if (left === undefined || left === null) return 0
  return sign(Number(left), Number(right))
}

/** Equality of values; the order of an object's keys counts, as it does in MongoDB. */
export function same (left: Value | undefined, right: Value | undefined): boolean {
  return compare(left, right) === 0
}

/** A deep copy, safe for keys such as `__proto__`. */
export function copy<T extends Value> (value: T): T
export function copy (value: Value): Value {
  if (Array.isArray(value)) return value.map(item => copy(item))
  if (value instanceof Date) return new Date(value)
  if (isDocument(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]))
  return value
}

const INDEX = /^(0|[1-9]\d*)$/

/** True for a path chunk that names a position in an array. */
export function isIndex (chunk: string): boolean {
  return INDEX.test(chunk)
}

/**
 * Everything that a path reaches in a value; `undefined` stands for "here it is absent". Paths walk through arrays into
 * the objects inside them, and numeric chunks also name positions.
 */
export function reach (value: Value | undefined, path: readonly string[]): Array<Value | undefined> {
  const reached: Array<Value | undefined> = []
  walk(value, 0)
  return reached

  function walk (at: Value | undefined, depth: number): void {
    const chunk = path[depth]
    if (chunk === undefined) {
      reached.push(at)
    } else if (Array.isArray(at)) {
      if (isIndex(chunk) && Number(chunk) < at.length) walk(at[Number(chunk)], depth + 1)
      for (const element of at) {
        if (isDocument(element)) walk(element, depth)
      }
    } else if (isDocument(at) && Object.hasOwn(at, chunk)) {
      walk(at[chunk], depth + 1)
    } else {
      reached.push(undefined)
    }
  }
}
