import { createHmac } from 'node:crypto'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { PERMISSION_NAMES, type PermissionName } from '../../schemas/permissions.ts'
import { after, NOON, type Service } from '../support/service.ts'
import type { Column } from './matrix.ts'

export const TOKEN_SECRET = 'only for tests, and long enough for it'
/** From where nobody is the clinic. */
export const ELSEWHERE = '203.0.113.7'

/** Services over one kind of rooms, and what they keep. */
export interface World {
  /** Tokens say who is calling, and requests of this machine without one are the clinic. */
  mixed: Service
  /** Behind a gateway. */
  gateway: Service
  /** Everything that is stored and mentions one of these, wherever. */
  storedAbout (service: Service, texts: readonly string[]): Promise<string>
  /** People of a request, as this service knows them. */
  people (ids: readonly string[]): unknown[]
  invitee (id: string): object
  /** Whose ids a universe has; the same ones again and again where people must be known beforehand. */
  suffix (number: number): string
}

/** One organisation with a session of its own in it, its people, and the others. Nothing in it is in another one. */
export interface Universe {
  world: World
  service: Service
  isGateway: boolean
  title: string
  home: string
  elsewhere: string
  sessionId: string
  ids: Record<'owner' | 'participant' | 'colleague' | 'guest' | 'member' | 'admin' | 'newcomer', string>
  as (column: Column): Caller
  /** Sends as this caller. */
  send (caller: Caller, request: InjectOptions): Promise<LightMyRequestResponse>
  /** As who may do everything. */
  manage (request: InjectOptions): Promise<LightMyRequestResponse>
  /** So that he has these permissions and no others. */
  grantOnly (id: string, granted: readonly PermissionName[]): Promise<void>
  stored (): Promise<string>
  /** Whom this service keeps as a member. */
  joined: Set<string>
}

export interface Caller {
  id?: string
  headers: Record<string, string>
  remoteAddress: string
}

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const EXPIRES = Math.floor(after(NOON, 24 * 60).getTime() / 1000)

/** A bearer token (RFC 7519, HS256) as somebody's issuer makes it. */
export function bearer (sub: string, organisations: Readonly<Record<string, readonly string[]>>): string {
  const signed = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64({ sub, organisation: organisations, exp: EXPIRES })}`
  return `Bearer ${signed}.${createHmac('sha256', TOKEN_SECRET).update(signed).digest('base64url')}`
}

export const person = (id: string, organisations: Readonly<Record<string, readonly string[]>>): Caller =>
  ({ id, headers: { authorization: bearer(id, organisations) }, remoteAddress: ELSEWHERE })

export interface UniverseOptions {
  isGateway: boolean
  /** In the organisation to which the clinic, and the company at the provider, belong. */
  isDefault: boolean
  /** More seats than people. */
  hasFreeSeat: boolean
}

let made = 0

export async function createUniverse (world: World, { isGateway, isDefault, hasFreeSeat }: UniverseOptions): Promise<Universe> {
  const number = ++made
  const suffix = world.suffix(number)
  const title = `universe ${number}.`
  const home = isDefault ? 'default' : `home-${number}.`
  const elsewhere = `elsewhere-${number}.`
  const service = isGateway ? world.gateway : world.mixed
  const id = (role: string) => `${role}${suffix}`
  const ids = { owner: id('owner'), participant: id('participant'), colleague: id('colleague'), guest: id('guest'), member: id('member'), admin: id('admin'), newcomer: id('newcomer') }
  let personalLink = ''

  const as = (column: Column): Caller => {
    switch (column) {
      case 'anonymous': return { headers: {}, remoteAddress: ELSEWHERE }
      case 'outsider': return person(id('outsider'), { [elsewhere]: [] })
      case 'participant': return person(ids.participant, { [home]: [] })
      case 'guest': return person(ids.guest, { [elsewhere]: [] })
      case 'link holder': return { id: ids.participant, headers: { authorization: `Bearer ${personalLink}` }, remoteAddress: ELSEWHERE }
      case 'member': return person(ids.member, { [home]: [] })
      case 'owner': return person(ids.owner, { [home]: [] })
      case 'admin': return person(ids.admin, { [home]: ['ADMIN'] })
      case 'admin of another organisation': return person(id('foreign'), { [elsewhere]: ['ADMIN'] })
      case 'clinic': return { headers: {}, remoteAddress: '127.0.0.1' }
      case 'gateway': return { id: id('outsider'), headers: { miauserid: id('outsider') }, remoteAddress: ELSEWHERE }
    }
  }
  const send = async (caller: Caller, request: InjectOptions) =>
    await service.inject({ ...request, remoteAddress: caller.remoteAddress, headers: { ...caller.headers, ...request.headers } })
  const manager = isGateway ? { headers: {}, remoteAddress: ELSEWHERE } : as('admin')
  const manage = async (request: InjectOptions) => {
    const answer = await send(manager, request)
    if (answer.statusCode >= 400) throw new Error(`${request.method} ${String(request.url)} while preparing: ${answer.statusCode} ${answer.body}`)
    return answer
  }

  const creator: Caller = isGateway ? { headers: { miauserid: ids.owner }, remoteAddress: ELSEWHERE } : as('owner')
  const created = await send(creator, {
    method: 'POST',
    url: '/sessions',
    payload: {
      title,
      organisation: home,
      participants: { number: hasFreeSeat ? 4 : 3, data: world.people([ids.participant, ids.colleague]) },
      start_date: after(NOON, 60).toISOString(),
      duration_in_seconds: 1800
    }
  })
  if (created.statusCode !== 201) throw new Error(`not created: ${created.statusCode} ${created.body}`)
  const sessionId = created.json<{ id: string }>().id
  const invited = await manage({ method: 'POST', url: `/sessions/${sessionId}/participants`, payload: { ...world.invitee(ids.guest), organisation: elsewhere } })
  if (invited.statusCode !== 201) throw new Error(`no guest: ${invited.statusCode} ${invited.body}`)
  const seen = await send(isGateway ? { headers: { miauserid: ids.participant }, remoteAddress: ELSEWHERE } : as('participant'), { url: `/sessions/${sessionId}` })
  personalLink = new URL(seen.json<{ mediaUrl: string }>().mediaUrl).hash.slice(1)

  return {
    world,
    service,
    isGateway,
    title,
    home,
    elsewhere,
    sessionId,
    ids,
    as,
    send,
    manage,
    async grantOnly (to, granted) {
      const permissions = Object.fromEntries(PERMISSION_NAMES.map((name) => [name, granted.includes(name)]))
      await manage({ method: 'PATCH', url: `/sessions/${sessionId}/participants/${encodeURIComponent(to)}`, payload: { permissions } })
    },
    joined: new Set(),
    stored: () => world.storedAbout(service, [sessionId, title, suffix])
  }
}
