import Fastify, { LogController, type InjectOptions } from 'fastify'
import t from 'tap'
import type { AgendaSession } from '../../lib/calendar/agenda.ts'
import type { Actor } from '../../lib/domain/authorization.ts'
import { httpClient } from '../../lib/http/client.ts'
import { loggableError, redacted } from '../../lib/http/redact.ts'
import { derivedKey } from '../../lib/identity/link-secret.ts'
import type { Guards } from '../../lib/plugins/authorization.ts'
import errors from '../../lib/plugins/errors.ts'
import requestContext from '../../lib/plugins/request-context.ts'
import requestLog from '../../lib/plugins/request-log.ts'
import { agendaRoutes } from '../../lib/routes/agenda/index.ts'
import { AGENDA_FEEDS } from '../../lib/storage/collections.ts'
import { crudCollection } from '../../lib/storage/crud-client.ts'
import { feedStore } from '../../lib/storage/feed-store.ts'
import { AgendaFeed, NewAgendaFeed } from '../../schemas/agenda.ts'
import { ErrorBody } from '../../schemas/error.ts'
import { parsed } from '../calendar/parsed.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { after, NOON, type Teardown } from '../support/service.ts'

const DAY = 24 * 60
const PERSON = JSON.stringify({ kind: 'person', id: 'ada' })
const HEADERS = { userId: 'miauserid', groups: 'miausergroups', clientType: 'client-type', userProperties: 'miauserproperties', backOffice: 'isbackoffice', organisation: 'miaorganisation', roles: 'miaroles', additional: [] }

const sessionAt = (startAt: Date, id = '655f1e2a9c0b7d0012345678'): AgendaSession => ({
  id,
  content: { number: 1, participants: [{ userExternalId: 'ada', userBandyerId: 'usr_1', accessLinkURL: null, language: 'it' }], startAt, endAt: after(startAt, 30) },
  control: { phase: 'READY', sealed: false, epoch: 1, applied: ['op'], garbage: [], provider: 'embedded' },
  version: { revision: 1 },
  updatedAt: after(NOON, -60)
})

async function start (t: Teardown, sessions: AgendaSession[] = [sessionAt(after(NOON, 10))], timeoutMs = 10_000) {
  const crud = await flakyCrud(t, [AGENDA_FEEDS])
  const log: string[] = []
  const asked: Array<{ userId: string, from: Date, to: Date, limit: number, headers: object }> = []
  let now = NOON
  const clock = () => now
  const http = httpClient({ baseUrl: crud.url, timeoutMs, now: () => clock().getTime() })
  const app = Fastify({
    logger: { level: 'trace', serializers: { err: loggableError }, stream: { write: (line: string) => { log.push(line) } } },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: 64 * 1024,
    routerOptions: { maxParamLength: 512 }
  })
  t.teardown(async () => { await app.close(); await http.close() })
  await app.register(errors)
  await app.register(requestLog)
  await app.register(requestContext, { headers: HEADERS, timeoutMs: 20_000, clock })
  for (const schema of [ErrorBody, NewAgendaFeed, AgendaFeed]) app.addSchema(schema)
  app.decorateRequest('actor', undefined)
  // Who may call is proved with the matrix.
  const own: Guards['own'] = (scope) => { scope.addHook('onRequest', async (_request, reply) => { reply.header('cache-control', 'no-store') }) }
  app.decorate('guards', { own, dropIn: own })
  app.addHook('onRequest', async (request) => {
    const given = request.headers['x-actor']
    request.actor = typeof given === 'string' ? JSON.parse(given) as Actor : undefined
  })
  await app.register(agendaRoutes, {
    feeds: feedStore(crudCollection(http, '/agenda-feeds'), { key: derivedKey('a-secret-of-thirty-two-characters', 'agenda-feed'), clock }),
    sessionsOf: async (userId, range, { headers }) => {
      asked.push({ userId, ...range, headers })
      return sessions.filter(({ content: { startAt } }) => startAt >= range.from && startAt <= range.to).slice(0, range.limit)
    },
    linkFor: (documentId, userId) => `https://clinic.example/join#${documentId}.${userId}`,
    deployment: 'clinic',
    publicUrl: () => 'https://clinic.example/tele',
    clock
  })
  const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, headers: InjectOptions['headers'] = { 'x-actor': PERSON }, payload?: string) =>
    await app.inject({ method, url, headers, ...payload === undefined ? {} : { payload } })
  /** The path of a new address. */
  const subscribe = async () => {
    const { url } = (await call('POST', '/agenda/feed')).json<NewAgendaFeed>()
    return url.replace('https://clinic.example/tele', '')
  }
  return { call, subscribe, sessions, asked, log, crud, setClock: (at: Date) => { now = at } }
}

const ALONE = {}
const tokenIn = (path: string) => /^\/agenda\/([A-Za-z0-9_-]{43})\.ics$/.exec(path)?.[1] ?? ''

t.test('a person gets an address once, learns later that there is one, and takes it back', async (t) => {
  const { call } = await start(t)
  const none = { exists: false, createdAt: null }
  t.same((await call('GET', '/agenda/feed')).json(), none)
  const made = await call('POST', '/agenda/feed')
  t.equal(made.statusCode, 201)
  t.equal(made.headers['cache-control'], 'no-store')
  t.match(made.json(), { url: /^https:\/\/clinic\.example\/tele\/agenda\/[A-Za-z0-9_-]{43}\.ics$/, createdAt: NOON.toISOString() })
  const read = await call('GET', '/agenda/feed')
  t.equal(read.statusCode, 200)
  t.same(read.json(), { exists: true, createdAt: NOON.toISOString() })
  for (let time = 0; time < 2; time++) {
    const revoked = await call('DELETE', '/agenda/feed')
    t.equal(revoked.statusCode, 204)
    t.equal(revoked.body, '')
  }
  t.same((await call('GET', '/agenda/feed')).json(), none)
})

t.test('a request for an address has no body, or one that counts for nothing', async (t) => {
  const { call } = await start(t)
  for (const [type, payload, statusCode, code] of [
    ['application/json', '{"userId":"bo"}', 201, undefined],
    ['application/json', '', 400, 'FST_ERR_CTP_EMPTY_JSON_BODY'],
    ['application/json', `"${'x'.repeat(70_000)}"`, 413, 'FST_ERR_CTP_BODY_TOO_LARGE'],
    ['application/x-www-form-urlencoded', 'a=b', 415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE']
  ] as const) {
    const answer = await call('POST', '/agenda/feed', { 'x-actor': PERSON, 'content-type': type }, payload)
    t.equal(answer.statusCode, statusCode, type)
    t.equal(answer.json<{ code?: string }>().code, code)
  }
  t.match((await call('GET', '/agenda/feed', { 'x-actor': JSON.stringify({ kind: 'person', id: 'bo' }) })).json(), { exists: false })
})

t.test('whoever is behind a gateway is himself; nobody, the clinic and a link’s holder have no agenda', async (t) => {
  const { call, subscribe } = await start(t)
  await subscribe()
  t.match((await call('GET', '/agenda/feed', { 'x-actor': JSON.stringify({ kind: 'gateway', id: 'ada' }) })).json(), { exists: true })
  for (const [actor, statusCode, code] of [
    [undefined, 401, 'AUTHENTICATION_REQUIRED'],
    [{ kind: 'gateway' }, 401, 'AUTHENTICATION_REQUIRED'],
    [{ kind: 'clinic', organisation: 'o', id: 'ada' }, 403, 'NOT_PERMITTED'],
    [{ kind: 'link', room: '1', id: 'ada' }, 403, 'NOT_PERMITTED']
  ] as const) {
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      const answer = await call(method, '/agenda/feed', actor === undefined ? {} : { 'x-actor': JSON.stringify(actor) })
      t.match(answer.json(), { statusCode, code }, `${method} ${actor?.kind}`)
      t.equal(answer.statusCode, statusCode)
    }
  }
})

t.test('a calendar program reads the agenda by its address alone', async (t) => {
  const { call, subscribe, asked } = await start(t)
  const answer = await call('GET', await subscribe(), ALONE)
  t.equal(answer.statusCode, 200)
  t.match(answer.headers, { 'content-type': 'text/calendar; charset=utf-8', 'cache-control': 'private, max-age=300', etag: /^"[\w-]+"$/, 'content-disposition': 'inline; filename="agenda.ics"' })
  const { events, valueOf } = parsed(answer.body)
  t.equal(events.length, 1)
  t.same(['uid', 'sequence', 'dtstart', 'dtend', 'summary', 'url', 'status', 'last-modified'].map((name) => valueOf(name)), [
    '655f1e2a9c0b7d0012345678@clinic', '2', '2026-11-23T12:10:00Z', '2026-11-23T12:40:00Z', 'Appuntamento in video',
    'https://clinic.example/join#655f1e2a9c0b7d0012345678.ada', 'CONFIRMED', '2026-11-23T11:00:00Z'
  ])
  t.match(asked, [{ userId: 'ada', from: after(NOON, -30 * DAY), to: after(NOON, 400 * DAY), limit: 1000 }])
})

t.test('what a request says of its caller counts for nothing at an address', async (t) => {
  const { call, subscribe, asked } = await start(t)
  const path = await subscribe()
  const answer = await call('GET', path, { 'x-actor': JSON.stringify({ kind: 'person', id: 'bo' }), miauserid: 'bo', acl_rows: '[{"x":1}]', 'x-request-id': 'request-7' })
  t.equal(answer.statusCode, 200)
  t.match(asked, [{ userId: 'ada' }])
  t.same(asked[0]?.headers, { 'x-request-id': 'request-7' })
})

t.test('an agenda that a program has is answered 304 until something in it changes', async (t) => {
  const { call, subscribe, sessions, setClock } = await start(t)
  const path = await subscribe()
  const etag = String((await call('GET', path, ALONE)).headers.etag)
  setClock(after(NOON, 120))
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await call('GET', path, { 'if-none-match': known })
    t.equal(answer.statusCode, 304, known)
    t.equal(answer.body, '')
    t.match(answer.headers, { etag, 'cache-control': 'private, max-age=300' })
  }
  const [session] = sessions
  if (session !== undefined) sessions[0] = { ...session, version: { revision: 2 } }
  const changed = await call('GET', path, { 'if-none-match': etag })
  t.equal(changed.statusCode, 200)
  t.not(changed.headers.etag, etag)
})

t.test('an address that was replaced or taken back is like one that never was', async (t) => {
  const { call, subscribe, asked } = await start(t)
  const first = await subscribe()
  const second = await subscribe()
  t.equal((await call('GET', second, ALONE)).statusCode, 200)
  t.equal((await call('DELETE', '/agenda/feed')).statusCode, 204)
  for (const path of [first, second, `/agenda/${'x'.repeat(43)}.ics`, '/agenda/short.ics', '/agenda/%00.ics', '/agenda/feed.ics']) {
    const answer = await call('GET', path, ALONE)
    t.equal(answer.statusCode, 404, path)
    t.same(answer.json(), { statusCode: 404, error: 'Not Found', message: 'There is no agenda at this address, or no longer', code: 'AGENDA_NOT_FOUND' })
    t.equal(answer.headers['cache-control'], 'no-store')
  }
  t.equal(asked.length, 1, 'nobody’s sessions are looked for')
})

t.test('of more sessions than fit those that are over give way', async (t) => {
  const past = Array.from({ length: 700 }, (_, index) => sessionAt(after(NOON, -29 * DAY + index), `past-${index}`))
  const future = Array.from({ length: 1100 }, (_, index) => sessionAt(after(NOON, 60 * index), `future-${index}`))
  const { call, subscribe } = await start(t, [...past, ...future])
  const { events, valueOf } = parsed((await call('GET', await subscribe(), ALONE)).body)
  t.equal(events.length, 1000)
  t.equal(valueOf('uid'), 'future-0@clinic')
  t.equal(valueOf('uid', events.at(-1)), 'future-999@clinic')
})

t.test('the secret of an address is in no log line, whatever becomes of the request', async (t) => {
  const { call, subscribe, log, crud } = await start(t)
  const path = await subscribe()
  const token = tokenIn(path)
  t.equal(token.length, 43)
  const wrong = [`/agenda/${token}`, `/agenda/${token}.ics/`, `/agenda/x/${token}.ics`, `/agenda//${token}.ics`, `/agenda%2F${token}.ics`, `/AGENDA/${token}.ics`, `/agenda/%zz${token}.ics`, `/agenda/${token.slice(0, 40)}.ics`, `/agenda/feed${token}.ics`, `/agenda/feed/${token}`, `/%61genda/${token}.ics`]
  for (const url of [path, `${path}?x=1`, ...wrong]) await call('GET', url, ALONE)
  await call('DELETE', path)
  crud.state.mode = 'fail'
  t.equal((await call('GET', path, ALONE)).statusCode, 503)
  const text = log.join('')
  t.notOk(text.includes(token.slice(0, 30)))
  t.match(log.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ msg }) => msg === 'incoming request'), { url: { path: '/agenda/feed' } })
  t.ok(log.some((line) => line.includes('"path":"/agenda/:token.ics"')))
  const frame = 'at read (/app/lib/routes/agenda/calendar.ts:40:5)'
  t.equal(redacted(frame), frame, 'a stack still says where')
})

t.test('trouble of the storage is answered as everywhere', async (t) => {
  const { call, subscribe, crud } = await start(t, [], 1000)
  const path = await subscribe()
  for (const [mode, statusCode, code] of [['nonsense', 502, 'STORAGE_BAD_ANSWER'], ['fail', 503, 'STORAGE_UNAVAILABLE'], ['hang', 504, 'STORAGE_TIMEOUT']] as const) {
    crud.state.mode = mode
    const calls = [['GET', path], ['GET', '/agenda/feed'], ['POST', '/agenda/feed'], ['DELETE', '/agenda/feed']] as const
    for (const answer of await Promise.all(calls.map(([method, url]) => call(method, url)))) {
      t.match(answer.json(), { statusCode, code }, mode)
      t.equal(answer.statusCode, statusCode)
    }
  }
})
