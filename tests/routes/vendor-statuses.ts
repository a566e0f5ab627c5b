import type { InjectOptions } from 'fastify'
import { startPlatform, type PlatformOptions } from '../support/platform.ts'
import { TOKENS } from '../support/session-callers.ts'
import { after, book, booking, NOON, startService, type Service, type Teardown } from '../support/service.ts'

/** How the routes that need a vendor come to each of their statuses. */
export interface VendorScenario {
  platform?: PlatformOptions
  /** On a service with its own rooms instead. */
  embedded?: Record<string, string>
  request?: Partial<InjectOptions>
  /** The same once more beside it, a moment earlier. */
  twice?: boolean
  code?: string
  prepare?: (parts: Awaited<ReturnType<typeof startPlatform>>, roomId: string) => void
}

export const USERS = [
  { user_id: 'auth0|doctor', name: 'Ada Rossi', app_metadata: { groups: ['doctor'] } },
  { user_id: 'auth0|patient', name: 'Bruno Verdi', app_metadata: { groups: ['patient'] } }
]

const LOCAL = { AUTHORIZATION: 'local', PROVIDER_TIMEOUT_MS: '200', DEFAULT_RECORDING_TYPE: 'manual', TELECONSULTATION_DELETE_UPLOADS: 'true' }
const OUTSIDE = { remoteAddress: '203.0.113.7' }
const form = (field: string, bytes: number) => {
  const boundary = 'part-of-a-test'
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="${field}"; filename="a.jpg"\r\ncontent-type: image/jpeg\r\n\r\n`
  return { payload: Buffer.concat([Buffer.from(head), Buffer.alloc(bytes, 1), Buffer.from(`\r\n--${boundary}--\r\n`)]), headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }
}
const FAULTS: Record<number, VendorScenario> = {
  502: { prepare: ({ vendor }) => { vendor.fail('malformed') } },
  503: { prepare: ({ vendor }) => { vendor.fail('failing') } },
  504: { prepare: ({ vendor }) => { vendor.fail('silent') } }
}
// The vendor is silent for longer than a repeat waits for the first answer.
const STILL_RUNNING: VendorScenario = {
  platform: { variables: { PROVIDER_TIMEOUT_MS: '3600' } },
  twice: true,
  prepare: ({ vendor }) => { vendor.fail('silent') },
  code: 'REQUEST_RUNNING'
}
const KEY = { 'idempotency-key': 'a-key' }
const TOO_LARGE = { payload: { filler: 'x'.repeat(70_000) } }
const NOT_JSON = { payload: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }

const UNKNOWN: VendorScenario = { platform: { variables: TOKENS }, request: OUTSIDE, code: 'AUTHENTICATION_REQUIRED' }

export const VENDOR_ROUTES: Record<string, { request: InjectOptions, statuses: Record<number, VendorScenario> }> = {
  'DELETE /teleconsultation/{roomId}/uploads': {
    request: { method: 'DELETE', url: '/teleconsultation/{id}/uploads' },
    statuses: {
      200: {},
      204: { platform: { variables: { TELECONSULTATION_DELETE_UPLOADS: 'false' } } },
      401: UNKNOWN,
      403: { request: OUTSIDE },
      404: { request: { url: '/teleconsultation/nothing/uploads' } },
      501: { embedded: { TELECONSULTATION_DELETE_UPLOADS: 'true' } },
      ...FAULTS
    }
  },
  'POST /credentials': {
    request: { method: 'POST', url: '/credentials', payload: {}, headers: { miauserid: 'auth0|doctor' } },
    statuses: {
      201: {},
      400: { request: { payload: { expiresIn: 'soon' } } },
      401: { request: { headers: { miauserid: '' } } },
      403: { request: OUTSIDE },
      409: { ...STILL_RUNNING, request: { headers: KEY } },
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: { request: { payload: { expiresIn: 10 } } },
      501: { embedded: {} },
      ...FAULTS
    }
  },
  'POST /settings/background-image': {
    request: { method: 'POST', url: '/settings/background-image', ...form('virtual_background', 1000) },
    statuses: {
      200: {},
      400: { request: form('picture', 1000) },
      401: UNKNOWN,
      403: { request: OUTSIDE },
      409: { ...STILL_RUNNING, request: { headers: { ...KEY, ...form('virtual_background', 1000).headers } } },
      413: { request: form('virtual_background', 10_000_001) },
      415: { request: { payload: '{}', headers: { 'content-type': 'application/json' } } },
      422: { prepare: ({ vendor }) => { vendor.backgrounds.push(...Array.from({ length: 10 }, (_, index) => ({ alias: `b${index}`, createdAt: NOON }))) } },
      501: { embedded: {} },
      ...FAULTS
    }
  },
  'PATCH /settings/update': {
    request: { method: 'PATCH', url: '/settings/update', payload: { background_alias: 'blue' } },
    statuses: {
      200: { prepare: ({ vendor }) => { vendor.backgrounds.push({ alias: 'blue', createdAt: NOON }) } },
      400: { request: { payload: { background_alias: 7 } } },
      401: UNKNOWN,
      403: { request: OUTSIDE },
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: {},
      501: { embedded: {} },
      ...FAULTS
    }
  },
  'GET /transcription/{roomId}/{sessionId}': {
    request: { method: 'GET', url: '/transcription/{id}/session-1' },
    statuses: {
      200: {},
      401: UNKNOWN,
      403: { request: OUTSIDE },
      404: { request: { url: '/transcription/{id}/session-2' } },
      409: { platform: { variables: { DEFAULT_RECORDING_TYPE: 'none' } } },
      413: { platform: { variables: { TRANSCRIPTION_MAX_FILE_SIZE: '5B' } } },
      501: { platform: { generation: 'bandyer' } },
      ...FAULTS
    }
  }
}

/** A service on which the scenario can be played, and the id of a teleconsultation there. */
export async function play (t: Teardown, scenario: VendorScenario): Promise<{ service: Service, id: string }> {
  if (scenario.embedded !== undefined) {
    const service = await startService(t, scenario.embedded)
    return { service, id: await book(service) }
  }
  const platform = await startPlatform(t, { users: USERS, ...scenario.platform, variables: { ...LOCAL, ...scenario.platform?.variables } })
  const { service, vendor } = platform
  const booked = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ participants: USERS.map(({ user_id: id }) => id), start_date: after(NOON, 10).toISOString() }) })
  const { roomId } = booked.json<{ roomId: string }>()
  const room = vendor.rooms[0]
  if (room === undefined) throw new Error(`no room was made: ${booked.body}`)
  vendor.sessions.set('session-1', { roomId: room.id, transcription: 'what was said' })
  vendor.uploads.push({ key: 'a/b/c', roomId: room.id, userId: 'x' })
  scenario.prepare?.(platform, roomId)
  return { service, id: roomId }
}
