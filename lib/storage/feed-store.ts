import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { withoutRowRestriction } from '../domain/headers.ts'
import { StorageBadAnswer, StorageUnavailable } from '../errors.ts'
import type { CrudCollection, CrudDocument } from './crud-client.ts'
import type { StoreContext } from './teleconsultation-store.ts'

/**
 * Who may read whose agenda by nothing but an address: one token a person, of which only a keyed hash is kept. Errors: STORAGE_*.
 * After STORAGE_UNAVAILABLE or STORAGE_TIMEOUT a write may have been made; no token that was ever given out works again by it.
 */
export interface FeedStore {
  /** Replaces: from the answer on the token that he had before is worth nothing. The new one is told this once. */
  issue (userId: string, context: StoreContext): Promise<{ token: string, createdAt: Date }>
  /** From the answer on no token of his is worth anything. Repeating it is harmless. */
  revoke (userId: string, context: StoreContext): Promise<void>
  /** Undefined: he has none. */
  find (userId: string, context: StoreContext): Promise<{ createdAt: Date } | undefined>
  /** Whose it is; undefined: nobody's, or nobody's any more. */
  ownerOf (token: string, context: StoreContext): Promise<{ userId: string, createdAt: Date } | undefined>
  /** Whatever is kept of him is gone for good. Repeating it is harmless. */
  forget (userId: string, context: StoreContext): Promise<void>
}

export interface FeedStoreOptions {
  /** Of the hashes. Whoever changes it revokes every token. */
  key: string
  clock: () => Date
  newToken?: (() => string) | undefined
}

interface StoredFeed { id: string, userId: string, revision: number, tokenHash: string | undefined, issuedAt: Date | undefined }

const TOKEN_BYTES = 32
const TOKEN = /^[A-Za-z0-9_-]{43}$/
const ATTEMPTS = 5

/** @param collection AGENDA_FEEDS, whose unique index keeps one document a person */
export function feedStore (collection: CrudCollection, { key, clock, newToken = randomToken }: FeedStoreOptions): FeedStore {
  const hashOf = (token: string) => createHmac('sha256', key).update(token).digest('base64url')

  const read = async (userId: string, { headers, endsAt }: StoreContext): Promise<StoredFeed | undefined> => {
    const [document] = await collection.list({ filter: { userId }, limit: 1 }, withoutRowRestriction(headers), endsAt)
    return document === undefined ? undefined : feedOf(document)
  }

  /** Only over the revision that was read: a write that arrives late, or twice, cannot bring back what was revoked. */
  const write = async ({ id, revision }: StoredFeed, given: { tokenHash: string, issuedAt: string } | undefined, { headers, endsAt }: StoreContext) => {
    const commands = given === undefined
      ? { $set: { revision: revision + 1 }, $unset: { tokenHash: true, issuedAt: true } as const }
      : { $set: { ...given, revision: revision + 1 } }
    return await collection.patch(id, { revision }, commands, withoutRowRestriction(headers), endsAt) !== undefined
  }

  return {
    async issue (userId, context) {
      const token = newToken()
      const createdAt = clock()
      const given = { tokenHash: hashOf(token), issuedAt: createdAt.toISOString() }
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const current = await read(userId, context)
        const done = current === undefined
          ? await collection.insert({ userId, revision: 1, ...given }, withoutRowRestriction(context.headers), context.endsAt) !== 'duplicate'
          : await write(current, given, context)
        if (done) return { token, createdAt }
      }
      throw new StorageUnavailable()
    },

    async revoke (userId, context) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const current = await read(userId, context)
        if (current?.tokenHash === undefined || await write(current, undefined, context)) return
      }
      throw new StorageUnavailable()
    },

    async find (userId, context) {
      const { tokenHash, issuedAt } = await read(userId, context) ?? {}
      return tokenHash === undefined || issuedAt === undefined ? undefined : { createdAt: issuedAt }
    },

    async forget (userId, { headers, endsAt }) {
      for (const { _id: id } of await collection.list({ filter: { userId }, limit: 200, states: ['PUBLIC', 'DRAFT', 'TRASH', 'DELETED'] }, withoutRowRestriction(headers), endsAt)) {
        await collection.remove(id, withoutRowRestriction(headers), endsAt)
      }
    },

    async ownerOf (token, { headers, endsAt }) {
      if (!TOKEN.test(token)) return undefined
      const tokenHash = hashOf(token)
      const [document] = await collection.list({ filter: { tokenHash }, limit: 1 }, withoutRowRestriction(headers), endsAt)
      const feed = document === undefined ? undefined : feedOf(document)
      // Whatever the storage made of the filter.
      if (feed?.tokenHash === undefined || feed.issuedAt === undefined || !isSame(feed.tokenHash, tokenHash)) return undefined
      return { userId: feed.userId, createdAt: feed.issuedAt }
    }
  }
}

const randomToken = () => randomBytes(TOKEN_BYTES).toString('base64url')

function isSame (one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function feedOf ({ _id: id, userId, revision, tokenHash, issuedAt }: CrudDocument): StoredFeed {
  const at = typeof issuedAt === 'string' ? new Date(issuedAt) : undefined
  if (typeof userId !== 'string' || typeof revision !== 'number' || Number.isNaN(at?.getTime())) throw new StorageBadAnswer()
  return { id, userId, revision, tokenHash: typeof tokenHash === 'string' ? tokenHash : undefined, issuedAt: at }
}
