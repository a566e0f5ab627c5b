import type { Privilege } from '../../schemas/tools.ts'

/** A request as its client knows it. */
export interface Entry {
  id: number
  kind: 'create' | 'change' | 'add' | 'access' | 'remove'
  /** Which of the run's teleconsultations, and its id as soon as a client learned it. */
  teleconsultation: number
  documentId?: string | undefined
  replica: string
  beganAt: number
  /** Infinity while it is under way. */
  endedAt: number
  /** `unknown`: a lost answer, a time-out or a crash; it may have taken place, or may yet. `refused`: it has not and will not. */
  outcome: 'pending' | 'done' | 'refused' | 'unknown'
  code?: string | undefined
  /** Who was asked for: of a list all, of an addition the one. Their full names hold this entry's id. */
  people?: ReadonlyArray<{ externalId: string, privilege: Privilege }> | undefined
  number?: number | undefined
  startAt?: number | undefined
  endAt?: number | undefined
}

/** What a stored participant's full name says: which request brought him. */
export const nameOf = (entry: Pick<Entry, 'id'>, externalId: string) => `${externalId} of request ${entry.id}`
export const requestOf = (fullName: unknown) => Number(/ of request (\d+)$/.exec(String(fullName))?.[1])

export const ended = (entry: Entry, outcome: Entry['outcome'], at: number, code?: string) => {
  if (entry.outcome !== 'pending') return
  Object.assign(entry, { outcome, endedAt: at, code })
}
