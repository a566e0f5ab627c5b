import { RoomNotFound, UnauthorizedUser } from '../errors.ts'
import { isComplete, participantByExternalId, restingPhase, type StoredParticipant, type Teleconsultation } from '../domain/teleconsultation.ts'
import { linkFrom, mayGiveLink } from '../domain/window.ts'
import type { Access, AccessOptions, RoomDetails } from '../providers/provider.ts'
import { identified } from './accounts.ts'
import { drainInBackground, makeRoom } from './room.ts'
import { sharedReads } from './shared-reads.ts'
import { ATTEMPTS, callProvider, garbageWithDead, heldByAnother, newOperation, roomParticipantOf, type Context, type Ports } from './ports.ts'

export type AccessWish = Pick<AccessOptions, 'language' | 'background'>

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
export function accessGiver (ports: Ports): AccessGiver {
  // The participants come at the same minute: one of them seals, the others wait for it.
  const sealing = new Map<string, Promise<Teleconsultation>>()

  const reads = sharedReads<Teleconsultation | undefined>()
  // What a gateway lets one caller see is not what it lets another see.
  const readOnce = (id: string, context: Context) => reads(`${id} ${context.headers['acl_rows'] ?? ''}`, () => ports.store.get(id, context))

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
      await participantIn(ports, found, caller, context)
      // Their ids may still be being written down, or who was about to has died.
      const read = { ...found, content: { ...found.content, participants: await identified(ports, found.content.participants, context) } }
      const participant = await participantIn(ports, read, caller, context)
      const now = ports.clock.now()
      const view = { document: read, participant, access: null, linkFrom: linkFrom(ports.settings.window, read.content.startAt) }
      if (!isComplete(read.content) || !mayGiveLink(ports.settings.window, read.content.startAt, now)) {
        return { ...view, details: await detailsOf(ports, read) }
      }

      const document = isOpen(read) ? read : await sealedOnce(read, context)
      if (document.control.phase === 'DELETING') throw new RoomNotFound(id)
      // What was sealed may differ from what was read: a change may have come first.
      const seated = await participantIn(ports, document, caller, context)
      if (!isOpen(document)) return { ...view, document, participant: seated }
      const [access, details] = await Promise.all([accessOf(ports, document, seated, wish, now), detailsOf(ports, document)])
      return { ...view, document, participant: seated, access, details }
    }
  }
}

/**
 * In documents of the original a participant has no id but the provider's: there the map tells who asks.
 *
 * @throws UNAUTHORIZED_USER, STORAGE_*
 */
async function participantIn (ports: Ports, { content }: Teleconsultation, caller: string, context: Context): Promise<StoredParticipant> {
  const participant = participantByExternalId(content, caller)
  if (participant !== undefined) return participant
  const legacy = content.participants.filter(({ userExternalId, userBandyerId }) => userExternalId === undefined && userBandyerId !== '')
  if (legacy.length > 0) {
    const account = (await ports.userMap.find([caller], context)).get(caller)
    const found = legacy.find(({ userBandyerId }) => userBandyerId === account)
    if (found !== undefined) return found
  }
  throw new UnauthorizedUser()
}

const isOpen = ({ control }: Teleconsultation) => control.sealed && control.room !== undefined && control.operation === undefined

/**
 * Closes the document to changes and sees to its room. What comes back is open, or it is not yet: another replica is on
 * it, and the caller asks again.
 */
async function seal (ports: Ports, read: Teleconsultation, context: Context): Promise<Teleconsultation> {
  let current = read
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (isOpen(current) || current.control.phase === 'DELETING' || !isComplete(current.content) || heldByAnother(ports, current.control)) return current
    const operation = current.control.room === undefined ? newOperation(ports, 'seal', current.control.epoch + 1) : undefined
    const sealed = await ports.store.replaceIfUnchanged(current, {
      control: {
        ...current.control,
        phase: restingPhase(current.content, current.control.room),
        sealed: true,
        operation,
        epoch: operation?.epoch ?? current.control.epoch,
        garbage: garbageWithDead(ports, current)
      }
    }, context)
    if (sealed !== 'changed') {
      if (operation !== undefined) return await makeRoom(ports, sealed, operation, context)
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

async function accessOf (ports: Ports, { content, control }: Teleconsultation, participant: StoredParticipant, wish: AccessWish, now: Date): Promise<Access | null> {
  if (control.room === undefined) return null
  const links = participant.accessLinkURL === null ? undefined : { [participant.userBandyerId]: participant.accessLinkURL }
  const room = { ...control.room, links }
  const options: AccessOptions = {
    language: wish.language ?? participant.language,
    background: wish.background === true || participant.groups?.some((group) => ports.settings.groupsWithBackground.has(group)) === true,
    notBefore: linkFrom(ports.settings.window, content.startAt),
    expiresAt: new Date(Math.max(content.endAt.getTime(), now.getTime()) + ACCESS_GRACE_MS)
  }
  return await callProvider(ports, async (provider, signal) => await provider.accessFor(room, roomParticipantOf(ports, participant), options, signal))
}

/** Never delays the link beyond its budget, and never fails it. */
async function detailsOf (ports: Ports, { control }: Teleconsultation): Promise<RoomDetails | undefined> {
  if (control.room === undefined || ports.settings.detailsBudgetMs === 0) return undefined
  const { signal, cancel } = ports.clock.deadline(ports.settings.detailsBudgetMs)
  // A provider that overlooks the signal does not hold the link either.
  const over = new Promise<'missing'>((resolve) => { signal.addEventListener('abort', () => { resolve('missing') }, { once: true }) })
  const details = await Promise.race([ports.provider.getRoom(control.room, signal).catch(() => 'missing' as const), over])
  cancel()
  return details === 'missing' ? undefined : details
}
