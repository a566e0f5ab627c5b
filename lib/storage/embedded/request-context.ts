import type { FastifyRequest } from 'fastify'
import type { Collection } from './collection-definition.ts'
import { badQuery, internal } from './errors.ts'
import type { Projection } from './projection.ts'
import { parseProjection } from './projection.ts'
import type { Filter } from './query-language.ts'
import { EVERYTHING, both, parseFilter } from './query-language.ts'
import type { SortKey } from './sqlite-store.ts'

/** A query string that has passed its schema: values are coerced, defaults are in. */
export type QueryParameters = Readonly<Record<string, unknown>>

const text = (value: unknown) => typeof value === 'string' ? value : undefined
const number = (value: unknown) => typeof value === 'number' ? value : undefined

function header (request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}

/** Decodes `_q` and `_rawp` of the query string in place where a header says that they are base64. */
export function decodeParameters (request: FastifyRequest): void {
  const encoding = header(request, 'json-query-params-encoding') ?? header(request, 'json_query_params_encoding')
  if (encoding !== 'base64') return
  const parameters = request.query as Record<string, unknown>
  for (const name of ['_q', '_rawp']) {
    const value = text(parameters[name])
    if (value !== undefined) parameters[name] = Buffer.from(value, 'base64').toString()
  }
}

function parseJson (json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw internal(error instanceof Error ? error.message : 'not JSON')
  }
}

/** Parameters that direct a request; every other one names a field and filters by equality. */
const DIRECTING = new Set(['_q', '_st', '_p', '_s', '_l', '_sk', '_exportOpts', '_useEstimate'])

/** The filters of the `acl_rows` header: rows outside them do not exist for the caller. Throws 500 when it is not JSON. */
function rowFilter (request: FastifyRequest, collection: Collection): Filter {
  const rows = header(request, 'acl_rows')
  if (!rows) return EVERYTHING
  const parsed = parseJson(rows)
  return both(...(Array.isArray(parsed) ? parsed : [parsed]).map(filter => parseFilter(filter, collection)))
}

/**
 * The filter of a request: `_q`, the fields named in the query, and `acl_rows`, all together. Throws 500 for text that is
 * not JSON and 400 for what the query language refuses.
 */
export function filterOf (request: FastifyRequest, parameters: QueryParameters, collection: Collection, takesRawProjection = false): Filter {
  const filters = [rowFilter(request, collection)]
  const json = text(parameters['_q'])
  if (json) filters.push(parseFilter(parseJson(json), collection))
  for (const [name, value] of Object.entries(parameters)) {
    if (DIRECTING.has(name) || value === undefined) continue
    if (name === '_rawp') {
      if (takesRawProjection) continue
      throw badQuery('Unknown field: _rawp')
    }
    filters.push(parseFilter({ [name]: value }, collection))
  }
  return both(...filters)
}

/** The states to look at; unknown ones in the list match nothing. */
export function statesOf (parameters: QueryParameters): string[] {
  return (text(parameters['_st']) ?? 'PUBLIC').split(',')
}

/** What the caller gets to see: `_p` or `_rawp` within `acl_read_columns`. */
export function projectionOf (request: FastifyRequest, parameters: QueryParameters, collection: Collection): Projection {
  return parseProjection({
    names: text(parameters['_p']),
    raw: text(parameters['_rawp']),
    readable: header(request, 'acl_read_columns'),
  }, collection)
}

/** The keys of `_s`, from one list or from repeated parameters. */
export function sortOf (parameters: QueryParameters): SortKey[] {
  const names = Array.isArray(parameters['_s']) ? parameters['_s'].join(',') : text(parameters['_s'])
  if (!names) return []
  return names.split(',').map(name => name.startsWith('-') ? { path: name.slice(1), direction: -1 } : { path: name, direction: 1 })
}

export function pageOf (parameters: QueryParameters): { skip: number | undefined, limit: number | undefined } {
  return { skip: number(parameters['_sk']), limit: number(parameters['_l']) }
}

/** Fields that a change may name, from `acl_write_columns`; undefined means all. */
export function writableOf (request: FastifyRequest): ReadonlySet<string> | undefined {
  const columns = header(request, 'acl_write_columns')
  return columns ? new Set(columns.split(',').map(name => name.trim())) : undefined
}

/** Who creates or changes, from the configured header; `public` when nobody is named. */
export function userOf (request: FastifyRequest, userIdHeaderKey: string): string {
  const user = header(request, userIdHeaderKey)
  return !user || user === 'null' || user === 'undefined' ? 'public' : user
}
