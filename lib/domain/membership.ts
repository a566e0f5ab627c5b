import type { GivenRole } from '../../schemas/organisations.ts'
import type { Actor } from './authorization.ts'

/** REMOVED is what stays of a member who left, without his name: the person may be invited again. */
export type MemberState = 'INVITED' | 'ACCEPTED' | 'REMOVED'

/** What changes of a membership. The roles of somebody invited are those that he will have. */
export interface Standing {
  state: MemberState
  roles: ReadonlySet<GivenRole>
}

export interface Membership extends Standing {
  organisation: string
  userId: string
  /** Absent: by the clinic or the platform, without anybody's name. */
  invitedBy?: string | undefined
  fullName?: string | undefined
}

/** `hidden`: the caller learns not even that the organisation is there. */
export type Refusal = 'hidden' | 'forbidden' | 'no such member' | 'standard stays'

/** Who wants to do something to whom, with what is kept of both. */
export interface Situation {
  actor: Actor
  organisation: string
  /** Whom it is about. */
  userId: string
  /** What is kept of the caller, if he is a person. */
  own?: Membership | undefined
  /** What is kept of whom it is about. */
  member?: Membership | undefined
}

/** What somebody may do in an organisation; `bare` says that he is in it and nothing else. */
export type Rank = 'outside' | 'bare' | 'STANDARD' | 'ADMIN'

/** By what his token, the headers or this service's memory say. The clinic and the gateway stand in for an ADMIN, so that there can be a first one. */
export function rankOf (actor: Actor, organisation: string): Rank {
  switch (actor.kind) {
    case 'gateway': return 'ADMIN'
    case 'clinic': return actor.organisation === organisation ? 'ADMIN' : 'outside'
    case 'link': return 'outside'
    case 'person': {
      const roles = actor.organisations.get(organisation)
      if (roles === undefined) return 'outside'
      return roles.has('ADMIN') ? 'ADMIN' : roles.has('STANDARD') ? 'STANDARD' : 'bare'
    }
  }
}

/** Whether he may read about the organisation and its members. */
export function reading (actor: Actor, organisation: string): Extract<Refusal, 'hidden' | 'forbidden'> | undefined {
  const rank = rankOf(actor, organisation)
  return rank === 'outside' ? 'hidden' : rank === 'bare' ? 'forbidden' : undefined
}

/** Profiles are for ADMINs, and everybody's own for himself. */
export const seesDetails = (actor: Actor, { organisation, userId }: Pick<Membership, 'organisation' | 'userId'>) =>
  rankOf(actor, organisation) === 'ADMIN' || (actor.kind === 'person' && actor.id === userId)

export const isAdmin = ({ state, roles }: Standing) => state === 'ACCEPTED' && roles.has('ADMIN')
export const isKept = (member: Membership | undefined): member is Membership => member !== undefined && member.state !== 'REMOVED'
export const isSame = (one: Standing, other: Standing) => one.state === other.state && one.roles.size === other.roles.size && [...one.roles].every((role) => other.roles.has(role))

/** Somebody who may act for himself. The clinic may name anybody in its requests: it is never the person. */
const isHimself = ({ actor, userId }: Situation) => (actor.kind === 'person' || actor.kind === 'gateway') && actor.id === userId

/**
 * What is kept of a person has the last word over what his token or this service's memory says of him: it takes rights away at once,
 * and gives none.
 */
function administering ({ actor, organisation, own }: Situation): Extract<Refusal, 'hidden' | 'forbidden'> | undefined {
  const rank = rankOf(actor, organisation)
  if (rank === 'outside' || own?.state === 'REMOVED') return 'hidden'
  return rank === 'ADMIN' && (own === undefined || isAdmin(own)) ? undefined : 'forbidden'
}

/** Nobody invites himself. STANDARD comes with every membership. */
export function invitation (situation: Situation, roles: readonly GivenRole[]): Standing | Refusal {
  const refusal = administering(situation)
  if (refusal !== undefined) return refusal
  if (situation.actor.id === situation.userId) return 'forbidden'
  return { state: 'INVITED', roles: new Set<GivenRole>(['STANDARD', ...roles]) }
}

/** Everybody accepts for himself; repeating it is harmless. */
export function acceptance (situation: Situation): Standing | Refusal {
  const { actor, organisation, member } = situation
  const isInside = rankOf(actor, organisation) !== 'outside'
  if (!isHimself(situation)) return isInside ? 'forbidden' : 'hidden'
  if (!isKept(member)) return isInside ? 'no such member' : 'hidden'
  return { state: 'ACCEPTED', roles: new Set<GivenRole>(['STANDARD', ...member.roles]) }
}

/** All the roles that a member has from now on, or will have once he accepts. Nobody says it of himself. */
export function roleChange (situation: Situation, roles: readonly GivenRole[]): Standing | Refusal {
  const { actor, userId, member } = situation
  const refusal = administering(situation)
  if (refusal !== undefined) return refusal
  if (actor.id === userId) return 'forbidden'
  if (!isKept(member)) return 'no such member'
  return roles.includes('STANDARD') ? { state: member.state, roles: new Set(roles) } : 'standard stays'
}

/** An ADMIN removes others; everybody leaves, or declines, for himself. */
export function removal (situation: Situation): Standing | Refusal {
  const { actor, organisation, member } = situation
  const refusal = isHimself(situation)
    ? rankOf(actor, organisation) === 'outside' && !isKept(member) ? 'hidden' : undefined
    : administering(situation)
  if (refusal !== undefined) return refusal
  return isKept(member) ? { state: 'REMOVED', roles: new Set() } : 'no such member'
}
