import type { SQLInputValue } from 'node:sqlite'
import type { Collection, IndexedField } from './collection-definition.ts'
import { isScalar } from './collection-definition.ts'
import type { Filter, Test } from './query-language.ts'
import type { Columns, Condition } from './sqlite-conditions.ts'
import { conditionOf, conjunctsOf, equalValues, expressionOf, isEverything, operandsOf } from './sqlite-conditions.ts'
import type { ElementIndex } from './sqlite-elements.ts'
import type { Layout } from './sqlite-layout.ts'

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

/** How SQL reads what a filter may mean. */
export interface Plan {
  /** What stands between FROM and ORDER BY. */
  readonly from: string
  /** What stands behind ORDER BY; never empty. */
  readonly order: string
  /** For the question marks of `from`. */
  readonly values: readonly SQLInputValue[]
  /** True when every row read is a document that passes the filter. */
  readonly isExact: boolean
}

const LIST = '(SELECT value FROM json_each(?))'
const RANGES: ReadonlySet<string> = new Set(['gt', 'gte', 'lt', 'lte'])

/** Whether a path holds at most one comparable value in every document of a collection, by its declaration. */
export function isSingleValued (path: string, collection: Collection): boolean {
  const field = collection.fields.get(path)
  return field !== undefined && isScalar(field.type)
}

/**
 * Whether SQL sorts by a path as the service does: one value of a declared type in each document, or, at an indexed path, numbers in all
 * that pass the filter. Values of different types sort otherwise there.
 */
export function isOrderedBySql (path: string, filter: Filter, collection: Collection, { dottedPaths, isMultikey }: Pick<Layout, 'dottedPaths' | 'isMultikey'>): boolean {
  return isSingleValued(path, collection) || (dottedPaths.includes(path) && !isMultikey(path) && conjunctsOf(filter).some(part =>
    part.kind === 'field' && part.path.join('.') === path && part.tests.some(test => RANGES.has(test.op) && 'value' in test && typeof test.value === 'number')))
}

/** True when walking these fields of an index one way or the other gives the order. */
function isInOrder (fields: readonly IndexedField[], sort: readonly SortKey[]): boolean {
  const ways = sort.map(({ path, direction }, index) => {
    const field = fields[index]
    return field?.name === path ? field.order * direction : 0
  })
  return ways.every(way => way !== 0 && way === ways[0])
}

/** How many fields stand before those that give the order, all of them in `fixed`; undefined when the index does not give it. */
function walkOf (fields: readonly IndexedField[], sort: readonly SortKey[], fixed: ReadonlySet<string>): number | undefined {
  for (let start = 0; start + sort.length <= fields.length; start++) {
    if (isInOrder(fields.slice(start), sort)) return start
    if (!fixed.has(fields[start]?.name ?? '')) return undefined
  }
  return undefined
}

/** An index on elements, and the test of the filter that it answers. */
interface Entry {
  readonly index: ElementIndex
  readonly test: Test
  readonly values: readonly SQLInputValue[]
  readonly isExact: boolean
}

type FieldFilter = Extract<Filter, { kind: 'field' }>

/** Decides how selections of a collection are read, from the filter and the declared indexes alone. */
export function plannerOf (collection: Collection, { table, indexes, elementIndexes, dottedPaths, isMultikey }: Layout): (selection: Selection) => Plan {
  const definitions = indexes.map(({ definition }) => definition)
  const orders = [...definitions.map(({ fields }) => fields), ...elementIndexes.map(({ keys }) => keys.map(({ path, order }) => ({ name: path, order })))]

  const elementsIn = (row: string): Columns['elements'] => path => {
    const index = elementIndexes.find(one => one.path === path)
    return index === undefined ? undefined : { table: index.table, row }
  }

  const single: Columns['single'] = path => isSingleValued(path, collection) || (dottedPaths.includes(path) && !isMultikey(path))
    ? { sql: expressionOf(path), type: collection.fields.get(path)?.type, hasFloor: false }
    : undefined

  /** The order of a list that its keys leave open: one that the index which gives the rest of it has already. */
  const tieOf = (sort: readonly SortKey[]): readonly SortKey[] => {
    const last = sort.at(-1)
    if (last === undefined || sort.some(({ path }) => path === '_id')) return []
    const whole: SortKey[] = [...sort, { path: '_id', direction: last.direction }]
    const isIndexed = orders.some(fields => fields.some((_, start) => isInOrder(fields.slice(start), whole)))
    return isIndexed ? whole.slice(-1) : []
  }

  const orderOf = (sort: readonly SortKey[], expression: (path: string) => string): string => {
    const keys = [...sort, ...tieOf(sort)]
    const terms = keys.map(({ path, direction }) => `${expression(path)} ${direction === 1 ? 'ASC' : 'DESC'}`)
    // Behind a key that no two documents share, a further one would only keep an index from giving the order.
    return (keys.some(({ path }) => path === '_id') ? terms : [...terms, 'row']).join(', ')
  }

  const finish = (from: string, parts: ReadonlyArray<Condition | undefined>, selection: Selection, rest: Filter, columns: Columns, order: string, state = 'state'): Plan => {
    const condition = conditionOf(rest, columns)
    const conditions = [...parts, condition].filter(part => part !== undefined)
    const restIsExact = condition === undefined ? isEverything(rest) : condition.isExact
    return {
      from: `${from} WHERE ${[...conditions.map(({ sql }) => sql), `${state} IN ${LIST}`].join(' AND ')}`,
      order,
      values: [...conditions.flatMap(({ values }) => values), JSON.stringify(selection.states)],
      isExact: restIsExact && parts.every(part => part === undefined || part.isExact),
    }
  }

  const entriesOf = (conjuncts: readonly FieldFilter[]): Entry[] => conjuncts.flatMap(({ path, tests }) => {
    const name = path.join('.')
    return elementIndexes.filter(index => index.path === name).flatMap(index => tests.flatMap(test => {
      const wanted = equalValues(test)
      const values = wanted === undefined ? undefined : operandsOf(wanted, name)
      return wanted === undefined || values === undefined ? [] : [{ index, test, values, isExact: wanted.every(value => typeof value === 'string') }]
    }))
  })

  const planByElements = ({ index, test, values, isExact }: Entry, selection: Selection): Plan => {
    const columns = new Map(index.keys.map(({ path, column }) => [path, column]))
    const key: Columns['single'] = path => {
      const column = columns.get(path)
      return column === undefined ? undefined : { sql: column, type: collection.fields.get(path)?.type, hasFloor: true }
    }
    const rest: Filter = {
      kind: 'and',
      filters: conjunctsOf(selection.filter).flatMap(part => {
        if (part.kind !== 'field' || !part.tests.includes(test)) return [part]
        const tests = part.tests.filter(other => other !== test)
        return tests.length === 0 ? [] : [{ ...part, tests }]
      }),
    }
    const elements = elementsIn('row')
    if (values.length === 1) {
      const order = orderOf(selection.sort ?? [], path => columns.get(path) ?? expressionOf(path))
      const found: Condition = { sql: 'element = ?', values, isExact }
      return finish(`${index.table} CROSS JOIN ${table} ON row = document`, [found], selection, rest, { single: path => key(path) ?? single(path), elements }, order)
    }
    // A document that holds several of the values has a row for each of them.
    const within = conditionOf(rest, { single: key, elements: () => undefined })
    const rows = `SELECT DISTINCT document FROM ${index.table} WHERE element IN ${LIST}${within === undefined ? '' : ` AND ${within.sql}`}`
    const plan = finish(`(${rows}) CROSS JOIN ${table} ON row = document`, [], selection, rest, { single, elements }, orderOf(selection.sort ?? [], path => expressionOf(path)))
    return { ...plan, values: [JSON.stringify(values), ...within?.values ?? [], ...plan.values], isExact: plan.isExact && isExact }
  }

  const isFixed = ({ path, tests }: FieldFilter, mostValues: number): boolean => {
    const name = path.join('.')
    return single(name) !== undefined && tests.some(test => {
      const values = equalValues(test)
      return values !== undefined && values.length <= mostValues && operandsOf(values, name) !== undefined
    })
  }

  /**
   * The paths of the index that a sorted list is to be read along. SQLite, which knows nothing of how values are spread,
   * would rather look up a state that half of the documents share, and sort them.
   */
  const walkedPaths = (conjuncts: readonly FieldFilter[], { sort = [], limit }: Selection): readonly string[] | undefined => {
    if (sort.length === 0) return undefined
    const fixed = new Set(conjuncts.filter(part => isFixed(part, 1)).map(({ path }) => path.join('.')))
    const walks = definitions.flatMap(({ fields }) => {
      const start = walkOf(fields, sort, fixed)
      return start === undefined ? [] : [{ start, paths: fields.map(({ name }) => name) }]
    })
    const best = walks.toSorted((left, right) => right.start - left.start)[0]
    if (best === undefined || best.start > 0) return best?.paths
    const asked = new Set(conjuncts.filter(part => isFixed(part, Infinity)).map(({ path }) => path.join('.')))
    const isNarrow = definitions.some(({ usePartialFilter, fields: [first] }) => usePartialFilter === true && first !== undefined && asked.has(first.name))
    return limit === undefined || isNarrow ? undefined : best.paths
  }

  return selection => {
    const { filter, sort = [] } = selection
    const conjuncts = conjunctsOf(filter).filter(part => part.kind === 'field')
    const freely = () => finish(table, [], selection, filter, { single, elements: elementsIn('row') }, orderOf(sort, path => expressionOf(path)))

    const unique = ['_id', ...definitions.filter(({ unique, fields }) => unique && fields.length === 1).map(({ fields }) => fields[0]?.name)]
    if (conjuncts.some(part => unique.includes(part.path.join('.')) && isFixed(part, Infinity))) return freely()

    const rank = ({ index, values }: Entry) => {
      const isWalk = isInOrder(index.keys.map(({ path, order }) => ({ name: path, order })), sort)
      return (values.length === 1 ? 2 : 0) + (isWalk ? 1 : 0)
    }
    const entry = entriesOf(conjuncts).toSorted((left, right) => rank(right) - rank(left))[0]
    if (entry !== undefined) return planByElements(entry, selection)

    const walked = walkedPaths(conjuncts, selection)
    if (walked === undefined) return freely()
    // A plus keeps SQLite from choosing an index by that term.
    const apart: Columns['single'] = path => {
      const column = single(path)
      return column === undefined || walked.includes(path) ? column : { ...column, sql: `+${column.sql}` }
    }
    const state = walked.includes('__STATE__') ? 'state' : '+state'
    return finish(table, [], selection, filter, { single: apart, elements: elementsIn('+row') }, orderOf(sort, path => expressionOf(path)), state)
  }
}
