import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose'
import { checkLink, type OpenedLink } from './jitsi-links.ts'
import type { Teardown } from './service.ts'

export type JitsiFault = 'key refused' | 'token refused' | 'busy' | 'failing' | 'malformed' | 'dropped' | 'silent'

export interface FakeJitsiOptions {
  /** Tokens are checked with this secret (HS256), or with the public half of `JITSI_KEY` (RS256). */
  appSecret?: string | undefined
  appId: string
  /** The app id is JaaS's: the rules of JaaS count. */
  jaas?: boolean
  tenant?: string
  xmppDomain?: string
  /** Whom Prosody asks before it makes a room; of `http://user:secret@host/prefix` it makes a Basic header, escapes and all. */
  reservations?: { prefix: () => string, headers?: Record<string, string> }
}

export interface Occupant extends OpenedLink { claims: JWTPayload, role: 'moderator' | 'participant' }
export interface FakeRoom { occupants: Map<string, Occupant>, endsAt: Date | undefined, maxOccupants: number | undefined, lobby: boolean, reservation: string | undefined }

export interface FakeJitsi {
  origin: string
  time: { now: Date }
  /** By the address's first part: `room` or `[tenant]room`. */
  rooms: Map<string, FakeRoom>
  requests: Array<{ method: string, url: string, headers: IncomingMessage['headers'], body: string }>
  fail (fault: JitsiFault): void
  /** A browser opens a link. Rejects with EntryRefused. */
  enter (link: string): Promise<Occupant>
  leave (room: string, userId: string): Promise<void>
  /** What Prosody does once a minute: rooms whose reservation has run out are closed. */
  tick (): Promise<void>
  everything (): string
}

/** Why somebody does not get in: at logging in or joining, or because the reservation was refused. */
export class EntryRefused extends Error {
  readonly status: number

  constructor (status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The server's keys; tests give the private ones to the provider. */
const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048, publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
export const JITSI_KEY = pair()
export const SYSTEM_KEY = pair()
export const KEY_ID = 'consultations/1'
export const SYSTEM_KEY_ID = 'consultations/system'
export const APP_SECRET = 'a secret between Prosody and the service'
const START = new Date('2026-11-21T09:00:00.000Z')

/** Prosody with token authentication, its reservation client and mod_muc_end_meeting; or JaaS. The clock is virtual. */
export async function startFakeJitsi (t: Teardown, options: FakeJitsiOptions): Promise<FakeJitsi> {
  const { jaas = false, tenant, xmppDomain = '127.0.0.1' } = options
  let fault: JitsiFault | undefined
  const sessions = new Map<string, { rid: number, token: string, room: string }>()
  const nodeOf = (room: string) => tenant === undefined || jaas ? room : `[${tenant}]${room}`

  /** Prosody's rules for a token, in the order of token/util.lib.lua; those of JaaS where it is JaaS. */
  const verify = async (token: string, keys = { secret: options.appSecret, publicKey: JITSI_KEY.publicKey, kid: jaas ? `${options.appId}/key1` : KEY_ID }): Promise<JWTPayload> => {
    const { payload, protectedHeader } = await jwtVerify(token, keys.secret === undefined ? createPublicKey(keys.publicKey) : Buffer.from(keys.secret), {
      algorithms: [keys.secret === undefined ? 'RS256' : 'HS256'],
      issuer: jaas ? 'chat' : options.appId,
      audience: 'jitsi',
      typ: 'JWT',
      currentDate: jitsi.time.now,
      clockTolerance: 0,
      requiredClaims: ['exp', 'nbf', 'room', 'sub']
    }).catch((error: unknown) => { throw new EntryRefused(401, error instanceof Error ? error.message : 'token') })
    if (keys.secret === undefined && protectedHeader.kid !== keys.kid) throw new EntryRefused(401, 'kid')
    if (payload.sub !== (jaas ? options.appId : tenant ?? xmppDomain)) throw new EntryRefused(401, 'sub')
    return payload
  }

  const reserve = async (node: string, creator: string): Promise<FakeRoom> => {
    const room: FakeRoom = { occupants: new Map(), endsAt: undefined, maxOccupants: undefined, lobby: false, reservation: undefined }
    if (options.reservations === undefined) return room
    const answer = await ask('POST', '/conference', new URLSearchParams({ name: node, start_time: jitsi.time.now.toISOString(), mail_owner: `${creator}@${xmppDomain}` }))
    const data = await answer.json().catch(() => ({})) as Record<string, unknown>
    if (answer.status !== 200 && answer.status !== 201) throw new EntryRefused(answer.status, String(data['message'] ?? 'Rejected by reservation server'))
    const start = Date.parse(String(data['start_time']))
    const duration = Number(data['duration'])
    if (String(data['name']).toLowerCase() !== node || data['id'] === undefined || typeof data['mail_owner'] !== 'string' || Number.isNaN(start) || Number.isNaN(duration)) {
      throw new EntryRefused(500, 'Invalid response from reservation server')
    }
    return { ...room, endsAt: new Date(start + duration * 1000), maxOccupants: Number(data['max_occupants']), lobby: data['lobby'] === true, reservation: String(data['id']) }
  }

  const ask = async (method: string, path: string, form?: URLSearchParams): Promise<Response> => {
    const { prefix, headers = {} } = options.reservations ?? { prefix: () => '' }
    const url = new URL(prefix() + path)
    const { username, password } = url
    url.username = url.password = ''
    const basic = password === '' ? {} : { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
    return await fetch(url, { method, headers: { 'user-agent': 'Prosody (fake)', ...basic, ...headers }, ...form !== undefined && { body: form } })
  }

  const destroy = async (node: string): Promise<void> => {
    const reservation = jitsi.rooms.get(node)?.reservation
    jitsi.rooms.delete(node)
    if (reservation !== undefined) await ask('DELETE', `/conference/${reservation}`)
  }

  const bosh = async (url: URL, body: string): Promise<string> => {
    const attribute = (name: string) => new RegExp(`^<body [^>]*\\b${name}='([^']*)'`).exec(body)?.[1]
    const answer = (attributes: string, content = '') => `<body xmlns='http://jabber.org/protocol/httpbind' ${attributes}>${content}</body>`
    const rid = Number(attribute('rid'))
    if (attribute('xmlns') !== 'http://jabber.org/protocol/httpbind' || !(rid > 0)) return answer("type='terminate' condition='bad-request'")
    const session = sessions.get(attribute('sid') ?? '')
    if (session === undefined) {
      if (attribute('to') !== xmppDomain) return answer("type='terminate' condition='host-unknown'")
      const sid = `sid-${sessions.size + 1}`
      sessions.set(sid, { rid, token: url.searchParams.get('token') ?? '', room: url.searchParams.get('room') ?? '' })
      return answer(`wait='5' sid='${sid}' from='${xmppDomain}'`, "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>")
    }
    if (rid !== ++session.rid) return answer("type='terminate' condition='item-not-found'")
    if (attribute('type') === 'terminate') {
      sessions.delete(attribute('sid') ?? '')
      return answer("type='terminate'")
    }
    if (!body.includes("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>")) return answer('')
    const refused = fault === 'token refused' || await verify(session.token).then(() => false, () => true)
    return answer('', refused
      ? "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-allowed/><text>Zoë’s token</text></failure>"
      : "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
  }

  const endMeeting = async (url: URL, authorization: string | undefined): Promise<number> => {
    const jid = url.searchParams.get('conference')
    const token = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
    if (jid === null) return 400
    if (token === undefined) return 401
    const system = { secret: undefined, publicKey: SYSTEM_KEY.publicKey, kid: SYSTEM_KEY_ID }
    if (await verify(token, system).then(({ room }) => room !== '*', () => true)) return 401
    const [node = '', domain] = jid.split('@')
    if (domain !== `conference.${xmppDomain}` || !jitsi.rooms.has(node)) return 404
    await destroy(node)
    return 200
  }

  const jitsi: FakeJitsi = {
    origin: '',
    time: { now: START },
    rooms: new Map(),
    requests: [],
    fail: which => { fault = which },
    async enter (link) {
      const opened = checkLink(link, jitsi.origin, jaas ? options.appId : tenant)
      const claims = await verify(opened.token)
      if (claims['room'] !== opened.room && claims['room'] !== '*') throw new EntryRefused(401, 'room')
      const user = userOf(claims, jaas)
      const node = nodeOf(opened.room)
      const room = jitsi.rooms.get(node) ?? await reserve(node, user['id'] ?? '')
      if (room.endsAt !== undefined && room.endsAt <= jitsi.time.now) throw new EntryRefused(419, 'Reservation expired')
      if (room.maxOccupants !== undefined && room.occupants.size >= room.maxOccupants) throw new EntryRefused(503, 'full')
      jitsi.rooms.set(node, room)
      const occupant: Occupant = { ...opened, claims, role: user['moderator'] === 'true' || user['affiliation'] === 'owner' ? 'moderator' : 'participant' }
      room.occupants.set(`${user['id'] ?? ''} ${room.occupants.size}`, occupant)
      return occupant
    },
    async leave (name, userId) {
      const room = jitsi.rooms.get(nodeOf(name))
      for (const key of room?.occupants.keys() ?? []) if (key.startsWith(`${userId} `)) room?.occupants.delete(key)
      if (room?.occupants.size === 0) await destroy(nodeOf(name))
    },
    async tick () {
      for (const [node, { endsAt }] of [...jitsi.rooms]) if (endsAt !== undefined && endsAt < jitsi.time.now) await destroy(node)
    },
    everything: () => JSON.stringify([jitsi.requests, [...jitsi.rooms.keys()]])
  }

  const respond = async (request: IncomingMessage, body: string, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://jitsi')
    jitsi.requests.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body })
    const statuses: Partial<Record<JitsiFault, number>> = { 'key refused': 401, busy: 429, failing: 500 }
    const status = fault === undefined ? undefined : statuses[fault]
    if (fault === 'silent') return
    if (fault === 'dropped') response.destroy()
    else if (status !== undefined) response.writeHead(status).end('usr_a of Zoë')
    else if (fault === 'malformed') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')
    else if (request.method === 'POST' && url.pathname === '/http-bind' && !jaas) response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8' }).end(await bosh(url, body))
    else if (request.method === 'POST' && url.pathname === '/end-meeting' && !jaas) response.writeHead(await endMeeting(url, request.headers.authorization)).end()
    else if (request.method === 'GET' && jaas && url.pathname === `/${options.appId}/external_api.js`) response.writeHead(200, { 'content-type': 'application/javascript' }).end('JitsiMeetExternalAPI=function(){}')
    else response.writeHead(404).end()
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    request.on('end', () => { respond(request, Buffer.concat(chunks).toString(), response).catch(() => { response.destroy() }) })
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  jitsi.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return jitsi
}

/** The page breaks on anything but texts in here, and JaaS wants features. */
function userOf ({ context }: JWTPayload, jaas: boolean): Record<string, string> {
  const { user, features } = (context ?? {}) as { user?: Record<string, unknown>, features?: Record<string, unknown> }
  if (user === undefined || !Object.values(user).every(value => typeof value === 'string')) throw new EntryRefused(401, 'context.user')
  if (jaas && features === undefined) throw new EntryRefused(401, 'context.features')
  if (!Object.values(features ?? {}).every(value => value === 'true' || value === 'false')) throw new EntryRefused(401, 'context.features')
  return user as Record<string, string>
}

export const headerOf = (token: string) => decodeProtectedHeader(token)
