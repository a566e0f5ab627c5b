import type { Actor } from '../../domain/authorization.ts'
import { isSame, type Membership, type Refusal, type Situation, type Standing } from '../../domain/membership.ts'
import type { MemberStore } from '../../storage/member-store.ts'
import type { Context } from '../../teleconsultations/ports.ts'
import { LastAdmin, MemberChanged, MemberNotFound } from '../../errors.ts'
import { refused } from './refused.ts'

const ATTEMPTS = 4

/**
 * What is kept of the caller himself, where he is a person: read from the storage for every write, so that rights that were taken
 * from him a moment ago, by whatever replica, are gone.
 */
export const ownOf = async (members: MemberStore, actor: Actor, organisation: string, context: Context) =>
  actor.kind === 'person' ? await members.get(organisation, actor.id, context) : undefined

/**
 * Changes one membership as `decide` says of what is kept now; whoever comes between makes it decide again. Two things at the same
 * instant are not one: an ADMIN whose rights end while his request runs may still finish it.
 *
 * @throws ORGANISATION_NOT_FOUND, NOT_PERMITTED, MEMBER_NOT_FOUND, STANDARD_STAYS, LAST_ADMIN, MEMBER_CHANGED, STORAGE_*
 */
export async function changeMembership (
  members: MemberStore,
  { actor, organisation, userId }: Pick<Situation, 'actor' | 'organisation' | 'userId'>,
  decide: (situation: Situation) => Standing | Refusal,
  context: Context
): Promise<Membership> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const isOneself = actor.kind === 'person' && actor.id === userId
    const [member, ownBeside] = await Promise.all([
      members.get(organisation, userId, context),
      isOneself ? undefined : ownOf(members, actor, organisation, context)
    ])
    const own = isOneself ? member : ownBeside
    const decided = decide({ actor, organisation, userId, member, own })
    if (typeof decided === 'string') throw refused(decided)
    if (member === undefined) throw new MemberNotFound()
    if (isSame(member, decided)) return member
    const written = await members.replaceIfUnchanged(member, decided, context)
    if (written === 'last admin') throw new LastAdmin()
    if (written !== 'changed') return written
  }
  throw new MemberChanged()
}
