import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { PreconditionHeaders } from '../../../schemas/headers.ts'
import { SessionParams, type SessionChange, type SessionView } from '../../../schemas/session.ts'
import { entityTagOf, preconditionOf } from '../../domain/entity-tag.ts'
import { changeTeleconsultation } from '../../teleconsultations/change.ts'
import { checkedDescription, described, describeSession, type DescriptionWish } from '../../teleconsultations/describe-session.ts'
import { requireSessions } from '../../teleconsultations/session-record.ts'
import { actorOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { sessionBody } from './session-body.ts'

export const changeSessionRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services, taxonomies }) => {
  const { ports, people } = services

  app.patch('/sessions/:sessionId', {
    config: { action: 'edit' },
    schema: {
      operationId: 'changeSession',
      tags: ['sessions'],
      summary: 'Changes the description at any time; dates and participants until the immutable period begins',
      params: SessionParams,
      headers: PreconditionHeaders,
      body: Type.Unsafe<SessionChange>(Type.Ref('SessionChange')),
      response: {
        200: Type.Unsafe<SessionView>(Type.Ref('Session', { description: 'Changed' })),
        ...errorResponses(400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { participants, kind, title, description: text, types, access, estimatedDuration, timeZone, references, status, ...dates } = request.body
    const { sessionId } = request.params
    const given = Object.entries({ kind, title, description: text, types, access, estimatedDuration, timeZone, references }).filter(([, value]) => value !== undefined)
    const confirmed = status === undefined ? {} : { requested: status === 'requested' ? true as const : null }
    const description = checkedDescription(taxonomies, { ...Object.fromEntries(given) as DescriptionWish, ...confirmed })
    await requireSessions(ports)
    const context = request.operationContext()
    const precondition = preconditionOf(request.headers['if-match'])
    const changed = participants === undefined && Object.keys(dates).length === 0
      ? await describeSession(ports, sessionId, description, context, precondition)
      : await changeTeleconsultation(ports, sessionId, participants === undefined ? undefined : () => people.list(participants, context.headers, context.endsAt), dates, context, precondition, (before) => described(before, description))
    return await reply.header('etag', entityTagOf(changed.content)).send(sessionBody(services, changed, actorOf(request)))
  })
}
