import { as, TOKENS } from '../support/session-callers.ts'
import { NOT_JSON, OUTSIDE, TOO_LARGE, UNKNOWN, UPSTREAM, type Routes, type Scenario } from './status-scenarios.ts'

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
const HIDDEN = 'ORGANISATION_NOT_FOUND'
const INVITED: Scenario = { before: { method: 'POST', url: '/organisations/default/members', payload: { userId: 'ada' } } }

/** How the other routes of this service come to each of their statuses: the outbox, taxonomies, organisations, agendas. */
export const OWN_ROUTES: Routes = {
  'GET /clinic/outbox': {
    request: { method: 'GET', url: '/clinic/outbox' },
    statuses: { 200: {}, 400: { request: { url: '/clinic/outbox?skip=-1' }, code: 'FST_ERR_VALIDATION' }, 403: { request: OUTSIDE, code: 'NOT_THE_CLINIC' } }
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
