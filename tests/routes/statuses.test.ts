import t from 'tap'
import { OWN_ROUTES } from './own-statuses.ts'
import { SESSION_ROUTES } from './session-statuses.ts'
import { answerAll, judge, KEY, MALFORMED_HEADER, NOT_JSON, OUTSIDE, STALE, TOO_LARGE, UNKNOWN, UPSTREAM, type Routes } from './status-scenarios.ts'
import { play, VENDOR_ROUTES } from './vendor-statuses.ts'
import { after, booking, NOON, PATIENT, startService } from '../support/service.ts'

const GUEST = { headers: { authorization: 'Bearer {guest}' } }

const ROUTES: Routes = {
  'POST /teleconsultation': {
    request: { method: 'POST', url: '/teleconsultation', payload: booking() },
    statuses: {
      201: {},
      400: [{ request: { payload: {} } }, { request: { headers: { 'idempotency-key': '' } }, code: 'FST_ERR_VALIDATION' }],
      401: UNKNOWN,
      403: { request: OUTSIDE },
      409: [
        { variables: { ROOM_CREATION: 'eager' }, crud: 'conflict', code: 'CONCURRENT_CHANGE' },
        { variables: { ROOM_CREATION: 'eager' }, crud: 'conflict', earlier: {}, request: { headers: KEY }, code: 'REQUEST_RUNNING' }
      ],
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: [
        { request: { payload: booking({ participants: { number: 7, data: [] } }) } },
        { earlier: { payload: booking({ duration_in_seconds: 600 }) }, request: { headers: KEY }, code: 'IDEMPOTENCY_KEY_REUSED' }
      ],
      ...UPSTREAM
    }
  },
  'PATCH /teleconsultation/{roomId}': {
    request: { method: 'PATCH', url: '/teleconsultation/{id}', payload: { duration_in_seconds: 600 } },
    statuses: {
      204: {},
      400: [{ request: { payload: {} } }, MALFORMED_HEADER],
      401: UNKNOWN,
      403: { request: OUTSIDE },
      404: { deleted: true },
      409: { at: after(NOON, 30) },
      412: STALE,
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: { request: { payload: { participants: { number: 7, data: [] } } } },
      ...UPSTREAM
    }
  },
  'POST /teleconsultation/{roomId}/participants/data': {
    request: { method: 'POST', url: '/teleconsultation/{incomplete}/participants/data', payload: { ...PATIENT, userExternalId: 'patient-3' } },
    statuses: {
      201: {},
      400: { request: { payload: {} } },
      401: UNKNOWN,
      403: { request: OUTSIDE },
      404: { request: { url: '/teleconsultation/nothing/participants/data' } },
      409: { crud: 'conflict' },
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: { earlier: { payload: { ...PATIENT, userExternalId: 'patient-4' } }, request: { headers: KEY }, code: 'IDEMPOTENCY_KEY_REUSED' },
      ...UPSTREAM,
      500: { brokenClock: true, crud: 'conflict' }
    }
  },
  'GET /teleconsultation/{roomId}': {
    request: { method: 'GET', url: '/teleconsultation/{id}', headers: { miauserid: 'doctor-1' } },
    statuses: {
      200: {},
      400: { request: { url: '/teleconsultation/{id}?useBackground=perhaps' } },
      401: { request: { headers: { miauserid: 'stranger' } } },
      403: { request: OUTSIDE },
      404: { deleted: true },
      ...UPSTREAM
    }
  },
  'DELETE /teleconsultation/{roomId}': {
    request: { method: 'DELETE', url: '/teleconsultation/{id}' },
    statuses: { 204: {}, 400: MALFORMED_HEADER, 401: UNKNOWN, 403: { request: OUTSIDE }, 404: { deleted: true }, 409: { crud: 'conflict' }, 412: STALE, ...UPSTREAM, 500: { brokenClock: true, crud: 'conflict' } }
  },
  'GET /personal-link': {
    request: { method: 'GET', url: '/personal-link', headers: { authorization: 'Bearer {token}' } },
    statuses: {
      200: {},
      400: { request: { headers: { authorization: `Bearer ${'x'.repeat(5000)}` } } },
      401: { request: { headers: { authorization: 'Bearer nothing' } } },
      404: { deleted: true },
      409: { request: GUEST, crud: 'conflict', code: 'CONCURRENT_CHANGE' },
      410: { request: GUEST, earlier: {}, code: 'GUEST_LINK_USED' },
      ...UPSTREAM
    }
  },
  'GET /clinic/overview': {
    request: { method: 'GET', url: '/clinic/overview' },
    statuses: { 200: {}, 403: { request: OUTSIDE } }
  },
  'GET /clinic/teleconsultations': {
    request: { method: 'GET', url: '/clinic/teleconsultations' },
    statuses: { 200: {}, 400: { request: { url: '/clinic/teleconsultations?skip=-1' } }, 403: { request: OUTSIDE }, ...UPSTREAM }
  }
}

t.test('every route documents the statuses that it can answer, and no others', async (t) => {
  const service = await startService(t)
  await service.app.ready()
  const { paths = {} } = service.app.swagger() as unknown as { paths?: Record<string, Record<string, { responses: object }>> }
  const documented = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, { responses }]) =>
    [`${method.toUpperCase()} ${path}`, Object.keys(responses).map(Number)] as const))
  t.same(Object.fromEntries(documented), Object.fromEntries(Object.entries({ ...ROUTES, ...VENDOR_ROUTES, ...SESSION_ROUTES, ...OWN_ROUTES }).map(([name, { statuses }]) => [name, Object.keys(statuses).map(Number)])))
})

answerAll(t, ROUTES)

for (const [name, { request, statuses }] of Object.entries(VENDOR_ROUTES)) {
  t.test(`${name} answers each of its statuses with a body of the documented shape`, async (t) => {
    for (const [status, scenario] of Object.entries(statuses)) {
      const { service, id } = await play(t, scenario)
      const merged = { ...request, ...scenario.request }
      const filled = { ...merged, url: String(merged.url).replace('{id}', id), headers: { ...request.headers, ...scenario.request?.headers } }
      const beside = scenario.twice === true ? service.inject(filled) : undefined
      const answer = await service.inject(filled)
      await beside
      t.equal(answer.statusCode, Number(status), `${status}: ${answer.body.slice(0, 120)}`)
      judge(t, answer, Number(status), scenario.code)
    }
  })
}
