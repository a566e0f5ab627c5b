import type { PermissionName } from '../../schemas/permissions.ts'
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

/** What is asked of a session. */
export const SESSION_KINDS = ['permit', 'dismiss', 'invite', 'end', 'describe'] as const
export type SessionKind = typeof SESSION_KINDS[number]
export const isOfSession = ({ kind }: Pick<Entry, 'kind'>) => (SESSION_KINDS as readonly string[]).includes(kind)

/** A request as its client knows it. */
export interface Entry {
  id: number
  kind: 'create' | 'change' | 'add' | 'access' | 'remove' | SessionKind
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
  /** Whom it is about, and what he is to be allowed. */
  about?: string | undefined
  grants?: Partial<Record<PermissionName, boolean>> | undefined
  /** What it calls the session. */
  title?: string | undefined
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

export const mayHaveHappened = ({ outcome }: Entry) => outcome === 'done' || outcome === 'unknown'
/** Acknowledged, and begun when the other was over: the other must not be what is seen. */
export const overwritten = (entry: Entry, by: readonly Entry[]) => by.some(({ outcome, beganAt }) => outcome === 'done' && beganAt > entry.endedAt)
/** What may have come after it, whatever was acknowledged first. */
export const followedBy = (entry: Entry, others: readonly Entry[]) => others.filter((other) => other !== entry && other.outcome !== 'refused' && other.endedAt > entry.beganAt)
