import { may, type Actor } from '../domain/authorization.ts'
import { seatOf } from '../domain/session.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import type { SessionSearch, SessionsOf } from '../storage/session-search.ts'
import { requireSessions } from './session-record.ts'
import { authorizationRules, type Context, type Ports } from './ports.ts'

export type Wanted = Omit<SessionSearch, 'of' | 'limit'> & { limit: number }

export interface SessionList {
  documents: Teleconsultation[]
  /** After which of them the next page begins. Undefined: there is none. */
  next: { startAt: Date, id: string } | undefined
}

/**
 * One page of what the caller may see, by start and id. Each way in which he can see something is read out of an index of its own, from
 * the cursor on, so that a late page costs what the first one does.
 *
 * @throws FIELD_NOT_DECLARED, STORAGE_*
 */
export async function listSessions (ports: Ports, actor: Actor, given: Wanted, context: Context): Promise<SessionList> {
  await requireSessions(ports)
  const wanted = actor.kind === 'link' ? await ofLink(ports, actor, given, context) : given
  if (wanted === undefined) return { documents: [], next: undefined }
  const { limit, descending = false, participant } = wanted
  const rules = authorizationRules(ports)
  const inOrder = (a: Teleconsultation, b: Teleconsultation) => (descending ? -1 : 1) * compared(a, b)
  const found: Teleconsultation[] = []
  let { after } = wanted
  for (;;) {
    const pages = await Promise.all(waysToSee(actor, rules.defaultOrganisation).map((of) => ports.store.sessions({ ...wanted, of, after, limit: limit + 1 }, context)))
    // Beyond the last of a full page something may be missing.
    const ends = pages.filter((page) => page.length > limit).flatMap((page) => page.at(-1) ?? []).sort(inOrder)
    const [end] = ends
    const merged = [...new Map(pages.flat().map((document) => [document.id, document])).values()].sort(inOrder)
    const sure = end === undefined ? merged : merged.filter((document) => inOrder(document, end) <= 0)
    // Who was removed is in the document still.
    found.push(...sure.filter((document) => may('see', actor, document, rules) === 'allowed' && (participant === undefined || seatOf(document, participant) !== undefined)))
    const last = sure.at(-1)
    if (found.length > limit || end === undefined || last === undefined) break
    after = { startAt: last.content.startAt, id: last.id }
  }
  const documents = found.slice(0, limit)
  const last = documents.at(-1)
  return { documents, next: found.length > limit && last !== undefined ? { startAt: last.content.startAt, id: last.id } : undefined }
}

/**
 * How many there are in each state. Somebody who was removed from a session still counts it, which costs no look at each.
 *
 * @throws STORAGE_*
 */
export async function countSessions<State extends string> (ports: Ports, actor: Actor, wanted: Wanted, states: ReadonlyArray<{ name: State, search: SessionSearch['state'] }>, context: Context): Promise<Record<State, number>> {
  const { after: _place, ...everything } = wanted
  const ways = waysToSee(actor, authorizationRules(ports).defaultOrganisation)
  const counts: Array<[State, number]> = []
  // One after the other: a storage in this process counts in one go, and others are to get their turn in between.
  for (const { name, search } of states) {
    counts.push([name, actor.kind === 'link'
      ? (await listSessions(ports, actor, { ...everything, state: search }, context)).documents.length
      : await ports.store.countSessions(ways.map((of) => ({ ...everything, of, state: search })), context)])
  }
  return Object.fromEntries(counts) as Record<State, number>
}

/**
 * Sessions in which somebody takes part, the earliest first.
 *
 * @throws STORAGE_*
 */
export async function sessionsOf (ports: Ports, userId: string, { from, to, limit }: { from: Date, to: Date, limit: number }, context: Context): Promise<Teleconsultation[]> {
  const found: Teleconsultation[] = []
  for (let after: SessionSearch['after']; found.length < limit;) {
    const page = await ports.store.sessions({ of: { participant: userId }, from, to, after, limit: Math.min(PAGE, limit - found.length) }, context)
    found.push(...page)
    const last = page.at(-1)
    if (page.length < PAGE || last === undefined) break
    after = { startAt: last.content.startAt, id: last.id }
  }
  return found
}

/** The CRUD Service's largest. */
const PAGE = 200

/** The same with an eye on the one session that his link is for. Undefined: it is not there any more. */
async function ofLink (ports: Ports, { room }: Extract<Actor, { kind: 'link' }>, wanted: Wanted, context: Context): Promise<Wanted | undefined> {
  const document = await ports.store.get(room, context)
  if (document === undefined) return undefined
  const startMs = document.content.startAt.getTime()
  const { from, to } = wanted
  return { ...wanted, from: new Date(Math.max(from?.getTime() ?? 0, startMs)), to: new Date(Math.min(to?.getTime() ?? Infinity, startMs + 1)) }
}

function waysToSee (actor: Actor, defaultOrganisation: string): SessionsOf[] {
  switch (actor.kind) {
    case 'gateway': return actor.id === undefined ? ['everybody'] : [{ participant: actor.id }, { owner: actor.id }]
    case 'clinic': return [{ organisation: actor.organisation, orNone: actor.organisation === defaultOrganisation }]
    case 'link': return [{ participant: actor.id }]
    case 'person': return [
      { participant: actor.id },
      { owner: actor.id },
      ...[...actor.organisations].flatMap(([organisation, roles]) => roles.has('ADMIN') ? [{ organisation, orNone: organisation === defaultOrganisation }] : [])
    ]
  }
}

const compared = (a: Teleconsultation, b: Teleconsultation) =>
  a.content.startAt.getTime() - b.content.startAt.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
