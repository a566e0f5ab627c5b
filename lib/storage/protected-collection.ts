import { PersonalDataKeyLost, StorageBadAnswer } from '../errors.ts'
import { boundedMap } from '../domain/bounded-map.ts'
import type { FieldCipher } from '../privacy/field-cipher.ts'
import { documentCipher, type DocumentCipher, type ProtectedFields } from '../privacy/protected-fields.ts'
import type { CrudCollection, CrudCommands, CrudDocument, CrudFilter, CrudHeaders, CrudState } from './crud-client.ts'

const PERSON = ['fullName', 'email'].map((name) => `participants[].${name}`)
const SESSION = ['title', 'description'].map((name) => `session.${name}`)
// To whom it was told, and the letters that failed are named by their addresses.
const MAIL = ['mail.told[].to', 'mail.told[].fullName', 'mail.failures[].of']
const below = (path: string, names: readonly string[]) => names.map((name) => `${path}.${name}`)
const CONTROL = [...SESSION, ...below('operation.content', PERSON), ...below('operation', SESSION)]

/** Names, addresses and descriptions, also while an operation is about to publish them. */
export const PERSONAL_IN_TELECONSULTATIONS: ProtectedFields = {
  collection: 'teleconsultations',
  paths: [...PERSON, ...below('service', [...CONTROL, ...MAIL])],
  records: { teleconsultationState: CONTROL }
}

export const PERSONAL_IN_MEMBERSHIPS: ProtectedFields = { collection: 'organisation_members', paths: ['fullName'] }

export const PERSONAL_IN_OUTBOX: ProtectedFields = { collection: 'outbox', paths: ['to', 'subject', 'text'] }

/**
 * A collection whose personal texts are sealed in the storage, and nowhere else. What is not sealed there is read as it is.
 *
 * Filters are compared by the storage with what is sealed: a condition on a protected path finds only what was stored in plain.
 * Presence can be asked for, and records can be compared as a whole.
 *
 * Throws PII_KEY_LOST beside what the collection throws, also for an answer to a write, which then was made.
 */
export function protectedCollection (collection: CrudCollection, cipher: FieldCipher, fields: ProtectedFields): CrudCollection {
  const documents = documentCipher(fields, cipher)
  const records = Object.keys(fields.records ?? {})

  // Which form a record was stored in, so that a filter need not name every one: it travels in an address, whose length is bounded.
  const forms = boundedMap<string>(MOST_FORMS)
  const remember = (stored: Readonly<Record<string, unknown>>, read: Readonly<Record<string, unknown>>) => {
    for (const field of records) {
      const form = stored[field]
      const text = read[field]
      if (typeof form === 'string' && typeof text === 'string' && form !== text) forms.set(text, form)
    }
  }
  const opened = (stored: CrudDocument): CrudDocument => {
    const read = documents.opened(stored)
    if (read !== stored) remember(stored, read)
    return read
  }
  const openedOrNone = (document: CrudDocument): CrudDocument[] => {
    try {
      return [opened(document)]
    } catch (error) {
      if (error instanceof PersonalDataKeyLost) return []
      throw error
    }
  }
  const formsOf = (field: string, text: string): string[] => {
    const form = records.includes(field) ? forms.get(text) : undefined
    return form === undefined ? documents.formsOf(field, text) : [form]
  }
  const sealedFilter = (filter: CrudFilter): CrudFilter =>
    Object.fromEntries(Object.entries(filter).map(([path, condition]): [string, CrudFilter[string]] => {
      if (isFilters(condition)) return [path, condition.map(sealedFilter)]
      if (typeof condition !== 'string') return [path, condition]
      const [first = condition, ...others] = formsOf(path, condition)
      return [path, others.length === 0 ? first : { $in: [first, ...others] }]
    }))

  // The client gives the same object as long as nothing has changed: so does this, and opens it once.
  const known = new WeakMap<CrudDocument, CrudDocument>()
  const openedOnce = (document: CrudDocument): CrudDocument => {
    let found = known.get(document)
    if (found === undefined) {
      found = frozen(opened(document))
      known.set(document, found)
    }
    return found
  }

  return {
    async get (id, headers, endsAt) {
      const document = await collection.get(id, headers, endsAt)
      return document === undefined ? undefined : openedOnce(document)
    },

    async list (query, headers, endsAt) {
      const { filter, readableOnly = false, limit } = query
      const stored = filter === undefined ? query : { ...query, filter: sealedFilter(filter) }
      if (!readableOnly) return (await collection.list(stored, headers, endsAt)).map(opened)
      const found: CrudDocument[] = []
      // What is lost stays where it is in the order, before what is not.
      for (let pages = 0, skip = query.skip ?? 0; pages < MOST_LOST_PAGES && found.length < limit; pages++, skip += limit) {
        const page = await collection.list({ ...stored, skip }, headers, endsAt)
        found.push(...page.flatMap((document) => openedOrNone(document)))
        if (page.length < limit) break
      }
      return found.slice(0, limit)
    },

    async insert (document, headers, endsAt) {
      const stored = documents.sealed(document)
      remember(stored, document)
      return await collection.insert(stored, headers, endsAt)
    },

    async patch (id, filter, commands, headers, endsAt, states) {
      const document = await collection.patch(id, sealedFilter(filter), sealedCommands(commands, documents), headers, endsAt, states)
      return document === undefined ? undefined : opened(document)
    },

    moveTo: collection.moveTo,
    remove: collection.remove,
    schema: collection.schema,
    count: async (filter, headers, endsAt) => await collection.count(sealedFilter(filter), headers, endsAt)
  }
}

function sealedCommands (commands: CrudCommands, documents: DocumentCipher): CrudCommands {
  const { $set, $push } = commands
  return {
    ...commands,
    ...($set === undefined ? {} : { $set: mapped($set, documents.sealedAt) }),
    ...($push === undefined ? {} : { $push: mapped($push, documents.sealedElement) })
  }
}

const mapped = (values: Readonly<Record<string, unknown>>, change: (path: string, value: unknown) => unknown) =>
  Object.fromEntries(Object.entries(values).map(([path, value]) => [path, change(path, value)]))

const MOST_FORMS = 300
/** So that thousands that are lost do not become thousands of requests each time. */
const MOST_LOST_PAGES = 20

const isFilters = (condition: CrudFilter[string]): condition is readonly CrudFilter[] => Array.isArray(condition)

/** What is frozen has nothing below it that is not. */
function frozen <Value> (value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) frozen(part)
    Object.freeze(value)
  }
  return value
}

export interface RotationCounts {
  seen: number
  rewritten: number
  /** Others wrote them every time that this tried: to be looked at again. */
  contended: number
  /** Their key is lost; nothing was changed. */
  lost: number
}

export interface RotationProgress extends RotationCounts {
  /** Everything up to this id has been looked at. */
  after: string
}

export interface RotationOptions {
  /** How many documents are read at once; at most 200. */
  batch?: number | undefined
  /** Whether what is readable is sealed as well. */
  plain?: boolean | undefined
  /** Goes on after this id, where an earlier rotation was told to have been. */
  after?: string | undefined
  headers?: CrudHeaders | undefined
  onProgress?: ((progress: RotationProgress) => void) | undefined
  onLost?: ((id: string) => void) | undefined
}

/**
 * Brings every document of a collection, whatever its state, under the key that seals now; where none does, what can be opened is stored
 * readable. Each is written only as it was read,
 * and keeps its revision: a write by somebody else at the same time is not lost, nor refused for it where there is a revision.
 * Repeating it is harmless.
 *
 * @param collection the one that is not protected
 * @throws STORAGE_*; what was done so far stays
 */
export async function rotate (collection: CrudCollection, cipher: FieldCipher, fields: ProtectedFields, options: RotationOptions = {}): Promise<RotationCounts> {
  const { batch = 100, plain = false, headers = {}, onProgress, onLost } = options
  if (cipher.keyIds.length === 0) throw new Error('There is no key to encrypt with')
  const documents = documentCipher(fields, cipher)
  const declared = Object.keys((await collection.schema(headers)).properties ?? {})
  const counts: RotationCounts = { seen: 0, rewritten: 0, contended: 0, lost: 0 }

  const rewrite = async (read: CrudDocument): Promise<'rewritten' | 'contended' | undefined> => {
    let document: CrudDocument | undefined = read
    for (let attempt = 0; attempt < ATTEMPTS && document !== undefined; attempt++) {
      const before: CrudDocument = document
      const changes = Object.entries(documents.rotated(before, { plain })).filter(([name, value]) => value !== before[name])
      if (changes.length === 0) return undefined
      if (await collection.patch(before._id, unchanged(before, declared), { $set: Object.fromEntries(changes) }, headers, undefined, EVERYWHERE) !== undefined) return 'rewritten'
      document = (await collection.list({ limit: 1, filter: { _id: before._id }, states: EVERYWHERE }, headers))[0]
    }
    return document === undefined ? undefined : 'contended'
  }

  for (let after = options.after; ;) {
    const page = await collection.list({ limit: batch, sort: '_id', states: EVERYWHERE, ...(after === undefined ? {} : { filter: { _id: { $gt: after } } }) }, headers)
    for (const document of page) {
      counts.seen++
      try {
        const outcome = await rewrite(document)
        if (outcome !== undefined) counts[outcome]++
      } catch (error) {
        if (!(error instanceof PersonalDataKeyLost)) throw error
        counts.lost++
        onLost?.(document._id)
      }
    }
    const last = page.at(-1)?._id
    if (last === undefined) return counts
    if (after !== undefined && last <= after) throw new StorageBadAnswer()
    after = last
    onProgress?.({ ...counts, after })
    if (page.length < batch) return counts
  }
}

const EVERYWHERE: readonly CrudState[] = ['PUBLIC', 'DRAFT', 'TRASH', 'DELETED']
const ATTEMPTS = 10

/** The revision; without one, whatever else a write of ours changes. */
function unchanged (document: CrudDocument, declared: readonly string[]): CrudFilter {
  const { revision, updatedAt } = document
  if (typeof revision === 'number') return { revision }
  const texts = ['bandyerRoomId', 'teleconsultationState'].filter((name) => declared.includes(name))
  return {
    updatedAt,
    ...Object.fromEntries(texts.map((name) => [name, typeof document[name] === 'string' ? document[name] : { $exists: false }])),
    ...(declared.includes('revision') ? { revision: { $exists: false } } : {})
  }
}
