import type { HttpClient } from '../http/client.ts'
import { userSearch, type UserRecord } from './user-search.ts'

/** Somebody as the auth service knows him. */
export interface AuthUser {
  id: string
  /** All of them, those that no privilege lists included. */
  groups: string[]
  fullName?: string
  /** Language tag (BCP 47). */
  language?: string
}

export interface UserDirectory {
  /**
   * @param headers what the auth service is to see of the request that this serves
   * @param endsAt when the request must be over, in epoch milliseconds
   * @returns by id; who is not known is not in it
   * @throws AUTH_SERVICE_UNAVAILABLE, AUTH_SERVICE_TIMEOUT, AUTH_SERVICE_BAD_ANSWER, AUTH_SERVICE_REFUSED
   */
  find (ids: readonly string[], headers: Readonly<Record<string, string>>, endsAt?: number): Promise<Map<string, AuthUser>>
}

export interface AuthServiceOptions {
  /** Its base URL is the auth service's. */
  http: HttpClient
  /** Client type of requests that carry none. */
  defaultClientType: string | undefined
  /** Lower case. */
  clientTypeHeader: string
  /** How several users are asked for at once; see `usersById`. */
  searchPath?: ((ids: readonly string[], skip: number) => string) | undefined
}

// The most that Auth0 puts on a page, which auth0-client passes on; without it a page holds 25.
const PAGE_SIZE = 100

/**
 * The search of auth0-client, `GET /users`: `_l` and `_sk` page as with a CRUD Service, `$in` is understood since version
 * 3.2. That its filter is read from `_q` is an assumption: nothing public says so.
 */
export const usersById = (ids: readonly string[], skip: number): string => {
  const parameters = new URLSearchParams({ _q: JSON.stringify({ user_id: { $in: ids } }), _l: String(PAGE_SIZE) })
  if (skip > 0) parameters.set('_sk', String(skip))
  return `/users?${parameters}`
}

/** The users of an auth0-client, by their ids there: Auth0 user objects with their groups in `app_metadata.groups`. */
export function authServiceDirectory ({ http, defaultClientType, clientTypeHeader, searchPath }: AuthServiceOptions): UserDirectory {
  const search = userSearch({ http, pageSize: PAGE_SIZE, pathOf: searchPath ?? usersById, idOf })
  const defaults: Record<string, string> = defaultClientType === undefined ? {} : { [clientTypeHeader]: defaultClientType }
  return {
    async find (ids, headers, endsAt) {
      const users = new Map<string, AuthUser>()
      for (const { id, record } of await search(ids, { ...defaults, ...headers }, endsAt)) {
        if (!users.has(id)) users.set(id, asUser(id, record))
      }
      return users
    }
  }
}

// In this order: a record that a User Manager merged has its own `_id` besides.
const ID_FIELDS = ['user_id', 'userId', 'sub', '_id']

const idOf = (record: UserRecord): string | undefined =>
  ID_FIELDS.map((field) => record[field]).find((value) => typeof value === 'string')

// Groups are taken from app_metadata alone: users can write other parts of their record themselves.
function asUser (id: string, record: UserRecord): AuthUser {
  const groups = (record['app_metadata'] as { groups?: unknown } | null | undefined)?.groups
  const fullName = asName(record['name']) ?? asName(record['nickname'])
  const language = asLanguage(record['locale'])
  return {
    id,
    groups: Array.isArray(groups) ? [...new Set(groups.filter((group) => typeof group === 'string' && group !== ''))] : [],
    ...(fullName === undefined ? {} : { fullName }),
    ...(language === undefined ? {} : { language })
  }
}

const LONGEST_NAME = 256

// The same characters and length as in a request's body.
function asName (value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const name = [...value.replace(/[\p{Cc}\p{Cs}]+/gu, ' ').trim()].slice(0, LONGEST_NAME).join('').trim()
  return name === '' ? undefined : name
}

const asLanguage = (value: unknown): string | undefined =>
  typeof value === 'string' && value.length <= 35 && /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(value) ? value : undefined
