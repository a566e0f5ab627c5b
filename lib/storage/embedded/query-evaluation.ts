import type { Filter, Test } from './query-language.ts'
import type { Document, Value } from './values.ts'
import { compare, isDocument, isIndex, reach, same, sameType } from './values.ts'

type Reached = ReadonlyArray<Value | undefined>

/** True when a document passes a filter. */
export function matches (filter: Filter, document: Document): boolean {
  switch (filter.kind) {
    case 'and': return filter.filters.every(part => matches(part, document))
    case 'or': return filter.filters.some(part => matches(part, document))
    case 'nor': return !filter.filters.some(part => matches(part, document))
    case 'field': return passesAll(filter.tests, reach(document, filter.path))
  }
}

const passesAll = (tests: readonly Test[], reached: Reached) => tests.every(test => passes(test, reached))

// A test of an array holds when it holds for the array or for one of its elements.
function some (reached: Reached, holds: (value: Value | undefined) => boolean): boolean {
  return reached.some(value => holds(value) || (Array.isArray(value) && value.some(holds)))
}

const equals = (reached: Reached, expected: Value) => some(reached, value => same(value, expected))

function inRange (reached: Reached, bound: Value, holds: (order: number) => boolean): boolean {
  return some(reached, value => sameType(value, bound) && holds(compare(value, bound)))
}

function passes (test: Test, reached: Reached): boolean {
  switch (test.op) {
    case 'eq': return equals(reached, test.value)
    case 'ne': return !equals(reached, test.value)
    case 'gt': return inRange(reached, test.value, order => order > 0)
    case 'gte': return inRange(reached, test.value, order => order >= 0)
    case 'lt': return inRange(reached, test.value, order => order < 0)
    case 'lte': return inRange(reached, test.value, order => order <= 0)
    case 'in': return test.values.some(value => equals(reached, value))
    case 'nin': return !test.values.some(value => equals(reached, value))
    case 'all': return test.values.length > 0 && test.values.every(value => equals(reached, value))
    case 'exists': return reached.some(value => value !== undefined) === test.expected
    case 'regex': return some(reached, value => typeof value === 'string' && test.pattern.test(value))
    case 'size': return reached.some(value => Array.isArray(value) && value.length === test.size)
    case 'elemMatch': return reached.some(value => Array.isArray(value) && value.some(element => elementMatches(test, element)))
    case 'not': return !passesAll(test.tests, reached)
  }
}

/** True when one element of an array passes an `$elemMatch` (or a `$pull` condition). */
export function elementMatches (test: Extract<Test, { op: 'elemMatch' }>, element: Value): boolean {
  if ('tests' in test) return passesAll(test.tests, [element])
  return isDocument(element) && matches(test.filter, element)
}

function fieldsOf (filter: Filter): Array<Extract<Filter, { kind: 'field' }>> {
  return filter.kind === 'field' ? [filter] : filter.filters.flatMap(fieldsOf)
}

function elementPasses (tests: readonly Test[], rest: readonly string[], element: Value): boolean {
  return tests.every(test => {
    if (rest.length === 0 && test.op === 'elemMatch') return elementMatches(test, element)
    return passes(test, reach(element, rest))
  })
}

/**
 * Which element of an array a filter means: the first that passes what the filter asks of that array. Undefined when
 * the filter does not mention the array; positional updates then have nothing to work on.
 */
export function matchedPosition (filter: Filter, document: Document, array: string): number | undefined {
  const elements = document[array]
  if (!Array.isArray(elements)) return undefined
  for (const { path: [root, ...rest], tests } of fieldsOf(filter)) {
    if (root !== array) continue
    if (rest[0] !== undefined && isIndex(rest[0])) return Number(rest[0])
    const position = elements.findIndex(element => elementPasses(tests, rest, element))
    if (position >= 0) return position
  }
  return undefined
}
