import { may, type Actor } from '../domain/authorization.ts'
import { seatOf, sessionOf } from '../domain/session.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import { isInState, textFinder, type SessionSearch, type SessionsOf } from '../storage/session-search.ts'
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
 * the cursor on, so that a late page costs what the first one does. A text that the storage cannot look for costs reading all there is
 * until enough is found.
 *
 * @throws FIELD_NOT_DECLARED, STORAGE_*
 */
export async function listSessions (ports: Ports, actor: Actor, given: Wanted, context: Context): Promise<SessionList> {
  await requireSessions(ports)
  const wanted = actor.kind === 'link' ? await ofLink(ports, actor, given, context) : given
  if (wanted === undefined) return { documents: [], next: undefined }
  const { limit } = wanted
  const found: Teleconsultation[] = []
  for await (const documents of visible(ports, actor, wanted, context)) {
    found.push(...documents)
    if (found.length > limit) break
  }
  const documents = found.slice(0, limit)
  const last = documents.at(-1)
  return { documents, next: found.length > limit && last !== undefined ? placeOf(last) : undefined }
}

/**
 * How many there are in each state. Somebody who was removed from a session still counts it, which costs no look at each; not where
 * each has to be looked at for its texts.
 *
 * @throws STORAGE_*
 */
export async function countSessions<State extends string> (ports: Ports, actor: Actor, wanted: Wanted, states: ReadonlyArray<{ name: State, search: NonNullable<SessionSearch['state']> }>, context: Context): Promise<Record<State, number>> {
  const { after: _place, ...everything } = wanted
  const counts = new Map(states.map(({ name }) => [name, 0]))
  if (actor.kind !== 'link' && soughtHere(ports, wanted) !== undefined) {
    for await (const documents of visible(ports, actor, { ...everything, state: undefined }, context)) {
      for (const { name, search } of states) counts.set(name, (counts.get(name) ?? 0) + documents.filter((document) => isInState(document, search)).length)
    }
    return Object.fromEntries(counts) as Record<State, number>
  }
  const ways = waysToSee(actor, authorizationRules(ports).defaultOrganisation)
  // One after the other: a storage in this process counts in one go, and others are to get their turn in between.
  for (const { name, search } of states) {
    counts.set(name, actor.kind === 'link'
      ? (await listSessions(ports, actor, { ...everything, state: search }, context)).documents.length
      : await ports.store.countSessions(ways.map((of) => ({ ...everything, of, state: search })), context))
  }
  return Object.fromEntries(counts) as Record<State, number>
}

/** The text that the storage cannot look for. */
const soughtHere = ({ store }: Ports, { text }: Wanted): string | undefined => store.searchesTexts ? undefined : text

/**
 * What is wanted and may be seen, in its order, piece by piece. Each way to see is read once, page after page: of what was read, only as
 * much is sure as comes before the end of every way's page.
 */
async function * visible (ports: Ports, actor: Actor, wanted: Wanted, context: Context): AsyncGenerator<Teleconsultation[]> {
  const { limit, descending = false, participant } = wanted
  const rules = authorizationRules(ports)
  const text = soughtHere(ports, wanted)
  const holds = text === undefined ? () => true : textFinder(text)
  const search = text === undefined ? { ...wanted, limit: limit + 1 } : { ...wanted, text: undefined, limit: PAGE }
  const inOrder = (a: Teleconsultation, b: Teleconsultation) => (descending ? -1 : 1) * compared(a, b)
  const ways = waysToSee(actor, rules.defaultOrganisation).map((of) => ({ of, after: wanted.after, rows: [] as Teleconsultation[], isRead: false }))
  for (;;) {
    await Promise.all(ways.filter(({ rows, isRead }) => rows.length === 0 && !isRead).map(async (way) => {
      way.rows = await ports.store.sessions({ ...search, of: way.of, after: way.after }, context)
      way.isRead = way.rows.length < search.limit
      const last = way.rows.at(-1)
      if (last !== undefined) way.after = placeOf(last)
    }))
    const [end] = ways.flatMap(({ rows, isRead }) => isRead ? [] : rows.at(-1) ?? []).sort(inOrder)
    const isSure = (document: Teleconsultation) => end === undefined || inOrder(document, end) <= 0
    const sure = new Map(ways.flatMap(({ rows }) => rows.filter(isSure)).map((document) => [document.id, document]))
    for (const way of ways) way.rows = way.rows.filter((document) => !isSure(document))
    yield [...sure.values()].sort(inOrder).filter((document) => holds(sessionOf(document)) &&
      // Who was removed is in the document still.
      may('see', actor, document, rules) === 'allowed' && (participant === undefined || seatOf(document, participant) !== undefined))
    if (end === undefined) return
  }
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
    after = placeOf(last)
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

const placeOf = ({ id, content }: Teleconsultation) => ({ startAt: content.startAt, id })

const compared = (a: Teleconsultation, b: Teleconsultation) =>
  a.content.startAt.getTime() - b.content.startAt.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
