import type { CrudCollection } from './crud-client.ts'
import type { StoreContext } from './teleconsultation-store.ts'

/** Which person of the caller's system is which user of the provider. Errors: STORAGE_*. */
export interface UserMapStore {
  /** The provider's ids of those whom the map knows, by the caller's id; one request, whatever their number. */
  find (externalIds: readonly string[], context: StoreContext): Promise<Map<string, string>>
  /** Repeating it, also from two sides at once, is harmless. */
  remember (externalId: string, providerUserId: string, context: StoreContext): Promise<void>
}

// The CRUD Service's largest page. A request has 25 participants at most; the rest is for people who stand twice in a map
// without a unique index.
const PAGE = 200

export function userMapStore (collection: CrudCollection): UserMapStore {
  return {
    async find (externalIds, { headers }) {
      const found = new Map<string, string>()
      if (externalIds.length === 0) return found
      for (const { receivedUserId, bandyerId } of await collection.list({ limit: PAGE, filter: { receivedUserId: { $in: externalIds } } }, headers)) {
        // Of two rows for one person the older one counts, for every replica alike: lists come in the order of insertion.
        if (typeof receivedUserId === 'string' && typeof bandyerId === 'string' && !found.has(receivedUserId)) found.set(receivedUserId, bandyerId)
      }
      return found
    },

    async remember (externalId, providerUserId, { headers }) {
      await collection.insert({ receivedUserId: externalId, bandyerId: providerUserId }, headers)
    }
  }
}
