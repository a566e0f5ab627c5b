import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { derivedKey } from '../../lib/identity/link-secret.ts'
import { messageHeaders, recipientOf } from '../../lib/mail/headers.ts'
import { AGENDA_FEEDS, ERASURES, ORGANISATION_MEMBERS, OUTBOX, TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { OFFICIAL_TELECONSULTATIONS } from '../support/collections.ts'
import { DAILY_KEY, startFakeDaily, type FakeDaily } from '../support/fake-daily.ts'
import { flakyCrud, type CrudMode } from '../support/flaky-crud.ts'
import { LINK_SECRET } from '../support/providers-world.ts'
import { as, TOKENS } from '../support/session-callers.ts'
import { after, book, booking, NOON, open, PATIENT, startService, type Service } from '../support/service.ts'

/**
 * How a request to a route comes to have a status: `{id}` stands for a booked teleconsultation, `{token}` for its patient's, `{guest}` for a one-time link's, `{letter}` for the
 * Message-ID of an e-mail to him at `PATIENT_ADDRESS`, where LINK_SECRET is ours.
 */
export interface Scenario {
  request?: Partial<InjectOptions>
  crud?: CrudMode
  brokenClock?: boolean
  at?: Date
  deleted?: boolean
  variables?: Record<string, string>
  /** On a collection with the original's fields only. */
  official?: true
  /** The storage is the embedded one, which keeps e-mails too. */
  embedded?: true
  /** Rooms are at Daily, and somebody may be in the call. */
  daily?: 'nobody inside' | 'somebody inside'
  /** Other requests before it. */
  before?: InjectOptions | readonly InjectOptions[]
  /** The same request before it, of which this is told that differs. */
  earlier?: Partial<InjectOptions>
  code?: string
}

export const OUTSIDE = { remoteAddress: '203.0.113.7' }
export const TOO_LARGE = { payload: { filler: 'x'.repeat(70_000) } }
export const NOT_JSON = { payload: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
export const KEY = { 'idempotency-key': 'a-key' }
export const STALE: Scenario = { request: { headers: { 'if-match': '"of-another-day"' } }, code: 'PRECONDITION_FAILED' }
export const MALFORMED_HEADER: Scenario = { request: { headers: { 'if-match': 'x'.repeat(1001) } }, code: 'FST_ERR_VALIDATION' }
export const UPSTREAM: Record<number, Scenario> = { 500: { brokenClock: true }, 502: { crud: 'nonsense' }, 503: { crud: 'fail' }, 504: { crud: 'hang' } }
/** Where callers are known by tokens, nobody who has none. */
export const UNKNOWN: Scenario = { variables: TOKENS, request: OUTSIDE, code: 'AUTHENTICATION_REQUIRED' }

export type Routes = Record<string, { request: InjectOptions, statuses: Record<number, Scenario | Scenario[]> }>

/** Plays every scenario of every route, each route in a test of its own. */
export function answerAll (t: Pick<Test, 'test'>, routes: Routes): void {
  for (const [name, { request, statuses }] of Object.entries(routes)) {
    t.test(`${name} answers each of its statuses with a body of the documented shape`, async (t) => {
      const scenarios = each(statuses)
      const given = await surroundings(t, scenarios.map(({ scenario }) => scenario))
      for (const { status, scenario } of scenarios) {
        const { service, crud, daily } = await given(scenario)
        const fill = needsBooking(request, scenario) ? await placeholders(service, JSON.stringify([request, scenario]).includes('{guest}')) : await feedPlaceholder(service, request.url === '{feed}' && scenario.variables !== undefined)
        if (scenario.deleted === true) await service.inject({ method: 'DELETE', url: fill('/teleconsultation/{id}') })
        if (scenario.at !== undefined) service.setClock(scenario.at)
        if (scenario.daily === 'somebody inside' && daily !== undefined) await comeIn(service, daily, fill('{id}'))
        for (const one of [scenario.before ?? []].flat()) await service.inject({ ...one, url: fill(String(one.url)) })
        if (scenario.brokenClock === true) service.breakClock()
        crud.state.mode = scenario.crud ?? 'pass'
        const merged = { ...request, ...scenario.request }
        const headers = Object.fromEntries(Object.entries({ ...request.headers, ...scenario.request?.headers }).map(([key, value]) => [key, fill(String(value))]))
        const filled = { ...merged, url: fill(String(merged.url)), headers, ...typeof merged.payload === 'string' ? { payload: fill(merged.payload) } : {} }
        if (scenario.earlier !== undefined) await service.inject({ ...filled, ...scenario.earlier })
        const answer = await service.inject(filled)
        t.equal(answer.statusCode, status, `${status}: ${answer.body.slice(0, 120)}`)
        judge(t, answer, status, scenario.code)
      }
    })
  }
}

/** Services for the scenarios: one for all that need the same, as good as new for each. */
async function surroundings (t: Test, scenarios: readonly Scenario[]) {
  const others = [USER_ID_MAPS, ORGANISATION_MEMBERS, AGENDA_FEEDS, ERASURES]
  const declared = await flakyCrud(t, [TELECONSULTATIONS, ...others, OUTBOX])
  const official = scenarios.some(({ official }) => official) ? await flakyCrud(t, [OFFICIAL_TELECONSULTATIONS, ...others]) : undefined
  const daily = scenarios.some(({ daily }) => daily !== undefined) ? await startFakeDaily(t) : undefined
  const atDaily = { VIDEO_PROVIDER: 'daily', LINK_SECRET, DAILY_API_KEY: DAILY_KEY, DAILY_BASE_URL: daily?.baseUrl ?? '' }
  const started = new Map<string, Service>()
  return async (scenario: Scenario) => {
    const crud = (scenario.official === true ? official : undefined) ?? declared
    crud.state.mode = 'pass'
    // Nothing but what is to be late may be.
    const STORAGE_TIMEOUT_MS = scenario.crud === 'hang' ? '500' : '10000'
    const stored = scenario.embedded === true ? { AUTHORIZATION: 'local' } : { ...crud.variables, ...OWN_COLLECTIONS }
    const variables = { ...stored, STORAGE_TIMEOUT_MS, ...(scenario.daily === undefined ? {} : atDaily), ...scenario.variables }
    const service = started.get(JSON.stringify(variables)) ?? await startService(t, variables, scenario.embedded === true ? { storedAt: crud.url } : {})
    started.set(JSON.stringify(variables), service)
    service.setClock(NOON)
    return { service, crud, daily }
  }
}

const OWN_COLLECTIONS = { ORGANISATION_MEMBERS_CRUD_NAME: 'organisation-members', AGENDA_FEEDS_CRUD_NAME: 'agenda-feeds', ERASURES_CRUD_NAME: 'erasures' }

/** The doctor opens his link while it is given, and follows it. */
async function comeIn (service: Service, daily: FakeDaily, id: string): Promise<void> {
  const at = after(NOON, 11)
  daily.time.now = at
  service.setClock(at)
  await daily.enter((await open(service, id)).json<{ accessLinkURL: string }>().accessLinkURL)
}

const each = (statuses: Record<number, Scenario | Scenario[]>) =>
  Object.entries(statuses).flatMap(([status, scenarios]) => [scenarios].flat().map((scenario) => ({ status: Number(status), scenario })))

/** The body of an error has the documented shape, and no words of somebody else. */
export function judge (t: Test, answer: LightMyRequestResponse, status: number, code: string | undefined): void {
  if (status < 400) return
  const body = answer.json<Record<string, unknown>>()
  t.same(Object.keys(body), ['statusCode', 'error', 'message', 'code'])
  t.equal(body['statusCode'], answer.statusCode)
  t.match(body['code'], code ?? /^[A-Z][A-Z0-9_]+$/)
  t.notOk(answer.body.includes('secret-of-the-database'), 'no words of an upstream')
  t.notOk(answer.body.includes('broken clock'), 'no words of our own faults')
  if (status === 503 || code === 'REQUEST_RUNNING') t.match(answer.headers['retry-after'], /^\d+$/)
}

export const PATIENT_ADDRESS = 'patient@home.example'
const letterTo = (id: string) => messageHeaders(
  { document: id, recipient: recipientOf({ externalId: PATIENT.userExternalId, to: PATIENT_ADDRESS }), kind: 'invitation', sequence: 0, told: [] },
  { key: derivedKey(LINK_SECRET, 'message-id'), domain: 'clinic.example' }
).messageId

const needsBooking = (request: InjectOptions, scenario: Scenario) => /\{(id|incomplete|token|guest)\}/.test(JSON.stringify([request, scenario]))

async function feedPlaceholder (service: Service, hasAgenda: boolean): Promise<(text: string) => string> {
  if (!hasAgenda) return (text) => text
  const { url } = (await service.inject({ method: 'POST', url: '/agenda/feed', headers: await as('patient-1') })).json<{ url?: string }>()
  return (text) => text.replace('{feed}', new URL(url ?? 'http://localhost/none').pathname)
}

const tokenIn = (link: string) => link.split('#')[1] ?? ''

async function placeholders (service: Service, hasGuest: boolean): Promise<(text: string) => string> {
  const id = await book(service)
  const incomplete = await book(service, booking({ start_date: after(NOON, 5).toISOString(), participants: { number: 3, data: [PATIENT] } }))
  const { teleconsultations } = (await service.inject({ url: '/clinic/teleconsultations' })).json<{ teleconsultations: Array<{ roomId: string, participants: Array<{ personalLink: string }> }> }>()
  const link = teleconsultations.find(({ roomId }) => roomId === id)?.participants[1]?.personalLink ?? ''
  const guest = hasGuest ? (await service.inject({ method: 'POST', url: `/sessions/${id}/guest-links`, payload: { fullName: 'A Guest' } })).json<{ link: string }>().link : ''
  return (text) => text.replace('{id}', id).replace('{incomplete}', incomplete).replace('{token}', tokenIn(link)).replace('{guest}', tokenIn(guest)).replace('{letter}', letterTo(id))
}
