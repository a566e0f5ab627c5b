import { isDeepStrictEqual } from 'node:util'
import { fakeUserRecords } from '../support/fake-auth-service.ts'
import { linkOf, type FakeVendor, type VendorRoom } from '../support/fake-vendor.ts'
import { startPlatform } from '../support/platform.ts'
import type { Teardown } from '../support/service.ts'
import { CONFIGURATION, USERS } from './people.ts'

/** One of the platforms that every case is replayed on. */
export interface Setting {
  generation: 'bandyer' | 'kaleyra'
  /** `auth`: with AUTH_SERVICE; `body`: the request brings groups and names. */
  identity: 'auth' | 'body'
  /** Whether the collection declares this service's optional fields. */
  declared: boolean
}

/**
 * Texts in requests and expectations may name what is only made on the way: `<roomId>`, the document; `<room>`, the
 * newest room that stands at the vendor; `<user X>` and `<link X>`, the vendor's id and the link there of the person
 * whom the caller's system calls X.
 */
export interface Step {
  /** Where the clock stands from here on, ISO 8601. */
  at?: string
  before? (vendor: FakeVendor): void
  send: {
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
    url: string
    headers?: Record<string, string>
    /** By the caller's system's id. */
    caller?: string
    /** A text is sent as it is. */
    body?: object | string
  }
  status: number
  /** Exactly; an empty text where there is none. */
  body: unknown
  /** The fields named here of the document, and its state; every participant's fields exactly. */
  document?: Record<string, unknown>
  /** Whom the user map knows afterwards, by the caller's system's id, with the role that the vendor gave them. */
  people?: Record<string, 'plus' | 'basic'>
  /** The rooms that stand at the vendor, as they were asked for. */
  rooms?: ExpectedRoom[]
  /** How many rooms were made in all. */
  made?: number
}

export interface ExpectedRoom { participants: object[], live: boolean, duration?: number, recording?: 'manual' | 'automatic' }

export interface Case {
  name: string
  configuration?: object
  variables?: Record<string, string>
  /** User records behind CUSTOM_ID_USERS_API_ENDPOINT. */
  customIds?: ReadonlyArray<Readonly<Record<string, unknown>>>
  /** What the original left behind: a document, the map, and the room at the vendor. */
  planted?: { document: object, people: Record<string, string>, room?: Partial<VendorRoom> }
  steps: Step[]
}

type Platform = Awaited<ReturnType<typeof startPlatform>>
type Row = Record<string, unknown>

// What a browser, a gateway and a platform put on a request. No vendor may see a name or a value of it.
const INBOUND = {
  cookie: 'sid=inbound-cookie',
  authorization: 'Bearer inbound-token',
  miausergroups: 'inbound-group',
  miauserproperties: '{"email":"inbound-email"}',
  'client-type': 'inbound-client',
  'x-request-id': 'inbound-request',
  'x-forwarded-for': '203.0.113.77',
  'x-tenant': 'inbound-tenant'
}

export const BEFORE = '2022-02-22T15:00:00.000Z'

export interface Replayer {
  /** What comes back are the differences, step by step; none: all is the same. */
  replay (one: Case): Promise<string[]>
}

/**
 * Replays cases one after the other. Those that are configured alike share a platform, which is built anew too slowly; the
 * people of each case are its own, and the vendor's rooms are cleared away before it.
 */
export function replayer (t: Teardown, setting: Setting): Replayer {
  const platforms = new Map<string, Promise<Platform>>()
  const users: typeof USERS = []
  let played = 0

  const platformFor = ({ configuration, variables, customIds }: Case) => {
    const key = JSON.stringify([configuration, variables, customIds])
    const open = platforms.get(key) ?? startFor(t, setting, users, { configuration, variables, customIds })
    platforms.set(key, open)
    return open
  }

  return {
    async replay (one) {
      const mark = `_${++played}`
      const { steps, planted, ...configured } = withPeopleMarked(one, mark) as Case
      users.push(...withPeopleMarked(USERS, mark) as typeof USERS)
      const platform = await platformFor(configured as Case)
      const { vendor, auth, service } = platform
      for (const kept of [vendor.rooms, vendor.requests, vendor.uploads, vendor.backgrounds, auth?.seen ?? []]) kept.length = 0
      vendor.sessions.clear()
      const known = { roomId: planted === undefined ? '' : await plant(platform, planted), mark }
      const differences: string[] = []
      let at = BEFORE
      for (const [index, step] of steps.entries()) {
        at = step.at ?? at
        service.setClock(new Date(at))
        vendor.time.now = new Date(at)
        step.before?.(vendor)
        const found = await play(platform, step, known, setting)
        differences.push(...found.map((text) => `step ${index + 1} ${step.send.method} ${step.send.url}: ${text}`))
      }
      return [...differences, ...leaks(vendor), ...notPassedOn(auth?.seen ?? [])]
    }
  }
}

async function startFor (t: Teardown, { generation, declared, identity }: Setting, users: typeof USERS, { configuration, variables, customIds }: { [Name in 'configuration' | 'variables' | 'customIds']: Case[Name] | undefined }): Promise<Platform> {
  const records = customIds === undefined ? undefined : await fakeUserRecords(t, customIds)
  return await startPlatform(t, {
    generation,
    declared,
    ...(identity === 'auth' ? { users } : {}),
    configuration: { ...CONFIGURATION, ...configuration },
    variables: {
      ADDITIONAL_HEADERS_TO_PROXY: 'x-tenant',
      DETAILS_BUDGET_MS: '5000',
      ...(records === undefined ? {} : { CUSTOM_ID_USERS_API_ENDPOINT: `${records.origin}/users/` }),
      ...variables
    }
  })
}

/** The same with the people's ids of this case. */
function withPeopleMarked (value: unknown, mark: string): unknown {
  if (typeof value === 'string') return value.replaceAll(/user\d_(auth0|external)_id/g, `$&${mark}`)
  if (Array.isArray(value)) return value.map((one) => withPeopleMarked(one, mark))
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [withPeopleMarked(key, mark), withPeopleMarked(one, mark)]))
}

async function play ({ service, vendor, rows }: Platform, step: Step, known: { roomId: string, mark: string }, setting: Setting): Promise<string[]> {
  const look = async () => {
    const documents: Row[] = await rows('bk-ts-teleconsultations')
    const map: Row[] = await rows('bk-ts-userid-maps')
    return { documents, map, fill: filler(known.roomId, vendor, map) }
  }
  const { method, url, caller, body, headers } = step.send
  const { fill } = await look()
  const answer = await service.inject({
    method,
    url: String(fill(url)),
    headers: { ...INBOUND, ...(caller === undefined ? {} : { miauserid: caller }), ...headers },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : fill(body) as object })
  })
  const received: unknown = /json/.test(String(answer.headers['content-type'])) ? answer.json() : answer.body
  const made = (received as { roomId?: unknown } | null)?.roomId
  if (answer.statusCode === 201 && typeof made === 'string') known.roomId = made
  const differences = compare('status', answer.statusCode, step.status)

  // Some of it is done after the answer. Every look is a request of its own, so that the work gets its turns.
  let behind: string[] = []
  for (let looks = 0; looks < 60; looks++) {
    const { documents, map, fill } = await look()
    behind = [
      ...compare('body', received, fill(step.body)),
      ...(step.document === undefined ? [] : compareDocument(documents.find(({ _id }) => _id === known.roomId), fill(step.document) as Row, setting)),
      ...(step.people === undefined ? [] : comparePeople(map.filter(({ receivedUserId }) => String(receivedUserId).endsWith(known.mark) || String(receivedUserId) in (step.people ?? {})), vendor, step.people)),
      ...(step.rooms === undefined ? [] : compare('rooms at the vendor', vendor.rooms.filter(({ deleted }) => !deleted).map(asked), fill(step.rooms.map((room) => wireRoom(room, setting))))),
      ...(step.made === undefined ? [] : compare('rooms made', vendor.rooms.length, step.made))
    ]
    if (behind.length === 0) break
  }
  return [...differences, ...behind]
}

async function plant ({ crud, vendor }: Platform, { document, people, room }: NonNullable<Case['planted']>): Promise<string> {
  const insert = async (name: string, row: object) => {
    const answer = await fetch(`${crud.origin}/${name}/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(row) })
    if (answer.status !== 200) throw new Error(`not planted: ${answer.status} ${await answer.text()}`)
    return (await answer.json() as { _id: string })._id
  }
  for (const [receivedUserId, bandyerId] of Object.entries(people)) await insert('bk-ts-userid-maps', { receivedUserId, bandyerId })
  for (const { userId, isAdmin } of room?.seats ?? []) vendor.users.set(userId, { id: userId, role: isAdmin ? 'plus' : 'basic', active: true })
  if (room !== undefined) vendor.plantRoom(room)
  return await insert('bk-ts-teleconsultations', document)
}

/** Puts what was made in the place of the names for it, whatever the value's shape. */
function filler (roomId: string, vendor: FakeVendor, map: readonly Row[]): (value: unknown) => unknown {
  const room = vendor.rooms.findLast(({ deleted }) => !deleted)
  const userOf = (id: string) => String(map.find(({ receivedUserId }) => receivedUserId === id)?.['bandyerId'] ?? `<user ${id}>`)
  const linkFor = (id: string) => {
    const seat = room?.seats.find(({ userId }) => userId === userOf(id))
    return room === undefined || seat === undefined ? `<link ${id}>` : linkOf(vendor, room, seat.token)
  }
  const fill = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value
        .replaceAll('<roomId>', roomId)
        .replaceAll('<room>', room?.id ?? '<room>')
        .replaceAll(/<user ([^>]+)>/g, (_all, id: string) => userOf(id))
        .replaceAll(/<link ([^>]+)>/g, (_all, id: string) => linkFor(id))
    }
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one)]))
    return value
  }
  return fill
}

const OFFICIAL = ['bandyerRoomId', 'participants', 'participantsNumber', 'startDate', 'endDate', 'duration', 'teleconsultationState']
const KEPT_BY_CRUD = ['_id', '__STATE__', 'creatorId', 'updaterId', 'createdAt', 'updatedAt']
const OF_PARTICIPANTS = ['userBandyerId', 'accessLinkURL', 'groups', 'fullName', 'language']
// Besides the other spelling of the original itself.
const ALSO_OF_PARTICIPANTS = ['bandyerId', 'userExternalId', 'privilege']

function compareDocument (row: Row | undefined, expected: Row, { declared }: Setting): string[] {
  if (row === undefined) return ['document: there is none']
  const allowed = [...OFFICIAL, ...KEPT_BY_CRUD, ...(declared ? ['revision', 'service'] : [])]
  const participants = row['participants'] as Row[]
  const official = participants.map((participant) => Object.fromEntries(Object.entries(participant).filter(([name]) => OF_PARTICIPANTS.includes(name))))
  return [
    ...Object.keys(row).filter((name) => !allowed.includes(name)).map((name) => `document: has a field ${name}`),
    ...participants.flatMap(Object.keys).filter((name) => ![...OF_PARTICIPANTS, ...ALSO_OF_PARTICIPANTS].includes(name)).map((name) => `document: a participant has a field ${name}`),
    ...Object.entries(expected).flatMap(([name, value]) => compare(`document.${name}`, name === 'participants' ? official : row[name], value))
  ]
}

function comparePeople (map: readonly Row[], vendor: FakeVendor, expected: NonNullable<Step['people']>): string[] {
  const known = map.map(({ receivedUserId, bandyerId }) => [receivedUserId, vendor.users.get(String(bandyerId))?.role])
  const byId = (pairs: unknown[][]) => pairs.toSorted(([one], [other]) => String(one).localeCompare(String(other)))
  return compare('user map', byId(known), byId(Object.entries(expected)))
}

// The description is this service's own mark.
const asked = ({ body }: VendorRoom) => Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'description'))

function wireRoom ({ recording, ...room }: ExpectedRoom, { generation }: Setting): object {
  const recorded = generation === 'kaleyra'
    ? { recording: recording ?? 'none', ...(recording === undefined ? {} : { offline_transcription: true }) }
    : { directCall: true, recording: recording !== undefined, ...(recording === undefined ? {} : { recording_type: recording }) }
  return { call_type: 'audio_video', ...room, ...recorded }
}

const leaks = (vendor: FakeVendor): string[] => [
  ...vendor.requests.flatMap(({ headers, method, path }) => [...Object.keys(INBOUND), 'miauserid'].filter((name) => name in headers).map((name) => `the vendor received ${name} with ${method} ${path}`)),
  ...Object.values(INBOUND).filter((value) => vendor.everything().includes(value)).map((value) => `the vendor received ${value}`)
]

const notPassedOn = (seen: ReadonlyArray<{ headers: NodeJS.Dict<string | string[]> }>): string[] =>
  seen.filter(({ headers }) => headers['x-tenant'] !== INBOUND['x-tenant']).map(() => 'the auth service did not receive x-tenant')

function compare (where: string, found: unknown, expected: unknown): string[] {
  if (isDeepStrictEqual(found, expected)) return []
  return [...isObject(found) && isObject(expected)
    ? [...new Set([...Object.keys(found), ...Object.keys(expected)])].flatMap((key) => compare(`${where}.${key}`, found[key], expected[key]))
    : [`${where} is ${JSON.stringify(found)}, documented ${JSON.stringify(expected)}`]]
}

const isObject = (value: unknown): value is Row => typeof value === 'object' && value !== null
