import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { IdempotencyHeaders } from '../../../schemas/headers.ts'
import type { NewSession, SessionView } from '../../../schemas/session.ts'
import { entityTagOf } from '../../domain/entity-tag.ts'
import { createTeleconsultation } from '../../teleconsultations/create.ts'
import { checkedDescription, described } from '../../teleconsultations/describe-session.ts'
import { requireSessions } from '../../teleconsultations/session-record.ts'
import { actorOf, ownershipFor } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { sessionBody } from './session-body.ts'

export const createSessionRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services, taxonomies }) => {
  const { ports, people, once } = services

  app.post('/sessions', {
    config: { action: 'create' },
    schema: {
      operationId: 'createSession',
      tags: ['sessions'],
      summary: 'Creates a session; the caller is its owner',
      headers: IdempotencyHeaders,
      body: Type.Unsafe<NewSession>(Type.Ref('NewSession')),
      response: {
        201: Type.Unsafe<SessionView>(Type.Ref('Session', { description: 'Created' })),
        ...errorResponses(400, 401, 403, 409, 413, 415, 422, 500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { participants, organisation, kind, title, description, types, access, estimatedDuration, timeZone, references, status, ...dates } = request.body
    const actor = actorOf(request)
    const session = described(ownershipFor(actor, organisation), checkedDescription(taxonomies, { kind, title, description, types, access, estimatedDuration, timeZone, references, ...status === 'requested' ? { requested: true } : {} }))
    await requireSessions(ports)
    const context = request.operationContext()
    const key = request.requestKey(request.body)
    const created = await once.run(key, () => createTeleconsultation(ports, () => people.list(participants, context.headers, context.endsAt), dates, context, key, session))
    return await reply.code(201).header('etag', entityTagOf(created.content)).send(sessionBody(services, created, actor))
  })
}
