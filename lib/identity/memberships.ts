import type { RoleName } from '../../schemas/permissions.ts'
import { boundedMap } from '../domain/bounded-map.ts'
import type { Membership } from '../domain/membership.ts'

/** What a request knows of itself: headers that the storage is to see, and when it must be over, in epoch milliseconds. */
export interface MembershipContext {
  headers: Readonly<Record<string, string>>
  endsAt?: number | undefined
}

export interface MembershipsOptions {
  store: {
    ofUser (userId: string, state: 'ACCEPTED', context: MembershipContext): Promise<Array<Pick<Membership, 'organisation' | 'roles'>>>
    /** Tells the person's id after every write. */
    onWrite (listener: (userId: string) => void): void
  }
  clock: () => Date
}

export interface Memberships {
  /**
   * Organisation → roles there, of whom accepted an invitation; SELF is always among them. What another replica wrote counts
   * after two seconds, what this one wrote at once.
   *
   * @throws STORAGE_*
   */
  of (userId: string, context: MembershipContext): Promise<ReadonlyMap<string, ReadonlySet<RoleName>>>
}

const REMEMBERED_MS = 2000
const MOST_REMEMBERED = 10_000

type Roles = ReadonlyMap<string, ReadonlySet<RoleName>>
interface Read { startedAtMs: number, roles: Promise<Roles> }

/** What this service itself keeps about who is what in which organisation. */
export function memberships ({ store, clock }: MembershipsOptions): Memberships {
  // Reads under way stand in it too: one that began before a write is forgotten with it, however late its answer comes.
  const remembered = boundedMap<Read | undefined>(MOST_REMEMBERED)
  store.onWrite((userId) => { if (remembered.get(userId) !== undefined) remembered.set(userId, undefined) })

  const read = async (userId: string, context: MembershipContext): Promise<Roles> => {
    const found = await store.ofUser(userId, 'ACCEPTED', context)
    return new Map(found.map(({ organisation, roles }) => [organisation, new Set<RoleName>(['SELF', ...roles])]))
  }

  return {
    async of (userId, context) {
      const startedAtMs = clock().getTime()
      const known = remembered.get(userId)
      const ageMs = known === undefined ? -1 : startedAtMs - known.startedAtMs
      if (known !== undefined && ageMs >= 0 && ageMs < REMEMBERED_MS) return await known.roles
      const begun: Read = { startedAtMs, roles: read(userId, context) }
      remembered.set(userId, begun)
      try {
        return await begun.roles
      } catch (error) {
        if (remembered.get(userId) === begun) remembered.set(userId, undefined)
        throw error
      }
    }
  }
}
