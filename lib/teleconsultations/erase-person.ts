import { isAbout, seatOfSubject, withoutSubject, type Outstanding, type Subject } from '../domain/erasure.ts'
import { seatOf, seatsOf, sessionOf, standingOf } from '../domain/session.ts'
import { isBeingTold } from '../domain/letters.ts'
import { isComplete, isHeld, type Teleconsultation } from '../domain/teleconsultation.ts'
import { ConcurrentChange, OperationInProgress, PersonalDataKeyLost, ProviderUnavailable } from '../errors.ts'
import type { Stretch } from '../storage/teleconsultation-store.ts'
import { changeTeleconsultation } from './change.ts'
import type { WantedParticipants } from './create.ts'
import { everywhere } from './places.ts'
import { ATTEMPTS, callProvider, privilegeOfStored, type Context, type Ports } from './ports.ts'
import { removeTeleconsultation } from './remove.ts'
import { takeOut } from './session-people.ts'

/** What else is kept of people than teleconsultations. Each `forget` takes all of it for good, and may be repeated. */
export interface PersonalStores {
  /** @returns the organisations that cannot do without him */
  members: { forget (userId: string, context: Context): Promise<string[]> } | undefined
  feeds: { forget (userId: string, context: Context): Promise<void> } | undefined
  outbox: { forget (userId: string, context: Context): Promise<void> } | undefined
}

export interface Erased {
  /** Teleconsultations in which he is a stranger now. */
  pseudonymised: number
  /** Those of them that cannot take place without him, and are cancelled. */
  cancelled: number
  /** What could not be erased yet. Nothing of it is lost: the same may be tried again. */
  outstanding: Outstanding[]
}

type Finder = (stretch: Stretch, context: Context) => Promise<Teleconsultation[]>

const PAGE = 200

/**
 * Erases a person here and at the video providers. Where others need it, what is left of him is a seat without name, address and
 * link under a pseudonym of its own in each teleconsultation. He takes part in nothing any more: what needs him is cancelled, which
 * those who stay are told.
 *
 * Everything may be repeated, also by two at once, and by whoever finds it half done.
 *
 * @param context without a deadline: it takes as long as the collection is
 */
export async function erasePerson (ports: Ports, stores: PersonalStores, externalId: string, context: Context): Promise<Erased> {
  const done: Erased = { pseudonymised: 0, cancelled: 0, outstanding: [] }
  const missing = (what: Outstanding['what'], error: unknown) => { add(done.outstanding, what, codeOf(error)) }
  const step = async (what: Outstanding['what'], work: () => Promise<void>) => {
    try {
      await work()
    } catch (error) {
      missing(what, error)
    }
  }

  let mapped: string[] = []
  await step('accounts', async () => { mapped = await ports.userMap.accountsOf(externalId, context) })
  const subject: Subject = { externalId, accounts: new Set(mapped) }

  // One whose key is lost keeps no other from being found.
  const pageOf = async (find: Finder, after: string | undefined): Promise<Teleconsultation[]> => {
    try {
      return await find({ after, limit: PAGE }, context)
    } catch (error) {
      if (!(error instanceof PersonalDataKeyLost)) throw error
      missing('teleconsultations', error)
      return await find({ after, limit: PAGE, readableOnly: true }, context)
    }
  }
  // First where an index finds him, then everything: he may be somebody's owner, or have been left out of a list.
  for (const find of [(stretch, given) => ports.store.ofPerson(externalId, stretch, given), (stretch, given) => ports.store.walk(stretch, given)] satisfies Finder[]) {
    await step('teleconsultations', async () => {
      for (let after: string | undefined; ;) {
        const page = await pageOf(find, after)
        for (const document of page) {
          if (isAbout(document, subject)) await step('teleconsultations', async () => { await eraseIn(ports, document, subject, done, context) })
        }
        after = page.at(-1)?.id
        if (page.length < PAGE) break
      }
    })
  }

  await step('memberships', async () => {
    const kept = await stores.members?.forget(externalId, context) ?? []
    if (kept.length > 0) add(done.outstanding, 'memberships', 'LAST_ADMIN', kept.length)
  })
  await step('calendar feed', async () => { await stores.feeds?.forget(externalId, context) })
  await step('outbox', async () => { await stores.outbox?.forget(externalId, context) })

  // Last: by his account he is found in documents of the original, and put out of a call.
  if (done.outstanding.some(({ what }) => what === 'teleconsultations' || what === 'accounts')) return done
  for (const there of everywhere(ports)) {
    if (!there.provider.capabilities.keepsPeople) continue
    const accounts = new Set([...mapped, ...(['plus', 'basic'] as const).map((privilege) => there.provider.accountOf({ externalId, privilege }))])
    for (const account of accounts) {
      await step('video provider', async () => { await callProvider(there, async (provider, signal) => { await provider.forgetPerson(account, signal) }) })
    }
  }
  // The map leads to his accounts as long as one of them may be left.
  if (!done.outstanding.some(({ what }) => what === 'video provider')) await step('accounts', async () => { await ports.userMap.forget(externalId, context) })
  return done
}

/** @throws OPERATION_IN_PROGRESS, CONCURRENT_CHANGE, STORAGE_*, and what taking somebody out throws */
async function eraseIn (ports: Ports, found: Teleconsultation, subject: Subject, done: Erased, context: Context): Promise<void> {
  let current = await withoutPart(ports, found, subject, done, context)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (current === undefined || !isAbout(current, subject)) return
    const { control } = current
    // What an operation is about to publish has him in it, what the provider has not been told yet needs his account, and of a letter
    // under way it is going to be written down, and kept in the outbox, to whom it was.
    if (control.operation !== undefined || standingOf(sessionOf(current), subject.externalId)?.untold === true || isBeingTold(control, ports.clock.now())) throw new OperationInProgress()
    const written = await ports.store.replaceAnywhere(current, withoutSubject(current, subject, `erased-${ports.ids.operation()}`), context)
    if (written !== 'changed') {
      done.pseudonymised++
      return
    }
    current = await ports.store.getAnywhere(current.id, context)
  }
  throw new ConcurrentChange()
}

/** Takes him out of what has not taken place yet. The document as it is then. */
async function withoutPart (ports: Ports, found: Teleconsultation, subject: Subject, done: Erased, context: Context): Promise<Teleconsultation | undefined> {
  const { content, control, id } = found
  const isOver = control.phase === 'DELETING' || sessionOf(found).endedAt !== undefined || ports.clock.now() > content.endAt
  const seat = seatOfSubject(content, subject)
  if (isOver || seat === undefined || (seat.userExternalId !== undefined && seatOf(found, seat.userExternalId) === undefined)) return found
  // In the trash, or in another state than those that take place.
  const open = await ports.store.get(id, context)
  if (open === undefined) return await ports.store.getAnywhere(id, context) ?? found
  if (isHeld(open.control, ports.clock.now())) throw new OperationInProgress()
  if (!canDoWithout(ports, open, subject)) {
    await removeTeleconsultation(ports, id, context)
    done.cancelled++
    return await ports.store.getAnywhere(id, context)
  }
  if (await ports.store.keepsSessions() && seat.userExternalId !== undefined) {
    const { takesEffect } = await takeOut(ports, id, seat.userExternalId, context)
    if (takesEffect === 'pending') throw new ProviderUnavailable()
  } else await changeTeleconsultation(ports, id, async () => listWithout(open, subject), {}, context)
  return await ports.store.getAnywhere(id, context)
}

/** A stranger could not be let into a room that has still to be made: he has no account. */
function listWithout ({ content }: Teleconsultation, subject: Subject): WantedParticipants {
  const leaving = seatOfSubject(content, subject)
  const people = content.participants.filter((seat) => seat !== leaving).map(({ userExternalId: externalId, userBandyerId: _account, accessLinkURL: _link, privilege = 'basic', groups = [], fullName = '', ...known }) => {
    // Of the original's documents only the vendor knows who is in them: they stay as they are until they are over.
    if (externalId === undefined) throw new OperationInProgress()
    return { ...known, externalId, privilege, groups, fullName }
  })
  return { people, number: content.number - 1 }
}

/** Whether two at least are left, or still expected, and where a room needs it one of them can hold the call. */
function canDoWithout (ports: Ports, document: Teleconsultation, subject: Subject): boolean {
  const { content } = document
  const leaving = seatOfSubject(content, subject)
  const staying = seatsOf(document).filter((seat) => seat !== leaving)
  const expected = Math.max(0, content.number - content.participants.length)
  if (staying.length + expected < 2) return false
  const needsPlus = everywhere(ports).some(({ provider }) => provider.capabilities.needsPlusParticipant)
  return !needsPlus || !isComplete(content) || staying.some((seat) => privilegeOfStored(ports, seat) !== 'basic')
}

function add (outstanding: Outstanding[], what: Outstanding['what'], reason: string, count = 1): void {
  const same = outstanding.find((one) => one.what === what && one.reason === reason)
  if (same === undefined) outstanding.push({ what, reason, count })
  else same.count += count
}

const codeOf = (error: unknown): string => {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'INTERNAL_ERROR'
}
