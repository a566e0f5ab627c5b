import { RoomNotFound, UnauthorizedUser } from '../errors.ts'
import { seatsOf, sessionOf } from '../domain/session.ts'
import { isComplete, restingPhase, type StoredParticipant, type Teleconsultation } from '../domain/teleconsultation.ts'
import { linkFrom, mayGiveLink } from '../domain/window.ts'
import type { Access, AccessOptions, RoomDetails } from '../providers/provider.ts'
import { areIdentified, identified } from './accounts.ts'
import { callStates } from './call-state.ts'
import { atHome, atRoom, atTarget } from './places.ts'
import { drainInBackground, isOfProvider, makeRoom } from './room.ts'
import { sharedReads } from './shared-reads.ts'
import { ATTEMPTS, callProvider, heldByAnother, newOperation, roomParticipantOf, setAside, type Context, type Ports } from './ports.ts'

export interface AccessWish extends Pick<AccessOptions, 'language' | 'background'> {
  /** Whether somebody who takes no part may not learn that there is one with this id. */
  hides?: boolean
}

export interface AccessView {
  document: Teleconsultation
  participant: StoredParticipant
  /** Null until the window is open, everybody is known, and the room stands. */
  access: Access | null
  /** Absent while there is no room, or when the provider does not tell quickly. */
  details?: RoomDetails | undefined
  linkFrom: Date
}

/** A minted link outlives the end by this much: who is late, or talks on, can come back in. */
const ACCESS_GRACE_MS = 60 * 60 * 1000

const NEVER = new AbortController().signal
const NO_ACCESS = Promise.resolve(null)

export interface AccessGiver {
  /**
   * @param caller the id by which the caller's system knows who asks
   * @throws TELECONSULTATION_NOT_FOUND, UNAUTHORIZED_USER, STORAGE_*, PROVIDER_*
   */
  giveAccess (id: string, caller: string, wish: AccessWish, context: Context): Promise<AccessView>
}

/**
 * Gives one participant his own way in, and nobody else's. Before the first link of a teleconsultation leaves, the
 * document is sealed: every change filters on that, so a link that was shown is never replaced.
 */
export function accessGiver (ports: Ports, detailsOf = callStates(ports)): AccessGiver {
  // The participants come at the same minute: one of them seals, the others wait for it.
  const sealing = new Map<string, Promise<Teleconsultation>>()

  const reads = sharedReads<Teleconsultation | undefined>()
  // What a gateway lets one caller see is not what it lets another see.
  const readOnce = (id: string, context: Context) => {
    const restriction = context.headers['acl_rows']
    return reads(restriction === undefined ? id : `${id} ${restriction}`, () => ports.store.get(id, context))
  }

  const sealedOnce = (document: Teleconsultation, context: Context) => {
    const running = sealing.get(document.id)
    if (running !== undefined) return running
    const started = seal(ports, document, context).finally(() => { sealing.delete(document.id) })
    sealing.set(document.id, started)
    return started
  }

  return {
    async giveAccess (id, caller, wish, context) {
      const found = await readOnce(id, context)
      if (found === undefined || found.control.phase === 'DELETING') throw new RoomNotFound(id)
      const seen = await participantIn(ports, found, caller, wish, context)
      const now = ports.clock.now()
      const waiting = { access: null, linkFrom: linkFrom(ports.settings.window, found.content.startAt) }
      if (isEnded(found)) return { ...waiting, document: found, participant: seen }
      if (!isComplete(found.content) || !mayGiveLink(ports.settings.window, found.content.startAt, now)) {
        const read = await asKnown(ports, found, context)
        return { ...waiting, document: read, participant: await participantIn(ports, read, caller, wish, context), details: await detailsOf(read) }
      }

      const document = isOpen(ports, found) ? found : await sealedOnce(found, context)
      if (document.control.phase === 'DELETING') throw new RoomNotFound(id)
      // What was sealed may differ from what was read: a change may have come first.
      const participant = document === found ? seen : await participantIn(ports, document, caller, wish, context)
      if (isEnded(document) || !isOpen(ports, document)) return { ...waiting, document, participant }
      // Both are under way before either is awaited; details never fail.
      const opening = accessOf(ports, document, participant, wish, now, context)
      const details = detailsOf(document)
      return { document, participant, access: await opening, details: await details, linkFrom: waiting.linkFrom }
    }
  }
}

/**
 * The document with everybody's id at the provider. They may still be being written down, or who was about to has died. A provider
 * that fails keeps nobody from waiting.
 */
async function asKnown (ports: Ports, document: Teleconsultation, context: Context): Promise<Teleconsultation> {
  const { content, control } = document
  if (areIdentified(content.participants)) return document
  try {
    return { ...document, content: { ...content, participants: await identified(atHome(ports, control, content), content.participants, context) } }
  } catch (error) {
    if (!isOfProvider(error)) throw error
    context.log.warn({ err: error, roomId: document.id }, 'Somebody is not registered at the provider yet')
    return document
  }
}

/** @throws UNAUTHORIZED_USER, TELECONSULTATION_NOT_FOUND, STORAGE_* */
function participantIn (ports: Ports, document: Teleconsultation, caller: string, { hides }: AccessWish, context: Context): StoredParticipant | Promise<StoredParticipant> {
  const seats = seatsOf(document)
  return seats.find(({ userExternalId }) => userExternalId === caller) ??
    participantOfOriginal(ports, seats, caller, hides === true ? new RoomNotFound(document.id) : new UnauthorizedUser(), context)
}

/** In documents of the original a participant has no id but the provider's: there the map tells who asks. */
async function participantOfOriginal (ports: Ports, seats: readonly StoredParticipant[], caller: string, refusal: Error, context: Context): Promise<StoredParticipant> {
  const legacy = seats.filter(({ userExternalId, userBandyerId }) => userExternalId === undefined && userBandyerId !== '')
  if (legacy.length > 0) {
    const account = (await ports.userMap.find([caller], context)).get(caller)
    const found = legacy.find(({ userBandyerId }) => userBandyerId === account)
    if (found !== undefined) return found
  }
  throw refusal
}

const isEnded = (document: Teleconsultation) => sessionOf(document).endedAt !== undefined

const isOpen = (ports: Ports, { control }: Teleconsultation) => control.sealed && atRoom(ports, control) !== undefined && control.operation === undefined

/**
 * Closes the document to changes and sees to its room. What comes back is open, or it is not yet: another replica is on
 * it, and the caller asks again.
 */
async function seal (ports: Ports, read: Teleconsultation, context: Context): Promise<Teleconsultation> {
  let current = read
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (isOpen(ports, current) || current.control.phase === 'DELETING' || isEnded(current) || !isComplete(current.content) || heldByAnother(ports, current.control)) return current
    const control = setAside(ports, current)
    const operation = atRoom(ports, control) === undefined ? newOperation(ports, 'seal', control.epoch + 1) : undefined
    const sealed = await ports.store.replaceIfUnchanged(current, {
      control: {
        ...control,
        phase: restingPhase(current.content, control.room),
        sealed: true,
        operation,
        epoch: operation?.epoch ?? control.epoch
      }
    }, context)
    if (sealed !== 'changed') {
      if (operation !== undefined) return await makeRoom(atTarget(ports, sealed.control, sealed.content.participants), sealed, operation, context)
      drainInBackground(ports, sealed, context)
      return sealed
    }
    // A change that was still allowed may have come first, or only the clearing away of a replaced room.
    const now = await ports.store.get(current.id, context)
    if (now === undefined) throw new RoomNotFound(current.id)
    current = now
    if (!mayGiveLink(ports.settings.window, current.content.startAt, ports.clock.now())) return current
  }
  return current
}

function accessOf (ports: Ports, { content, control }: Teleconsultation, participant: StoredParticipant, wish: AccessWish, now: Date, context: Context): Promise<Access | null> {
  const there = atRoom(ports, control)
  if (there === undefined || control.room === undefined) return NO_ACCESS
  const links = participant.accessLinkURL === null ? undefined : { [participant.userBandyerId]: participant.accessLinkURL }
  const room = { ...control.room, links }
  const options: AccessOptions = {
    language: wish.language ?? participant.language,
    background: wish.background === true || participant.groups?.some((group) => ports.settings.groupsWithBackground.has(group)) === true,
    notBefore: linkFrom(ports.settings.window, content.startAt),
    expiresAt: new Date(Math.max(content.endAt.getTime(), now.getTime()) + ACCESS_GRACE_MS)
  }
  if (there.provider.capabilities.computesAccess === true) return there.provider.accessFor(room, roomParticipantOf(there, participant, control), options, NEVER)
  return callProvider(there, async (provider, signal) => await provider.accessFor(room, roomParticipantOf(ports, participant, control), options, signal), context)
}
