import { StorageTimeout, StorageUnavailable } from '../errors.ts'
import type { CrudCollection } from './crud-client.ts'

/**
 * Reads that ask what became of a write whose answer got lost. In an outage each would be in vain, and double what the storage
 * is sent: so one goes first, the others wait for it, and when it fails no more are sent until something has worked.
 */
export function readsBack (given: CrudCollection) {
  let isFailing = false
  let hasFailed = false
  let first: Promise<void> | undefined

  const worked = <Answer> (answer: Answer): Answer => {
    isFailing = hasFailed = false
    return answer
  }
  const failed = (error: unknown): never => {
    hasFailed = isOutage(error)
    throw error
  }
  const heard = <Given extends unknown[], Answer> (call: (...given: Given) => Promise<Answer>) =>
    (...given: Given): Promise<Answer> => call(...given).then(worked<Answer>, failed)
  const collection: CrudCollection = {
    get: heard(given.get),
    list: heard(given.list),
    insert: heard(given.insert),
    patch: heard(given.patch),
    moveTo: heard(given.moveTo),
    remove: heard(given.remove),
    schema: given.schema,
    count: given.count
  }

  return {
    collection,
    /** Whether the last answer that came was none. */
    hasFailed: () => hasFailed,
    /** @throws STORAGE_UNAVAILABLE, without asking, while it would be in vain; and what the read throws */
    async ask<T> (read: () => Promise<T>): Promise<T> {
      // Nothing is awaited where nobody is waited for: who comes beside must find the first.
      if (first !== undefined) await first
      if (isFailing) throw Object.assign(new StorageUnavailable(), { unsent: true })
      const answer = read()
      first ??= answer.then(() => {}, (error: unknown) => {
        isFailing = isOutage(error)
      }).finally(() => { first = undefined })
      return await answer
    }
  }
}

const isOutage = (error: unknown) => error instanceof StorageUnavailable || error instanceof StorageTimeout
