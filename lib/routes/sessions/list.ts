import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { SESSION_STATES, SessionQuery, type SessionPage, type SessionView } from '../../../schemas/session.ts'
import { linkFrom } from '../../domain/window.ts'
import type { SessionSearch } from '../../storage/session-search.ts'
import { countSessions, listSessions } from '../../teleconsultations/list-sessions.ts'
import { actorOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { sessionBody, stateOf } from './session-body.ts'

export const listSessionsRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services, cursors }) => {
  const { ports, callState } = services

  app.get('/sessions', {
    config: { action: 'list' },
    schema: {
      operationId: 'listSessions',
      tags: ['sessions'],
      summary: 'The sessions that the caller may see: those in which he takes part, his own, and as an administrator his organisation’s',
      querystring: SessionQuery,
      response: {
        200: Type.Unsafe<SessionPage>(Type.Ref('SessionPage', { description: 'One page' })),
        ...errorResponses(400, 401, 403, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const actor = actorOf(request)
    const context = request.operationContext()
    const { from, to, participant, type, kind, text, state, sort, limit, cursor, fields, counts } = request.query
    const list = [actor, from, to, participant, type, kind, text, state, sort]
    const now = ports.clock.now()
    // The latest start of those whose links are given by now.
    const linksUntil = new Date(2 * now.getTime() - linkFrom(ports.settings.window, now).getTime())
    const inState = (name: typeof SESSION_STATES[number]): NonNullable<SessionSearch['state']> => ({ name, now, linksUntil })
    const wanted = {
      participant,
      type,
      kind,
      text,
      limit,
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
      descending: sort === '-startAt',
      after: cursor === undefined ? undefined : cursors.read(cursor, list),
      state: state === undefined ? undefined : inState(state)
    }
    const [{ documents, next }, counted] = await Promise.all([
      listSessions(ports, actor, wanted, context),
      counts ? countSessions(ports, actor, wanted, SESSION_STATES.map((name) => ({ name, search: inState(name) })), context) : undefined
    ])
    const only = fields?.split(',') as Array<keyof SessionView> | undefined
    const sessions = await Promise.all(documents.map(async (document) => {
      const isLive = stateOf(services, document) === 'open' && (only === undefined || only.includes('streamStatus') || only.includes('participants'))
      return picked(sessionBody(services, document, actor, isLive ? await callState(document) : undefined), only)
    }))
    return { sessions, next: next === undefined ? null : cursors.write(next, list), ...counted === undefined ? {} : { counts: counted } }
  })
}

const picked = (session: SessionView, fields: ReadonlyArray<keyof SessionView> | undefined): Partial<SessionView> =>
  fields === undefined ? session : Object.fromEntries(Object.entries(session).filter(([name]) => fields.some((field) => field === name)))
