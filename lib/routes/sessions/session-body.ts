import type { SessionParticipant, SessionView } from '../../../schemas/session.ts'
import { isInCharge, organisationOf, ownSeat, type Actor } from '../../domain/authorization.ts'
import { permissionsOf, seatsOf, sessionOf, standingOf } from '../../domain/session.ts'
import { isComplete, type StoredParticipant, type Teleconsultation } from '../../domain/teleconsultation.ts'
import { mayGiveLink } from '../../domain/window.ts'
import type { RoomDetails } from '../../providers/provider.ts'
import { authorizationRules, permissionRules } from '../../teleconsultations/ports.ts'
import { unsupportedIn } from '../../teleconsultations/places.ts'
import type { Services } from '../services.ts'

/** A session as this caller may see it. */
export function sessionBody (services: Services, document: Teleconsultation, actor: Actor, details?: RoomDetails): SessionView {
  const { ports, personalLinks } = services
  const { id, content, control } = document
  const session = sessionOf(document)
  const { kind, title, description, types, access, estimatedDuration, timeZone, references, owner, endedAt, recordedSince } = session
  const own = ownSeat(actor, document)
  const unsupported = unsupportedIn(ports, document)
  return without<SessionView>({
    id,
    kind,
    title,
    description,
    types,
    access,
    estimatedDuration,
    timeZone,
    references,
    owner,
    organisation: organisationOf(document, authorizationRules(ports)),
    startAt: content.startAt.toISOString(),
    endAt: content.endAt.toISOString(),
    participantsNumber: content.number,
    participants: seatsOf(document).map((seat) => participantBody(services, document, seat, actor, details)),
    status: session.requested === true ? 'requested' : 'confirmed',
    state: stateOf(services, document),
    streamStatus: stateOf(services, document) === 'ended' ? 'Ended' : details?.status === 'RUNNING' ? 'Active' : 'Not Started',
    endedAt: endedAt === undefined ? undefined : new Date(endedAt).toISOString(),
    recordedSince: recordedSince === undefined ? undefined : new Date(recordedSince).toISOString(),
    mediaUrl: own?.userExternalId === undefined ? null : personalLinks.linkFor({ room: id, sub: own.userExternalId, link: standingOf(session, own.userExternalId)?.link }),
    videoProvider: control.provider,
    unsupported: unsupported.length === 0 ? undefined : unsupported
  })
}

/** What others may do is told to those in charge, and to everybody of himself. */
export function participantBody ({ ports }: Services, document: Teleconsultation, seat: StoredParticipant, actor: Actor, details?: RoomDetails): SessionParticipant {
  const session = sessionOf(document)
  const rules = authorizationRules(ports)
  const { organisation, oneTime } = standingOf(session, seat.userExternalId) ?? {}
  const mayKnow = isInCharge(actor, document, rules) || (seat.userExternalId !== undefined && actor.id === seat.userExternalId)
  return without<SessionParticipant>({
    userExternalId: seat.userExternalId ?? '',
    fullName: seat.fullName,
    privilege: seat.privilege,
    guest: oneTime === true || (organisation !== undefined && organisation !== organisationOf(document, rules)),
    oneTime,
    permissions: mayKnow ? permissionsOf(session, seat, rules.privilegeOf(seat), permissionRules(ports)) : undefined,
    inside: details?.inside?.some(({ providerUserId }) => providerUserId === seat.userBandyerId),
    mail: isInCharge(actor, document, rules) ? mailOf(document, seat) : undefined
  })
}

/** What became of the e-mails to him; undefined: there were none. */
export function mailOf ({ control: { mail } }: Teleconsultation, { userExternalId }: StoredParticipant): SessionParticipant['mail'] {
  const told = mail?.told?.find(({ externalId }) => externalId === userExternalId)
  const failure = mail?.failures?.find(({ externalId }) => externalId === userExternalId)
  if (told === undefined && failure === undefined) return undefined
  return {
    ...told === undefined ? {} : { toldAt: new Date(told.at).toISOString() },
    ...failure === undefined ? {} : { failure: { code: failure.code, at: new Date(failure.at).toISOString(), refused: failure.refused === true, bounced: failure.bounced === true } }
  }
}

export function stateOf ({ ports }: Services, { content, control }: Teleconsultation): SessionView['state'] {
  const now = ports.clock.now()
  if (control.session?.endedAt !== undefined || now > content.endAt) return 'ended'
  if (!isComplete(content)) return 'incomplete'
  return mayGiveLink(ports.settings.window, content.startAt, now) ? 'open' : 'planned'
}

/** Without the fields that nothing is known of. */
const without = <T extends object> (body: Blanks<T>): T => Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as T
type Blanks<T> = { [K in keyof Required<T>]: T[K] | undefined }
