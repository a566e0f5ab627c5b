import type { TeleconsultationChange } from '../../schemas/teleconsultation.ts'
import { checkPrecondition, entityTagOf, type Precondition } from '../domain/entity-tag.ts'
import { attemptAt, isForgotten, withAttempt, type Attempt, type RequestKey } from '../domain/idempotency.ts'
import { ConcurrentChange, DuplicateParticipant, ImmutablePeriod, KeyReused, RoomNotFound, SessionEnded, TooManyParticipants } from '../errors.ts'
import { checkList, checkPlusUser, type KnownPerson } from '../domain/participants.ts'
import { checkWish, scheduleOf } from '../domain/schedule.ts'
import { hasWordsUnderWay, leftOut, readmitted, seatsOf, sessionOf, withNewLinks, type Session } from '../domain/session.ts'
import { isComplete, participantByExternalId, remember, restingPhase, roomAsGarbage, type Content, type Operation, type StoredParticipant, type Teleconsultation } from '../domain/teleconsultation.ts'
import { mayChange } from '../domain/window.ts'
import type { WantedParticipants } from './create.ts'
import { identifyInBackground, storeIdentities } from './accounts.ts'
import { atHome, atRoom, atTarget, checkChoice, checkWishes, seatedAt } from './places.ts'
import { drain, makeRoom, mayHaveWritten, refuseWhileHeld, replaceKnowing } from './room.ts'
import { ATTEMPTS, checkLimits, checkStoredPlusUser, newOperation, privilegeOfStored, setAside, storedParticipants, unhurried, wantsRoomNow, type Context, type Ports } from './ports.ts'

/**
 * Changes dates, participants or both. Without a condition the last writer wins; no room of another's change is lost.
 *
 * @param described what becomes of the description in the same write
 * @throws TELECONSULTATION_NOT_FOUND, PRECONDITION_FAILED, IMMUTABLE_PERIOD, OPERATION_IN_PROGRESS, CONCURRENT_CHANGE, and what
 *   `createTeleconsultation` throws
 */
export async function changeTeleconsultation (
  ports: Ports, id: string, people: (() => Promise<WantedParticipants>) | undefined, { videoProvider, ...dates }: Omit<TeleconsultationChange, 'participants'>, context: Context, precondition?: Precondition,
  described?: (before: Session) => Session
): Promise<Teleconsultation> {
  checkWish(dates)
  checkChoice(ports, videoProvider)
  const wanted = await people?.()
  if (wanted !== undefined) {
    checkList(wanted.people.map(({ externalId }) => externalId), wanted.number)
    checkPlusUser(wanted.people.map(({ privilege }) => privilege), wanted.number, 'PATCH /teleconsultation')
  }
  const participants = wanted === undefined ? undefined : seatedSomewhere(ports, wanted.people)
  const keepsSessions = wanted !== undefined && await ports.store.keepsSessions()
  return await rewrite(ports, id, (current) => {
    const content = {
      ...current.content,
      ...(Object.keys(dates).length === 0 ? {} : scheduleOf(dates, current.content)),
      ...(wanted === undefined || participants === undefined ? {} : { number: wanted.number, participants })
    }
    const chosen = videoProvider ?? current.control.chosen
    // What is as it is wanted already may be so by this very request, whose answer got lost.
    if (entityTagOf(content) !== entityTagOf(current.content) || chosen !== current.control.chosen) checkPrecondition(precondition, current.content)
    const there = atTarget(ports, { chosen }, content.participants)
    if (wanted !== undefined || videoProvider !== undefined) checkLimits(there, content.number)
    if (videoProvider !== undefined) checkWishes(there)
    const session = described?.(sessionOf(current)) ?? current.control.session
    if (wanted === undefined) return { content, chosen, session }
    const moved = keepsSessions ? movedTo(current.content, wanted.people) : []
    if (session === undefined) return { content, chosen, session: moved.length === 0 ? undefined : withNewLinks({}, moved) }
    const gone = seatsOf(current).flatMap(({ userExternalId }) => userExternalId === undefined || wanted.people.some(({ externalId }) => externalId === userExternalId) ? [] : [userExternalId])
    return { content, chosen, session: withNewLinks(leftOut(readmitted(session), gone), moved) }
  }, context)
}

/** Whose address is another one now: the link that went to the one before may be in a stranger's hands. */
const movedTo = ({ participants }: Content, people: readonly KnownPerson[]): string[] => people.flatMap(({ externalId, email }) => {
  const before = participants.find(({ userExternalId }) => userExternalId === externalId)?.email
  return before === undefined || before === email ? [] : [externalId]
})

/** Where there are several providers, only the document tells at which he takes part. */
function seatedSomewhere (ports: Ports, people: readonly KnownPerson[]): StoredParticipant[] {
  const seated = storedParticipants(ports, people)
  return (ports.others ?? []).length === 0 ? seated : seated.map((participant) => ({ ...participant, userBandyerId: '' }))
}

/**
 * Adds one participant to those who are known.
 *
 * @param request repeating it adds nobody
 * @param grows whether one more than were expected is welcome
 * @param described what becomes of the session in the same write
 * @throws as `changeTeleconsultation`; IDEMPOTENCY_KEY_REUSED
 */
export async function addParticipant (ports: Ports, id: string, person: KnownPerson, context: Context, request?: RequestKey, { grows = false, described }: { grows?: boolean, described?: ((before: Session) => Session) | undefined } = {}): Promise<void> {
  const [added] = seatedSomewhere(ports, [person])
  if (added === undefined) return
  const addition = attemptAt(request, ports.clock.now())
  // One request can push to the list, but not remember in the record which request wanted it.
  if (addition === undefined && described === undefined && await appended(ports, id, added, context)) return
  await rewrite(ports, id, (current) => {
    const participants = [...current.content.participants, added]
    const content = { ...current.content, participants, number: grows ? Math.max(current.content.number, participants.length) : current.content.number }
    if (participantByExternalId(current.content, person.externalId) !== undefined) throw new DuplicateParticipant('userExternalId')
    if (content.participants.length > content.number) throw new TooManyParticipants()
    checkStoredPlusUser(ports, content, current.control, `POST /teleconsultation/${id}/participants/data`)
    // Who was removed comes in no more.
    if (grows) checkLimits(atTarget(ports, current.control, participants), content.number - (current.content.participants.length - seatsOf(current).length))
    return { content, chosen: current.control.chosen, session: described?.(sessionOf(current)) }
  }, context, addition)
}

/**
 * The usual case in one request: the list stays incomplete, so that nothing else is to be decided. False: it is not that
 * case, or it can't be told.
 */
async function appended (ports: Ports, id: string, added: StoredParticipant, context: Context): Promise<boolean> {
  let outcome: Teleconsultation | 'unmet'
  try {
    outcome = await ports.store.appendWhileIncomplete(id, added, context)
  } catch (error) {
    if (!mayHaveWritten(error)) throw error
    const read = await ports.store.get(id, { ...context, isReadBack: true })
    const there = read === undefined ? undefined : participantByExternalId(read.content, added.userExternalId ?? '')
    if (read === undefined || there === undefined) throw error
    // Somebody who was there before is refused, unless he is who was to be added: that one may be ours.
    outcome = isAsAdded(there, added) ? read : 'unmet'
  }
  if (outcome === 'unmet') return false
  // Where the room will be made elsewhere than the others' ids are from, all get new ones then.
  if (atHome(ports, outcome.control, outcome.content).provider.name === outcome.control.provider) identifyInBackground(ports, outcome, context)
  return true
}

const isAsAdded = (there: StoredParticipant, added: StoredParticipant) =>
  JSON.stringify(partsOf(there)) === JSON.stringify(partsOf(added))
const partsOf = ({ fullName, groups, language, privilege, email, timeZone }: StoredParticipant) => [fullName, groups, language, privilege, email, timeZone]

/** What a teleconsultation is to be. */
interface Decision { content: Content, chosen: string | undefined, session?: Session | undefined }

/**
 * Decides on the document as it is now, writes on the condition that it still is, and decides anew when it is not.
 */
async function rewrite (ports: Ports, id: string, decide: (current: Teleconsultation) => Decision, context: Context, addition?: Attempt): Promise<Teleconsultation> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = await ports.store.get(id, context)
    if (current === undefined || current.control.phase === 'DELETING') throw new RoomNotFound(id)
    if (wasAdded(current, addition, ports.clock.now())) return current
    if (sessionOf(current).endedAt !== undefined) throw new SessionEnded()
    refuseImmutable(ports, current)
    refuseWhileHeld(ports, current)
    const written = await write(ports, current, decide(current), context, addition)
    if (written !== 'changed') return written
  }
  throw new ConcurrentChange()
}

/**
 * Whether this very request was accepted before.
 *
 * @throws IDEMPOTENCY_KEY_REUSED
 */
function wasAdded ({ control }: Teleconsultation, addition: Attempt | undefined, now: Date): boolean {
  const earlier = [...control.additions ?? [], ...control.operation?.addition === undefined ? [] : [control.operation.addition]]
    .find(({ key }) => key === addition?.key)
  if (earlier === undefined || isForgotten(earlier, now)) return false
  if (earlier.fingerprint !== addition?.fingerprint) throw new KeyReused()
  return control.additions?.includes(earlier) === true
}

/** @throws IMMUTABLE_PERIOD: judged by the stored start; the seal stands whatever a clock says */
function refuseImmutable (ports: Ports, { content, control }: Teleconsultation): void {
  if (control.sealed || (isComplete(content) && !mayChange(ports.settings.window, content.startAt, ports.clock.now()))) throw new ImmutablePeriod()
}

async function write (ports: Ports, current: Teleconsultation, { content: wanted, chosen, session }: Decision, context: Context, addition: Attempt | undefined): Promise<Teleconsultation | 'changed'> {
  const control = setAside(ports, current)
  const operation = newOperation(ports, 'change', control.epoch + 1)
  const home = atRoom(ports, control)
  const touchesRoom = control.room !== undefined && (home === undefined || roomDiffers(home, current, { content: wanted, control: { session: session ?? control.session } }) ||
    (chosen !== control.chosen && atTarget(ports, { chosen }, wanted.participants).provider !== home.provider))
  const stays = control.room !== undefined && !touchesRoom
  const there = stays ? atHome(ports, control, wanted) : atTarget(ports, { chosen }, wanted.participants)
  const listed = wanted.participants.map((participant) => known(ports, current.content, participant, stays))
  const content = { ...wanted, participants: stays ? listed : seatedAt(there, control.provider, listed, (participant) => privilegeOfStored(ports, participant)) }

  if (wantsRoomNow(ports, content) && (touchesRoom || control.room === undefined)) {
    const inPlace = there.provider === home?.provider && there.provider.capabilities.roomChange === 'change' &&
      // What was sent to that room before might arrive after this.
      !hasWordsUnderWay(sessionOf(current), ports.clock.now())
    const pending: Operation = { ...operation, content, chosen, session, addition, inPlace: inPlace ? true : undefined }
    const intent = await ports.store.replaceIfUnchanged(current, { control: { ...control, epoch: operation.epoch, operation: pending } }, context)
    if (intent === 'changed') return 'changed'
    return await makeRoom(there, intent, pending, context)
  }

  // No room is needed now. One that fits no longer goes with the write that makes it so.
  const room = touchesRoom ? undefined : control.room
  const replaced = room === undefined ? roomAsGarbage(control) : []
  const outcome = await replaceKnowing(ports, current, {
    content,
    control: {
      ...control,
      phase: restingPhase(content, room),
      epoch: operation.epoch,
      applied: remember(control.applied, operation.id),
      garbage: [...control.garbage, ...replaced],
      provider: there.provider.name,
      chosen,
      session: session ?? control.session,
      fellBackFrom: room === undefined ? undefined : control.fellBackFrom,
      room,
      additions: withAttempt(control.additions, addition, ports.clock.now())
    }
  }, operation.id, context)
  if (outcome === 'changed') return 'changed'
  ports.inBackground('settle a change', async () => {
    // One after the other: each writes on the condition that nobody else did.
    await drain(ports, await storeIdentities(there, outcome, unhurried(context)), unhurried(context))
  }, context.log)
  return outcome
}

/** What is known of a participant who stays: his account, while the privilege is the same, and his link, while the room stays. */
function known (ports: Ports, before: Content, participant: StoredParticipant, roomStays: boolean): StoredParticipant {
  const same = participantByExternalId(before, participant.userExternalId ?? '')
  if (same === undefined || privilegeOfStored(ports, same) !== privilegeOfStored(ports, participant)) return participant
  return {
    ...participant,
    userBandyerId: same.userBandyerId === '' ? participant.userBandyerId : same.userBandyerId,
    accessLinkURL: roomStays ? same.accessLinkURL : null
  }
}

type Seating = Parameters<typeof seatsOf>[0]

/** Whether the room of the one content would be wrong for the other. */
function roomDiffers (ports: Ports, earlier: Seating, later: Seating): boolean {
  const [before, after] = [earlier.content, later.content]
  if (!ports.settings.unlimited && after.endAt.getTime() - after.startAt.getTime() !== before.endAt.getTime() - before.startAt.getTime()) return true
  const { endGate, access, roomChange } = ports.provider.capabilities
  const moves = after.startAt.getTime() !== before.startAt.getTime()
  // A room that is closed at its end moves with the dates; without a limit the vendors' do not know them.
  if (!ports.settings.unlimited && endGate === 'room' && moves) return true
  // Where nothing is kept with a room, its name has the dates, and ways in are made by them: limited or not.
  if (access !== 'vendor-link' && roomChange === 'replace' && (moves || after.endAt.getTime() !== before.endAt.getTime())) return true
  // Names and languages are given with the link, not with the room.
  const people = (seating: Seating) => JSON.stringify(seatsOf(seating)
    .map((participant) => [participant.userExternalId ?? participant.userBandyerId, privilegeOfStored(ports, participant)])
    .sort())
  return people(earlier) !== people(later)
}
