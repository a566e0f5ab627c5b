import { GIVEN_ROLES, type OrganisationMember } from '../../../schemas/organisations.ts'
import { ROLE_NAMES, type RoleName } from '../../../schemas/permissions.ts'
import type { Actor } from '../../domain/authorization.ts'
import { rankOf, seesDetails, type Membership } from '../../domain/membership.ts'

/** A member as this caller may see him. */
export function memberOnWire (actor: Actor, member: Membership): OrganisationMember {
  const { userId, state, roles, fullName, invitedBy } = member
  return {
    userId,
    state: state === 'INVITED' ? 'INVITED' : 'ACCEPTED',
    roles: GIVEN_ROLES.filter((role) => roles.has(role)),
    ...(seesDetails(actor, member)
      ? { ...(fullName === undefined ? {} : { fullName }), ...(invitedBy === undefined ? {} : { invitedBy }) }
      : {})
  }
}

/** The caller's roles in an order that does not change. An ADMIN's stand in for those of the clinic and the gateway. */
export function rolesOf (actor: Actor, organisation: string): RoleName[] {
  const told = actor.kind === 'person' ? actor.organisations.get(organisation) : rankOf(actor, organisation) === 'ADMIN' ? new Set(ROLE_NAMES) : undefined
  return ROLE_NAMES.filter((role) => told?.has(role) === true)
}
