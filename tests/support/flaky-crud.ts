import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { NOON, type Teardown } from './service.ts'

/**
 * `pass`: a CRUD Service; `nonsense`: 200 with a broken list; `fail`: 500; `hang`: never answers; `conflict`: every
 * condition is missed; `refuse`: a 400 of its own; `unavailable`: 503; `drop`: the connection is cut.
 */
export type CrudMode = 'pass' | 'nonsense' | 'fail' | 'hang' | 'conflict' | 'refuse' | 'unavailable' | 'drop'

/** A CRUD Service on loopback that can misbehave, and that counts what reaches it. */
export async function flakyCrud (t: Teardown, collections = [TELECONSULTATIONS, USER_ID_MAPS]) {
  const crud = await startEmbeddedCrud({ file: ':memory:', collections, userIdHeaderKey: 'miauserid', clock: () => NOON })
  const { hostname, port, host } = new URL(crud.origin)
  const state: { mode: CrudMode } = { mode: 'pass' }
  const seen: Array<{ method: string, path: string, headers: Record<string, string | string[] | undefined> }> = []
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming
    seen.push({ method, path: url, headers })
    const json = (status: number, body: string) => { outgoing.writeHead(status, { 'content-type': 'application/json' }).end(body) }
    if (state.mode === 'hang') return
    if (state.mode === 'unavailable') { outgoing.writeHead(503).end(); return }
    if (state.mode === 'drop') { incoming.socket.destroy(); return }
    if (state.mode === 'fail') { json(500, '{"statusCode":500,"error":"Internal Server Error","message":"secret-of-the-database"}'); return }
    if (state.mode === 'nonsense') { json(200, '[\n{"_id":"1"'); return }
    if (state.mode === 'refuse') { json(400, '{"statusCode":400,"error":"Bad Request","message":"body must have required property \'x\'"}'); return }
    if (state.mode === 'conflict' && method === 'PATCH') { json(404, '{"error":"not found"}'); return }
    incoming.pipe(forward({ hostname, port, method, path: url, headers: { ...headers, host } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    }))
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(async () => {
    server.closeAllConnections()
    server.close()
    await crud.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    state,
    seen,
    url,
    /** The variables of a service that stores there. */
    variables: {
      STORAGE: 'crud-service',
      VIDEO_PROVIDER: 'embedded',
      AUTHORIZATION: 'local',
      CRUD_SERVICE_URL: url,
      TELECONSULTATIONS_CRUD_NAME: '/teleconsultations/',
      USER_ID_MAP_CRUD_NAME: 'userid-maps',
      STORAGE_TIMEOUT_MS: '300'
    }
  }
}
