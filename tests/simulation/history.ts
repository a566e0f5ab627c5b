import type { Privilege } from '../../schemas/tools.ts'

export type Outcome = 'pending' | 'done' | 'refused' | 'unknown'

/** One sending of a request. */
export interface Attempt {
  replica: string
  beganAt: number
  /** Infinity while it is under way. */
  endedAt: number
  outcome: Outcome
  code?: string | undefined
}

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
  outcome: Outcome
  code?: string | undefined
  /** Who was asked for: of a list all, of an addition the one. Their full names hold this entry's id. */
  people?: ReadonlyArray<{ externalId: string, privilege: Privilege }> | undefined
  number?: number | undefined
  startAt?: number | undefined
  endAt?: number | undefined
  /** Its Idempotency-Key and the day of that. Whoever sends another body with it begins another entry. */
  key?: string | undefined
  /** Its If-Match: the content, as `contentOf` writes it, whose entity tag its client had been told. */
  seen?: string | undefined
  attempts?: Attempt[] | undefined
}

/** What a stored participant's full name says: which request brought him. */
export const nameOf = (entry: Pick<Entry, 'id'>, externalId: string) => `${externalId} of request ${entry.id}`
export const requestOf = (fullName: unknown) => Number(/ of request (\d+)$/.exec(String(fullName))?.[1])

export const ended = (entry: Entry | Attempt, outcome: Outcome, at: number, code?: string) => {
  if (entry.outcome !== 'pending') return
  Object.assign(entry, { outcome, endedAt: at, code })
}

/** What all sendings together tell: it is done with the first of them that is, and refused when every one was. */
export function settle (entry: Entry): void {
  const attempts = entry.attempts ?? []
  const done = attempts.filter(({ outcome }) => outcome === 'done').sort((a, b) => a.endedAt - b.endedAt)[0]
  const open = attempts.find(({ outcome }) => outcome === 'pending') ?? attempts.find(({ outcome }) => outcome === 'unknown')
  const { outcome, code } = done ?? open ?? attempts.at(-1) ?? entry
  Object.assign(entry, { outcome, code, endedAt: done?.endedAt ?? Math.max(...attempts.map(({ endedAt }) => endedAt)) })
}

interface Described { userExternalId?: unknown, userBandyerId?: unknown, groups?: unknown, fullName?: unknown, language?: unknown, privilege?: unknown }

/** What callers decide, as one text: written here once more, so that the service's own idea of it is not taken on trust. */
export const contentOf = (number: number, startAt: number, endAt: number, participants: readonly Described[]) => JSON.stringify([
  number, startAt, endAt,
  participants.map(({ userExternalId, userBandyerId, groups, fullName, language, privilege }) => [userExternalId ?? userBandyerId, groups, fullName, language, privilege])
])
