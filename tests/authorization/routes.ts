import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { bearer, person, ELSEWHERE, type Caller, type Universe } from './universe.ts'
import { after, NOON } from '../support/service.ts'

type Answer = LightMyRequestResponse
type Made = InjectOptions | Promise<InjectOptions>

/** How the matrix's rows are tried. */
export interface RouteTrial {
  /** Answers when it succeeds. */
  success: number
  request (universe: Universe, caller: Caller): Made
  /** Where the cell is `own`: about himself. Absent: as `request`. */
  own?: (universe: Universe, caller: Caller) => Made
  /** Where the cell is `own`: about somebody else, and what that is answered with. Absent: nobody else can be named. */
  others?: { request (universe: Universe, caller: Caller): Made, status: number, statusOfPersons?: number }
  /** What an answer of success must be, or have done. */
  happened (universe: Universe, answer: Answer, caller: Caller): boolean | Promise<boolean>
  /** Whether the body of a success holds exactly what the caller may see; `sees`: whether that is the universe's session. */
  holdsOnlyHis?: (universe: Universe, answer: Answer, sees: boolean) => boolean
  needs?: ReadonlyArray<'vendor' | 'default organisation' | 'free seat'>
}

const ofSession = (path = '') => ({ sessionId }: Universe) => `/sessions/${sessionId}${path}`
const invitationOf = (universe: Universe, id: string) => ofSession(`/participants/${encodeURIComponent(id)}/invitation`)(universe)
const ofRoom = (path = '') => ({ sessionId }: Universe) => `/teleconsultation/${sessionId}${path}`
const DATES = { start_date: after(NOON, 90).toISOString(), duration_in_seconds: 600 }
const bookingOf = ({ world, ids, title }: Universe, described: boolean) =>
  ({ participants: { number: 2, data: world.people([ids.participant, ids.colleague]) }, ...DATES, ...(described ? { title: `${title} once more` } : {}) })

interface StoredSession { title?: string, owner?: string, organisation?: string, endedAt?: number, recordedSince?: number, standings?: Array<{ externalId: string, removedAt?: number, oneTime?: boolean, permissions?: Record<string, boolean> }> }
const rowOf = async ({ stored, sessionId }: Universe) => {
  const groups = JSON.parse(await stored()) as unknown[][]
  const row = groups.flat().find((one) => JSON.stringify(one).includes(sessionId)) as { body?: string, state?: string, __STATE__?: string } | undefined
  const body = (row?.body === undefined ? row : JSON.parse(row.body)) as { startDate?: string, participants?: Array<{ userExternalId: string }>, service?: { session?: StoredSession } } | undefined
  return { state: row?.state ?? row?.__STATE__, body, session: body?.service?.session ?? {} }
}
const standingOf = async (universe: Universe, id: string) => (await rowOf(universe)).session.standings?.find(({ externalId }) => externalId === id)

const form = (): InjectOptions => ({
  payload: '--edge\r\ncontent-disposition: form-data; name="virtual_background"; filename="a.jpg"\r\ncontent-type: image/jpeg\r\n\r\npixels\r\n--edge--\r\n',
  headers: { 'content-type': 'multipart/form-data; boundary=edge' }
})

/** Whose id is his: the clinic and the platform name whom they act for, and here a participant. */
const inSeat = async (universe: Universe, caller: Caller, url: string): Promise<InjectOptions> => {
  const { ids, manage, sessionId, world, isGateway } = universe
  if (isGateway || caller.headers['authorization'] === undefined) return { url, headers: { miauserid: ids.colleague } }
  const id = caller.id ?? ''
  if (![ids.participant, ids.guest].includes(id)) await manage({ method: 'POST', url: `/sessions/${sessionId}/participants`, payload: world.invitee(id) })
  return { url }
}

const member = ({ home }: Universe, id = '') => `/organisations/${encodeURIComponent(home)}/members${id === '' ? '' : `/${encodeURIComponent(id)}`}`
const join = async (universe: Universe, id: string) => {
  const { manage, home, isGateway, service, joined } = universe
  if (joined.has(id)) return
  joined.add(id)
  await manage({ method: 'POST', url: member(universe), payload: { userId: id } })
  const headers = isGateway ? { miauserid: id } : { authorization: bearer(id, { [home]: [] }) }
  const accepted = await service.inject({ method: 'PATCH', url: member(universe, id), payload: { state: 'ACCEPTED' }, headers, remoteAddress: ELSEWHERE })
  if (accepted.statusCode !== 200) throw new Error(`not accepted: ${accepted.body}`)
}
const membersOf = async (universe: Universe) => (await universe.manage({ url: `${member(universe)}?limit=100` })).json<{ members: Array<{ userId: string, state: string, roles: string[] }> }>().members

const named = (answer: Answer, key: string) => Object.hasOwn(answer.json<object>(), key)
const NO_SUCH = 'f'.repeat(24)

export const TRIALS: Readonly<Record<string, RouteTrial>> = {
  'POST /teleconsultation': {
    success: 201,
    request: (universe) => ({ method: 'POST', url: '/teleconsultation', payload: bookingOf(universe, false) }),
    happened: async ({ world, service }, answer) => (await world.storedAbout(service, [answer.json<{ roomId: string }>().roomId])).includes('startDate')
  },
  'GET /teleconsultation/{roomId}': {
    success: 200,
    request: (universe) => ({ url: ofRoom()(universe) }),
    own: (universe, caller) => inSeat(universe, caller, ofRoom()(universe)),
    others: { request: (universe) => ({ url: ofRoom()(universe) }), status: 401, statusOfPersons: 404 },
    happened: (_universe, answer) => named(answer, 'bandyerUserId')
  },
  'PATCH /teleconsultation/{roomId}': {
    success: 204,
    request: (universe) => ({ method: 'PATCH', url: ofRoom()(universe), payload: DATES }),
    happened: async (universe) => (await rowOf(universe)).body?.startDate === DATES.start_date
  },
  'DELETE /teleconsultation/{roomId}': {
    success: 204,
    request: (universe) => ({ method: 'DELETE', url: ofRoom()(universe) }),
    happened: async (universe) => (await rowOf(universe)).state === 'TRASH'
  },
  'POST /teleconsultation/{roomId}/participants/data': {
    success: 201,
    needs: ['free seat'],
    request: (universe) => ({ method: 'POST', url: ofRoom('/participants/data')(universe), payload: universe.world.invitee(universe.ids.newcomer) }),
    happened: async (universe) => (await rowOf(universe)).body?.participants?.at(-1)?.userExternalId === universe.ids.newcomer
  },
  'DELETE /teleconsultation/{roomId}/uploads': {
    success: 200,
    needs: ['vendor'],
    request: (universe) => ({ method: 'DELETE', url: ofRoom('/uploads')(universe) }),
    happened: (_universe, answer) => answer.json<{ deleted: number }>().deleted === 1
  },
  'POST /credentials': {
    success: 201,
    needs: ['vendor'],
    request: (universe, caller) => ({ method: 'POST', url: '/credentials', payload: {}, headers: caller.headers['authorization'] === undefined && caller.remoteAddress !== ELSEWHERE ? { miauserid: universe.ids.colleague } : {} }),
    happened: (_universe, answer) => named(answer, 'accessToken')
  },
  'POST /settings/background-image': {
    success: 200,
    needs: ['vendor', 'default organisation'],
    request: () => ({ method: 'POST', url: '/settings/background-image', ...form() }),
    happened: (_universe, answer) => named(answer, 'virtual_background')
  },
  'PATCH /settings/update': {
    success: 200,
    needs: ['vendor', 'default organisation'],
    request: () => ({ method: 'PATCH', url: '/settings/update', payload: { background_alias: 'blue' } }),
    happened: (_universe, answer) => named(answer, 'company')
  },
  'DELETE /people/{externalId}': {
    success: 200,
    needs: ['default organisation'],
    request: ({ isGateway }) => ({ method: 'DELETE', url: '/people/somebody', headers: isGateway ? { isbackoffice: '1' } : {} }),
    happened: (_universe, answer) => answer.json<{ erased: boolean }>().erased
  },
  'GET /people/{externalId}/erasure': {
    success: 404,
    needs: ['default organisation'],
    request: ({ isGateway }) => ({ url: '/people/somebody/erasure', headers: isGateway ? { isbackoffice: '1' } : {} }),
    happened: (_universe, answer) => answer.json<{ code: string }>().code === 'ERASURE_NOT_FOUND'
  },
  'GET /transcription/{roomId}/{sessionId}': {
    success: 200,
    needs: ['vendor'],
    request: ({ sessionId }) => ({ url: `/transcription/${sessionId}/call-1` }),
    happened: (_universe, answer) => answer.body === 'what was said'
  },
  'GET /personal-link': {
    success: 200,
    request: () => ({ url: '/personal-link' }),
    happened: ({ sessionId }, answer) => answer.json<{ roomId: string }>().roomId === sessionId
  },
  'GET /sessions': {
    success: 200,
    request: ({ title }) => ({ url: `/sessions?text=${encodeURIComponent(title)}` }),
    happened: (_universe, answer) => named(answer, 'sessions'),
    holdsOnlyHis: ({ sessionId }, answer, sees) => {
      const ids = answer.json<{ sessions: Array<{ id: string }> }>().sessions.map(({ id }) => id)
      return ids.join() === (sees ? sessionId : '')
    }
  },
  'POST /sessions': {
    success: 201,
    request: (universe) => ({ method: 'POST', url: '/sessions', payload: bookingOf(universe, true) }),
    others: { request: (universe) => ({ method: 'POST', url: '/sessions', payload: { ...bookingOf(universe, true), organisation: 'of nobody here' } }), status: 403 },
    happened: ({ home, elsewhere, isGateway }, answer, { id }) => {
      const { owner, organisation } = answer.json<{ owner?: string, organisation: string }>()
      return owner === id && (isGateway ? organisation === 'default' : [home, elsewhere].includes(organisation))
    }
  },
  'GET /sessions/{sessionId}': {
    success: 200,
    request: (universe) => ({ url: ofSession()(universe) }),
    happened: ({ sessionId }, answer) => answer.json<{ id: string }>().id === sessionId
  },
  'PATCH /sessions/{sessionId}': {
    success: 200,
    request: (universe) => ({ method: 'PATCH', url: ofSession()(universe), payload: { title: `${universe.title} changed` } }),
    happened: async (universe) => (await rowOf(universe)).session.title === `${universe.title} changed`
  },
  'DELETE /sessions/{sessionId}': {
    success: 204,
    request: (universe) => ({ method: 'DELETE', url: ofSession()(universe) }),
    happened: async (universe) => (await rowOf(universe)).state === 'TRASH'
  },
  'GET /sessions/{sessionId}/participants': {
    success: 200,
    request: (universe) => ({ url: ofSession('/participants')(universe) }),
    happened: ({ ids }, answer) => answer.json<{ participants: Array<{ userExternalId: string }> }>().participants.some(({ userExternalId }) => userExternalId === ids.colleague)
  },
  'POST /sessions/{sessionId}/participants': {
    success: 201,
    request: (universe) => ({ method: 'POST', url: ofSession('/participants')(universe), payload: universe.world.invitee(universe.ids.newcomer) }),
    happened: async (universe, answer) => named(answer, 'mediaUrl') && (await rowOf(universe)).body?.participants?.at(-1)?.userExternalId === universe.ids.newcomer
  },
  'POST /sessions/{sessionId}/guest-links': {
    success: 201,
    request: (universe) => ({ method: 'POST', url: ofSession('/guest-links')(universe), payload: { fullName: 'A Person' } }),
    happened: async (universe, answer) => named(answer, 'link') && (await standingOf(universe, answer.json<{ participant: { userExternalId: string } }>().participant.userExternalId))?.oneTime === true
  },
  'POST /sessions/{sessionId}/participants/{userExternalId}/invitation': {
    success: 200,
    // Who is sent e-mails changes the document in the background: this is asked for where nothing is due any more.
    async request (universe) {
      const { world, ids, manage, service } = universe
      const [participant, colleague] = world.people([ids.participant, ids.colleague])
      await manage({ method: 'PATCH', url: ofSession()(universe), payload: { participants: { number: 3, data: [participant, { ...colleague as object, email: 'colleague@home.example' }, world.invitee(ids.guest)] } } })
      await service.app.telling.run()
      await service.app.telling.run()
      return { method: 'POST', url: invitationOf(universe, ids.colleague), payload: {} }
    },
    own: (universe, { id = NO_SUCH }) => ({ method: 'POST', url: invitationOf(universe, id), payload: { newLink: true } }),
    others: { request: (universe) => ({ method: 'POST', url: invitationOf(universe, universe.ids.colleague), payload: { newLink: true } }), status: 403 },
    happened: (_universe, answer) => named(answer, 'participant')
  },
  'PATCH /sessions/{sessionId}/participants/{userExternalId}': {
    success: 200,
    request: (universe) => ({ method: 'PATCH', url: ofSession(`/participants/${universe.ids.colleague}`)(universe), payload: { permissions: { canEndSession: true } } }),
    happened: async (universe) => (await standingOf(universe, universe.ids.colleague))?.permissions?.['canEndSession'] === true
  },
  'DELETE /sessions/{sessionId}/participants/{userExternalId}': {
    success: 200,
    request: (universe) => ({ method: 'DELETE', url: ofSession(`/participants/${universe.ids.colleague}`)(universe) }),
    own: (universe, caller) => ({ method: 'DELETE', url: ofSession(`/participants/${caller.id ?? NO_SUCH}`)(universe) }),
    others: { request: (universe) => ({ method: 'DELETE', url: ofSession(`/participants/${universe.ids.colleague}`)(universe) }), status: 403 },
    happened: async (universe, answer) => {
      const url = String(answer.raw.req.url)
      return (await standingOf(universe, decodeURIComponent(url.slice(url.lastIndexOf('/') + 1))))?.removedAt !== undefined
    }
  },
  'POST /sessions/{sessionId}/end': {
    success: 200,
    request: (universe) => ({ method: 'POST', url: ofSession('/end')(universe) }),
    happened: async (universe) => (await rowOf(universe)).session.endedAt !== undefined
  },
  'POST /sessions/{sessionId}/close-feed': {
    success: 204,
    request: (universe) => ({ method: 'POST', url: ofSession('/close-feed')(universe) }),
    happened: (_universe, answer) => answer.body === ''
  },
  'POST /sessions/{sessionId}/recording': {
    success: 200,
    needs: ['vendor'],
    request: (universe) => ({ method: 'POST', url: ofSession('/recording')(universe), payload: { record: true } }),
    happened: async (universe) => (await rowOf(universe)).session.recordedSince !== undefined
  },
  'GET /taxonomies': { success: 200, request: () => ({ url: '/taxonomies' }), happened: (_universe, answer) => named(answer, 'taxonomies') },
  'GET /taxonomies/{name}': { success: 200, request: () => ({ url: '/taxonomies/kind' }), happened: (_universe, answer) => named(answer, 'values') },
  'GET /organisations': {
    success: 200,
    request: () => ({ url: '/organisations' }),
    happened: (_universe, answer) => named(answer, 'invitations')
  },
  'GET /organisations/{organisationId}': {
    success: 200,
    request: ({ home }) => ({ url: `/organisations/${encodeURIComponent(home)}` }),
    happened: ({ home }, answer) => answer.json<{ organisationId: string }>().organisationId === home
  },
  'GET /organisations/{organisationId}/members': {
    success: 200,
    request: async (universe) => {
      await join(universe, `${universe.ids.colleague}read`)
      return { url: `${member(universe)}?limit=100` }
    },
    happened: ({ ids }, answer) => answer.json<{ members: Array<{ userId: string }> }>().members.some(({ userId }) => userId === `${ids.colleague}read`)
  },
  'POST /organisations/{organisationId}/members': {
    success: 201,
    request: (universe) => ({ method: 'POST', url: member(universe), payload: { userId: universe.ids.newcomer } }),
    happened: async (universe) => (await membersOf(universe)).some(({ userId, state }) => userId === universe.ids.newcomer && state === 'INVITED')
  },
  'PATCH /organisations/{organisationId}/members/{userId}': {
    success: 200,
    request: async (universe) => {
      await join(universe, universe.ids.colleague)
      return { method: 'PATCH', url: member(universe, universe.ids.colleague), payload: { roles: ['STANDARD', 'ADMIN'] } }
    },
    own: async (universe, { id = '' }) => {
      await universe.manage({ method: 'POST', url: member(universe), payload: { userId: id } })
      return { method: 'PATCH', url: member(universe, id), payload: { state: 'ACCEPTED' } }
    },
    others: { request: (universe) => ({ method: 'PATCH', url: member(universe, universe.ids.admin), payload: { roles: ['STANDARD', 'ADMIN'] } }), status: 403 },
    happened: (_universe, answer) => answer.json<{ state: string }>().state === 'ACCEPTED'
  },
  'DELETE /organisations/{organisationId}/members/{userId}': {
    success: 204,
    request: async (universe) => {
      await join(universe, universe.ids.colleague)
      return { method: 'DELETE', url: member(universe, universe.ids.colleague) }
    },
    own: async (universe, { id = '' }) => {
      await join(universe, id)
      return { method: 'DELETE', url: member(universe, id) }
    },
    others: { request: (universe) => ({ method: 'DELETE', url: member(universe, universe.ids.newcomer) }), status: 403 },
    happened: async (universe, answer) => !(await membersOf(universe)).some(({ userId }) => answer.raw.req.url?.endsWith(`/${userId}`) === true)
  },
  'POST /agenda/feed': { success: 201, request: () => ({ method: 'POST', url: '/agenda/feed' }), happened: (_universe, answer) => named(answer, 'url') },
  'GET /agenda/feed': { success: 200, request: () => ({ url: '/agenda/feed' }), happened: (_universe, answer) => named(answer, 'exists') },
  'DELETE /agenda/feed': { success: 204, request: () => ({ method: 'DELETE', url: '/agenda/feed' }), happened: (_universe, answer) => answer.body === '' },
  'GET /agenda/{token}.ics': {
    success: 200,
    request: async ({ service, isGateway, ids, home }) => {
      const { headers } = isGateway ? { headers: { miauserid: ids.colleague } } : person(ids.colleague, { [home]: [] })
      const { url } = (await service.inject({ method: 'POST', url: '/agenda/feed', headers, remoteAddress: ELSEWHERE })).json<{ url: string }>()
      return { url: new URL(url).pathname }
    },
    happened: ({ sessionId }, answer) => answer.body.includes(sessionId)
  },
  'POST /mail/bounces': {
    success: 200,
    needs: ['default organisation'],
    request: () => ({ method: 'POST', url: '/mail/bounces', payload: 'Subject: no report\r\n\r\n', headers: { 'content-type': 'message/rfc822' } }),
    happened: (_universe, answer) => named(answer, 'noted')
  },
  'GET /clinic/overview': { success: 200, request: () => ({ url: '/clinic/overview' }), happened: (_universe, answer) => named(answer, 'publicUrl') },
  'GET /clinic/teleconsultations': { success: 200, request: () => ({ url: '/clinic/teleconsultations' }), happened: (_universe, answer) => named(answer, 'teleconsultations') },
  'GET /clinic/outbox': { success: 200, request: () => ({ url: '/clinic/outbox' }), happened: (_universe, answer) => named(answer, 'messages') }
}
