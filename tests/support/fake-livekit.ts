import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Refusal, roomService } from './fake-livekit-room-service.ts'
import type { Teardown } from './service.ts'

export const LIVEKIT_KEY = 'APItests0001'
export const LIVEKIT_SECRET = 'only-for-tests-and-longer-than-32-characters'

export interface Grants { roomJoin?: boolean, room?: string, roomCreate?: boolean, roomList?: boolean, roomAdmin?: boolean, [name: string]: unknown }
export interface Claims { iss?: string, sub?: string, name?: string, nbf?: number, exp?: number, attributes?: Record<string, string>, video?: Grants }

export interface FakeParticipant {
  sid: string
  identity: string
  name: string
  kind: string
  state: string
  joinedAt: Date
  grants: Grants
  attributes: Record<string, string>
  tokenExpiresAt: Date
  /** The tokens that the server has sent him: one when he came in, and one after each change. */
  renewed: string[]
}
export interface FakeRoom {
  sid: string
  name: string
  metadata: string
  emptyTimeout: number
  departureTimeout: number
  createdAt: Date
  lastLeftAt: Date | undefined
  inside: Map<string, FakeParticipant>
}

export type LivekitFault = 'wrong key' | 'forbidden' | 'busy' | 'failing' | 'malformed' | 'no object' | 'wrong address' | 'dropped' | 'silent'

export interface FakeLivekit {
  origin: string
  /** For whoever wants to serve sockets on it. */
  server: Server
  rooms: Map<string, FakeRoom>
  requests: Array<{ method: string, path: string, headers: IncomingMessage['headers'], body: string, claims: Claims | undefined }>
  time: { now: Date }
  switches: {
    /** Whether `revoke_token_ts` is heeded, as the vendor's documents have it; a server of 1.13.5 overlooks it. */
    revokesTokens: boolean
    /** `room.auto_create`. */
    autoCreate: boolean
    /** Whether participants of a room that is not there are an empty list, or refused. */
    emptyListForMissing: boolean
    names: 'snake_case' | 'camelCase'
    tellsMilliseconds: boolean
  }
  /** From now on, or that many times, to requests to such a path. */
  fail (fault: LivekitFault, options?: { times?: number, on?: RegExp, retryAfter?: string }): void
  recover (): void
  /** Somebody comes in with a token: 200, or what he is refused with. */
  join (token: string, kind?: string): number
  /** Whether a token would be let in; makes nothing. */
  mayJoin (token: string): number
  leave (room: string, identity: string): void
  /** Told of whoever was changed or put out through the server's API. */
  onChange: Array<(room: string, participant: FakeParticipant, what: 'changed' | 'removed') => void>
  /** The token that the server itself sends to somebody who is inside, so that he can reconnect. */
  renewedToken (room: string, identity: string): string
  /** All that it was sent and that it keeps. */
  everything (): string
}

const LEEWAY_MS = 60_000
const RENEWED_FOR_MS = 10 * 60_000

/** LiveKit's server as far as an adapter can see it: room service, grants, time-outs, who comes in with which token. */
export async function startFakeLivekit (t: Teardown, startAt = new Date('2026-11-21T09:00:00.250Z')): Promise<FakeLivekit> {
  const faults: Array<{ fault: LivekitFault, left: number, on: RegExp, retryAfter: string | undefined }> = []
  const revoked = new Map<string, number>()
  let made = 0
  const fake: FakeLivekit = {
    origin: '',
    server: createServer((request, response) => { receive(request, response) }),
    rooms: new Map(),
    requests: [],
    time: { now: startAt },
    switches: { revokesTokens: false, autoCreate: true, emptyListForMissing: true, names: 'snake_case', tellsMilliseconds: true },
    fail (fault, { times = Infinity, on = /./, retryAfter } = {}) { faults.push({ fault, left: times, on, retryAfter }) },
    recover () { faults.length = 0 },
    mayJoin: (token) => statusOf(() => { admitted(token) }),
    join: (token, kind = 'STANDARD') => statusOf(() => {
      const { sub: identity = '', name = '', video = {}, exp = 0, attributes = {} } = admitted(token)
      const room = roomNamed(String(video.room)) ?? makeRoom({ name: String(video.room) })
      const participant = {
        sid: `PA_${++made}`, identity, name, kind, state: 'ACTIVE', joinedAt: fake.time.now, grants: video, attributes, tokenExpiresAt: new Date(exp * 1000), renewed: []
      }
      room.inside.set(identity, participant)
      renew(room.name, participant)
    }),
    leave (name, identity) {
      const room = fake.rooms.get(name)
      if (room?.inside.delete(identity) === true) room.lastLeftAt = fake.time.now
    },
    renewedToken (name, identity) {
      const participant = fake.rooms.get(name)?.inside.get(identity)
      if (participant === undefined) throw new Error('nobody of that name is inside')
      return renew(name, participant)
    },
    onChange: [],
    everything: () => JSON.stringify([fake.requests, [...fake.rooms.values()].map((room) => ({ ...room, inside: [...room.inside.keys()] }))])
  }

  function renew (room: string, participant: FakeParticipant): string {
    const { identity, name, attributes, grants, tokenExpiresAt } = participant
    const exp = Math.max(tokenExpiresAt.getTime(), fake.time.now.getTime() + RENEWED_FOR_MS) / 1000
    const token = signed({ iss: LIVEKIT_KEY, sub: identity, name, nbf: Math.floor(fake.time.now.getTime() / 1000), exp: Math.floor(exp), attributes, video: { ...grants, room } })
    participant.renewed.push(token)
    return token
  }

  /** A room that nobody has been in for as long as it waits is gone. */
  function roomNamed (name: string): FakeRoom | undefined {
    const room = fake.rooms.get(name)
    if (room === undefined || room.inside.size > 0) return room
    const { lastLeftAt, createdAt, departureTimeout, emptyTimeout } = room
    const diesAt = lastLeftAt === undefined ? createdAt.getTime() + emptyTimeout * 1000 : lastLeftAt.getTime() + departureTimeout * 1000
    if (fake.time.now.getTime() < diesAt) return room
    fake.rooms.delete(name)
    return undefined
  }

  function makeRoom ({ name, metadata = '', empty_timeout: emptyTimeout = 300, departure_timeout: departureTimeout = 20 }: Record<string, unknown>): FakeRoom {
    const room: FakeRoom = {
      sid: `RM_${++made}`,
      name: String(name),
      metadata: String(metadata),
      emptyTimeout: Number(emptyTimeout),
      departureTimeout: Number(departureTimeout),
      createdAt: fake.time.now,
      lastLeftAt: undefined,
      inside: new Map()
    }
    fake.rooms.set(room.name, room)
    return room
  }

  function claimsOf (token: string): Claims {
    const [head = '', body = '', signature = ''] = token.split('.')
    const expected = createHmac('sha256', LIVEKIT_SECRET).update(`${head}.${body}`).digest()
    const given = Buffer.from(signature, 'base64url')
    const invalid = (why: string) => new Refusal(401, undefined, `invalid authorization token: ${why}`)
    if ((JSON.parse(Buffer.from(head, 'base64url').toString() || '{}') as { alg?: string }).alg !== 'HS256') throw invalid('algorithm')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
    if (claims.iss !== LIVEKIT_KEY) throw new Refusal(401, undefined, 'invalid API key')
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw invalid('signature')
    const now = fake.time.now.getTime()
    if (claims.exp === undefined || now >= claims.exp * 1000 + LEEWAY_MS) throw invalid('expired')
    if ((claims.nbf ?? 0) * 1000 > now + LEEWAY_MS) throw invalid('not yet valid')
    return claims
  }

  function admitted (token: string): Claims {
    const claims = claimsOf(token)
    if (claims.video?.roomJoin !== true) throw new Refusal(401, undefined, 'permissions denied')
    if (claims.video.room === undefined || claims.video.room === '') throw new Refusal(400, undefined, 'no room name')
    if (claims.sub === undefined || claims.sub === '') throw new Refusal(400, undefined, 'identity cannot be empty')
    if ((claims.nbf ?? 0) < (revoked.get(`${claims.video.room} ${claims.sub}`) ?? 0)) throw new Refusal(401, undefined, 'token was revoked')
    if (!fake.switches.autoCreate && claims.video.roomCreate !== true && roomNamed(claims.video.room) === undefined) throw new Refusal(404, undefined, 'requested room does not exist')
    return claims
  }

  const answered = roomService({ fake, revoked, roomNamed, makeRoom, renew })

  function receive (request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    request.on('end', () => {
      const { pathname: path, searchParams } = new URL(request.url ?? '/', 'http://livekit')
      const body = Buffer.concat(chunks).toString()
      const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? searchParams.get('access_token') ?? ''
      const record = { method: request.method ?? '', path, headers: request.headers, body, claims: undefined as Claims | undefined }
      fake.requests.push(record)
      const fault = faults.find(({ left, on }) => left > 0 && on.test(path))
      if (fault !== undefined) {
        fault.left--
        misbehave(fault, response)
        return
      }
      const validates = /^\/rtc(\/v1)?\/validate$/.test(path)
      try {
        if (validates) admitted(token)
        else record.claims = claimsOf(token)
        const answer = validates ? 'success' : JSON.stringify(answered(request, path, body, record.claims?.video ?? {}))
        response.writeHead(200, validates ? { 'access-control-allow-origin': '*' } : { 'content-type': 'application/json' }).end(answer)
      } catch (error) {
        const { status, code, message } = error instanceof Refusal ? error : new Refusal(500, 'internal', String(error))
        const headers = { 'access-control-allow-origin': '*', 'content-type': code === undefined ? 'text/plain' : 'application/json' }
        response.writeHead(status, headers).end(code === undefined ? message : JSON.stringify({ code, msg: message }))
      }
    })
  }

  await new Promise<void>((resolve) => { fake.server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { fake.server.closeAllConnections(); fake.server.close() })
  fake.origin = `http://127.0.0.1:${(fake.server.address() as AddressInfo).port}`
  return fake
}

/** A token as anybody signs it who has the secret. */
export function signed (claims: Claims, secret = LIVEKIT_SECRET): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

/** What a token says, unproved. */
export const claimsIn = (token: string): Claims => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims

/** What a way in holds behind its hash. */
export function wayOf (url: string): { server: string, token: string, language: string | null } {
  const fragment = new URLSearchParams(new URL(url).hash.slice(1))
  return { server: fragment.get('server') ?? '', token: fragment.get('token') ?? '', language: fragment.get('language') }
}

function statusOf (work: () => void): number {
  try {
    work()
    return 200
  } catch (error) {
    if (error instanceof Refusal) return error.status
    throw error
  }
}

function misbehave ({ fault, retryAfter }: { fault: LivekitFault, retryAfter: string | undefined }, response: ServerResponse): void {
  const json = { 'content-type': 'application/json' }
  if (fault === 'dropped') response.socket?.destroy()
  else if (fault === 'malformed') response.writeHead(200, json).end('{"rooms":[{"name":"tc_')
  else if (fault === 'no object') response.writeHead(200, json).end('[]')
  else if (fault === 'wrong address') response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found')
  else if (fault === 'wrong key') response.writeHead(401, { 'content-type': 'text/plain' }).end('invalid API key')
  else if (fault === 'forbidden') response.writeHead(403, json).end('{"code":"permission_denied","msg":"no"}')
  else if (fault === 'failing') response.writeHead(500, json).end('{"code":"internal","msg":"room of usr_a failed"}')
  else if (fault === 'busy') response.writeHead(429, { ...json, ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }) }).end('{"code":"resource_exhausted","msg":"slow down"}')
}
