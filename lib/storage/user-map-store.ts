import { withoutRowRestriction } from '../domain/headers.ts'
import type { CrudCollection } from './crud-client.ts'
import type { StoreContext } from './teleconsultation-store.ts'

/** Which person of the caller's system is which user of the provider. Errors: STORAGE_*. */
export interface UserMapStore {
  /** The provider's ids of those whom the map knows, by the caller's id; one request, whatever their number. */
  find (externalIds: readonly string[], context: StoreContext): Promise<Map<string, string>>
  /** Repeating it, also from two sides at once, is harmless. */
  remember (externalId: string, providerUserId: string, context: StoreContext): Promise<void>
  /** All ids that the map has of this person. */
  accountsOf (externalId: string, context: StoreContext): Promise<string[]>
  /** For good. Repeating it is harmless. */
  forget (externalId: string, context: StoreContext): Promise<void>
}

/** A person's id at the provider never changes, so that what was once read stays true. */
const REMEMBERED = 20_000

// The CRUD Service's largest page. A request has 25 participants at most; the rest is for people who stand twice in a map
// without a unique index.
const PAGE = 200
const EVERYWHERE = ['PUBLIC', 'DRAFT', 'TRASH', 'DELETED'] as const

/**
 * A gateway's restriction of rows (`acl_rows`) speaks of teleconsultations: here it would name fields that do not exist.
 */
export function userMapStore (collection: CrudCollection): UserMapStore {
  const remembered = new Map<string, string>()
  const keep = (externalId: string, providerUserId: string) => {
    const [oldest] = remembered.keys()
    if (remembered.size >= REMEMBERED && oldest !== undefined) remembered.delete(oldest)
    remembered.set(externalId, providerUserId)
  }

  const rowsOf = async (externalId: string, { headers, endsAt }: StoreContext) =>
    await collection.list({ limit: PAGE, filter: { receivedUserId: externalId }, states: EVERYWHERE }, withoutRowRestriction(headers), endsAt)

  return {
    async accountsOf (externalId, context) {
      return (await rowsOf(externalId, context)).flatMap(({ bandyerId }) => typeof bandyerId === 'string' ? [bandyerId] : [])
    },

    async forget (externalId, context) {
      for (const { _id: id } of await rowsOf(externalId, context)) await collection.remove(id, withoutRowRestriction(context.headers), context.endsAt)
      remembered.delete(externalId)
    },

    async find (externalIds, { headers, endsAt }) {
      const found = new Map<string, string>()
      const asked: string[] = []
      for (const externalId of externalIds) {
        const known = remembered.get(externalId)
        if (known === undefined) asked.push(externalId)
        else found.set(externalId, known)
      }
      if (asked.length === 0) return found
      for (const { receivedUserId, bandyerId } of await collection.list({ limit: PAGE, filter: { receivedUserId: { $in: asked } } }, withoutRowRestriction(headers), endsAt)) {
        // Of two rows for one person the older one counts, for every replica alike: lists come in the order of insertion.
        if (typeof receivedUserId !== 'string' || typeof bandyerId !== 'string' || found.has(receivedUserId)) continue
        found.set(receivedUserId, bandyerId)
        keep(receivedUserId, bandyerId)
      }
      return found
    },

    async remember (externalId, providerUserId, { headers, endsAt }) {
      await collection.insert({ receivedUserId: externalId, bandyerId: providerUserId }, withoutRowRestriction(headers), endsAt)
    }
  }
}
