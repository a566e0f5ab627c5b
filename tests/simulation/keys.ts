import { requestOf, type Entry } from './history.ts'
import type { Stored } from './watch.ts'

/** One key, one booking; one request, one place in the list. */
export interface KeyWatch {
  rowWritten (stored: Stored): void
  /** Whatever was acknowledged. */
  accepted (entry: Entry): void
  /** A booking was acknowledged as this document. */
  booked (entry: Entry, documentId: string): void
  /** The key by which a document was booked, if it was with one. */
  keyOf (documentId: string): string | undefined
}

export interface KeyWatchOptions {
  history: readonly Entry[]
  complain (problem: string): void
}

export function keyWatch ({ history, complain }: KeyWatchOptions): KeyWatch {
  /** The request that a document was inserted for. */
  const origins = new Map<string, Entry>()
  /** Documents, by the key, that were acknowledged or could be entered. */
  const bookings = new Map<string, string>()
  /** By the key, the request of those with that key. */
  const acceptedFor = new Map<string, number>()
  const addedFor = new Map<string, number>()
  /** Whose participants are in a document, and whose were and are not any more. */
  const there = new Map<string, Set<number>>()
  const gone = new Map<string, Set<number>>()

  const one = (known: Map<string, number>, key: string | undefined, request: number, what: string) => {
    if (key === undefined) return
    const other = known.get(key) ?? request
    known.set(key, other)
    if (other !== request) complain(`${key} ${what} for requests ${other} and ${request}`)
  }
  const books = (key: string | undefined, id: string) => {
    if (key === undefined) return
    const other = bookings.get(key) ?? id
    bookings.set(key, other)
    if (other !== id) complain(`${key} booked ${other} and ${id}`)
  }

  return {
    keyOf: (documentId) => origins.get(documentId)?.key,

    rowWritten ({ id, phase, gone: deleted, participants }) {
      const requests = new Set(participants.map(({ fullName }) => requestOf(fullName)))
      if (!origins.has(id)) {
        const origin = history.find((entry) => entry.kind === 'create' && requests.has(entry.id))
        if (origin !== undefined) origins.set(id, origin)
      }
      if (phase === 'READY' && !deleted) books(origins.get(id)?.key, id)
      const before = there.get(id) ?? new Set()
      const left = gone.get(id) ?? new Set()
      for (const request of before) if (!requests.has(request)) left.add(request)
      for (const request of requests) {
        if (left.has(request)) complain(`request ${request} was carried out twice on ${id}`)
        const entry = before.has(request) ? undefined : history[request - 1]
        if (entry?.kind === 'add') one(addedFor, entry.key, request, 'added people')
      }
      there.set(id, requests)
      gone.set(id, left)
    },

    accepted: ({ key, id }) => { one(acceptedFor, key, id, 'was accepted') },

    booked (entry, documentId) {
      const origin = origins.get(documentId)
      if (origin !== entry) complain(`request ${entry.id} was told ${documentId}, which request ${origin?.id ?? 'of nobody'} booked`)
      books(entry.key, documentId)
    }
  }
}
