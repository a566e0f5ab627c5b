import t from 'tap'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { flakyCrud, type CrudMode } from '../support/flaky-crud.ts'
import { play, VENDOR_ROUTES } from './vendor-statuses.ts'
import { after, book, booking, NOON, PATIENT, startService, type Service } from '../support/service.ts'

/** How a request to a route comes to have a status: `{id}` stands for a booked teleconsultation, `{token}` for its patient's. */
interface Scenario {
  request?: Partial<InjectOptions>
  crud?: CrudMode
  brokenClock?: boolean
  at?: Date
  deleted?: boolean
  variables?: Record<string, string>
  /** A request before it, of which this is told that differs. */
  earlier?: Partial<InjectOptions>
  code?: string
}

const OUTSIDE = { remoteAddress: '203.0.113.7' }
const TOO_LARGE = { payload: { filler: 'x'.repeat(70_000) } }
const NOT_JSON = { payload: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
const KEY = { 'idempotency-key': 'a-key' }
const STALE: Scenario = { request: { headers: { 'if-match': '"of-another-day"' } }, code: 'PRECONDITION_FAILED' }
const MALFORMED_HEADER: Scenario = { request: { headers: { 'if-match': 'x'.repeat(1001) } }, code: 'FST_ERR_VALIDATION' }
const UPSTREAM: Record<number, Scenario> = { 500: { brokenClock: true }, 502: { crud: 'nonsense' }, 503: { crud: 'fail' }, 504: { crud: 'hang' } }

const ROUTES: Record<string, { request: InjectOptions, statuses: Record<number, Scenario | Scenario[]> }> = {
  'POST /teleconsultation': {
    request: { method: 'POST', url: '/teleconsultation', payload: booking() },
    statuses: {
      201: {},
      400: [{ request: { payload: {} } }, { request: { headers: { 'idempotency-key': '' } }, code: 'FST_ERR_VALIDATION' }],
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
    statuses: { 204: {}, 400: MALFORMED_HEADER, 403: { request: OUTSIDE }, 404: { deleted: true }, 409: { crud: 'conflict' }, 412: STALE, ...UPSTREAM, 500: { brokenClock: true, crud: 'conflict' } }
  },
  'GET /personal-link': {
    request: { method: 'GET', url: '/personal-link', headers: { authorization: 'Bearer {token}' } },
    statuses: {
      200: {},
      400: { request: { headers: { authorization: `Bearer ${'x'.repeat(5000)}` } } },
      401: { request: { headers: { authorization: 'Bearer nothing' } } },
      404: { deleted: true },
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
  t.same(Object.fromEntries(documented), Object.fromEntries(Object.entries({ ...ROUTES, ...VENDOR_ROUTES }).map(([name, { statuses }]) => [name, Object.keys(statuses).map(Number)])))
})

for (const [name, { request, statuses }] of Object.entries(ROUTES)) {
  t.test(`${name} answers each of its statuses with a body of the documented shape`, async (t) => {
    const crud = await flakyCrud(t)
    for (const { status, scenario } of each(statuses)) {
      const service = await startService(t, { ...crud.variables, ...scenario.variables })
      crud.state.mode = 'pass'
      const fill = await placeholders(service)
      if (scenario.deleted === true) await service.inject({ method: 'DELETE', url: fill('/teleconsultation/{id}') })
      if (scenario.at !== undefined) service.setClock(scenario.at)
      if (scenario.brokenClock === true) service.breakClock()
      crud.state.mode = scenario.crud ?? 'pass'
      const merged = { ...request, ...scenario.request }
      const headers = Object.fromEntries(Object.entries({ ...request.headers, ...scenario.request?.headers }).map(([key, value]) => [key, fill(String(value))]))
      const filled = { ...merged, url: fill(String(merged.url)), headers }
      if (scenario.earlier !== undefined) await service.inject({ ...filled, ...scenario.earlier })
      const answer = await service.inject(filled)
      t.equal(answer.statusCode, status, `${status}: ${answer.body.slice(0, 120)}`)
      judge(t, answer, status, scenario.code)
    }
  })
}

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

const each = (statuses: Record<number, Scenario | Scenario[]>) =>
  Object.entries(statuses).flatMap(([status, scenarios]) => [scenarios].flat().map((scenario) => ({ status: Number(status), scenario })))

function judge (t: { same: (a: unknown, b: unknown) => unknown, equal: (a: unknown, b: unknown) => unknown, match: (a: unknown, b: unknown) => unknown, notOk: (a: unknown, about: string) => unknown }, answer: LightMyRequestResponse, status: number, code: string | undefined): void {
  if (status < 400) return
  const body = answer.json<Record<string, unknown>>()
  t.same(Object.keys(body), ['statusCode', 'error', 'message', 'code'])
  t.equal(body['statusCode'], answer.statusCode)
  t.match(body['code'], code ?? /^[A-Z][A-Z0-9_]+$/)
  t.notOk(answer.body.includes('secret-of-the-database'), 'no words of an upstream')
  t.notOk(answer.body.includes('broken clock'), 'no words of our own faults')
  if (status === 503 || code === 'REQUEST_RUNNING') t.match(answer.headers['retry-after'], /^\d+$/)
}

async function placeholders (service: Service): Promise<(text: string) => string> {
  const id = await book(service)
  const incomplete = await book(service, booking({ start_date: after(NOON, 5).toISOString(), participants: { number: 3, data: [PATIENT] } }))
  const { teleconsultations } = (await service.inject({ url: '/clinic/teleconsultations' })).json<{ teleconsultations: Array<{ roomId: string, participants: Array<{ personalLink: string }> }> }>()
  const link = teleconsultations.find(({ roomId }) => roomId === id)?.participants[1]?.personalLink ?? ''
  return (text) => text.replace('{id}', id).replace('{incomplete}', incomplete).replace('{token}', link.split('#')[1] ?? '')
}
