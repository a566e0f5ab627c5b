import type { PermissionName } from '../../schemas/permissions.ts'
import { CapabilityLimit, DuplicateParticipant, LastOwner, ParticipantNotFound, SessionEnded } from '../errors.ts'
import type { KnownPerson } from '../domain/participants.ts'
import { isOfCall, permissionsOf, seatOf, seatsOf, sessionOf, standingOf, withStanding, type Standing } from '../domain/session.ts'
import { isComplete, participantByExternalId, type Content, type StoredParticipant, type Teleconsultation } from '../domain/teleconsultation.ts'
import { mayChange } from '../domain/window.ts'
import { addParticipant } from './change.ts'
import { atHome, atRoom } from './places.ts'
import { changeSession } from './session-record.ts'
import { tellOfPerson, type TakesEffect } from './tell-provider.ts'
import { callProvider, checkLimits, permissionRules, privilegeOfStored, roomSpecOf, storedParticipants, type Context, type Ports } from './ports.ts'

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
    const changed = (Object.keys(wanted) as PermissionName[]).filter((name) => wanted[name] !== undefined && wanted[name] !== before[name])
    if (changed.length === 0) return undefined
    const ofCall = changed.filter(isOfCall)
    return {
      session: withStanding(session, externalId, (standing) => ({
        ...standing,
        permissions: { ...standing.permissions, ...wanted },
        ...ofCall.some((name) => wanted[name] === false) ? { revocations: (standing.revocations ?? 0) + 1 } : {},
        ...ofCall.length > 0 && current.control.room !== undefined ? { untold: true as const } : {}
      }))
    }
  })
  return { document, takesEffect: await tellIfUntold(ports, document, externalId, context) }
}

/**
 * Removes a participant: from now on nothing opens for him, whatever links he has. His seat stays empty.
 *
 * @throws PARTICIPANT_NOT_FOUND, LAST_OWNER, and what `changeSession` throws
 */
export async function removeFromSession (ports: Ports, id: string, externalId: string, context: Context): Promise<Ruled> {
  const document = await changeSession(ports, id, context, (current) => {
    seated(current, externalId)
    const session = sessionOf(current)
    if (session.owner === externalId) throw new LastOwner()
    return {
      session: withStanding(session, externalId, (standing) => ({
        ...standing,
        permissions: undefined,
        revocations: (standing.revocations ?? 0) + 1,
        link: (standing.link ?? 0) + 1,
        removedAt: ports.clock.now().getTime(),
        ...current.control.room === undefined ? {} : { untold: true as const }
      }))
    }
  })
  return { document, takesEffect: await tellIfUntold(ports, document, externalId, context) }
}

export interface Invited {
  person: KnownPerson
  /** Whose member he is, if another's than the session's. */
  organisation?: string | undefined
  permissions?: Grants | undefined
}

/**
 * Takes somebody into a session, also when its links are given already, where the provider lets people into a room that is there.
 * Who was removed may come back, with a new link.
 *
 * @throws DUPLICATE_PARTICIPANT, CAPABILITY_LIMIT, SESSION_ENDED, and what `changeSession` and `addParticipant` throw
 */
export async function invite (ports: Ports, id: string, { person, organisation, permissions }: Invited, context: Context): Promise<Teleconsultation> {
  const known: Partial<Standing> = { ...organisation === undefined ? {} : { organisation }, ...permissions === undefined ? {} : { permissions } }
  const joined = await joinList(ports, id, person, context)
  if (joined && Object.keys(known).length === 0) return await changeSession(ports, id, context, () => undefined)
  const document = await changeSession(ports, id, context, (current) => {
    const content = joined ? current.content : withLateSeat(ports, current, person)
    return {
      content: content === current.content ? undefined : content,
      session: withStanding(sessionOf(current), person.externalId, ({ removedAt, ...standing }) => ({
        ...standing,
        ...known,
        // A vendor that keeps somebody out by a name of his has to know him by another one now.
        ...removedAt === undefined ? {} : { revocations: (standing.revocations ?? 0) + 1 },
        ...current.control.room === undefined ? {} : { untold: true as const }
      }))
    }
  })
  if (!joined) await letIn(ports, document, context)
  await tellIfUntold(ports, document, person.externalId, context)
  return document
}

/** @returns false where the list is closed, or he was in it before */
async function joinList (ports: Ports, id: string, person: KnownPerson, context: Context): Promise<boolean> {
  let isOpen = false
  await changeSession(ports, id, context, (current) => {
    const { content, control } = current
    if (control.session?.endedAt !== undefined) throw new SessionEnded()
    if (seatOf(current, person.externalId) !== undefined) throw new DuplicateParticipant('userExternalId')
    const isNew = participantByExternalId(content, person.externalId) === undefined
    isOpen = isNew && !control.sealed && (!isComplete(content) || mayChange(ports.settings.window, content.startAt, ports.clock.now()))
    return undefined
  })
  if (isOpen) await addParticipant(ports, id, person, context, undefined, { grows: true })
  return isOpen
}

/** The list with one more, or with somebody as he is known now. */
function withLateSeat (ports: Ports, current: Teleconsultation, person: KnownPerson): Content {
  const { content, control } = current
  if (seatOf(current, person.externalId) !== undefined) throw new DuplicateParticipant('userExternalId')
  const there = atHome(ports, control, content)
  if (there.provider.capabilities.access === 'vendor-link') throw new CapabilityLimit('anybody else in a room whose links are given')
  checkLimits(there, seatsOf(current).length + 1)
  const others = content.participants.filter(({ userExternalId }) => userExternalId !== person.externalId)
  const participants = [...others, ...storedParticipants(there, [person])]
  return { ...content, participants, number: Math.max(content.number, participants.length) }
}

/** Where the provider keeps who may come in. */
async function letIn (ports: Ports, { content, control }: Teleconsultation, context: Context): Promise<void> {
  const there = atRoom(ports, control)
  const { room } = control
  if (there === undefined || room === undefined || there.provider.capabilities.roomChange === 'replace') return
  const spec = roomSpecOf(there, content, control, room.marker ?? '')
  await callProvider(there, async (provider, signal) => await provider.changeRoom(room, spec, signal), context)
}

function seated (current: Teleconsultation, externalId: string): StoredParticipant {
  const seat = seatOf(current, externalId)
  if (seat === undefined) throw new ParticipantNotFound()
  return seat
}

async function tellIfUntold (ports: Ports, document: Teleconsultation, externalId: string, context: Context): Promise<TakesEffect> {
  return standingOf(sessionOf(document), externalId)?.untold === true ? await tellOfPerson(ports, document, externalId, context) : 'now'
}
