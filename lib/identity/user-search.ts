import { AuthServiceBadAnswer, AuthServiceRefused, AuthServiceTimeout, AuthServiceUnavailable } from '../errors.ts'
import { HttpFailure, type HttpAnswer, type HttpClient } from '../http/client.ts'

/** A user record as an upstream gives it. */
export type UserRecord = Readonly<Record<string, unknown>>

export interface UserSearchOptions {
  http: HttpClient
  /** Records an answer holds at the most; an answer that is full is followed by the next page. */
  pageSize: number
  /** Path and query of the page that begins after `skip` records; already encoded. */
  pathOf (ids: readonly string[], skip: number): string
  /** The id by which a record was searched. */
  idOf (record: UserRecord): string | undefined
}

export interface FoundUser { id: string, record: UserRecord }

// Node's servers, which the CRUD Service is one of, take 16 KiB of request line and headers; forwarded cookies need most of it.
const LONGEST_QUERY = 6000
const MOST_IDS = 50
const MOST_PAGES = 4

/**
 * Searches user records by id, many ids in one request. Only records that bear one of the ids come back, whatever the
 * upstream made of the query: an id with a wildcard or an operator of its query language in it finds nobody else.
 *
 * @throws AUTH_SERVICE_UNAVAILABLE, AUTH_SERVICE_TIMEOUT, AUTH_SERVICE_BAD_ANSWER, AUTH_SERVICE_REFUSED
 */
export function userSearch ({ http, pageSize, pathOf, idOf }: UserSearchOptions) {
  const searchTogether = async (ids: readonly string[], headers: Readonly<Record<string, string>>, endsAt: number | undefined): Promise<FoundUser[]> => {
    const missing = new Set(ids)
    const found: FoundUser[] = []
    for (let page = 0; page < MOST_PAGES && missing.size > 0; page++) {
      const records = recordsOf(await send(http, pathOf(ids, page * pageSize), headers, endsAt))
      if (records === 'refused') return await searchApart(ids, headers, endsAt)
      for (const record of records) {
        const id = idOf(record)
        if (id === undefined || !ids.includes(id)) continue
        missing.delete(id)
        found.push({ id, record })
      }
      if (records.length < pageSize) break
    }
    return found
  }

  // A CRUD Service refuses a whole query for one malformed id in it: the others still have to be told apart from that one.
  const searchApart = async (ids: readonly string[], headers: Readonly<Record<string, string>>, endsAt: number | undefined) =>
    ids.length === 1 ? [] : (await Promise.all(ids.map((id) => searchTogether([id], headers, endsAt)))).flat()

  return async (ids: Iterable<string>, headers: Readonly<Record<string, string>>, endsAt?: number): Promise<FoundUser[]> =>
    (await Promise.all(chunksOf(new Set(ids)).map((chunk) => searchTogether(chunk, headers, endsAt)))).flat()
}

function chunksOf (ids: ReadonlySet<string>): string[][] {
  const chunks: string[][] = []
  let left = 0
  for (const id of ids) {
    const length = new URLSearchParams({ id: JSON.stringify(id) }).toString().length
    let chunk = chunks.at(-1)
    if (chunk === undefined || chunk.length >= MOST_IDS || length > left) {
      chunk = []
      chunks.push(chunk)
      left = LONGEST_QUERY
    }
    chunk.push(id)
    left -= length
  }
  return chunks
}

async function send (http: HttpClient, path: string, headers: Readonly<Record<string, string>>, deadlineAt: number | undefined): Promise<HttpAnswer> {
  try {
    return await http.request({ method: 'GET', path, headers, deadlineAt })
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error
    const Failure = { timeout: AuthServiceTimeout, unreachable: AuthServiceUnavailable, cut: AuthServiceBadAnswer }[error.reason]
    throw Object.assign(new Failure(), { cause: error })
  }
}

/** 'refused': the upstream can do nothing with the ids of the query. */
function recordsOf ({ status, text }: HttpAnswer): readonly UserRecord[] | 'refused' {
  if (status === 429 || status >= 500) throw new AuthServiceUnavailable()
  if (status === 401 || status === 403) throw Object.assign(new AuthServiceRefused(), { statusCode: status })
  if (status === 400 || status === 422) return 'refused'
  if (status < 200 || status >= 300) throw new AuthServiceBadAnswer()
  const body = parsed(text)
  const records = isRecord(body) ? body['users'] : body
  // An empty list that a Go service never allocated is null on the wire.
  if (records === null) return []
  if (!Array.isArray(records) || !records.every(isRecord)) throw new AuthServiceBadAnswer()
  return records
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is UserRecord => typeof value === 'object' && value !== null && !Array.isArray(value)
