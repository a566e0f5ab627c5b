import type { FastifyRequest } from 'fastify'
import { AuthenticationRequired, NotPermitted, OrganisationNeeded, RoomNotFound } from '../../errors.ts'
import type { Actor } from '../../domain/authorization.ts'
import type { Session } from '../../domain/session.ts'
import type { Teleconsultation } from '../../domain/teleconsultation.ts'

/** Who is calling; the guard has let nobody in who does not say so. */
export function actorOf ({ actor }: Pick<FastifyRequest, 'actor'>): Actor {
  if (actor === undefined) throw new AuthenticationRequired()
  return actor
}

/** The session of the address, as the guard read it. */
export function guardedOf ({ guarded }: Pick<FastifyRequest, 'guarded'>): Teleconsultation {
  if (guarded === undefined) throw new RoomNotFound('')
  return guarded
}

/**
 * Whose a session is that this caller creates: his, and his organisation's.
 *
 * @throws ORGANISATION_NEEDED, NOT_PERMITTED
 */
export function ownershipFor (actor: Actor, wanted: string | undefined): Pick<Session, 'owner' | 'organisation'> {
  switch (actor.kind) {
    case 'gateway': return { owner: actor.id, organisation: wanted }
    case 'clinic': {
      if (wanted !== undefined && wanted !== actor.organisation) throw new NotPermitted()
      return { owner: actor.id, organisation: actor.organisation }
    }
    case 'person': {
      const his = [...actor.organisations].flatMap(([organisation, roles]) => roles.has('STANDARD') || roles.has('ADMIN') ? [organisation] : [])
      if (wanted !== undefined && !his.includes(wanted)) throw new NotPermitted()
      const [organisation, ...more] = wanted === undefined ? his : [wanted]
      if (organisation === undefined || more.length > 0) throw new OrganisationNeeded()
      return { owner: actor.id, organisation }
    }
    case 'link': throw new NotPermitted()
  }
}
