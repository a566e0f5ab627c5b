import type { Outstanding } from '../domain/erasure.ts'
import { withoutRowRestriction } from '../domain/headers.ts'
import { StorageBadAnswer } from '../errors.ts'
import type { CrudCollection, CrudDocument } from './crud-client.ts'
import type { StoreContext } from './teleconsultation-store.ts'

/** An erasure that is not finished. */
export interface StartedErasure {
  userId: string
  requestedAt: Date
  /** After the last attempt; undefined: there was none yet. */
  outstanding?: Outstanding[] | undefined
}

/** Whose erasure is under way, kept until it is done, and then no longer. Errors: STORAGE_*. */
export interface ErasureStore {
  /** Asking for the same again changes nothing. */
  begin (userId: string, context: StoreContext): Promise<StartedErasure>
  find (userId: string, context: StoreContext): Promise<StartedErasure | undefined>
  /** Those under way, the longest untouched first: what cannot be finished keeps no other from its turn. */
  list (limit: number, context: StoreContext): Promise<StartedErasure[]>
  note (userId: string, outstanding: readonly Outstanding[], context: StoreContext): Promise<void>
  end (userId: string, context: StoreContext): Promise<void>
}

/** @param collection ERASURES, whose unique index keeps one document a person */
export function erasureStore (collection: CrudCollection, clock: () => Date): ErasureStore {
  const read = async (userId: string, { headers, endsAt }: StoreContext): Promise<CrudDocument | undefined> =>
    (await collection.list({ filter: { userId }, limit: 1 }, withoutRowRestriction(headers), endsAt))[0]

  return {
    async begin (userId, context) {
      const requestedAt = clock()
      const id = await collection.insert({ userId, requestedAt: requestedAt.toISOString() }, withoutRowRestriction(context.headers), context.endsAt)
      const earlier = id === 'duplicate' ? await read(userId, context) : undefined
      return earlier === undefined ? { userId, requestedAt } : erasureOf(earlier)
    },
    async find (userId, context) {
      const document = await read(userId, context)
      return document === undefined ? undefined : erasureOf(document)
    },
    async list (limit, { headers, endsAt }) {
      return (await collection.list({ limit, sort: 'updatedAt' }, withoutRowRestriction(headers), endsAt)).map(erasureOf)
    },
    async note (userId, outstanding, context) {
      const document = await read(userId, context)
      if (document !== undefined) await collection.patch(document._id, {}, { $set: { outstanding } }, withoutRowRestriction(context.headers), context.endsAt)
    },
    async end (userId, context) {
      const document = await read(userId, context)
      if (document !== undefined) await collection.remove(document._id, withoutRowRestriction(context.headers), context.endsAt)
    }
  }
}

/** Where no collection is configured for them: what is under way is forgotten with the process. */
export function erasuresInMemory (clock: () => Date): ErasureStore {
  const started = new Map<string, StartedErasure>()
  return {
    async begin (userId) {
      const erasure = started.get(userId) ?? { userId, requestedAt: clock() }
      started.set(userId, erasure)
      return erasure
    },
    find: async (userId) => started.get(userId),
    list: async (limit) => [...started.values()].slice(0, limit),
    async note (userId, outstanding) {
      const erasure = started.get(userId)
      started.delete(userId)
      if (erasure !== undefined) started.set(userId, { ...erasure, outstanding: [...outstanding] })
    },
    async end (userId) { started.delete(userId) }
  }
}

function erasureOf ({ userId, requestedAt, outstanding }: CrudDocument): StartedErasure {
  if (typeof userId !== 'string' || typeof requestedAt !== 'string') throw new StorageBadAnswer()
  return { userId, requestedAt: new Date(requestedAt), outstanding: Array.isArray(outstanding) ? outstanding as Outstanding[] : undefined }
}
