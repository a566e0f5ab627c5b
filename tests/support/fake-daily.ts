import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jwtVerify, SignJWT } from 'jose'
import { dailyProvider, type DailyProviderOptions } from '../../lib/providers/daily/provider.ts'
import { callRoutes, refusesEntry } from './fake-daily-calls.ts'
import { DEFAULTS, fields, invalid, notFound, oneOf, Refusal, ROOM_PROPERTIES, TOKEN_PROPERTIES, type Check } from './fake-daily-shapes.ts'
import type { Teardown } from './service.ts'

export const DAILY_KEY = 'daily_fake_key_0001'
const DOMAIN_ID = '30f866c3-0000-4000-8000-000000000001'
const START = new Date('2026-11-21T09:00:00.000Z')
const SIGNING_KEY = new TextEncoder().encode(DAILY_KEY)

/** What is taken in so many milliseconds; the first that fits a request counts. */
const RATES = [
  { on: /^DELETE \/rooms\/|^GET \/recordings$/, limits: [{ most: 2, ms: 1000 }, { most: 50, ms: 30_000 }] },
  { on: /^POST .*\/recordings\/start$/, limits: [{ most: 1, ms: 1000 }, { most: 5, ms: 5000 }] },
  { on: /./, limits: [{ most: 20, ms: 1000 }, { most: 100, ms: 5000 }] }
]

export type DailyFault = 'wrong key' | 'bad header' | 'forbidden' | 'refused' | 'moved' | 'busy' | 'failing' | 'malformed' | 'empty' | 'dropped' | 'silent'

export interface FakeDailyRequest {
  method: string
  /** Below the API's base, without the query. */
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: Record<string, unknown>
}

export interface FakeDailyRoom {
  id: string
  name: string
  createdAt: Date
  privacy: string
  /** Properties that were given, Daily's defaults among them. */
  given: Record<string, unknown>
  deleted: boolean
  /** By session. */
  inside: Map<string, FakeDailySession>
  /** User ids. */
  bans: Set<string>
  /** The oldest first. */
  recordings: Array<'running' | 'ended'>
}

export interface FakeDailySession {
  userId: string
  joinedAt: Date
  owner: boolean
  /** As the token gave them, or as they were changed since. */
  permissions: unknown
  /** Whether his token lets him share his screen at all. */
  screen?: boolean | undefined
}

export type FakeDailyRoute = readonly [method: string, path: RegExp, handle: (request: FakeDailyRequest, ...parts: string[]) => object | Promise<object>]

export interface FakeDaily {
  baseUrl: string
  requests: FakeDailyRequest[]
  rooms: FakeDailyRoom[]
  /** By session id: the name of the room where it was. */
  meetings: Map<string, string>
  transcripts: Array<{ id: string, sessionId: string, status: string, text: string, vtt: boolean }>
  time: { now: Date }
  switches: {
    /** What a room that is over is to a read, and the status of its deletion. */
    expiredRead: 'shown' | 'missing'
    expiredDelete: 400 | 404
    /** Whether who is still inside a deleted room is told. */
    presenceAfterDeletion: boolean
    nameTaken: 400 | 409
    /** Presence still shows who was put out. */
    presenceLags: boolean
    /** Bans are taken where nobody is inside, and remembered when the last one has left. Daily promises neither. */
    bansOutliveCalls: boolean
    /** Who has just come is inside, and there is no call yet. */
    callLags: boolean
    /** How it is told that a recording runs already. */
    activeRecordingInfo: string
    /** Changes an answer to a room before it is sent. */
    distortRoom: (room: Record<string, unknown>) => Record<string, unknown>
    listOmitsCount: boolean
    listIgnoresCursor: boolean
    pointerKey: 'link' | 'download_link'
    /** Sent in place of a file's address, and of a token. */
    pointer: string | undefined
    token: unknown
    fileType: string
  }
  fail (fault: DailyFault, options?: { times?: number, on?: RegExp }): void
  recover (): void
  /** Runs once, before the next request that matches is answered. */
  before (on: RegExp, run: () => unknown): void
  /** Time goes on, and rooms that end put people out. */
  advance (ms: number): void
  plantRoom (room: Partial<FakeDailyRoom>): FakeDailyRoom
  /** Somebody opens a link; rejects where Daily would not let him in. */
  enter (link: string): Promise<string>
  claimsOf (link: string): Promise<Record<string, unknown>>
  everything (): string
}

/** Daily's REST API with its rules for names, times, seats and rates, and a clock that stands still until it is moved. */
export async function startFakeDaily (t: Teardown): Promise<FakeDaily> {
  const faults: Array<{ fault: DailyFault, left: number, on: RegExp }> = []
  const hooks: Array<{ on: RegExp, run: () => unknown }> = []
  const taken = new Map<object, number[]>()
  let made = 0
  let origin = ''
  const nowSeconds = () => daily.time.now.getTime() / 1000

  const daily: FakeDaily = {
    baseUrl: '',
    requests: [],
    rooms: [],
    meetings: new Map(),
    transcripts: [],
    time: { now: START },
    switches: {
      expiredRead: 'shown',
      expiredDelete: 404,
      presenceAfterDeletion: false,
      nameTaken: 400,
      presenceLags: false,
      bansOutliveCalls: false,
      callLags: false,
      activeRecordingInfo: 'the room has an active stream',
      distortRoom: (room) => room,
      listOmitsCount: false,
      listIgnoresCursor: false,
      pointerKey: 'download_link',
      pointer: undefined,
      token: undefined,
      fileType: 'text/vtt'
    },
    fail: (fault, { times = Infinity, on = /./ } = {}) => { faults.push({ fault, left: times, on }) },
    recover: () => { faults.length = 0 },
    before: (on, run) => { hooks.push({ on, run }) },
    advance (ms) {
      daily.time.now = new Date(daily.time.now.getTime() + ms)
      for (const { given, inside } of daily.rooms) {
        if (given['eject_at_room_exp'] === true && Number(given['exp']) <= nowSeconds()) inside.clear()
      }
    },
    plantRoom (room) {
      const id = `d61cd7b2-a273-42b4-89bd-${String(++made).padStart(12, '0')}`
      const planted = { id, name: `planted-${made}`, createdAt: daily.time.now, privacy: 'public', given: {}, deleted: false, inside: new Map(), bans: new Set<string>(), recordings: [], ...room }
      daily.rooms.push(planted)
      return planted
    },
    async claimsOf (link) {
      const token = new URL(link).searchParams.get('t') ?? ''
      const { payload } = await jwtVerify(token, SIGNING_KEY, { algorithms: ['HS256'], currentDate: daily.time.now })
      return payload
    },
    async enter (link) {
      const { origin: at, pathname, searchParams } = new URL(link)
      const room = daily.rooms.find(({ name, deleted }) => !deleted && pathname === `/${name}`)
      if (at !== origin || room === undefined) throw new Error('no such room')
      if (!searchParams.has('t') && room.privacy === 'private') throw new Error('a token is needed')
      const claims: Record<string, unknown> = searchParams.has('t') ? await daily.claimsOf(link) : { r: room.name, d: DOMAIN_ID, ud: 'guest' }
      if (claims['r'] !== room.name || claims['d'] !== DOMAIN_ID) throw new Error('of another room')
      const { nbf = 0, exp = Infinity, max_participants: most = 200, enforce_unique_user_ids: unique } = room.given
      if (Number(nbf) > nowSeconds() || Number(exp) <= nowSeconds()) throw new Error('not now')
      if (refusesEntry(daily, room, String(claims['ud']))) throw new Error('banned')
      if (unique === true) for (const [session, { userId }] of room.inside) if (userId === claims['ud']) room.inside.delete(session)
      if (room.inside.size >= Number(most)) throw new Error('full')
      const session = `session-${++made}`
      room.inside.set(session, { userId: String(claims['ud']), joinedAt: daily.time.now, owner: claims['o'] === true, permissions: claims['p'], screen: claims['ss'] !== false })
      return session
    },
    everything: () => JSON.stringify([daily.requests.map(({ query, ...request }) => ({ ...request, query: String(query) })), daily.rooms])
  }

  const roomBody = (room: FakeDailyRoom) => daily.switches.distortRoom({
    id: room.id,
    name: room.name,
    api_created: true,
    privacy: room.privacy,
    url: `${origin}/${room.name}`,
    created_at: room.createdAt.toISOString(),
    config: Object.fromEntries(Object.entries(room.given).filter(([name, value]) => DEFAULTS[name] !== value))
  })
  const isOver = ({ given }: FakeDailyRoom) => given['exp'] !== undefined && Number(given['exp']) <= nowSeconds()
  const roomNamed = (name: string | undefined) => daily.rooms.find((room) => room.name === name && !room.deleted)
  const roomToRead = (name: string | undefined) => {
    const room = roomNamed(name)
    if (room === undefined || (isOver(room) && daily.switches.expiredRead === 'missing')) throw notFound()
    return room
  }
  const withProperties = (body: Record<string, unknown>, checks: Record<string, Check>) => {
    if (!fields({ privacy: oneOf('public', 'private'), properties: ROOM_PROPERTIES, ...checks })(body)) throw invalid()
    return (body['properties'] ?? {}) as Record<string, unknown>
  }
  const page = (entries: ReadonlyArray<{ id: string }>, query: URLSearchParams) => {
    const limit = Number(query.get('limit') ?? 100)
    if (!Number.isInteger(limit) || limit < 1 || limit > 100) throw invalid()
    const after = daily.switches.listIgnoresCursor ? null : query.get('starting_after')
    const begin = after === null ? 0 : entries.findIndex(({ id }) => id === after) + 1
    if (after !== null && begin === 0) throw invalid()
    return entries.slice(begin, begin + limit)
  }
  const counted = (data: readonly unknown[], count: number) => ({ ...(daily.switches.listOmitsCount ? {} : { total_count: count }), data })

  const routes: readonly FakeDailyRoute[] = [
    ['GET', /^\/$/, () => ({ domain_name: 'acme', domain_id: DOMAIN_ID, config: {} })],
    ['GET', /^\/rooms$/, ({ query }) => {
      const there = daily.rooms.filter(({ deleted }) => !deleted).toReversed()
      return counted(page(there, query).map((room) => roomBody(room as FakeDailyRoom)), there.length)
    }],
    ['POST', /^\/rooms$/, ({ body }) => {
      const given = withProperties(body, { name: (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,128}$/.test(value) })
      if (roomNamed(String(body['name'])) !== undefined) throw new Refusal(daily.switches.nameTaken, 'invalid-request-error')
      return roomBody(daily.plantRoom({ ...(body['name'] === undefined ? {} : { name: String(body['name']) }), privacy: String(body['privacy'] ?? 'public'), given: { ...given } }))
    }],
    ['GET', /^\/rooms\/([\w-]+)$/, (_request, name) => roomBody(roomToRead(name))],
    ['POST', /^\/rooms\/([\w-]+)$/, ({ body }, name) => {
      const room = roomToRead(name)
      Object.assign(room.given, withProperties(body, {}))
      room.privacy = String(body['privacy'] ?? room.privacy)
      daily.advance(0)
      return roomBody(room)
    }],
    ['DELETE', /^\/rooms\/([\w-]+)$/, (_request, name) => {
      const room = roomNamed(name)
      if (room === undefined) throw notFound()
      room.deleted = true
      if (isOver(room)) throw new Refusal(daily.switches.expiredDelete, 'not-found', { deleted: true, name })
      return { deleted: true, name }
    }],
    ...callRoutes(daily),
    ['POST', /^\/meeting-tokens$/, async ({ body }) => {
      if (!fields({ properties: TOKEN_PROPERTIES })(body)) throw invalid()
      const given = body['properties'] as Record<string, unknown>
      const claims = {
        r: given['room_name'],
        d: DOMAIN_ID,
        nbf: given['nbf'],
        exp: given['exp'],
        ud: given['user_id'],
        u: given['user_name'],
        o: given['is_owner'],
        ss: given['enable_screenshare'],
        uil: given['lang'],
        er: given['enable_recording'],
        erui: given['enable_recording_ui'],
        sr: given['start_cloud_recording'],
        ast: given['auto_start_transcription'],
        ejt: given['eject_at_token_exp'],
        eje: given['eject_after_elapsed'],
        p: given['permissions']
      }
      const iat = Math.floor(nowSeconds())
      if (daily.switches.token !== undefined) return { token: daily.switches.token }
      return { token: await new SignJWT({ ...JSON.parse(JSON.stringify(claims)), iat }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(SIGNING_KEY) }
    }],
    ['GET', /^\/meetings\/([\w-]+)$/, (_request, id = '') => {
      const room = daily.meetings.get(id)
      if (room === undefined) throw notFound()
      return { id, room, start_time: 1714636500, duration: 60, ongoing: false, max_participants: 2, participants: [] }
    }],
    ['GET', /^\/transcript$/, ({ query }) => {
      if ([...query.keys()].some((key) => !['roomId', 'mtgSessionId', 'limit'].includes(key))) throw invalid()
      const of = daily.transcripts.filter(({ sessionId }) => query.get('mtgSessionId') === null || query.get('mtgSessionId') === sessionId)
      const bodies = of.map(({ id, sessionId, status, vtt }) => ({ transcriptId: id, domainId: DOMAIN_ID, roomId: 'r', mtgSessionId: sessionId, status, isVttAvailable: vtt, duration: 60, created_at: `2026-11-21T10:00:0${id.at(-1)}.000Z` }))
      return counted(bodies.toReversed(), bodies.length)
    }],
    ['GET', /^\/transcript\/([\w-]+)\/access-link$/, (_request, id) => {
      if (!daily.transcripts.some((one) => one.id === id)) throw notFound()
      return { transcriptId: id, [daily.switches.pointerKey]: daily.switches.pointer ?? `${origin}/files/${id}.vtt?Signature=s` }
    }]
  ]

  const checkRate = ({ method, path }: FakeDailyRequest) => {
    const nowMs = daily.time.now.getTime()
    const line = `${method} ${path}`
    const rate = RATES.find(({ on }) => on.test(line))
    if (rate === undefined) return
    const times = taken.get(rate) ?? []
    if (rate.limits.some(({ most, ms }) => times.filter((one) => one > nowMs - ms).length >= most)) throw new Refusal(429, 'rate-limit-error')
    taken.set(rate, [...times, nowMs])
  }

  const answerTo = async (request: FakeDailyRequest): Promise<{ status: number, body: object }> => {
    try {
      const [, key] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
      if (key === undefined) throw new Refusal(400, 'authorization-header-error')
      if (key !== DAILY_KEY) throw new Refusal(401, 'authentication-error')
      checkRate(request)
      for (const [method, path, handle] of routes) {
        const match = method === request.method ? path.exec(request.path) : null
        if (match !== null) return { status: 200, body: await handle(request, ...match.slice(1)) }
      }
      throw notFound()
    } catch (error) {
      return error instanceof Refusal ? error : { status: 500, body: { error: 'server-error', info: String(error) } }
    }
  }

  const sendFile = (path: string, headers: IncomingMessage['headers'], response: ServerResponse) => {
    const file = daily.transcripts.find(({ id }) => path === `/files/${id}.vtt`)
    if (path === '/refused' || headers.authorization !== undefined) response.writeHead(403).end()
    else if (file === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': daily.switches.fileType }).end(file.text)
  }

  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    incoming.on('end', async () => {
      const url = new URL(incoming.url ?? '/', 'http://daily')
      if (!url.pathname.startsWith('/v1/')) return sendFile(url.pathname, incoming.headers, response)
      const sent = Buffer.concat(chunks).toString('utf8')
      const request = { method: incoming.method ?? '', path: url.pathname.slice(3), query: url.searchParams, headers: incoming.headers, body: sent === '' ? {} : JSON.parse(sent) as Record<string, unknown> }
      daily.requests.push(request)
      const line = `${request.method} ${request.path}`
      const hook = hooks.findIndex(({ on }) => on.test(line))
      if (hook !== -1) await hooks.splice(hook, 1)[0]?.run()
      const fault = faults.find(({ left, on }) => left > 0 && on.test(line))
      if (fault !== undefined) {
        fault.left--
        misbehave(fault.fault, response)
      } else {
        const { status, body } = await answerTo(request)
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      }
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  daily.baseUrl = `${origin}/v1`
  return daily
}

/** The provider on a fresh stand-in. Pauses are waited for by the stand-in's clock alone, and remembered; nothing is due by itself. */
export async function dailySubject (t: Teardown, options: Partial<DailyProviderOptions> = {}) {
  const daily = await startFakeDaily(t)
  const pauses: number[] = []
  let due: (() => void) | undefined
  const provider = dailyProvider({
    baseUrl: daily.baseUrl,
    apiKey: DAILY_KEY,
    timeoutMs: 2000,
    nameSecret: 'only for tests of names',
    userIdSecret: 'only for tests',
    clock: () => daily.time.now,
    pause: async (ms) => {
      pauses.push(ms)
      daily.advance(ms)
    },
    schedule: (_delayMs, run) => {
      due = run
      return () => { due = undefined }
    },
    ...options
  })
  t.teardown(() => provider.close())
  /** Lets what is planned happen, and waits for it. */
  const look = async () => {
    const run = due
    due = undefined
    await run?.()
  }
  return { daily, provider, pauses, look, isWatching: () => due !== undefined }
}

function misbehave (fault: DailyFault, response: ServerResponse): void {
  const send = (status: number, body: string, headers = {}) => { response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body) }
  const error = (word: string) => JSON.stringify({ error: word, info: 'Zoë at https://acme.daily.co/secret-link' })
  if (fault === 'dropped') response.socket?.destroy()
  else if (fault === 'malformed') send(200, '{"name":"t')
  else if (fault === 'empty') send(200, '{}')
  else if (fault === 'wrong key') send(401, error('authentication-error'))
  else if (fault === 'bad header') send(400, error('authorization-header-error'))
  else if (fault === 'forbidden') send(403, error('forbidden-error'))
  else if (fault === 'refused') send(400, error('invalid-request-error'))
  else if (fault === 'moved') send(302, '', { location: 'http://127.0.0.1:9/' })
  else if (fault === 'failing') send(500, error('server-error'))
  else if (fault === 'busy') send(429, error('rate-limit-error'))
}
