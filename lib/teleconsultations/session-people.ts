import type { PermissionName } from '../../schemas/permissions.ts'
import { CapabilityLimit, DuplicateParticipant, LastOwner, NoPlusUser, ParticipantNotFound, RoomNotFound, SessionEnded } from '../errors.ts'
import type { KnownPerson } from '../domain/participants.ts'
import { isOfCall, permissionsOf, seatOf, seatsOf, sessionOf, standingOf, welcomedBack, withNextLink, withStanding, type Session, type Standing } from '../domain/session.ts'
import { isComplete, participantByExternalId, type Content, type StoredParticipant, type Teleconsultation } from '../domain/teleconsultation.ts'
import { mayChange } from '../domain/window.ts'
import { addParticipant } from './change.ts'
import { atHome, everywhere } from './places.ts'
import { changeSession, type SessionDecision } from './session-record.ts'
import { tellOfPerson, withWords, type TakesEffect } from './tell-provider.ts'
import { checkLimits, permissionRules, privilegeOfStored, storedParticipants, type Context, type Ports } from './ports.ts'

export interface Ruled {
  document: Teleconsultation
  takesEffect: TakesEffect
}

export type Grants = Partial<Record<PermissionName, boolean>>

/**
 * Grants permissions to a participant or takes them from him, also while the call runs. What was taken is worth nothing in an
 * earlier way in, where the provider can do that.
 *
 * @throws PARTICIPANT_NOT_FOUND, and what `changeSession` throws
 */
export async function setPermissions (ports: Ports, id: string, externalId: string, wanted: Grants, context: Context): Promise<Ruled> {
  const document = await changeSession(ports, id, context, (current) => {
    const session = sessionOf(current)
    const seat = seated(current, externalId)
    const before = permissionsOf(session, seat, privilegeOfStored(ports, seat) ?? 'basic', permissionRules(ports))
    const named = (Object.keys(wanted) as PermissionName[]).filter((name) => wanted[name] !== undefined)
    const { permissions, untold } = standingOf(session, externalId) ?? {}
    // What his privilege gives him today it need not give him tomorrow.
    if (untold !== true && named.every((name) => permissions?.[name] === wanted[name])) return undefined
    const ofCall = named.filter((name) => isOfCall(name) && wanted[name] !== before[name])
    return told(ports, current, externalId, ofCall.length > 0 || untold === true, withStanding(session, externalId, (standing) => ({
      ...standing,
      permissions: { ...standing.permissions, ...wanted },
      ...ofCall.some((name) => wanted[name] === false) ? { revocations: (standing.revocations ?? 0) + 1 } : {}
    })))
  })
  return { document, takesEffect: await tellIfUntold(ports, document, externalId, context) }
}

/**
 * Removes a participant: from now on nothing opens for him, whatever links he has. His seat stays empty.
 *
 * @throws PARTICIPANT_NOT_FOUND, LAST_OWNER, NO_PLUS_USER, and what `changeSession` throws
 */
export async function removeFromSession (ports: Ports, id: string, externalId: string, context: Context): Promise<Ruled> {
  return await takeOut(ports, id, externalId, context, (current, seat) => {
    if (sessionOf(current).owner === externalId) throw new LastOwner()
    checkWhoStays(ports, current, seat)
  })
}

/**
 * The same, whoever he is.
 *
 * @throws PARTICIPANT_NOT_FOUND, what `check` throws, and what `changeSession` throws
 */
export async function takeOut (ports: Ports, id: string, externalId: string, context: Context, check: (current: Teleconsultation, seat: StoredParticipant) => void = () => {}): Promise<Ruled> {
  const document = await changeSession(ports, id, context, (current) => {
    const seat = seated(current, externalId)
    const session = sessionOf(current)
    check(current, seat)
    return told(ports, current, externalId, true, withStanding(session, externalId, ({ unseated: _given, ...standing }) => ({
      ...withNextLink(standing),
      permissions: undefined,
      revocations: (standing.revocations ?? 0) + 1,
      removedAt: ports.clock.now().getTime()
    })))
  })
  return { document, takesEffect: await tellIfUntold(ports, document, externalId, context) }
}

export interface Invited {
  person: KnownPerson
  /** Whose member he is, if another's than the session's. */
  organisation?: string | undefined
  permissions?: Grants | undefined
  /** His link is the first device's that opens it. */
  oneTime?: true | undefined
}

/**
 * Takes somebody into a session, also when its links are given already, where the provider lets people into a room that is there.
 * Who was removed may come back, with a new link.
 *
 * @throws DUPLICATE_PARTICIPANT, CAPABILITY_LIMIT, SESSION_ENDED, and what `changeSession` and `addParticipant` throw
 */
export async function invite (ports: Ports, id: string, { person, organisation, permissions, oneTime }: Invited, context: Context): Promise<Teleconsultation> {
  const known: Partial<Standing> = { ...organisation === undefined ? {} : { organisation }, ...permissions === undefined ? {} : { permissions }, ...oneTime === undefined ? {} : { oneTime } }
  if (await joinList(ports, id, person, known, context)) {
    const joined = await ports.store.get(id, context)
    if (joined === undefined) throw new RoomNotFound(id)
    return joined
  }
  const document = await changeSession(ports, id, context, (current) => {
    if (current.control.session?.endedAt !== undefined) throw new SessionEnded()
    return {
      content: withLateSeat(ports, current, person),
      ...told(ports, current, person.externalId, true, withStanding(sessionOf(current), person.externalId, (standing) => ({
        ...welcomedBack(standing),
        ...known,
        ...current.control.room === undefined ? {} : { unseated: true as const }
      })))
    }
  })
  await tellIfUntold(ports, document, person.externalId, context)
  return document
}

/** @returns false where the list is closed, or he was in it before */
async function joinList (ports: Ports, id: string, person: KnownPerson, known: Partial<Standing>, context: Context): Promise<boolean> {
  let isOpen = false
  await changeSession(ports, id, context, (current) => {
    const { content, control } = current
    if (control.session?.endedAt !== undefined) throw new SessionEnded()
    if (seatOf(current, person.externalId) !== undefined) throw new DuplicateParticipant('userExternalId')
    const isNew = participantByExternalId(content, person.externalId) === undefined
    isOpen = isNew && !control.sealed && (!isComplete(content) || mayChange(ports.settings.window, content.startAt, ports.clock.now()))
    return undefined
  })
  if (isOpen) {
    await addParticipant(ports, id, person, context, undefined, {
      grows: true,
      // In the same write: a guest must not be taken for a member meanwhile.
      described: Object.keys(known).length === 0 ? undefined : (session) => withStanding(session, person.externalId, (standing) => ({ ...standing, ...known }))
    })
  }
  return isOpen
}

/** The list with one more, or with somebody as he is known now. */
function withLateSeat (ports: Ports, current: Teleconsultation, person: KnownPerson): Content {
  const { content, control } = current
  if (seatOf(current, person.externalId) !== undefined) throw new DuplicateParticipant('userExternalId')
  const there = atHome(ports, control, content)
  if (control.room !== undefined && there.provider.capabilities.access === 'vendor-link') throw new CapabilityLimit('anybody else in a room whose links are given')
  checkLimits(there, seatsOf(current).length + 1)
  const others = content.participants.filter(({ userExternalId }) => userExternalId !== person.externalId)
  const participants = [...others, ...storedParticipants(there, [person])]
  return { ...content, participants, number: Math.max(content.number, participants.length) }
}

/**
 * As long as a room may have to be made where that needs somebody who can hold the call, one must be left.
 *
 * @throws NO_PLUS_USER
 */
function checkWhoStays (ports: Ports, current: Teleconsultation, leaving: StoredParticipant): void {
  const { content, control } = current
  // Where people are missing, whoever completes the list is looked at.
  const isNeeded = everywhere(ports).some(({ provider }) => provider.capabilities.needsPlusParticipant)
  if (!isNeeded || !isComplete(content) || (control.sealed && control.room !== undefined)) return
  const staying = seatsOf(current).filter((seat) => seat !== leaving).map((seat) => privilegeOfStored(ports, seat))
  if (staying.every((privilege) => privilege === 'basic')) throw new NoPlusUser(`DELETE /sessions/${current.id}/participants`)
}

/** Where there is a room, its provider has to be told of what was decided about him. */
function told (ports: Ports, { control: { room } }: Teleconsultation, externalId: string, matters: boolean, session: Session): SessionDecision {
  if (!matters || room === undefined) return { session }
  return { session: withWords(ports, withStanding(session, externalId, (standing) => ({ ...standing, untold: true }))) }
}

function seated (current: Teleconsultation, externalId: string): StoredParticipant {
  const seat = seatOf(current, externalId)
  if (seat === undefined) throw new ParticipantNotFound()
  return seat
}

async function tellIfUntold (ports: Ports, document: Teleconsultation, externalId: string, context: Context): Promise<TakesEffect> {
  return standingOf(sessionOf(document), externalId)?.untold === true ? await tellOfPerson(ports, document, externalId, context) : 'now'
}
