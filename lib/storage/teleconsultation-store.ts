import { StorageBadAnswer } from '../errors.ts'
import type { Content, Control, Operation, StoredParticipant, Teleconsultation, Version } from '../domain/teleconsultation.ts'
import { hasUntold, isUnsettled, wasBooked } from '../domain/teleconsultation.ts'
import { boundedMap } from '../domain/bounded-map.ts'
import type { Mail } from '../domain/letters.ts'
import type { CrudCollection, CrudCommands, CrudDocument, CrudFilter, CrudHeaders } from './crud-client.ts'
import { readsBack } from './reads-back.ts'
import { sessionFilter, type SessionSearch } from './session-search.ts'
import { writeOfficialState } from './control-record.ts'
import { contentFields, teleconsultationOf, withoutUndefined, type Layout } from './stored-teleconsultation.ts'

export interface Changes {
  content?: Content | undefined
  control: Control
}

export interface StoreContext {
  headers: CrudHeaders
  /** When the request that this serves must be over, in epoch milliseconds. Absent: nobody waits. */
  endsAt?: number | undefined
  /** Asks what became of a write whose answer got lost: not sent where that is in vain. Of `get`, `findApplied` and `findByKey`. */
  isReadBack?: boolean | undefined
  /** What is written need not outlive a loss of power, because it would be found out again. Of `replaceMail`. */
  isFleeting?: boolean | undefined
}

/** A part of everything, by the order of ids. */
export interface Stretch {
  after?: string | undefined
  limit: number
  /** Without those whose key is lost. */
  readableOnly?: boolean | undefined
}

/**
 * Where teleconsultations are kept. Errors: STORAGE_*. After STORAGE_UNAVAILABLE or STORAGE_TIMEOUT a write may have
 * been made: read back by `find({ applied })` or `get`, and look for the operation among `control.applied`.
 */
export interface TeleconsultationStore {
  /**
   * 'duplicate': another document has the idempotency key of this record; of two at once at most one is inserted.
   *
   * @param doubtful of a record that is at rest: stands in it as pending for as long as the key may turn out to be another's
   */
  insert (content: Content, control: Control, context: StoreContext, doubtful?: Operation): Promise<Teleconsultation | 'duplicate'>
  /** Undefined: there is none, or it is in the trash. */
  get (id: string, context: StoreContext): Promise<Teleconsultation | undefined>
  /** The latest start first. */
  list (page: { limit: number, skip: number }, context: StoreContext): Promise<Teleconsultation[]>
  /**
   * Sessions in the order of their start, then of their ids. Not those that are being deleted. The same page for the same place in
   * the order, whatever came in before it.
   */
  sessions (query: SessionSearch, context: StoreContext): Promise<Teleconsultation[]>
  /** Whether the storage finds a text in titles and descriptions. Where it does not, `text` of a search is not to be given. */
  readonly searchesTexts: boolean
  /** @param searches one that several of them find counts once */
  countSessions (searches: readonly SessionSearch[], context: StoreContext): Promise<number>
  /** Where the collection keeps the service's record: the document that accepted this operation. */
  findApplied (operationId: string, context: StoreContext): Promise<Teleconsultation | undefined>
  /** The bookings of requests with this key, those in the trash as well. */
  findByKey (key: string, context: StoreContext): Promise<Teleconsultation[]>
  /** Whether a teleconsultation that is not being deleted has this room now. */
  hasRoom (providerRoomId: string, context: StoreContext): Promise<boolean>
  /** Compare-and-set on the key: frees it, also where the document is in the trash. Repeating it is harmless. */
  releaseKey (current: Teleconsultation, context: StoreContext): Promise<void>
  /** Compare-and-set on the version that was read. 'changed': another write came first, or the document is gone. */
  replaceIfUnchanged (current: Teleconsultation, changes: Changes, context: StoreContext): Promise<Teleconsultation | 'changed'>
  /**
   * Documents that are not at rest though nobody may be at work on them any more: deletions to finish, operations whose lease is
   * over, rooms to delete. The longest untouched first.
   */
  findUnsettled (now: Date, limit: number, context: StoreContext): Promise<Teleconsultation[]>
  /**
   * One conditional write without a read before it: adds the participant where the list stays incomplete, he is not in it,
   * and nothing is under way. Remembers no request. 'unmet': one of these does not hold, or the collection does not allow to tell.
   */
  appendWhileIncomplete (id: string, participant: StoredParticipant, context: StoreContext): Promise<Teleconsultation | 'unmet'>
  /** As above: decides the deletion; what comes back still names the rooms to delete. */
  decideDeletion (id: string, context: StoreContext): Promise<Teleconsultation | 'unmet'>
  /** Of which somebody has to be told something by now, those in the trash as well; the longest due first. */
  findToTell (now: Date, limit: number, context: StoreContext): Promise<Teleconsultation[]>
  /** Compare-and-set of what is kept about telling people, also in the trash. 'changed': another write came first, or the document is gone. */
  replaceMail (current: Teleconsultation, mail: Mail, context: StoreContext): Promise<Teleconsultation | 'changed'>
  /** As `get`, and in the trash as well. */
  getAnywhere (id: string, context: StoreContext): Promise<Teleconsultation | undefined>
  /** Those with this participant, in whatever state, in the order of their ids. */
  ofPerson (externalId: string, page: Stretch, context: StoreContext): Promise<Teleconsultation[]>
  /** All there are, in whatever state, in the order of their ids. */
  walk (page: Stretch, context: StoreContext): Promise<Teleconsultation[]>
  /** As `replaceIfUnchanged`, in whatever state the document is. Nobody is told of it. */
  replaceAnywhere (current: Teleconsultation, changes: Changes, context: StoreContext): Promise<Teleconsultation | 'changed'>
  /** Whether the collection keeps what makes a session of a teleconsultation. Errors as `get`. */
  keepsSessions (): Promise<boolean>
  /** Whether the storage did not answer when it was asked last. */
  isFailing (): boolean
  /** Repeating it is harmless. */
  trash (id: string, context: StoreContext): Promise<void>
}

/**
 * @param layoutKnown answers at once but for the first time, when the collection has to be asked
 * @param tellsPeople whether somebody is to be told of what is written: each write says then that there may be something to tell
 * @param searchesTexts whether all titles and descriptions are stored readable
 */
export function teleconsultationStore (given: CrudCollection, layoutKnown: () => Promise<Layout>, provider: string, { tellsPeople = false, searchesTexts = true } = {}): TeleconsultationStore {
  const { collection, ask, hasFailed } = readsBack(given)
  const asked = async <T> ({ isReadBack }: StoreContext, read: () => Promise<T>): Promise<T> => isReadBack === true ? await ask(read) : await read()
  const fieldsOf = (changes: Changes, layout: Layout) => ({
    ...(changes.content === undefined ? {} : contentFields(changes.content)),
    bandyerRoomId: changes.control.room?.providerRoomId ?? '',
    ...(layout === 'declared'
      ? { teleconsultationState: changes.control.phase, service: { ...changes.control, pending: isPending(changes.control) ? true : undefined } }
      : { teleconsultationState: writeOfficialState(changes.control) })
  })
  /** The record with the word that somebody may have to be told of what is written. */
  const toldOf = (control: Control, content: Content): Control => {
    const isAboutSomebody = content.participants.some(({ email }) => email !== undefined) || (control.mail?.told ?? []).length > 0
    return tellsPeople && isAboutSomebody ? { ...control, mail: { ...control.mail, due: 0 } } : control
  }
  const read = (document: CrudDocument, layout: Layout) => teleconsultationOf(document, layout, provider)

  // By the document as it was read, which is the same object as long as nobody changed it.
  const known = boundedMap<{ document: CrudDocument, found: Teleconsultation }>(MOST_KNOWN)

  const findByKey: TeleconsultationStore['findByKey'] = async (key, context) => {
    const { headers, endsAt } = context
    const layout = await layoutKnown()
    const filter: CrudFilter = layout === 'declared' ? { 'service.idempotency.key': key } : { teleconsultationState: { $regex: `"idempotency":\\{"key":"${key}"` } }
    return (await asked(context, () => collection.list({ limit: SAME_KEY, filter, sort: 'createdAt', states: ANYWHERE }, headers, endsAt)))
      .map((document) => read(document, layout))
      .filter(({ control }) => control.idempotency?.key === key)
  }

  /**
   * Whether no other document has the key, for which no index sees here. Who saw nobody stays, and is seen by whoever comes later; of
   * several at once the first by id waits for the others to give way.
   */
  const isAlone = async (id: string, key: string, context: StoreContext) => {
    for (let look = 0; look < LOOKS; look++) {
      const others = (await findByKey(key, context)).filter((other) => other.id !== id)
      if (others.length === 0) return true
      if (others.some((other) => other.id < id || wasBooked(other.control))) return false
    }
    return false
  }

  return {
    async insert (content, settled, { headers, endsAt }, doubtful) {
      const layout = await layoutKnown()
      const inDoubt = layout === 'official' && settled.idempotency !== undefined && doubtful !== undefined
      const control: Control = toldOf(inDoubt ? { ...settled, operation: doubtful, applied: [] } : settled, content)
      const fields = { ...fieldsOf({ content, control }, layout), ...(layout === 'declared' ? { revision: 1 } : {}) }
      const id = await collection.insert(fields, headers, endsAt)
      if (id === 'duplicate') {
        if (control.idempotency === undefined) throw new StorageBadAnswer()
        return 'duplicate'
      }
      // Only a read tells updatedAt; the record holds an operation's id, which no other document and no later record of this one has.
      const version: Version = layout === 'declared' ? { revision: 1 } : { updatedAt: undefined, bandyerRoomId: fields.bandyerRoomId, teleconsultationState: fields.teleconsultationState }
      const inserted = { id, content, control, version }
      if (layout === 'declared' || control.idempotency === undefined) return inserted
      const write = async (changed: Control) => await collection.patch(id, unchanged(version, layout), { $set: fieldsOf({ control: changed }, layout) }, headers, endsAt)
      if (await isAlone(id, control.idempotency.key, { headers, endsAt })) {
        if (!inDoubt) return inserted
        const document = await write(settled)
        return document === undefined ? 'duplicate' : read(document, layout)
      }
      const { idempotency: _given, operation: _never, ...withdrawn } = control
      // Not where somebody else has taken it over: then it is his.
      if (await write({ ...withdrawn, phase: 'DELETING' }) !== undefined) await collection.moveTo(id, 'TRASH', headers, endsAt)
      return 'duplicate'
    },

    findByKey,

    async hasRoom (providerRoomId, { headers, endsAt }) {
      const layout = await layoutKnown()
      const found = await collection.list({ limit: 2, filter: { bandyerRoomId: providerRoomId } }, headers, endsAt)
      return found.some((document) => read(document, layout).control.phase !== 'DELETING')
    },

    async releaseKey (current, { headers, endsAt }) {
      const layout = await layoutKnown()
      const { idempotency, ...control } = current.control
      if (idempotency === undefined) return
      const commands: CrudCommands = { $set: { ...fieldsOf({ control }, layout), ...nextRevision(current.version, layout) } }
      await collection.patch(current.id, unchanged(current.version, layout), commands, headers, endsAt, ANYWHERE)
    },

    async get (id, context) {
      const document = await asked(context, () => collection.get(id, context.headers, context.endsAt))
      if (document === undefined) return undefined
      const before = known.get(id)
      if (before?.document === document) return before.found
      const found = read(document, await layoutKnown())
      known.set(id, { document, found })
      return found
    },

    async list ({ limit, skip }, { headers, endsAt }) {
      const layout = await layoutKnown()
      return (await collection.list({ limit, skip, sort: '-startDate' }, headers, endsAt)).map((document) => read(document, layout))
    },

    async sessions (search, { headers, endsAt }) {
      const layout = await layoutKnown()
      const { limit = 25, descending = false } = search
      const sort = descending ? '-startDate,-_id' : 'startDate,_id'
      return (await collection.list({ limit, sort, filter: sessionFilter(search) }, headers, endsAt)).map((document) => read(document, layout))
    },

    searchesTexts,

    async countSessions (searches, { headers, endsAt }) {
      const filters = searches.map(sessionFilter)
      return await collection.count(filters.length === 1 ? filters[0] ?? {} : { $or: filters }, headers, endsAt)
    },

    async findApplied (operationId, context) {
      const layout = await layoutKnown()
      if (layout === 'official') return undefined
      const [document] = await asked(context, () => collection.list({ limit: 1, filter: { 'service.applied': operationId } }, context.headers, context.endsAt))
      return document === undefined ? undefined : read(document, layout)
    },

    async replaceIfUnchanged (current, changes, { headers, endsAt }) {
      const layout = await layoutKnown()
      const commands: CrudCommands = {
        $set: {
          ...fieldsOf({ ...changes, control: toldOf(changes.control, changes.content ?? current.content) }, layout),
          ...nextRevision(current.version, layout)
        }
      }
      const document = await collection.patch(current.id, unchanged(current.version, layout), commands, headers, endsAt)
      return document === undefined ? 'changed' : read(document, layout)
    },

    async findToTell (now, limit, { headers, endsAt }) {
      const layout = await layoutKnown()
      if (layout === 'official') return []
      // Those that nobody may tell of yet would come again and again, and keep the others from being found.
      const filter: CrudFilter = {
        'service.mail.due': { $lte: now.getTime() },
        'service.operation': { $exists: false },
        $or: [{ 'service.mail.heldUntil': { $exists: false } }, { 'service.mail.heldUntil': { $lte: now.getTime() } }]
      }
      const found = await collection.list({ limit, filter, sort: 'service.mail.due', states: ANYWHERE, readableOnly: true }, headers, endsAt)
      return found.map((document) => read(document, layout))
    },

    async replaceMail (current, mail, { headers, endsAt, isFleeting }) {
      const layout = await layoutKnown()
      const commands: CrudCommands = { $set: { 'service.mail': mail, ...nextRevision(current.version, layout) } }
      const document = await collection.patch(current.id, unchanged(current.version, layout), commands, isFleeting === true ? { ...headers, ...FLEETING } : headers, endsAt, ANYWHERE)
      return document === undefined ? 'changed' : read(document, layout)
    },

    async getAnywhere (id, { headers, endsAt }) {
      const layout = await layoutKnown()
      const [document] = await collection.list({ limit: 1, filter: { _id: id }, states: ANYWHERE }, headers, endsAt)
      return document === undefined ? undefined : read(document, layout)
    },

    async ofPerson (externalId, { after, limit, readableOnly }, { headers, endsAt }) {
      const layout = await layoutKnown()
      const filter: CrudFilter = { 'participants.userExternalId': externalId, ...after === undefined ? {} : { _id: { $gt: after } } }
      return (await collection.list({ limit, filter, sort: '_id', states: EVERYWHERE, readableOnly }, headers, endsAt)).map((document) => read(document, layout))
    },

    async walk ({ after, limit, readableOnly }, { headers, endsAt }) {
      const layout = await layoutKnown()
      return (await collection.list({ limit, ...after === undefined ? {} : { filter: { _id: { $gt: after } } }, sort: '_id', states: EVERYWHERE, readableOnly }, headers, endsAt)).map((document) => read(document, layout))
    },

    async replaceAnywhere (current, changes, { headers, endsAt }) {
      const layout = await layoutKnown()
      const commands: CrudCommands = { $set: { ...fieldsOf(changes, layout), ...nextRevision(current.version, layout) } }
      const document = await collection.patch(current.id, unchanged(current.version, layout), commands, headers, endsAt, EVERYWHERE)
      return document === undefined ? 'changed' : read(document, layout)
    },

    async findUnsettled (now, limit, { headers, endsAt }) {
      const layout = await layoutKnown()
      const filter: CrudFilter = layout === 'declared'
        ? {
            $or: [
              { teleconsultationState: 'DELETING' },
              { 'service.pending': true }
            ]
          }
        : { teleconsultationState: { $regex: OFFICIAL_UNSETTLED } }
      const found = await collection.list({ limit, filter, sort: 'updatedAt', readableOnly: true }, headers, endsAt)
      return found.map((document) => read(document, layout)).filter(({ control }) => isUnsettled(control, now))
    },

    async appendWhileIncomplete (id, participant, { headers, endsAt }) {
      const layout = await layoutKnown()
      if (layout === 'official' || participant.userExternalId === undefined) return 'unmet'
      const document = await collection.patch(id, {
        teleconsultationState: 'INCOMPLETE',
        'service.phase': 'INCOMPLETE',
        'service.operation': { $exists: false },
        'participants.userExternalId': { $nin: [participant.userExternalId] },
        $or: STAYS_INCOMPLETE
      }, {
        $push: { participants: withoutUndefined(participant) },
        $inc: { revision: 1 },
        ...tellsPeople && participant.email !== undefined ? { $set: { 'service.mail.due': 0 } } : {}
      }, headers, endsAt)
      return document === undefined ? 'unmet' : read(document, layout)
    },

    async decideDeletion (id, { headers, endsAt }) {
      const layout = await layoutKnown()
      if (layout === 'official') return 'unmet'
      const document = await collection.patch(id, { 'service.phase': { $in: ['INCOMPLETE', 'PENDING', 'READY'] } }, {
        $set: { teleconsultationState: 'DELETING', 'service.phase': 'DELETING', ...tellsPeople ? { 'service.mail.due': 0 } : {} },
        $inc: { revision: 1 }
      }, headers, endsAt)
      return document === undefined ? 'unmet' : read(document, layout)
    },

    keepsSessions: async () => await layoutKnown() === 'declared',

    isFailing: hasFailed,

    async trash (id, { headers, endsAt }) {
      await collection.moveTo(id, 'TRASH', headers, endsAt)
    }
  }
}

/** Stored beside the record, so that an index finds the few documents that are not at rest among all. */
const isPending = (control: Control) => control.operation !== undefined || control.garbage.length > 0 || hasUntold(control)

const MOST_KNOWN = 300
const ANYWHERE = ['PUBLIC', 'DRAFT', 'TRASH'] as const
const EVERYWHERE = [...ANYWHERE, 'DELETED'] as const

// The embedded storage waits for no disk then; a CRUD Service does as with every write.
const FLEETING = { 'x-durability': 'process' }

// The others need a look of their own and a write to give way.
const LOOKS = 4

// One, but for what was left behind where no index keeps the key unique.
const SAME_KEY = 20

// The record as text: a deletion, a pending operation, or garbage that is not empty.
const OFFICIAL_UNSETTLED = '^DELETING|"operation":\\{|"garbage":\\[\\{'

// A filter compares a field with a value, never two fields: so every size is named with the numbers that exceed it by two.
const LARGEST = 25
const STAYS_INCOMPLETE = Array.from({ length: LARGEST - 1 }, (_, size) => ({ participants: { $size: size }, participantsNumber: { $gt: size + 1 } }))

const nextRevision = (version: Version, layout: Layout) => layout === 'declared' ? { revision: 'revision' in version ? version.revision + 1 : 1 } : {}

function unchanged (version: Version, layout: Layout): CrudFilter {
  if ('revision' in version) return { revision: version.revision }
  return {
    // Two writes in one millisecond leave updatedAt equal: the room and the record tell them apart.
    ...(version.updatedAt === undefined ? {} : { updatedAt: version.updatedAt }),
    bandyerRoomId: version.bandyerRoomId,
    teleconsultationState: version.teleconsultationState ?? { $exists: false },
    ...(layout === 'declared' ? { revision: { $exists: false } } : {})
  }
}
