import type { Collection } from './collection-definition.ts'
import { DuplicateKey, badRequest, conflict, internal } from './errors.ts'
import { matchedPosition, matches } from './query-evaluation.ts'
import type { Filter } from './query-language.ts'
import type { Database } from './sqlite-database.ts'
import type { DocumentStore } from './sqlite-store.ts'
import type { State } from './state-machine.ts'
import { STATES, isState, mayMove, sourcesOf } from './state-machine.ts'
import { applyUpdate } from './update-application.ts'
import type { Change } from './update-operators.ts'
import { castDates } from './update-operators.ts'
import { upsertedDocument } from './upsert.ts'
import type { Document } from './values.ts'

/** Who writes, and when the request came in. */
export interface Author {
  readonly user: string
  readonly now: Date
}

export interface Target {
  readonly filter: Filter
  readonly states: readonly string[]
}

export interface ItemTarget extends Target {
  readonly id: string
}

export interface StateMove {
  readonly filter: Filter
  readonly to: State
}

/** Every write of one collection. Each is one transaction that selects, applies and writes. */
export interface Operations {
  /** Ids in the order of the bodies. Throws 409 at the first duplicate; the documents before it stay. */
  insert (bodies: readonly Document[], author: Author): Promise<string[]>
  /**
   * Lays each body over the document with its `_id`, or inserts it, and puts it into the state that it names or the default
   * one. Ids in the order of the bodies. Throws 409 at the first duplicate, and for a document outside `rows`; those before it stay.
   */
  merge (bodies: readonly Document[], rows: Filter, author: Author): Promise<string[]>
  /** The document after the change, undefined when none matches. Throws 500 with code `11000` for a duplicate. */
  /** @param options.isFleeting see `Database.write` */
  change (target: ItemTarget, changes: readonly Change[], author: Author, options?: { isFleeting?: boolean }): Promise<Document | undefined>
  /** How many documents were changed: all of them, or none when it throws. */
  changeMany (target: Target, changes: readonly Change[], author: Author): Promise<number>
  /** Each pair changes the first document that matches; a pair that fails does not hold back the others. */
  changeEach (pairs: ReadonlyArray<{ target: Target, changes: readonly Change[] }>, author: Author): Promise<number>
  upsert (target: Target, changes: readonly Change[], author: Author): Promise<Document>
  /** False when no document matches. Throws 400 for a forbidden move. */
  move (id: string, filter: Filter, to: State, author: Author): Promise<boolean>
  moveMany (moves: readonly StateMove[], author: Author): Promise<number>
  remove (target: ItemTarget): Promise<boolean>
  removeMany (target: Target): Promise<number>
}

// The CRUD Service answers 500 where the driver refuses a change; only inserts have a 409.
function asDriverError (error: unknown): unknown {
  return error instanceof DuplicateKey ? internal(error.message, '11000') : error
}

/** The write operations of a collection over its store. `newId` gives an id never given before. */
export function operationsOf (collection: Collection, store: DocumentStore, database: Database, newId: () => string): Operations {
  const { definition } = collection

  const newDocument = (body: Document, { user, now }: Author): Document => {
    const stamps = { creatorId: user, createdAt: now, updaterId: user, updatedAt: now }
    return castDates({ _id: newId(), ...stamps, __STATE__: definition.defaultState, ...body }, collection)
  }

  const select = ({ id, filter, states }: ItemTarget): Document | undefined => {
    const document = store.get(id)
    return document !== undefined && states.includes(String(document['__STATE__'])) && matches(filter, document) ? document : undefined
  }

  const rewrite = (document: Document, filter: Filter, changes: readonly Change[], { user, now }: Author): Document => {
    const changed = applyUpdate(document, changes, { now, isInsert: false, positionIn: array => matchedPosition(filter, document, array) })
    const result = { ...changed, updaterId: user, updatedAt: now }
    store.replace(result)
    return result
  }

  const write = async <Result>(work: () => Result, options?: { isFleeting?: boolean }): Promise<Result> => {
    try {
      return await database.write(work, options)
    } catch (error) {
      throw asDriverError(error)
    }
  }

  /** Writes one after the other up to the first duplicate, which becomes a 409; what was written before it stays. */
  const writeInOrder = async <Item>(items: readonly Item[], put: (item: Item) => void): Promise<void> => {
    const failure = await write(() => {
      for (const item of items) {
        try {
          put(item)
        } catch (error) {
          if (error instanceof DuplicateKey) return error
          throw error
        }
      }
      return undefined
    })
    if (failure !== undefined) throw conflict(failure.message)
  }

  const touch = (document: Document, state: State, { user, now }: Author) => {
    store.replace({ ...document, __STATE__: state, updaterId: user, updatedAt: now })
  }

  return {
    async insert (bodies, author) {
      const documents = bodies.map(body => newDocument(body, author))
      await writeInOrder(documents, document => { store.insert(document) })
      return documents.map(document => String(document['_id']))
    },

    async merge (bodies, rows, author) {
      const documents = bodies.map(body => newDocument(body, author))
      await writeInOrder(documents, document => {
        const id = String(document['_id'])
        const known = store.get(id)
        if (known === undefined) return store.insert(document)
        if (!matches(rows, known)) throw new DuplicateKey(definition.name, '_id_', [['_id', id]])
        const { creatorId, createdAt } = known
        store.replace({ ...known, ...document, ...(creatorId === undefined ? {} : { creatorId }), ...(createdAt === undefined ? {} : { createdAt }) })
      })
      return documents.map(document => String(document['_id']))
    },

    change: (target, changes, author, options) => write(() => {
      const document = select(target)
      return document === undefined ? undefined : rewrite(document, target.filter, changes, author)
    }, options),

    changeMany: (target, changes, author) => write(() => {
      const documents = store.find(target)
      for (const document of documents) rewrite(document, target.filter, changes, author)
      return documents.length
    }),

    async changeEach (pairs, author) {
      const outcomes = await Promise.allSettled(pairs.map(({ target, changes }) => write(() => {
        const [document] = store.find({ ...target, limit: 1 })
        if (document === undefined) return 0
        rewrite(document, target.filter, changes, author)
        return 1
      })))
      const failed = outcomes.find(outcome => outcome.status === 'rejected')
      if (failed !== undefined) throw failed.reason
      return outcomes.reduce((sum, outcome) => sum + (outcome.status === 'fulfilled' ? outcome.value : 0), 0)
    },

    upsert: (target, changes, author) => write(() => {
      const [document] = store.find({ ...target, limit: 1 })
      if (document !== undefined) return rewrite(document, target.filter, changes, author)
      const inserted = newDocument(upsertedDocument(target.filter, changes, collection, author.now), author)
      store.insert(inserted)
      return inserted
    }),

    move: (id, filter, to, author) => write(() => {
      const document = select({ id, filter, states: STATES })
      if (document === undefined) return false
      const from = document['__STATE__']
      if (isState(from) && !mayMove(from, to)) throw badRequest(`transition from ${from} to ${to} not allowed.`)
      touch(document, to, author)
      return true
    }),

    moveMany: (moves, author) => write(() => {
      let moved = 0
      for (const { filter, to } of moves) {
        const documents = store.find({ filter, states: sourcesOf(to) })
        for (const document of documents) touch(document, to, author)
        moved += documents.length
      }
      return moved
    }),

    remove: target => write(() => {
      const document = select(target)
      if (document !== undefined) store.remove(target.id)
      return document !== undefined
    }),

    removeMany: target => write(() => {
      const ids = store.find(target).map(document => String(document['_id']))
      for (const id of ids) store.remove(id)
      return ids.length
    }),
  }
}
