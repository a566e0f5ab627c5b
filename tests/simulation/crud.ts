import { StorageBadAnswer, StorageRefused, StorageTimeout, StorageUnavailable } from '../../lib/errors.ts'
import type { CrudCollection, CrudCommands, CrudDocument, CrudFilter } from '../../lib/storage/crud-client.ts'
import type { CollectionDefinition } from '../../lib/storage/embedded/collection-definition.ts'
import { isState, mayMove } from '../../lib/storage/embedded/state-machine.ts'
import { apply, checkPaths, matches, valuesAt, type Row } from './crud-language.ts'
import type { Life, Network } from './network.ts'
import type { Scheduler } from './scheduler.ts'

export type StoredRow = Row & { _id: string, updatedAt: string, __STATE__: string }

/** One collection that all replicas share. */
export interface SimulatedCollection {
  rows: Map<string, StoredRow>
  /** As one replica in one of its lives reaches it. */
  seenBy (life: Life, timeoutMs: number): CrudCollection
}

export interface CollectionOptions {
  name: string
  /** Names the fields that exist; others are refused. */
  definition: CollectionDefinition
  /** Of the definition's fields, those that this collection lacks. */
  undeclared?: ReadonlySet<string>
  /** Whether the definition's unique indexes are there. Those on fields that are not declared are not. */
  unique?: boolean
  written? (row: StoredRow): void
  language?: LanguageListener | undefined
}

/** Told of everything that is asked in the query language, and of what came of it. */
export interface LanguageListener {
  matched (filter: CrudFilter, row: Row, result: boolean): void
  applied (commands: CrudCommands, before: Row, after: Row): void
}

const failures = {
  unavailable: () => new StorageUnavailable(),
  timeout: () => new StorageTimeout(),
  badAnswer: () => new StorageBadAnswer()
}

const KEPT_FIELDS = ['_id', 'createdAt', 'updatedAt', '__STATE__']

// What crosses the network is JSON: no reference is shared, nothing undefined survives.
const copied = <T> (value: T): T => JSON.parse(JSON.stringify(value)) as T

export function simulatedCollection (schedule: Scheduler, net: Network, { name, definition, undeclared = new Set(), unique = true, written, language }: CollectionOptions): SimulatedCollection {
  const rows = new Map<string, StoredRow>()
  const fields = new Set([...KEPT_FIELDS, ...definition.fields.map((field) => field.name).filter((field) => !undeclared.has(field))])
  const uniquePaths = !unique
    ? []
    : (definition.indexes ?? []).filter((index) => index.unique).flatMap((index) => index.fields.map((field) => field.name.split('.'))).filter(([field]) => fields.has(field ?? ''))
  const stamp = () => new Date(schedule.now()).toISOString()
  const shown = (row: StoredRow): CrudDocument => copied(row)
  const inState = (id: string, states: readonly string[]) => {
    const row = rows.get(id)
    return row !== undefined && states.includes(row.__STATE__) ? row : undefined
  }
  const fits = (row: Row, filter: CrudFilter) => {
    const result = matches(row, filter)
    language?.matched(filter, row, result)
    return result
  }
  /** In whatever state the other is; what is absent collides with nothing. */
  const collides = (row: Row, id?: string) => uniquePaths.some((path) => valuesAt(row, path).some((value) =>
    value !== undefined && [...rows.values()].some((other) => other._id !== id && valuesAt(other, path).includes(value))))

  return {
    rows,
    seenBy (life, timeoutMs) {
      const send = <T> (what: string, effect: () => T) => net.send({ what: `${name} ${what}`, life, effect, failures, timeoutMs })
      return {
        get: (id) => send(`get ${id}`, () => {
          const row = inState(id, ['PUBLIC'])
          return row === undefined ? undefined : shown(row)
        }),
        list: ({ filter = {}, sort, limit, skip = 0, states = ['PUBLIC'] }) => {
          const asked = copied(filter)
          return send('list', () => {
            checkPaths(asked, fields)
            const found = [...rows.values()].filter((row) => states.includes(row.__STATE__ as typeof states[number]) && fits(row, asked))
            const field = sort?.replace(/^-/, '')
            // Nothing is said about the order of those that are equal: here the latest comes first.
            if (field !== undefined) found.reverse().sort((a, b) => String(a[field]).localeCompare(String(b[field])) * (sort?.startsWith('-') === true ? -1 : 1))
            return found.slice(skip, skip + limit).map(shown)
          })
        },
        insert: (document) => {
          const sent = copied(document)
          return send('insert', () => {
            checkPaths(sent, fields)
            if (collides(sent)) return 'duplicate'
            const number = rows.size + 1
            // Of two ids the greater one need not be the later.
            const row = { ...sent, _id: `${name}-${number % 3}.${number}`, createdAt: stamp(), updatedAt: stamp(), __STATE__: definition.defaultState }
            rows.set(row._id, row)
            written?.(row)
            return row._id
          })
        },
        patch: (id, filter, commands, _headers, _endsAt, states = ['PUBLIC']) => {
          const sent = copied({ filter, commands })
          return send(`patch ${id}`, () => {
            checkPaths(sent.filter, fields)
            for (const paths of Object.values(sent.commands)) checkPaths(paths, fields)
            const row = inState(id, states)
            if (row === undefined || !fits(row, sent.filter)) return undefined
            const changed = copied(row)
            apply(changed, sent.commands)
            language?.applied(sent.commands, row, copied(changed))
            // Of an insert it is told as a conflict, of everything else as the database's own failure.
            if (collides(changed, id)) throw Object.assign(new StorageRefused('E11000 duplicate key'), { statusCode: 500 })
            changed.updatedAt = stamp()
            rows.set(id, changed)
            written?.(changed)
            return shown(changed)
          })
        },
        moveTo: (id, state) => send(`move ${id} to ${state}`, () => {
          const row = rows.get(id)
          if (row === undefined) return false
          if (!isState(row.__STATE__) || !mayMove(row.__STATE__, state)) throw new StorageRefused(`transition from ${row.__STATE__} to ${state} not allowed.`)
          const moved = { ...row, __STATE__: state, updatedAt: stamp() }
          rows.set(id, moved)
          written?.(moved)
          return true
        }),
        remove: (id) => send(`remove ${id}`, () => { rows.delete(id) }),
        schema: () => send('schema', () => ({})),
        count: (filter) => {
          const asked = copied(filter)
          return send('count', () => {
            checkPaths(asked, fields)
            return [...rows.values()].filter((row) => row.__STATE__ === 'PUBLIC' && fits(row, asked)).length
          })
        }
      }
    }
  }
}
