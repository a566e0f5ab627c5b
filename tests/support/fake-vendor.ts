import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Teardown } from './service.ts'

export interface VendorRequest {
  method: string
  /** Below the API's base, without the query. */
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: Buffer
  /** The body, where it is JSON. */
  json: Record<string, unknown>
}

export interface VendorAnswer {
  status: number
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  text?: string
  contentType?: string
  headers?: Record<string, string>
}

export type VendorFault = 'wrong key' | 'wrong key as 400' | 'forbidden' | 'refused' | 'nowhere' | 'moved' | 'busy' | 'failing' | 'malformed' | 'dropped' | 'silent'

export interface Route {
  method: string
  path: RegExp
  answer (request: VendorRequest, ...parts: string[]): VendorAnswer
}

/** What the vendor keeps; tests read it and plant into it. */
export interface VendorRoom {
  id: string
  createdAt: Date
  /** `revoked`: the link works no more, and still stands in the room. */
  seats: Array<{ userId: string, isAdmin: boolean, tools: Record<string, boolean>, token: string, revoked?: boolean }>
  recording: string
  recordings: Array<'running' | 'ended'>
  duration: number
  live: boolean
  directCall: boolean
  description: string | null
  deleted: boolean
  inside: Set<string>
  body: Record<string, unknown>
}
export interface VendorUpload { key: string, roomId: string | null, userId: string }

export interface FakeVendor {
  origin: string
  requests: VendorRequest[]
  users: Map<string, { id: string, role: string, active: boolean }>
  rooms: VendorRoom[]
  uploads: VendorUpload[]
  sessions: Map<string, { roomId: string, transcription: string }>
  backgrounds: Array<{ alias: string, createdAt: Date }>
  company: { background: string | null }
  time: { now: Date }
  switches: {
    /** What successes are answered with. */
    successStatus: number
    /** What a room that is gone gives: to a read and to another delete. `closed`: the read still shows it. */
    missing: 400 | 404 | 'closed'
    deletedAgain: 200 | 400 | 404
    /** Whether somebody may be taken out of a room that has two people left. */
    staysTwo: boolean
    /** Under which name a room tells its state; empty: not at all. */
    statusKey: string
    errorBody: 'nested' | 'flat' | 'text' | 'none'
    /** Under which name links come with a room; empty: not at all. */
    linkKey: string
    /** Whether the answer to a create holds the links. */
    linksWithCreate: boolean
    linkBase: string
    /** What lists leave out of their entries. */
    listed: { omit: string[], oldestFirst: boolean, envelope: boolean, ignoresFilter: boolean, ignoresOffset: boolean }
    /** The largest page that is given, whatever is asked for. */
    pageSize: number
  }
  /** From now on, or that many times, to requests whose method and path match. */
  fail (fault: VendorFault, options?: { times?: number, on?: RegExp, retryAfter?: string }): void
  recover (): void
  plantRoom (room: Partial<VendorRoom>): VendorRoom
  /** Somebody opens a link. False: it opens nothing. */
  enter (link: string): boolean
  /** All that it was sent and that it keeps. */
  everything (): string
}

export const VENDOR_KEY = 'ak_fake_0001'
const START = new Date('2026-11-21T09:00:00.000Z')

/** Sent where a handler refuses: status and code are the vendor's, the body's shape is a switch. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor (status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

/** The vendor's model and manners, which both generations of its API share; the routes are the generation's. */
export async function startFakeVendor (t: Teardown, base: string, routesOf: (vendor: FakeVendor) => readonly Route[]): Promise<FakeVendor> {
  const faults: Array<{ fault: VendorFault, left: number, on: RegExp, retryAfter: string | undefined }> = []
  let made = 0
  const vendor: FakeVendor = {
    origin: '',
    requests: [],
    users: new Map(),
    rooms: [],
    uploads: [],
    sessions: new Map(),
    backgrounds: [],
    company: { background: null },
    time: { now: START },
    switches: {
      successStatus: 200,
      missing: 404,
      deletedAgain: 404,
      staysTwo: false,
      statusKey: 'status',
      errorBody: 'nested',
      linkKey: 'url',
      linksWithCreate: true,
      linkBase: '',
      listed: { omit: [], oldestFirst: false, envelope: true, ignoresFilter: false, ignoresOffset: false },
      pageSize: 100
    },
    fail (fault, { times = Infinity, on = /./, retryAfter } = {}) {
      faults.push({ fault, left: times, on, retryAfter })
    },
    recover: () => { faults.length = 0 },
    plantRoom (room) {
      const planted = {
        id: `room_${++made}`,
        createdAt: vendor.time.now,
        seats: [],
        recording: 'none',
        recordings: [],
        duration: 0,
        live: false,
        directCall: false,
        description: null,
        deleted: false,
        inside: new Set<string>(),
        body: {},
        ...room
      }
      vendor.rooms.push(planted)
      return planted
    },
    enter (link) {
      const token = new URL(link).pathname.split('/').at(-1)
      for (const room of vendor.rooms) {
        const seat = room.seats.find((one) => one.token === token)
        if (seat === undefined || seat.revoked === true || room.deleted) continue
        room.inside.add(seat.userId)
        return true
      }
      return false
    },
    everything: () => JSON.stringify([
      vendor.requests.map(({ method, path, query, headers, body }) => [method, path, String(query), headers, body.toString('latin1')]),
      [...vendor.users], vendor.rooms, vendor.uploads
    ])
  }
  const routes = routesOf(vendor)

  const respond = (request: VendorRequest): VendorAnswer => {
    if (request.headers['apikey'] !== VENDOR_KEY) throw new Refusal(401, 'invalid_api_key')
    for (const { method, path, answer } of routes) {
      const match = method === request.method ? path.exec(request.path) : null
      if (match !== null) return answer(request, ...match.slice(1).map(decodeURIComponent))
    }
    throw new Refusal(404, 'route_not_found')
  }

  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    incoming.on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://vendor')
      const body = Buffer.concat(chunks)
      const request = { method: incoming.method ?? '', path: url.pathname.slice(base.length), query: url.searchParams, headers: incoming.headers, body, json: jsonOf(body) }
      vendor.requests.push(request)
      const fault = faults.find(({ left, on }) => left > 0 && on.test(`${request.method} ${request.path}`))
      if (fault !== undefined) {
        fault.left--
        misbehave(fault, response)
      } else send(response, answerTo(request))
    })
  })

  const answerTo = (request: VendorRequest): VendorAnswer => {
    try {
      return respond(request)
    } catch (error) {
      if (!(error instanceof Refusal)) return { status: 500, text: String(error) }
      const message = `${error.code} of somebody@clinic.example, see https://vendor.example/secret-link`
      const bodies = { nested: { error: { name: 'invalid_request_error', code: error.code, message } }, flat: { code: error.code, message }, text: { error: error.code }, none: {} }
      return { status: error.status, body: bodies[vendor.switches.errorBody] }
    }
  }

  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  vendor.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  vendor.switches.linkBase = `${vendor.origin}/connect`
  return vendor
}

function misbehave ({ fault, retryAfter }: { fault: VendorFault, retryAfter: string | undefined }, response: ServerResponse): void {
  if (fault === 'dropped') response.socket?.destroy()
  else if (fault === 'malformed') send(response, { status: 200, text: '{"room":{"room_id":"r' })
  else if (fault === 'wrong key') send(response, { status: 401, body: { error: { code: 'invalid_api_key' } } })
  else if (fault === 'wrong key as 400') send(response, { status: 400, body: { error: { name: 'invalid_request_error', message: 'Invalid Api Key' } } })
  else if (fault === 'forbidden') send(response, { status: 403 })
  else if (fault === 'refused') send(response, { status: 400, body: { error: { code: 'operation_failed' } } })
  else if (fault === 'nowhere') send(response, { status: 404 })
  else if (fault === 'moved') send(response, { status: 302, headers: { location: 'http://127.0.0.1:9/' } })
  else if (fault === 'failing') send(response, { status: 500, text: 'Internal error for usr_a' })
  else if (fault === 'busy') send(response, { status: 429, body: {}, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } })
}

function send (response: ServerResponse, { status, body, text, contentType = 'application/json', headers = {} }: VendorAnswer): void {
  const payload = text ?? (body === undefined ? '' : JSON.stringify(body))
  response.writeHead(status, { ...(payload === '' ? {} : { 'content-type': contentType }), ...headers }).end(payload)
}

function jsonOf (body: Buffer): Record<string, unknown> {
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** What the vendor makes of a new user; refuses an id that is taken, and a role that it does not know. */
export function makeUser (vendor: FakeVendor, { id, role }: Record<string, unknown>) {
  if (role !== 'basic' && role !== 'plus') throw new Refusal(422, 'role_validation_error')
  if (typeof id !== 'string' || !/^[a-zA-Z0-9._-]{1,128}$/.test(id)) throw new Refusal(422, 'validation_error')
  if (vendor.users.has(id)) throw new Refusal(400, 'user_id_already_exists')
  const user = { id, role, active: true }
  vendor.users.set(id, user)
  return user
}

/** His rooms stay as they are. What is answered for somebody who is not there is nowhere documented. */
export function removeUser (vendor: FakeVendor, id: string): void {
  const { missing } = vendor.switches
  if (!vendor.users.delete(id)) throw new Refusal(missing === 400 ? 400 : 404, missing === 400 ? 'invalid_user_id' : 'user_not_found')
}

const TOOLS = ['chat', 'screen_sharing', 'file_upload', 'whiteboard', 'snapshot', 'live_edit', 'live_pointer', 'present_to_everyone']

/** What the vendor makes of a new room, with its rules: known users, 2 to 25 of them, one of them plus, a minute at least. */
export function makeRoom (vendor: FakeVendor, body: Record<string, unknown>, recording: string): VendorRoom {
  const participants = Array.isArray(body['participants']) ? body['participants'] as Array<Record<string, unknown>> : []
  if (participants.length < 2 || participants.length > 25) throw new Refusal(422, 'validation_error')
  if (!['none', 'manual', 'automatic'].includes(recording)) throw new Refusal(422, 'validation_error')
  const duration = body['duration'] ?? 0
  if (typeof duration !== 'number' || (body['duration'] !== undefined && duration < 60)) throw new Refusal(422, 'validation_error')
  const users = participants.map(({ user_id: id }) => vendor.users.get(String(id)))
  if (users.includes(undefined)) throw new Refusal(400, 'invalid_user_id')
  if (!users.some((user) => user?.role === 'plus')) throw new Refusal(400, 'no_plus_user')
  const number = vendor.rooms.length + 1
  return vendor.plantRoom({
    recording,
    duration,
    live: body['live'] === true,
    directCall: body['directCall'] === true,
    description: typeof body['description'] === 'string' ? body['description'] : null,
    body,
    seats: participants.map(({ user_id: userId, is_admin: isAdmin, tools }, index) => ({
      userId: String(userId),
      isAdmin: isAdmin === true,
      // Left out, all are on; named, only those that are on.
      tools: Object.fromEntries(TOOLS.map((tool) => [tool, tools === undefined || (tools as Record<string, unknown>)[tool] === true])),
      token: `a1b2c3d4${number}${index}`
    }))
  })
}

/** A room that is there to be read: deleted ones are refused, or shown closed. */
export function roomToRead (vendor: FakeVendor, id: string): VendorRoom {
  const { missing } = vendor.switches
  const room = vendor.rooms.find((one) => one.id === id)
  if (room !== undefined && (!room.deleted || missing === 'closed')) return room
  throw new Refusal(missing === 400 ? 400 : 404, missing === 400 ? 'invalid_room_id' : 'room_not_found')
}

/** Who is inside stays inside: only the links die. */
export function removeRoom (vendor: FakeVendor, id: string): void {
  const room = vendor.rooms.find((one) => one.id === id)
  const { deletedAgain } = vendor.switches
  if (room !== undefined && !room.deleted) room.deleted = true
  else if (deletedAgain !== 200) throw new Refusal(deletedAgain, deletedAgain === 400 ? 'invalid_room_id' : 'room_not_found')
}

/** Who is inside stays inside: only his link dies. A link of a deleted room is none any more. */
export function revokeLink (vendor: FakeVendor, token: string): void {
  const seat = linkSeat(vendor, token)
  if (seat === undefined || seat.revoked === true) throw new Refusal(vendor.switches.missing === 400 ? 400 : 404, 'token_not_found')
  seat.revoked = true
}

/** Undefined: there never was such a link, or its room is gone. */
export const linkSeat = (vendor: FakeVendor, token: string) =>
  vendor.rooms.filter((room) => !room.deleted).flatMap(({ seats }) => seats).find((one) => one.token === token)

/** Who is inside stays inside: he is in the room’s list no more. */
export function removeSeat (vendor: FakeVendor, roomId: string, userId: string): void {
  const room = roomToRead(vendor, roomId)
  const index = room.seats.findIndex((one) => one.userId === userId)
  if (index === -1) throw new Refusal(vendor.switches.missing === 400 ? 400 : 404, 'participant_not_found')
  if (vendor.switches.staysTwo && room.seats.length <= 2) throw new Refusal(422, 'validation_error')
  room.seats.splice(index, 1)
}

/** A recording needs a call, and a room that was made for it. */
export function switchRecording (vendor: FakeVendor, roomId: string, on: boolean): VendorRoom {
  const room = roomToRead(vendor, roomId)
  const last = room.recordings.length - 1
  const runs = room.recordings[last] === 'running'
  if (room.inside.size === 0) throw new Refusal(400, 'room_not_running')
  if (room.recording === 'none') throw new Refusal(400, 'room_no_recordable')
  if (runs === on) throw new Refusal(400, on ? 'recording_already_started' : 'recording_not_started')
  if (on) room.recordings.push('running')
  else room.recordings[last] = 'ended'
  return room
}

export const roomStatus = (room: VendorRoom) => room.deleted ? 'CLOSED' : room.inside.size >= 2 ? 'RUNNING' : 'NOT_RUNNING'

export const listedRooms = (vendor: FakeVendor) => {
  const rooms = vendor.rooms.filter((room) => !room.deleted || vendor.switches.missing === 'closed')
  return vendor.switches.listed.oldestFirst ? rooms : rooms.toReversed()
}

export const linkOf = (vendor: FakeVendor, room: VendorRoom, token: string) =>
  `${vendor.switches.linkBase}/${room.directCall ? 'direct-rest-call-handler' : 'rest-call-handler'}/${token}`

/** One page of a list, in the vendor's envelope. */
export function pageOf (vendor: FakeVendor, name: string, offsetName: string, query: URLSearchParams, entries: readonly object[]): object {
  const { listed, pageSize } = vendor.switches
  const offset = listed.ignoresOffset ? 0 : Number(query.get(offsetName) ?? 0)
  const limit = Math.min(Number(query.get('limit') ?? 20), pageSize)
  const page = entries.slice(offset, offset + limit).map((entry) => without(entry, listed.omit))
  return listed.envelope
    ? { [offsetName]: offset, limit, has_more: offset + limit < entries.length, count: page.length, [name]: page }
    : { [name]: page }
}

const without = (entry: object, names: readonly string[]) => Object.fromEntries(Object.entries(entry).filter(([name]) => !names.includes(name)))

/** The vendor takes JPEGs alone, and ten at the most. */
export function makeBackground (vendor: FakeVendor, { headers, body }: VendorRequest) {
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1]
  const part = body.toString('latin1')
  if (boundary === undefined || !part.startsWith(`--${boundary}\r\n`) || !part.endsWith(`\r\n--${boundary}--\r\n`)) throw new Refusal(400, 'file_not_found')
  if (!part.includes('name="virtual_background"')) throw new Refusal(400, 'file_not_found')
  if (!/content-type: image\/jpe?g/i.test(part)) throw new Refusal(422, 'invalid_file')
  if (vendor.backgrounds.length >= 10) throw new Refusal(400, 'exceeded_background_limit')
  const background = { alias: `background_${vendor.backgrounds.length + 1}`, createdAt: vendor.time.now }
  vendor.backgrounds.push(background)
  return background
}

export function chooseBackground (vendor: FakeVendor, alias: unknown) {
  const background = vendor.backgrounds.find((one) => one.alias === alias)
  if (background === undefined) throw new Refusal(422, 'invalid_background_alias')
  vendor.company.background = background.alias
  return background
}

export function makeCredentials (vendor: FakeVendor, { user_id: id, expires_in: seconds = 3600 }: Record<string, unknown>) {
  if (!vendor.users.has(String(id))) throw new Refusal(400, 'invalid_user_id')
  if (typeof seconds !== 'number' || seconds < 360 || seconds > 86_400) throw new Refusal(422, 'validation_error')
  return { access_token: `token.of.${String(id)}`, expires_at: new Date(vendor.time.now.getTime() + seconds * 1000).toISOString(), user_id: id }
}

export function removeUpload (vendor: FakeVendor, key: string): VendorUpload {
  const index = vendor.uploads.findIndex((one) => one.key === key)
  const [upload] = index === -1 ? [] : vendor.uploads.splice(index, 1)
  if (upload === undefined) throw new Refusal(404, 'upload_not_found')
  return upload
}
