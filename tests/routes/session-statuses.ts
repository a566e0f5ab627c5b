import { LINK_SECRET } from '../support/providers-world.ts'
import { after, booking, NOON } from '../support/service.ts'
import { KEY, MALFORMED_HEADER, NOT_JSON, OUTSIDE, STALE, TOO_LARGE, UNKNOWN, UPSTREAM, type Routes, type Scenario } from './status-scenarios.ts'

const NURSE = { userExternalId: 'nurse-1', groups: ['patient'], fullName: 'Carla Neri' }
const FOREIGN: Scenario = { request: OUTSIDE, code: 'NOT_THE_CLINIC' }
/** The CRUD Service's own words. */
const REFUSED: Scenario = { crud: 'refuse', code: 'STORAGE_REFUSED' }
const UNDECLARED: Scenario = { official: true, code: 'FIELD_NOT_DECLARED' }
const CONFLICT: Scenario = { crud: 'conflict', code: 'CONCURRENT_CHANGE' }
const GONE: Scenario = { deleted: true, code: 'TELECONSULTATION_NOT_FOUND' }
const ENDED: Scenario = { before: { method: 'POST', url: '/sessions/{id}/end' }, code: 'SESSION_ENDED' }
/** Rooms that are there from the booking on, in calls that nobody can end. */
const AT_JITSI = { VIDEO_PROVIDER: 'jitsi', LINK_SECRET, ROOM_CREATION: 'eager', JITSI_URL: 'https://meet.example', JITSI_APP_ID: 'consultations', JITSI_APP_SECRET: 'only for tests, and long enough for it' }

/** How the routes of sessions come to each of their statuses. */
export const SESSION_ROUTES: Routes = {
  'GET /sessions': {
    request: { method: 'GET', url: '/sessions' },
    statuses: {
      200: {},
      400: [{ request: { url: '/sessions?limit=0' }, code: 'FST_ERR_VALIDATION' }, { request: { url: '/sessions?cursor=made-up' }, code: 'INVALID_CURSOR' }],
      401: UNKNOWN,
      403: FOREIGN,
      ...UPSTREAM,
      501: UNDECLARED
    }
  },
  'POST /sessions': {
    request: { method: 'POST', url: '/sessions', payload: booking({ title: 'A' }) },
    statuses: {
      201: {},
      400: [{ request: { payload: {} }, code: 'FST_ERR_VALIDATION' }, { request: { payload: booking({ timeZone: 'Mars' }) }, code: 'UNKNOWN_TIME_ZONE' }],
      401: UNKNOWN,
      403: [FOREIGN, { request: { payload: booking({ organisation: 'elsewhere' }) }, code: 'NOT_PERMITTED' }],
      409: { variables: { ROOM_CREATION: 'eager' }, crud: 'conflict', code: 'CONCURRENT_CHANGE' },
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: [
        { request: { payload: booking({ types: ['Astrology'] }) }, code: 'UNKNOWN_TAXONOMY_VALUE' },
        { request: { payload: booking({ participants: { number: 7, data: [] } }) }, code: 'CAPABILITY_LIMIT' },
        { earlier: { payload: booking({ title: 'B' }) }, request: { headers: KEY }, code: 'IDEMPOTENCY_KEY_REUSED' }
      ],
      ...UPSTREAM,
      501: UNDECLARED
    }
  },
  'GET /sessions/{sessionId}': {
    request: { method: 'GET', url: '/sessions/{id}' },
    statuses: { 200: {}, 400: REFUSED, 401: UNKNOWN, 403: FOREIGN, 404: GONE, ...UPSTREAM }
  },
  'PATCH /sessions/{sessionId}': {
    request: { method: 'PATCH', url: '/sessions/{id}', payload: { title: 'A' } },
    statuses: {
      200: {},
      400: [{ request: { payload: {} }, code: 'FST_ERR_VALIDATION' }, MALFORMED_HEADER],
      401: UNKNOWN,
      403: FOREIGN,
      404: GONE,
      409: [CONFLICT, { at: after(NOON, 30), request: { payload: { title: 'A', duration_in_seconds: 600 } }, code: 'IMMUTABLE_PERIOD' }],
      412: STALE,
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: { request: { payload: { access: 'nobody' } }, code: 'UNKNOWN_TAXONOMY_VALUE' },
      ...UPSTREAM,
      501: UNDECLARED
    }
  },
  'DELETE /sessions/{sessionId}': {
    request: { method: 'DELETE', url: '/sessions/{id}' },
    statuses: { 204: {}, 400: MALFORMED_HEADER, 401: UNKNOWN, 403: FOREIGN, 404: GONE, 409: CONFLICT, 412: STALE, ...UPSTREAM }
  },
  'GET /sessions/{sessionId}/participants': {
    request: { method: 'GET', url: '/sessions/{id}/participants' },
    statuses: { 200: {}, 400: REFUSED, 401: UNKNOWN, 403: FOREIGN, 404: GONE, ...UPSTREAM }
  },
  'POST /sessions/{sessionId}/participants': {
    request: { method: 'POST', url: '/sessions/{id}/participants', payload: NURSE },
    statuses: {
      201: {},
      400: [{ request: { payload: {} }, code: 'FST_ERR_VALIDATION' }, { request: { payload: { ...NURSE, userExternalId: 'patient-1' } }, code: 'DUPLICATE_PARTICIPANT' }],
      401: UNKNOWN,
      403: FOREIGN,
      404: GONE,
      409: [CONFLICT, ENDED],
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: { earlier: { payload: { ...NURSE, userExternalId: 'nurse-2' } }, request: { headers: KEY }, code: 'IDEMPOTENCY_KEY_REUSED' },
      ...UPSTREAM,
      501: UNDECLARED
    }
  },
  'POST /sessions/{sessionId}/guest-links': {
    request: { method: 'POST', url: '/sessions/{id}/guest-links', payload: { fullName: 'Dora Gatti' } },
    statuses: {
      201: {},
      400: [{ request: { payload: {} }, code: 'FST_ERR_VALIDATION' }, { request: { payload: { fullName: 'Dora', timeZone: 'Mars' } }, code: 'UNKNOWN_TIME_ZONE' }],
      401: UNKNOWN,
      403: FOREIGN,
      404: GONE,
      409: [CONFLICT, ENDED],
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: [{ request: { payload: { fullName: 'Dora', email: 'nowhere' } }, code: 'INVALID_ADDRESS' }, { earlier: { payload: { fullName: 'Another' } }, request: { headers: KEY }, code: 'IDEMPOTENCY_KEY_REUSED' }],
      ...UPSTREAM,
      501: UNDECLARED
    }
  },
  'POST /sessions/{sessionId}/participants/{userExternalId}/invitation': {
    request: { method: 'POST', url: '/sessions/{id}/participants/patient-1/invitation', payload: { newLink: true } },
    statuses: {
      200: {},
      400: { request: { payload: { newLink: 'yes' } }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      404: [GONE, { request: { url: '/sessions/{id}/participants/nobody/invitation' }, code: 'PARTICIPANT_NOT_FOUND' }],
      409: [CONFLICT, { variables: { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'visits@clinic.example' }, request: { payload: {} }, code: 'NO_ADDRESS' }],
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      ...UPSTREAM,
      501: [UNDECLARED, { request: { payload: {} }, code: 'MAIL_NOT_CONFIGURED' }]
    }
  },
  'PATCH /sessions/{sessionId}/participants/{userExternalId}': {
    request: { method: 'PATCH', url: '/sessions/{id}/participants/patient-1', payload: { permissions: { canChat: false } } },
    statuses: {
      200: {},
      400: { request: { payload: { permissions: {} } }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      404: [GONE, { request: { url: '/sessions/{id}/participants/nobody' }, code: 'PARTICIPANT_NOT_FOUND' }],
      409: CONFLICT,
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      ...UPSTREAM,
      501: UNDECLARED
    }
  },
  'DELETE /sessions/{sessionId}/participants/{userExternalId}': {
    request: { method: 'DELETE', url: '/sessions/{id}/participants/patient-1' },
    statuses: {
      200: {},
      400: { request: { url: '/sessions/{id}/participants/%00' }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      404: [GONE, { request: { url: '/sessions/{id}/participants/nobody' }, code: 'PARTICIPANT_NOT_FOUND' }],
      409: CONFLICT,
      ...UPSTREAM,
      501: UNDECLARED
    }
  },
  'POST /sessions/{sessionId}/end': {
    request: { method: 'POST', url: '/sessions/{id}/end' },
    statuses: { 200: {}, 400: REFUSED, 401: UNKNOWN, 403: FOREIGN, 404: GONE, 409: CONFLICT, ...UPSTREAM, 501: UNDECLARED }
  },
  'POST /sessions/{sessionId}/close-feed': {
    request: { method: 'POST', url: '/sessions/{id}/close-feed' },
    statuses: { 204: {}, 400: REFUSED, 401: UNKNOWN, 403: FOREIGN, 404: GONE, 409: ENDED, ...UPSTREAM, 501: { variables: AT_JITSI, code: 'CAPABILITY_UNSUPPORTED' } }
  },
  'POST /sessions/{sessionId}/recording': {
    request: { method: 'POST', url: '/sessions/{id}/recording', payload: { record: true } },
    statuses: {
      200: { daily: 'somebody inside' },
      400: { request: { payload: {} }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      404: GONE,
      409: ENDED,
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      422: { daily: 'nobody inside', variables: { ROOM_CREATION: 'eager' }, code: 'CAPABILITY_LIMIT' },
      ...UPSTREAM,
      501: [UNDECLARED, { code: 'CAPABILITY_UNSUPPORTED' }]
    }
  }
}
