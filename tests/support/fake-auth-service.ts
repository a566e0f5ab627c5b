import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { httpClient, type HttpClient } from '../../lib/http/client.ts'
import type { Teardown } from './service.ts'

export type UserList = ReadonlyArray<Readonly<Record<string, unknown>>>

export interface FakeUsers {
  http: HttpClient
  origin: string
  /** Every request, with its query decoded. */
  seen: Array<{ path: string, query: Record<string, string>, url: string, headers: IncomingHttpHeaders }>
  state: {
    /** `hang`: never answers; `cut`: breaks off midway; otherwise this status and text, whatever was asked. */
    instead?: 'hang' | 'cut' | { status: number, text: string } | undefined
    /** As `{"users": [...]}`. */
    wrapped?: boolean
    /** Gives everybody, page by page. */
    ignoresFilter?: boolean
    /** A query with one of these in it is a 400. */
    malformedIds?: readonly string[]
  }
}

/** The search of an auth0-client on loopback. */
export const fakeAuthService = async (t: Teardown, users: UserList) => await fakeUsers(t, '/users', users)

/** A CRUD-style list of user records on loopback. */
export const fakeUserRecords = async (t: Teardown, records: UserList) => await fakeUsers(t, '/users/', records)

/** A client of an address where nothing listens. */
export async function nobodyListens (t: Teardown): Promise<HttpClient> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  return client(t, port)
}

async function fakeUsers (t: Teardown, path: string, records: UserList): Promise<FakeUsers> {
  const seen: FakeUsers['seen'] = []
  const state: FakeUsers['state'] = {}
  const server = createServer(({ method, url = '/', headers }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    const query = Object.fromEntries(searchParams)
    seen.push({ path: pathname, query, url, headers })
    const json = (status: number, text: string) => { response.writeHead(status, { 'content-type': 'application/json' }).end(text) }
    const { instead } = state
    if (instead === 'hang') return
    if (instead === 'cut') {
      response.writeHead(200, { 'content-length': '1000' }).write('[{', () => { response.destroy() })
      return
    }
    if (instead !== undefined) { json(instead.status, instead.text); return }
    if (method !== 'GET' || pathname !== path) { json(404, '{"error":"no such route"}'); return }
    const [field = '', ids] = filterOf(query['_q'] ?? '')
    if (ids.some((id) => state.malformedIds?.includes(id))) { json(400, '{"statusCode":400,"message":"Invalid objectId"}'); return }
    const from = Number(query['_sk'] ?? 0)
    const page = records
      .filter((record) => state.ignoresFilter === true || ids.includes(String(valueAt(record, field))))
      .slice(from, from + Number(query['_l'] ?? 25))
    json(200, JSON.stringify(state.wrapped === true ? { users: page } : page))
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { http: client(t, port), origin: `http://127.0.0.1:${port}`, seen, state }
}

function client (t: Teardown, port: number): HttpClient {
  const http = httpClient({ baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 300 })
  t.teardown(() => http.close())
  return http
}

function filterOf (text: string): [field: string | undefined, ids: string[]] {
  const [entry] = Object.entries(JSON.parse(text) as Record<string, { $in: string[] }>)
  return [entry?.[0], entry?.[1].$in ?? []]
}

const valueAt = (record: Readonly<Record<string, unknown>>, field: string) =>
  field.split('.').reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], record)
