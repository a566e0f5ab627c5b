import { GIVEN_ROLES, type GivenRole } from '../../schemas/organisations.ts'
import { MemberChanged, StorageBadAnswer } from '../errors.ts'
import { withoutRowRestriction } from '../domain/headers.ts'
import { isAdmin, type Membership, type MemberState, type Standing } from '../domain/membership.ts'
import type { CrudCollection, CrudCommands, CrudDocument, CrudFilter } from './crud-client.ts'
import type { StoreContext } from './teleconsultation-store.ts'

/** A membership as it was read: a write goes through only on this version of it. */
export interface StoredMembership extends Membership {
  id: string
  revision: number
  /** ADMIN is being taken from him, or whoever did that died over it. He is ADMIN until it is done. */
  adminEnding: boolean
}

/** Errors: STORAGE_*. After STORAGE_UNAVAILABLE or STORAGE_TIMEOUT a write may have been made. */
export interface MemberStore {
  /** Also what is left of somebody removed. */
  get (organisation: string, userId: string, context: StoreContext): Promise<StoredMembership | undefined>
  /** All that somebody has in this state. */
  ofUser (userId: string, state: MemberState, context: StoreContext): Promise<StoredMembership[]>
  /** By userId, those that come after `after`. */
  list (organisation: string, page: { states: readonly MemberState[], limit: number, after?: string | undefined }, context: StoreContext): Promise<StoredMembership[]>
  /** 'exists': he is invited or a member; of two invitations at once one is made. */
  invite (member: Membership, context: StoreContext): Promise<StoredMembership | 'exists'>
  /**
   * Compare-and-set on the version that was read. 'changed': another write came first, or is under way. 'last admin': nobody else in
   * the organisation is ADMIN; nothing was changed.
   */
  replaceIfUnchanged (current: StoredMembership, standing: Standing, context: StoreContext): Promise<StoredMembership | 'changed' | 'last admin'>
  /**
   * Takes all that he has in organisations, and that he invited others. An organisation whose last ADMIN he is keeps him.
   *
   * @returns the organisations that could not do without him
   * @throws MEMBER_CHANGED
   */
  forget (userId: string, context: StoreContext): Promise<string[]>
  /** Called with the person's id after every write that was tried. */
  onWrite (listener: (userId: string) => void): void
}

// The CRUD Service's largest page.
const PAGE = 200
// Of one person's memberships.
const MOST_PAGES = 50

/**
 * Every write is on one document, and only if nobody wrote it since it was read.
 *
 * No organisation loses its last ADMIN, though two may go at once and the storage knows no transaction over two documents. Who is
 * to go is marked first; then another ADMIN has to be seen who is not marked; then he goes, if the mark is still the last write on
 * him. Why that is enough: if everybody went, one of them was marked last, and whom his remover saw unmarked after that was marked
 * later still. Where all the others are marked, one mark is taken off, which ends the attempt that it belonged to: that
 * sees an unmarked ADMIN just as well, and frees what somebody left who died between two steps. Two who do this to each other may
 * both fail, and try again. This holds where reads are of the newest (MongoDB: from the primary) and the unique index is
 * there. It holds for nobody who writes the collection beside this service.
 *
 * A gateway's restriction of rows (`acl_rows`) speaks of teleconsultations: here it would name fields that do not exist.
 */
export function memberStore (collection: CrudCollection): MemberStore {
  const listeners: Array<(userId: string) => void> = []
  const writing = async <Result> (userId: string, write: () => Promise<Result>): Promise<Result> => {
    try {
      return await write()
    } finally {
      for (const listener of listeners) listener(userId)
    }
  }

  const list = async (filter: CrudFilter, { sort, limit }: { sort: string, limit: number }, { headers, endsAt }: StoreContext) =>
    (await collection.list({ filter, sort, limit }, withoutRowRestriction(headers), endsAt)).map(membershipOf)

  const get: MemberStore['get'] = async (organisation, userId, context) =>
    (await list({ organisation, userId }, { sort: 'createdAt', limit: 1 }, context))[0]

  const patch = async ({ id, revision }: StoredMembership, { $set, $unset }: CrudCommands, { headers, endsAt }: StoreContext) => {
    const commands = { $set: { ...$set, revision: revision + 1 }, ...($unset === undefined ? {} : { $unset }) }
    const document = await collection.patch(id, { revision }, commands, withoutRowRestriction(headers), endsAt)
    return document === undefined ? undefined : membershipOf(document)
  }

  const otherAdmins = async ({ organisation, userId }: Membership, context: StoreContext) =>
    await list({ organisation, userId: { $nin: [userId] }, state: 'ACCEPTED', roles: { $in: ['ADMIN'] } }, { sort: 'userId', limit: PAGE }, context)

  const unmark = async (member: StoredMembership, context: StoreContext) => await patch(member, { $unset: { adminEnding: true } }, context)

  const takeAdmin = async (current: StoredMembership, commands: CrudCommands, context: StoreContext) => {
    if ((await otherAdmins(current, context)).length === 0) return 'last admin'
    const marked = await patch(current, { $set: { adminEnding: true } }, context)
    if (marked === undefined) return 'changed'
    const others = await otherAdmins(marked, context)
    let isAnotherSeen = others.some(({ adminEnding }) => !adminEnding)
    for (const other of others) {
      if (isAnotherSeen) break
      isAnotherSeen = await unmark(other, context) !== undefined
    }
    if (isAnotherSeen) return await patch(marked, commands, context) ?? 'changed'
    await unmark(marked, context)
    return others.length === 0 ? 'last admin' : 'changed'
  }

  const ofUser: MemberStore['ofUser'] = async (userId, state, context) => {
    const found: StoredMembership[] = []
    for (let page = 0; page < MOST_PAGES; page++) {
      const after = found.at(-1)?.organisation
      const more = await list({ userId, state, ...(after === undefined ? {} : { organisation: { $gt: after } }) }, { sort: 'organisation', limit: PAGE }, context)
      found.push(...more)
      if (more.length < PAGE) break
    }
    return found
  }

  /** Of whom nothing is left in the organisation afterwards, unless it cannot do without him. */
  const forgetIn = async ({ organisation, userId }: Membership, context: StoreContext): Promise<'forgotten' | 'last admin'> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const current = await get(organisation, userId, context)
      if (current === undefined) return 'forgotten'
      const taken = isAdmin(current) ? await takeAdmin(current, { $set: standingFields(NOTHING_LEFT), $unset: { adminEnding: true } }, context) : current
      if (taken === 'last admin') return taken
      if (taken === 'changed') continue
      await collection.remove(taken.id, withoutRowRestriction(context.headers), context.endsAt)
      return 'forgotten'
    }
    throw new MemberChanged()
  }

  return {
    get,
    ofUser,

    forget: async (userId, context) => await writing(userId, async () => {
      const kept: string[] = []
      for (const state of STATES) {
        for (const member of await ofUser(userId, state, context)) {
          if (await forgetIn(member, context) === 'last admin') kept.push(member.organisation)
        }
      }
      // Whom somebody else writes at the same time is found by the next look.
      for (let look = 0; look < MOST_PAGES; look++) {
        const invited = await list({ invitedBy: userId }, { sort: 'userId', limit: PAGE }, context)
        if (invited.length === 0) break
        for (const member of invited) await patch(member, { $unset: { invitedBy: true } }, context)
      }
      return kept
    }),

    list: async (organisation, { states, limit, after }, context) =>
      await list({ organisation, state: { $in: states }, ...(after === undefined ? {} : { userId: { $gt: after } }) }, { sort: 'userId', limit }, context),

    invite: async (member, context) => await writing(member.userId, async () => {
      const { organisation, userId, invitedBy, fullName } = member
      const optional = { ...(invitedBy === undefined ? {} : { invitedBy }), ...(fullName === undefined ? {} : { fullName }) }
      const id = await collection.insert({ organisation, userId, ...standingFields(member), revision: 1, ...optional }, withoutRowRestriction(context.headers), context.endsAt)
      if (id !== 'duplicate') return { ...member, id, revision: 1, adminEnding: false }
      const there = await get(organisation, userId, context)
      if (there === undefined || there.state !== 'REMOVED') return 'exists'
      return await patch(there, { $set: { ...standingFields(member), ...optional } }, context) ?? 'exists'
    }),

    replaceIfUnchanged: async (current, standing, context) => await writing(current.userId, async () => {
      const commands: CrudCommands = {
        $set: standingFields(standing),
        $unset: { adminEnding: true, ...(standing.state === 'REMOVED' ? { fullName: true, invitedBy: true } : {}) }
      }
      if (isAdmin(current) && !isAdmin(standing)) return await takeAdmin(current, commands, context)
      return await patch(current, commands, context) ?? 'changed'
    }),

    onWrite (listener) { listeners.push(listener) }
  }
}

const standingFields = ({ state, roles }: Standing) => ({ state, roles: GIVEN_ROLES.filter((role) => roles.has(role)) })

const NOTHING_LEFT: Standing = { state: 'REMOVED', roles: new Set() }
const ATTEMPTS = 5

const STATES: readonly MemberState[] = ['INVITED', 'ACCEPTED', 'REMOVED']
const isRole = (value: unknown): value is GivenRole => GIVEN_ROLES.some((role) => role === value)

function membershipOf ({ _id, organisation, userId, state: word, roles, revision, invitedBy, fullName, adminEnding }: CrudDocument): StoredMembership {
  const state = STATES.find((one) => one === word)
  if (typeof organisation !== 'string' || typeof userId !== 'string' || state === undefined || typeof revision !== 'number' || !Array.isArray(roles) || !roles.every(isRole)) throw new StorageBadAnswer()
  return {
    id: _id,
    organisation,
    userId,
    state,
    roles: new Set(roles),
    revision,
    adminEnding: adminEnding === true,
    ...(typeof invitedBy === 'string' ? { invitedBy } : {}),
    ...(typeof fullName === 'string' ? { fullName } : {})
  }
}
