import { StorageBadAnswer, StorageTimeout, StorageUnavailable } from '../../lib/errors.ts'
import type { CrudCollection, CrudDocument } from '../../lib/storage/crud-client.ts'
import { apply, matches, type Row } from './crud-language.ts'
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
  /** A field that no two rows share. */
  unique?: string
  written? (row: StoredRow): void
}

const failures = {
  unavailable: () => new StorageUnavailable(),
  timeout: () => new StorageTimeout(),
  badAnswer: () => new StorageBadAnswer()
}

// What crosses the network is JSON: no reference is shared, nothing undefined survives.
const copied = <T> (value: T): T => JSON.parse(JSON.stringify(value)) as T

export function simulatedCollection (schedule: Scheduler, net: Network, { name, unique, written }: CollectionOptions): SimulatedCollection {
  const rows = new Map<string, StoredRow>()
  const stamp = () => new Date(schedule.now()).toISOString()
  const shown = (row: StoredRow): CrudDocument => copied(row)
  const visible = (id: string) => {
    const row = rows.get(id)
    return row?.__STATE__ === 'PUBLIC' ? row : undefined
  }

  return {
    rows,
    seenBy (life, timeoutMs) {
      const send = <T> (what: string, effect: () => T) => net.send({ what: `${name} ${what}`, life, effect, failures, timeoutMs })
      return {
        get: (id) => send(`get ${id}`, () => {
          const row = visible(id)
          return row === undefined ? undefined : shown(row)
        }),
        list: ({ filter = {}, sort, limit, skip = 0 }) => {
          const asked = copied(filter)
          return send('list', () => {
            const found = [...rows.values()].filter((row) => row.__STATE__ === 'PUBLIC' && matches(row, asked))
            const field = sort?.replace(/^-/, '')
            if (field !== undefined) found.sort((a, b) => String(a[field]).localeCompare(String(b[field])) * (sort?.startsWith('-') === true ? -1 : 1))
            return found.slice(skip, skip + limit).map(shown)
          })
        },
        insert: (document) => {
          const sent = copied(document)
          return send('insert', () => {
            if (unique !== undefined && [...rows.values()].some((row) => row[unique] === sent[unique])) return 'duplicate'
            const row = { ...sent, _id: `${name}-${rows.size + 1}`, updatedAt: stamp(), __STATE__: 'PUBLIC' }
            rows.set(row._id, row)
            written?.(row)
            return row._id
          })
        },
        patch: (id, filter, commands) => {
          const sent = copied({ filter, commands })
          return send(`patch ${id}`, () => {
            const row = visible(id)
            if (row === undefined || !matches(row, sent.filter)) return undefined
            apply(row, sent.commands)
            row.updatedAt = stamp()
            written?.(row)
            return shown(row)
          })
        },
        moveTo: (id, state) => send(`move ${id} to ${state}`, () => {
          const row = rows.get(id)
          if (row === undefined) return false
          row.__STATE__ = state
          row.updatedAt = stamp()
          written?.(row)
          return true
        }),
        schema: () => send('schema', () => ({}))
      }
    }
  }
}
