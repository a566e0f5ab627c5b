import { contentOf, requestOf, type Entry } from './history.ts'
import type { Stored } from './watch.ts'

/** What was written under a precondition was written to the content that the precondition names. */
export interface ConditionWatch {
  rowWritten (stored: Stored): void
  /** Whether a document had this content at some instant of these; whether it had it at all of them. */
  had (id: string, content: string, from: number, to: number): 'never' | 'sometimes' | 'always'
  /** Whether a document was, at some instant of these, as a change wants it. */
  hadWanted (change: Entry, from: number, to: number): boolean
}

export interface ConditionWatchOptions {
  history: readonly Entry[]
  now (): number
  complain (problem: string): void
}

/** A document's content from an instant on. */
interface Version { at: number, content: string, stored: Stored }

export const storedContent = ({ number, startAt, endAt, participants }: Stored) => contentOf(number, startAt, endAt, participants)

/** Whether a stored teleconsultation is as this change wants it. */
const isAsWanted = ({ number, people, startAt, endAt, id }: Entry, stored: Stored) =>
  (people === undefined || (stored.number === number && stored.participants.length === people.length && stored.participants.every(({ fullName }) => requestOf(fullName) === id))) &&
  (startAt === undefined || (stored.startAt === startAt && stored.endAt === endAt))

export function conditionWatch ({ history, now, complain }: ConditionWatchOptions): ConditionWatch {
  const versions = new Map<string, Version[]>()

  const versionsOf = (id: string, from: number, to: number) => {
    const known = versions.get(id) ?? []
    return known.filter(({ at }, i) => at <= to && (known[i + 1]?.at ?? Infinity) >= from)
  }
  /** Somebody who may have done it must have been allowed to. */
  const judge = (what: string, done: readonly Entry[], before: string) => {
    if (done.length > 0 && done.every(({ seen }) => seen !== undefined && seen !== before)) {
      complain(`${what} by request ${done.map(({ id }) => id).join(' or ')}, who had seen another content`)
    }
  }

  return {
    rowWritten (stored) {
      const { id } = stored
      const known = versions.get(id) ?? []
      versions.set(id, known)
      const content = storedContent(stored)
      const last = known.at(-1)
      const ours = history.filter(({ documentId }) => documentId === id)
      if (last !== undefined && last.content !== content) {
        judge(`${id} was changed`, ours.filter((entry) => entry.kind === 'change' && isAsWanted(entry, stored) && !isAsWanted(entry, last.stored)), last.content)
      }
      if (last !== undefined && stored.phase === 'DELETING' && last.stored.phase !== 'DELETING') {
        judge(`${id} was deleted`, ours.filter(({ kind, outcome }) => kind === 'remove' && outcome !== 'refused'), last.content)
      }
      if (last?.content === content && last.stored.phase === stored.phase) return
      known.push({ at: now(), content, stored })
    },

    hadWanted: (change, from, to) => versionsOf(change.documentId ?? '', from, to).some(({ stored }) => isAsWanted(change, stored)),

    had (id, content, from, to) {
      const within = versionsOf(id, from, to)
      const fitting = within.filter((version) => version.content === content)
      return fitting.length === 0 ? 'never' : fitting.length < within.length ? 'sometimes' : 'always'
    }
  }
}
