import { request } from 'node:http'

export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface WireAnswer {
  readonly status: number
  readonly contentType: string | undefined
  readonly text: string
}

/** Sends these headers and no others but Host and Connection; undici would leave out a length that it finds needless. */
export function sendExactly (origin: string, { method, path, headers, body }: WireRequest): Promise<WireAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(origin + path, { method, headers, agent: false }, incoming => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (piece: string) => { text += piece }).on('error', reject)
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, contentType: incoming.headers['content-type'], text }))
    })
    outgoing.on('error', reject).end(body)
  })
}

type Parameters = Readonly<Record<string, string | number>>

/** RFC 3986 to the letter, as `qs` has it: commas, brackets and quotes are encoded, too. */
function percentEncoded (text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

function queryOf (parameters: Parameters): string {
  const pairs = Object.entries(parameters).map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(String(value))}`)
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

export interface JsClientFilter {
  readonly mongoQuery?: unknown
  readonly limit?: number
  readonly skip?: number
  readonly projection?: readonly string[]
  readonly rawProjection?: unknown
  readonly sort?: string
  /** Any other key becomes a parameter of the same name; the state is one of them. */
  readonly [key: string]: unknown
}

function parametersOf ({ mongoQuery, limit, skip, projection, rawProjection, sort, ...others }: JsClientFilter): Parameters {
  return {
    ...(mongoQuery === undefined ? {} : { _q: JSON.stringify(mongoQuery) }),
    ...(limit === undefined ? {} : { _l: limit }),
    ...(skip === undefined ? {} : { _sk: skip }),
    ...(projection === undefined ? {} : { _p: projection.join(',') }),
    ...(rawProjection === undefined ? {} : { _rawp: JSON.stringify(rawProjection) }),
    ...(sort === undefined ? {} : { _s: sort }),
    ...Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)])),
  }
}

const GOT = { 'user-agent': 'got (https://github.com/sindresorhus/got)', 'accept-encoding': 'gzip, deflate, br' }

/** The requests of js-crud-service-client 0.3.2, which stands on got 11. */
export function jsCrudClient (origin: string, resource: string) {
  const call = (method: string, path: string, headers: Record<string, string>, body?: unknown) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const described = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
    return sendExactly(origin, { method, path: resource + path, headers: { ...GOT, ...headers, ...described }, ...(text === undefined ? {} : { body: text }) })
  }
  const json = { accept: 'application/json' }
  const query = (filter: JsClientFilter = {}) => queryOf(parametersOf(filter))
  return {
    getList: (filter?: JsClientFilter) => call('GET', `/${query(filter)}`, { ...json, 'content-type': 'application/json' }),
    getExport: (filter?: JsClientFilter) => call('GET', `/export${query(filter)}`, { 'content-type': 'application/x-ndjson' }),
    count: (filter?: JsClientFilter) => call('GET', `/count${query(filter)}`, json),
    getById: (id: string, projection?: readonly string[]) => call('GET', `/${id}${query(projection === undefined ? {} : { projection })}`, json),
    create: (document: unknown) => call('POST', '/', json, document),
    bulkInsert: (documents: unknown) => call('POST', '/bulk', json, documents),
    upsertOne: (filter: JsClientFilter, change: unknown) => call('POST', `/upsert-one${query(filter)}`, json, change),
    updateById: (id: string, change: unknown, filter?: JsClientFilter) => call('PATCH', `/${id}${query(filter)}`, json, change),
    updateMany: (change: unknown, filter?: JsClientFilter) => call('PATCH', `/${query(filter)}`, json, change),
    updateBulk: (changes: unknown) => call('PATCH', '/bulk', json, changes),
    trash: (id: string) => call('POST', `/${id}/state`, json, { stateTo: 'TRASH' }),
    deleteOne: (id: string, filter?: JsClientFilter) => call('DELETE', `/${id}${query(filter)}`, json),
    delete: (mongoQuery: unknown) => call('DELETE', `/${query({ mongoQuery })}`, json),
  }
}

/** The requests of custom-plugin-lib's client (axios): a payload left out becomes an empty text of type HTML, whatever the method. */
export function pluginLibClient (origin: string) {
  const call = (method: string) => (path: string, payload?: object) => {
    const body = payload === undefined ? '' : JSON.stringify(payload)
    const type = payload === undefined ? 'text/html' : 'application/json'
    const headers = { accept: 'application/json, text/plain, */*', 'content-type': type, 'content-length': String(Buffer.byteLength(body)), 'user-agent': 'axios' }
    return sendExactly(origin, { method, path, headers, body })
  }
  return { get: call('GET'), post: call('POST'), patch: call('PATCH'), delete: call('DELETE') }
}

/** The requests of the Go client: parameters in the order of their names, with + for a space. */
export function goCrudClient (origin: string, resource: string) {
  return (method: string, path: string, { query = {}, body }: { query?: Parameters, body?: unknown } = {}) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const parameters = new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]))
    parameters.sort()
    const described = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
    return sendExactly(origin, {
      method,
      path: `${resource}${path}${parameters.size === 0 ? '' : `?${parameters.toString()}`}`,
      headers: { 'user-agent': 'Go-http-client/1.1', 'accept-encoding': 'gzip', ...described },
      ...(text === undefined ? {} : { body: text }),
    })
  }
}
