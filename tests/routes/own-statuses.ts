import { MOST_BYTES } from '../../lib/mail/bounce.ts'
import { postfix } from '../mail/notifications.ts'
import { LINK_SECRET } from '../support/providers-world.ts'
import { booking, DOCTOR, PATIENT } from '../support/service.ts'
import { as, TOKENS } from '../support/session-callers.ts'
import { NOT_JSON, OUTSIDE, PATIENT_ADDRESS, TOO_LARGE, UNKNOWN, UPSTREAM, type Routes, type Scenario } from './status-scenarios.ts'

const PERSON = await as('patient-1')
const NOBODY = { authorization: '' }
const FOREIGN: Scenario = { request: { ...OUTSIDE, headers: NOBODY }, code: 'NOT_THE_CLINIC' }
const NOT_SAID: Scenario = { ...UNKNOWN, request: { ...OUTSIDE, headers: NOBODY } }
const WITHOUT_MEMBERS: Scenario = { variables: { ...TOKENS, ORGANISATION_MEMBERS_CRUD_NAME: '' }, code: 'MEMBERS_NOT_KEPT' }
const WITHOUT_FEEDS: Scenario = { variables: { ...TOKENS, AGENDA_FEEDS_CRUD_NAME: '' }, code: 'FEEDS_NOT_KEPT' }
const KNOWN: Scenario = { variables: TOKENS }
/** Of people of whom this service has to keep what they are, and has not looked it up before. */
const ASKED: Record<number, Scenario> = {}
for (const [status, scenario] of Object.entries(UPSTREAM)) ASKED[Number(status)] = { ...scenario, ...KNOWN, request: { headers: await as(`person-${status}`) } }
const KEPT: Scenario = { embedded: true }
const OF_OUTBOX: Record<number, Scenario> = {}
for (const [status, scenario] of Object.entries(UPSTREAM)) OF_OUTBOX[Number(status)] = { ...scenario, ...KEPT }
const RAW = { 'content-type': 'message/rfc822' }
/** That of a letter which was sent is only known where the key is. */
const RETURNED: Scenario = {
  ...KEPT,
  variables: { LINK_SECRET },
  before: { method: 'PATCH', url: '/teleconsultation/{id}', payload: { participants: booking({ participants: { number: 2, data: [DOCTOR, { ...PATIENT, email: PATIENT_ADDRESS }] } }).participants } },
  request: { payload: postfix({ messageId: '{letter}', to: PATIENT_ADDRESS }) }
}
const HIDDEN = 'ORGANISATION_NOT_FOUND'
const INVITED: Scenario = { before: { method: 'POST', url: '/organisations/default/members', payload: { userId: 'ada' } } }

/** Of somebody whom his organisation cannot do without. */
const LAST_ADMIN_ERASED = [
  { method: 'POST' as const, url: '/organisations/default/members', payload: { userId: 'patient-1', roles: ['STANDARD', 'ADMIN'] } },
  { method: 'PATCH' as const, url: '/organisations/default/members/patient-1', payload: { state: 'ACCEPTED' }, headers: PERSON },
  { method: 'DELETE' as const, url: '/people/patient-1' }
]

/** How the other routes of this service come to each of their statuses: the outbox, taxonomies, organisations, agendas. */
export const OWN_ROUTES: Routes = {
  'GET /clinic/outbox': {
    request: { method: 'GET', url: '/clinic/outbox' },
    statuses: { 200: KEPT, 400: { request: { url: '/clinic/outbox?skip=-1' }, code: 'FST_ERR_VALIDATION' }, 403: { request: OUTSIDE, code: 'NOT_THE_CLINIC' }, ...OF_OUTBOX }
  },
  'DELETE /people/{externalId}': {
    request: { method: 'DELETE', url: '/people/patient-1' },
    statuses: {
      200: {},
      202: { crud: 'conflict', before: { method: 'POST', url: '/teleconsultation', payload: booking() } },
      400: { request: { url: '/people/%00' }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      ...UPSTREAM
    }
  },
  'GET /people/{externalId}/erasure': {
    request: { method: 'GET', url: '/people/patient-1/erasure' },
    statuses: {
      200: { ...KNOWN, before: LAST_ADMIN_ERASED },
      400: { request: { url: '/people/%00/erasure' }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      404: { request: { url: '/people/nobody/erasure' }, code: 'ERASURE_NOT_FOUND' },
      ...UPSTREAM
    }
  },
  'POST /mail/bounces': {
    request: { method: 'POST', url: '/mail/bounces', headers: RAW, payload: postfix({ messageId: `<${'x'.repeat(44)}.655f1e2a9c0b7d0012345678@clinic.example>`, to: PATIENT_ADDRESS }) },
    statuses: {
      200: [KEPT, RETURNED],
      400: { ...KEPT, request: { payload: '' }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: { ...KEPT, request: OUTSIDE, code: 'NOT_THE_CLINIC' },
      409: { ...RETURNED, crud: 'conflict', code: 'CONCURRENT_CHANGE' },
      413: { ...KEPT, request: { payload: 'x'.repeat(MOST_BYTES + 1) }, code: 'FST_ERR_CTP_BODY_TOO_LARGE' },
      415: [{ ...KEPT, request: { payload: {}, headers: { 'content-type': 'application/json' } } }, { ...KEPT, request: NOT_JSON }],
      ...OF_OUTBOX,
      501: { code: 'MAIL_NOT_CONFIGURED' }
    }
  },
  'GET /taxonomies': {
    request: { method: 'GET', url: '/taxonomies', ...OUTSIDE },
    statuses: { 200: {}, 304: { request: { headers: { 'if-none-match': '*' } } } }
  },
  'GET /taxonomies/{name}': {
    request: { method: 'GET', url: '/taxonomies/access', ...OUTSIDE },
    statuses: { 200: {}, 304: { request: { headers: { 'if-none-match': '*' } } }, 404: { request: { url: '/taxonomies/nothing' }, code: 'TAXONOMY_NOT_FOUND' } }
  },
  'GET /organisations': {
    request: { method: 'GET', url: '/organisations', headers: PERSON },
    statuses: { 200: KNOWN, 401: NOT_SAID, 403: FOREIGN, ...ASKED, 501: WITHOUT_MEMBERS }
  },
  'GET /organisations/{organisationId}': {
    request: { method: 'GET', url: '/organisations/default' },
    statuses: { 200: {}, 400: { request: { url: '/organisations/%00' }, code: 'FST_ERR_VALIDATION' }, 401: UNKNOWN, 403: FOREIGN, 404: { request: { url: '/organisations/elsewhere' }, code: HIDDEN }, ...ASKED, 501: WITHOUT_MEMBERS }
  },
  'GET /organisations/{organisationId}/members': {
    request: { method: 'GET', url: '/organisations/default/members' },
    statuses: { 200: {}, 400: { request: { url: '/organisations/default/members?limit=0' }, code: 'FST_ERR_VALIDATION' }, 401: UNKNOWN, 403: FOREIGN, 404: { request: { url: '/organisations/elsewhere/members' }, code: HIDDEN }, ...UPSTREAM, 501: WITHOUT_MEMBERS }
  },
  'POST /organisations/{organisationId}/members': {
    request: { method: 'POST', url: '/organisations/default/members', payload: { userId: 'new' } },
    statuses: {
      201: {},
      400: { request: { payload: {} }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      404: { request: { url: '/organisations/elsewhere/members' }, code: HIDDEN },
      409: { earlier: {}, code: 'MEMBER_EXISTS' },
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      ...UPSTREAM,
      501: WITHOUT_MEMBERS
    }
  },
  'PATCH /organisations/{organisationId}/members/{userId}': {
    request: { method: 'PATCH', url: '/organisations/default/members/ada', payload: { roles: ['STANDARD', 'ADMIN'] } },
    statuses: {
      200: INVITED,
      400: { request: { payload: {} }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      404: { request: { url: '/organisations/default/members/nobody' }, code: 'MEMBER_NOT_FOUND' },
      409: { ...INVITED, request: { payload: { roles: [] } }, code: 'STANDARD_STAYS' },
      413: { request: TOO_LARGE },
      415: { request: NOT_JSON },
      ...UPSTREAM,
      501: WITHOUT_MEMBERS
    }
  },
  'DELETE /organisations/{organisationId}/members/{userId}': {
    request: { method: 'DELETE', url: '/organisations/default/members/ada' },
    statuses: {
      204: INVITED,
      400: { request: { url: '/organisations/default/members/%00' }, code: 'FST_ERR_VALIDATION' },
      401: UNKNOWN,
      403: FOREIGN,
      404: { request: { url: '/organisations/default/members/nobody' }, code: 'MEMBER_NOT_FOUND' },
      409: { ...INVITED, crud: 'conflict', code: 'MEMBER_CHANGED' },
      ...UPSTREAM,
      501: WITHOUT_MEMBERS
    }
  },
  'POST /agenda/feed': {
    request: { method: 'POST', url: '/agenda/feed', headers: PERSON },
    statuses: {
      201: KNOWN,
      400: { ...KNOWN, request: { payload: '{', headers: { 'content-type': 'application/json' } }, code: 'FST_ERR_CTP_INVALID_JSON_BODY' },
      401: NOT_SAID,
      403: { ...KNOWN, request: { headers: NOBODY }, code: 'NOT_PERMITTED' },
      413: { ...KNOWN, request: TOO_LARGE },
      415: { ...KNOWN, request: NOT_JSON },
      ...ASKED,
      501: WITHOUT_FEEDS
    }
  },
  'GET /agenda/feed': {
    request: { method: 'GET', url: '/agenda/feed', headers: PERSON },
    statuses: { 200: KNOWN, 401: NOT_SAID, 403: { ...KNOWN, request: { headers: NOBODY }, code: 'NOT_PERMITTED' }, ...ASKED, 501: WITHOUT_FEEDS }
  },
  'DELETE /agenda/feed': {
    request: { method: 'DELETE', url: '/agenda/feed', headers: PERSON },
    statuses: { 204: KNOWN, 401: NOT_SAID, 403: { ...KNOWN, request: { headers: NOBODY }, code: 'NOT_PERMITTED' }, ...ASKED, 501: WITHOUT_FEEDS }
  },
  'GET /agenda/{token}.ics': {
    request: { method: 'GET', url: '{feed}', ...OUTSIDE },
    statuses: { 200: KNOWN, 304: { ...KNOWN, request: { headers: { 'if-none-match': '*' } } }, 404: { request: { url: '/agenda/nothing.ics' }, code: 'AGENDA_NOT_FOUND' }, ...ASKED, 501: { ...WITHOUT_FEEDS, request: { url: '/agenda/nothing.ics' } } }
  }
}
