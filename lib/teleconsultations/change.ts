import type { TeleconsultationChange } from '../../schemas/teleconsultation.ts'
import { ConcurrentChange, DuplicateParticipant, ImmutablePeriod, RoomNotFound, TooManyParticipants } from '../errors.ts'
import { checkList, checkPlusUser, type KnownPerson } from '../domain/participants.ts'
import { checkWish, scheduleOf } from '../domain/schedule.ts'
import { isComplete, participantByExternalId, remember, restingPhase, type Content, type Garbage, type StoredParticipant, type Teleconsultation } from '../domain/teleconsultation.ts'
import { mayChange } from '../domain/window.ts'
import type { WantedParticipants } from './create.ts'
import { identifyInBackground, storeIdentities } from './accounts.ts'
import { drain, makeRoom, mayHaveWritten, refuseWhileHeld, replaceKnowing } from './room.ts'
import { ATTEMPTS, checkLimits, checkStoredPlusUser, garbageWithDead, newOperation, privilegeOfStored, storedParticipants, wantsRoomNow, type Context, type Ports } from './ports.ts'

/**
 * Changes dates, participants or both. Without a condition the last writer wins; no room of another's change is lost.
 *
 * @throws TELECONSULTATION_NOT_FOUND, IMMUTABLE_PERIOD, OPERATION_IN_PROGRESS, CONCURRENT_CHANGE, and what
 *   `createTeleconsultation` throws
 */
export async function changeTeleconsultation (
  ports: Ports, id: string, people: (() => Promise<WantedParticipants>) | undefined, dates: Pick<TeleconsultationChange, 'start_date' | 'end_date' | 'duration_in_seconds'>, context: Context
): Promise<void> {
  checkWish(dates)
  const wanted = await people?.()
  if (wanted !== undefined) {
    checkList(wanted.people.map(({ externalId }) => externalId), wanted.number)
    checkPlusUser(wanted.people.map(({ privilege }) => privilege), wanted.number, 'PATCH /teleconsultation')
    checkLimits(ports, wanted.number)
  }
  const participants = wanted === undefined ? undefined : await storedParticipants(ports, wanted.people)
  await rewrite(ports, id, (current) => {
    return {
      ...current.content,
      ...(Object.keys(dates).length === 0 ? {} : scheduleOf(dates, current.content)),
      ...(wanted === undefined || participants === undefined ? {} : { number: wanted.number, participants })
    }
  }, context)
}

/**
 * Adds one participant to those who are known.
 *
 * @throws as `changeTeleconsultation`
 */
export async function addParticipant (ports: Ports, id: string, person: KnownPerson, context: Context): Promise<void> {
  const [added] = await storedParticipants(ports, [person])
  if (added === undefined) return
  if (await appended(ports, id, added, context)) return
  await rewrite(ports, id, (current) => {
    const content = { ...current.content, participants: [...current.content.participants, added] }
    if (participantByExternalId(current.content, person.externalId) !== undefined) throw new DuplicateParticipant('userExternalId')
    if (content.participants.length > content.number) throw new TooManyParticipants()
    checkStoredPlusUser(ports, content, `POST /teleconsultation/${id}/participants/data`)
    return content
  }, context)
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
    const read = await ports.store.get(id, context)
    const there = read === undefined ? undefined : participantByExternalId(read.content, added.userExternalId ?? '')
    if (read === undefined || there === undefined) throw error
    // Somebody who was there before is refused, unless he is who was to be added: that one may be ours.
    outcome = isAsAdded(there, added) ? read : 'unmet'
  }
  if (outcome === 'unmet') return false
  identifyInBackground(ports, outcome, context)
  return true
}

const isAsAdded = (there: StoredParticipant, added: StoredParticipant) =>
  JSON.stringify(described(there)) === JSON.stringify(described(added))
const described = ({ fullName, groups, language, privilege }: StoredParticipant) => [fullName, groups, language, privilege]

/**
 * Decides on the document as it is now, writes on the condition that it still is, and decides anew when it is not.
 */
async function rewrite (ports: Ports, id: string, decide: (current: Teleconsultation) => Content, context: Context): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = await ports.store.get(id, context)
    if (current === undefined || current.control.phase === 'DELETING') throw new RoomNotFound(id)
    refuseImmutable(ports, current)
    refuseWhileHeld(ports, current)
    const content = decide(current)
    if (await write(ports, current, content, context) === 'written') return
  }
  throw new ConcurrentChange()
}

/** @throws IMMUTABLE_PERIOD: judged by the stored start; the seal stands whatever a clock says */
function refuseImmutable (ports: Ports, { content, control }: Teleconsultation): void {
  if (control.sealed || (isComplete(content) && !mayChange(ports.settings.window, content.startAt, ports.clock.now()))) throw new ImmutablePeriod()
}

async function write (ports: Ports, current: Teleconsultation, wanted: Content, context: Context): Promise<'written' | 'changed'> {
  const { control } = current
  const operation = newOperation(ports, 'change', control.epoch + 1)
  const aside = { garbage: garbageWithDead(ports, current), epoch: operation.epoch }
  const touchesRoom = roomDiffers(ports, current.content, wanted)
  const content = { ...wanted, participants: wanted.participants.map((participant) => known(ports, current.content, participant, !touchesRoom)) }

  if (wantsRoomNow(ports, content) && (touchesRoom || control.room === undefined)) {
    const pending = { ...operation, content }
    const intent = await ports.store.replaceIfUnchanged(current, { control: { ...control, ...aside, operation: pending } }, context)
    if (intent === 'changed') return 'changed'
    await makeRoom(ports, intent, pending, context)
    return 'written'
  }

  // No room is needed now. One that fits no longer goes with the write that makes it so.
  const room = touchesRoom ? undefined : control.room
  const replaced: Garbage[] = control.room !== undefined && room === undefined ? [control.room] : []
  const outcome = await replaceKnowing(ports, current, {
    content,
    control: {
      ...control,
      phase: restingPhase(content, room),
      operation: undefined,
      epoch: aside.epoch,
      applied: remember(control.applied, operation.id),
      garbage: [...aside.garbage, ...replaced],
      room
    }
  }, operation.id, context)
  if (outcome === 'changed') return 'changed'
  ports.inBackground('settle a change', async () => {
    // One after the other: each writes on the condition that nobody else did.
    await drain(ports, await storeIdentities(ports, outcome, context), context)
  }, context.log)
  return 'written'
}

/** What is known of a participant who stays: his account, while the privilege is the same, and his link, while the room stays. */
function known (ports: Ports, before: Content, participant: StoredParticipant, roomStays: boolean): StoredParticipant {
  const same = participantByExternalId(before, participant.userExternalId ?? '')
  if (same === undefined || privilegeOfStored(ports, same) !== privilegeOfStored(ports, participant)) return participant
  return {
    ...participant,
    userBandyerId: participant.userBandyerId === '' ? same.userBandyerId : participant.userBandyerId,
    accessLinkURL: roomStays ? same.accessLinkURL : null
  }
}

/** Whether the room of the one content would be wrong for the other. Dates alone matter where the call is limited. */
function roomDiffers (ports: Ports, before: Content, after: Content): boolean {
  if (!ports.settings.unlimited && after.endAt.getTime() - after.startAt.getTime() !== before.endAt.getTime() - before.startAt.getTime()) return true
  // A room that is closed at its end moves with the dates; without a limit it does not know them.
  if (!ports.settings.unlimited && ports.provider.capabilities.endGate === 'room' && after.startAt.getTime() !== before.startAt.getTime()) return true
  // Names and languages are given with the link, not with the room.
  const people = ({ participants }: Content) => JSON.stringify(participants
    .map((participant) => [participant.userExternalId ?? participant.userBandyerId, privilegeOfStored(ports, participant)])
    .sort())
  return people(before) !== people(after)
}
