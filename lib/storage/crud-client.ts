import { StorageBadAnswer, StorageRefused, StorageTimeout, StorageUnavailable } from '../errors.ts'
import { boundedMap } from '../domain/bounded-map.ts'
import { HttpFailure, type HttpAnswer, type HttpClient, type HttpRequest } from '../http/client.ts'

/** A document as the CRUD Service gives it: the collection's fields and its own six. */
export type CrudDocument = Record<string, unknown> & { _id: string, updatedAt: string }

export type CrudState = 'PUBLIC' | 'DRAFT' | 'TRASH' | 'DELETED'

/** Request headers that the CRUD Service is to see: who acts, and what a gateway restricts him to (`acl_rows`). */
export type CrudHeaders = Readonly<Record<string, string>>

export interface CrudListQuery {
  filter?: CrudFilter | undefined
  /** Field names; a leading minus sorts downwards. */
  sort?: string | undefined
  /** At most 200. */
  limit: number
  skip?: number | undefined
  states?: readonly CrudState[] | undefined
  /** Of encrypted collections: what no key opens is left out, where otherwise the whole list is refused. */
  readableOnly?: boolean | undefined
}

type Scalar = string | number | boolean | null
type Condition = Scalar | { $exists: boolean } | { $in: readonly Scalar[] } | { $nin: readonly Scalar[] } | { $ne: Scalar } | { $lt: Scalar } | { $lte: Scalar } | { $gt: Scalar } | { $gte: Scalar } | { $size: number } | { $regex: string, $options?: string }
/** A filter whose values are literals or literals below an operator: nothing that a caller sends can become an operator. */
export interface CrudFilter { readonly [field: string]: Condition | readonly CrudFilter[] }

export interface CrudCommands {
  $set?: Readonly<Record<string, unknown>> | undefined
  $unset?: Readonly<Record<string, true>> | undefined
  $inc?: Readonly<Record<string, number>> | undefined
  $push?: Readonly<Record<string, unknown>> | undefined
}

export interface CrudSchema { properties?: Record<string, unknown> }

/**
 * One collection of a CRUD Service 6 or 7 (docs: mia-platform crud-service). Every method throws STORAGE_UNAVAILABLE,
 * STORAGE_TIMEOUT or STORAGE_BAD_ANSWER, and STORAGE_REFUSED with the CRUD Service's status and message for its 4xx.
 * After the first two a write may have been made, unless the error says `unsent`. `endsAt` is when the answer must be there at
 * the latest, in epoch milliseconds.
 */
export interface CrudCollection {
  /** Undefined: missing, or in another state. Frozen; the same object as long as it does not change. */
  get (id: string, headers: CrudHeaders, endsAt?: number): Promise<CrudDocument | undefined>
  list (query: CrudListQuery, headers: CrudHeaders, endsAt?: number): Promise<CrudDocument[]>
  /** @returns the new document's id; 'duplicate' when a unique index refuses it */
  insert (document: Readonly<Record<string, unknown>>, headers: CrudHeaders, endsAt?: number): Promise<string | 'duplicate'>
  /** Atomic: only while the filter matches. Undefined: no such document in these states (PUBLIC where none are given), or it does not match. */
  patch (id: string, filter: CrudFilter, commands: CrudCommands, headers: CrudHeaders, endsAt?: number, states?: readonly CrudState[]): Promise<CrudDocument | undefined>
  /** Repeating it is harmless. False: no such document. */
  moveTo (id: string, state: CrudState, headers: CrudHeaders, endsAt?: number): Promise<boolean>
  /** For good, whatever its state. Repeating it is harmless. */
  remove (id: string, headers: CrudHeaders, endsAt?: number): Promise<void>
  schema (headers: CrudHeaders): Promise<CrudSchema>
  /** How many match. */
  count (filter: CrudFilter, headers: CrudHeaders, endsAt?: number): Promise<number>
}

/**
 * @param path the collection's base path, with a leading slash and without a final one
 */
export function crudCollection (http: HttpClient, path: string): CrudCollection {
  const call = async (method: HttpRequest['method'], below: string, headers: CrudHeaders, deadlineAt: number | undefined, body?: unknown): Promise<HttpAnswer> => {
    let answer: HttpAnswer
    try {
      answer = await http.request({ method, path: path + below, headers, body, deadlineAt })
    } catch (error) {
      throw storageErrorOf(error)
    }
    if (answer.status >= 500 && !isDuplicate(answer)) throw new StorageUnavailable()
    return answer
  }

  // People ask for the same few documents again and again: what has not changed is not parsed again.
  const known = boundedMap<{ text: string, document: CrudDocument }>(MOST_KNOWN)
  const asRead = (id: string, answer: HttpAnswer): CrudDocument => {
    const before = known.get(id)
    if (before !== undefined && before.text === answer.text && answer.status === 200) return before.document
    const document = frozen(documentOf(answer))
    if (answer.text.length > LARGEST_KNOWN) return document
    known.set(id, { text: answer.text, document })
    return document
  }

  return {
    async get (id, headers, endsAt) {
      const answer = await call('GET', `/${encodeURIComponent(id)}`, headers, endsAt)
      return answer.status === 404 ? undefined : asRead(id, answer)
    },

    async list (query, headers, endsAt) {
      const parameters = new URLSearchParams({ _l: String(query.limit) })
      if (query.skip !== undefined && query.skip > 0) parameters.set('_sk', String(query.skip))
      if (query.sort !== undefined) parameters.set('_s', query.sort)
      if (query.filter !== undefined) parameters.set('_q', JSON.stringify(query.filter))
      if (query.states !== undefined) parameters.set('_st', query.states.join(','))
      const answer = await call('GET', `/?${parameters}`, headers, endsAt)
      const documents = success(answer)
      if (!Array.isArray(documents)) throw new StorageBadAnswer()
      return documents.map(asDocument)
    },

    async insert (document, headers, endsAt) {
      const answer = await call('POST', '/', headers, endsAt, document)
      if (isDuplicate(answer)) return 'duplicate'
      const created = success(answer)
      const id: unknown = isRecord(created) ? created['_id'] : undefined
      if (typeof id !== 'string') throw new StorageBadAnswer()
      return id
    },

    async patch (id, filter, commands, headers, endsAt, states) {
      const parameters = new URLSearchParams({ _q: JSON.stringify(filter) })
      if (states !== undefined) parameters.set('_st', states.join(','))
      const answer = await call('PATCH', `/${encodeURIComponent(id)}?${parameters}`, headers, endsAt, commands)
      return answer.status === 404 ? undefined : documentOf(answer)
    },

    async moveTo (id, state, headers, endsAt) {
      const answer = await call('POST', `/${encodeURIComponent(id)}/state`, headers, endsAt, { stateTo: state })
      if (answer.status === 404) return false
      if (answer.status !== 204 && answer.status !== 200) success(answer)
      return true
    },

    async remove (id, headers, endsAt) {
      const answer = await call('DELETE', `/${encodeURIComponent(id)}?_st=PUBLIC,DRAFT,TRASH,DELETED`, headers, endsAt)
      if (answer.status !== 204 && answer.status !== 404) success(answer)
    },

    async count (filter, headers, endsAt) {
      const number = success(await call('GET', `/count?${new URLSearchParams({ _q: JSON.stringify(filter) })}`, headers, endsAt))
      if (typeof number !== 'number') throw new StorageBadAnswer()
      return number
    },

    async schema (headers) {
      const schema = success(await call('GET', '/schema', headers, undefined))
      if (!isRecord(schema)) throw new StorageBadAnswer()
      return schema
    }
  }
}

const MOST_KNOWN = 300
const LARGEST_KNOWN = 16 * 1024

function frozen<T> (value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part)
    Object.freeze(value)
  }
  return value
}

function storageErrorOf (error: unknown): unknown {
  if (!(error instanceof HttpFailure)) return error
  const Failure = { timeout: StorageTimeout, unreachable: StorageUnavailable, cut: StorageBadAnswer }[error.reason]
  return Object.assign(new Failure(), { cause: error, unsent: !error.sent })
}

// 409 since version 7, 422 before it, 500 with this code where the driver's error came through.
const isDuplicate = (answer: HttpAnswer) =>
  answer.status === 409 || answer.status === 422 || (answer.status === 500 && /"code":"11000"|"message":"E11000/.test(answer.text))

// A list is streamed: a failure in its midst is a 200 that breaks off, so what does not parse is no answer.
function success (answer: HttpAnswer): unknown {
  const body = parsed(answer.text)
  if (answer.status >= 200 && answer.status < 300) {
    if (body === undefined) throw new StorageBadAnswer()
    return body
  }
  if (answer.status < 400) throw new StorageBadAnswer()
  const message: unknown = isRecord(body) ? body['message'] : undefined
  throw Object.assign(new StorageRefused(typeof message === 'string' ? message : 'The storage refused the request'), { statusCode: answer.status })
}

const documentOf = (answer: HttpAnswer) => asDocument(success(answer))

function asDocument (value: unknown): CrudDocument {
  if (!isRecord(value) || typeof value['_id'] !== 'string') throw new StorageBadAnswer()
  return value as CrudDocument
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
