import type { SESSION_STATES } from '../../schemas/session.ts'
import type { Session } from '../domain/session.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import type { CrudFilter } from './crud-client.ts'

/** Whose sessions: each has an index that ends with start and id, in which the list is read from its place on. */
export type SessionsOf =
  | { participant: string }
  | { owner: string }
  /** `orNone`: those that name no organisation as well. */
  | { organisation: string, orNone: boolean }
  | 'everybody'

export interface SessionSearch {
  of: SessionsOf
  from?: Date | undefined
  to?: Date | undefined
  /** Those that come after this one in the order. */
  after?: { startAt: Date, id: string } | undefined
  descending?: boolean | undefined
  limit?: number | undefined
  /** As of `now`; `linksUntil`: of those that begin until then links are given. */
  state?: { name: typeof SESSION_STATES[number], now: Date, linksUntil: Date } | undefined
  participant?: string | undefined
  type?: string | undefined
  kind?: string | undefined
  text?: string | undefined
}

/** The filter in the language of the CRUD Service. */
export function sessionFilter (search: SessionSearch): CrudFilter {
  const { of, after, descending = false, participant, type, kind, text } = search
  const conditions: CrudFilter[] = [
    ...of === 'everybody' ? [] : [whose(of)],
    ...startBounds(search),
    { teleconsultationState: { $ne: 'DELETING' } },
    ...stateFilter(search.state),
    ...participant === undefined ? [] : [{ 'participants.userExternalId': participant }],
    ...type === undefined ? [] : [{ 'service.session.types': type }],
    ...kind === undefined ? [] : [{ 'service.session.kind': kind }],
    ...text === undefined ? [] : [{ $or: TEXTS.map((path): CrudFilter => ({ [path]: { $regex: escaped(text), $options: 'i' } })) }]
  ]
  if (after !== undefined) {
    const at = after.startAt.toISOString()
    conditions.push({ $or: descending ? [{ startDate: { $lt: at } }, { _id: { $lt: after.id } }] : [{ startDate: { $gt: at } }, { _id: { $gt: after.id } }] })
  }
  return { $and: conditions }
}

/** Everything that bounds the start, on each side the narrowest first: by the first one the index is entered. */
function startBounds ({ from, to, after, descending = false, state }: SessionSearch): CrudFilter[] {
  const least: Array<readonly [at: Date, bound: (at: string) => CrudFilter]> = []
  const most: typeof least = []
  if (after !== undefined && !descending) least.push([after.startAt, (at) => ({ startDate: { $gte: at } })])
  if (after !== undefined && descending) most.push([after.startAt, (at) => ({ startDate: { $lte: at } })])
  if (from !== undefined) least.push([from, (at) => ({ startDate: { $gte: at } })])
  if (to !== undefined) most.push([to, (at) => ({ startDate: { $lt: at } })])
  if (state?.name === 'planned') least.push([state.linksUntil, (at) => ({ startDate: { $gt: at } })])
  if (state?.name === 'open') most.push([state.linksUntil, (at) => ({ startDate: { $lte: at } })])
  least.sort(([a], [b]) => b.getTime() - a.getTime())
  most.sort(([a], [b]) => a.getTime() - b.getTime())
  return [...least, ...most].map(([at, bound]) => bound(at.toISOString()))
}

const TEXTS = ['service.session.title', 'service.session.description', 'service.session.references.bookingCode', 'service.session.references.appointmentId'] as const

/**
 * Whether a session holds the text: the condition of `sessionFilter` for who has the document in hand, because the storage cannot see
 * what is encrypted. Letters are equal that the embedded storage takes for equal.
 */
export function textFinder (text: string): (session: Session) => boolean {
  const pattern = new RegExp(escaped(text), 'i')
  return ({ title, description, references }) =>
    [title, description, references?.bookingCode, references?.appointmentId].some((part) => typeof part === 'string' && pattern.test(part))
}

/** Whether a document is in a state: the condition of `sessionFilter`, where a document without an end has the one that it is read with. */
export function isInState ({ content, control }: Pick<Teleconsultation, 'content' | 'control'>, { name, now, linksUntil }: NonNullable<SessionSearch['state']>): boolean {
  const isOver = control.session?.endedAt !== undefined || content.endAt < now
  switch (name) {
    case 'ended': return isOver
    case 'incomplete': return !isOver && control.phase === 'INCOMPLETE'
    case 'open': return !isOver && control.phase !== 'INCOMPLETE' && content.startAt <= linksUntil
    case 'planned': return !isOver && control.phase !== 'INCOMPLETE' && content.startAt > linksUntil
  }
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

function whose (of: Exclude<SessionsOf, 'everybody'>): CrudFilter {
  if ('participant' in of) return { 'participants.userExternalId': of.participant }
  if ('owner' in of) return { 'service.session.owner': of.owner }
  return of.orNone ? { 'service.session.organisation': { $in: [of.organisation, null] } } : { 'service.session.organisation': of.organisation }
}

/** Of a state, what is no bound of the start. */
function stateFilter (state: SessionSearch['state']): CrudFilter[] {
  if (state === undefined) return []
  const { name, now } = state
  const over: CrudFilter = { $or: [{ 'service.session.endedAt': { $exists: true } }, { endDate: { $lt: now.toISOString() } }] }
  const runs: CrudFilter[] = [{ 'service.session.endedAt': { $exists: false } }, { endDate: { $gte: now.toISOString() } }]
  const isComplete: CrudFilter = { teleconsultationState: { $ne: 'INCOMPLETE' } }
  switch (name) {
    case 'ended': return [over]
    case 'incomplete': return [...runs, { teleconsultationState: 'INCOMPLETE' }]
    case 'open':
    case 'planned': return [...runs, isComplete]
  }
}
