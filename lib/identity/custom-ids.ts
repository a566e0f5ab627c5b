import { AuthServiceBadAnswer } from '../errors.ts'
import type { HttpClient } from '../http/client.ts'
import { userSearch, type UserRecord } from './user-search.ts'

/** Ids that the callers' system uses, where those are not the auth service's. */
export interface CustomIds {
  /**
   * @param headers what the user records' service is to see of the request that this serves
   * @returns the auth service's id by custom id; who has none is not in it
   * @throws AUTH_SERVICE_UNAVAILABLE, AUTH_SERVICE_TIMEOUT, AUTH_SERVICE_BAD_ANSWER, AUTH_SERVICE_REFUSED
   */
  toAuthIds (ids: readonly string[], headers: Readonly<Record<string, string>>, endsAt?: number): Promise<Map<string, string>>
}

export interface CustomIdsOptions {
  http: HttpClient
  /** Of the list of user records, below the client's base URL, e.g. `/users/`; already encoded. */
  path: string
  /** The record's field with the custom id; dots lead into objects. */
  source: string
  /** The record's field with the auth service's id; dots lead into objects. */
  target: string
}

// The most that a CRUD Service gives at once.
const PAGE_SIZE = 200

/**
 * Custom ids by the list of a CRUD Service, or of what speaks as one (User Manager).
 *
 * @throws TypeError at once, for a field name that is none
 */
export function customIds ({ http, path, source, target }: CustomIdsOptions): CustomIds {
  for (const field of [source, target]) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/.test(field)) throw new TypeError('customUserId names a field that cannot exist')
  }
  // A projection knows declared fields only, which the inside of an object need not be.
  const projection = [...new Set([source, target].map((field) => field.replace(/\..*/, '')))].join(',')
  const search = userSearch({
    http,
    pageSize: PAGE_SIZE,
    pathOf (ids, skip) {
      const parameters = new URLSearchParams({ _q: JSON.stringify({ [source]: { $in: ids } }), _p: projection, _l: String(PAGE_SIZE) })
      if (skip > 0) parameters.set('_sk', String(skip))
      return `${path}?${parameters}`
    },
    idOf: (record) => asId(valueAt(record, source))
  })

  return {
    async toAuthIds (ids, headers, endsAt) {
      const authIds = new Map<string, string>()
      for (const { id, record } of await search(ids, headers, endsAt)) {
        const authId = asId(valueAt(record, target))
        if (authId === undefined) continue
        // One custom id of two people: whichever were taken, it could be the wrong one.
        if ((authIds.get(id) ?? authId) !== authId) throw new AuthServiceBadAnswer()
        authIds.set(id, authId)
      }
      return authIds
    }
  }
}

function valueAt (record: UserRecord, field: string): unknown {
  let value: unknown = record
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as UserRecord)[name]
  }
  return value
}

function asId (value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value !== '' && value.length <= 256 ? value : undefined
}
