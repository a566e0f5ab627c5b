import { ConcurrentChange, GuestLinkUsed, InvalidPersonalLink, NoAddress, ParticipantNotFound, RoomNotFound, SessionEnded } from '../errors.ts'
import { askedAgain } from '../domain/asked-again.ts'
import { isHisLink, seatOf, sessionOf, standingOf, withNextLink, withStanding } from '../domain/session.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import { refuseWhileHeld } from './room.ts'
import { changeSession, requireSessions } from './session-record.ts'
import { ATTEMPTS, type Context, type Ports } from './ports.ts'

/**
 * Has somebody sent once more what he has, whatever failed before. Where his first invitation is still due he is sent that one.
 *
 * @throws PARTICIPANT_NOT_FOUND, NO_ADDRESS, SESSION_ENDED (also where its time is over: nobody is told then), FIELD_NOT_DECLARED,
 *   TELECONSULTATION_NOT_FOUND, OPERATION_IN_PROGRESS, CONCURRENT_CHANGE, STORAGE_*
 */
export async function sendAgain (ports: Ports, id: string, externalId: string, context: Context): Promise<Teleconsultation> {
  await requireSessions(ports)
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const current = await ports.store.get(id, context)
    if (current === undefined || current.control.phase === 'DELETING') throw new RoomNotFound(id)
    refuseWhileHeld(ports, current)
    const seat = seatOf(current, externalId)
    if (seat === undefined) throw new ParticipantNotFound()
    if (seat.email === undefined) throw new NoAddress()
    const now = ports.clock.now()
    if (sessionOf(current).endedAt !== undefined || now >= current.content.endAt) throw new SessionEnded()
    const written = await ports.store.replaceMail(current, askedAgain(current.control.mail, externalId, now), context)
    if (written !== 'changed') return written
  }
  throw new ConcurrentChange()
}

/**
 * Gives a participant another personal link: with this write the one before opens nothing any more. He is told of it where he has an
 * address.
 *
 * @throws PARTICIPANT_NOT_FOUND, and what `changeSession` throws
 */
export async function renewLink (ports: Ports, id: string, externalId: string, context: Context): Promise<Teleconsultation> {
  return await changeSession(ports, id, context, (current) => {
    if (seatOf(current, externalId) === undefined) throw new ParticipantNotFound()
    return { session: withStanding(sessionOf(current), externalId, withNextLink) }
  })
}

export interface Opening {
  externalId: string
  /** The number of his link. */
  link: number
  /** By what its device is known from now on. */
  proof: string
}

/**
 * The first opening of a one-time link: of several at once exactly one has it.
 *
 * @throws GUEST_LINK_USED, INVALID_PERSONAL_LINK, and what `changeSession` throws
 */
export async function claimLink (ports: Ports, id: string, { externalId, link, proof }: Opening, context: Context): Promise<void> {
  await changeSession(ports, id, context, (current) => {
    const session = sessionOf(current)
    if (seatOf(current, externalId) === undefined || !isHisLink(session, externalId, link)) throw new InvalidPersonalLink()
    const opened = standingOf(session, externalId)?.opened
    if (opened === proof) return undefined
    if (opened !== undefined) throw new GuestLinkUsed()
    return { session: withStanding(session, externalId, (standing) => ({ ...standing, opened: proof })) }
  })
}
