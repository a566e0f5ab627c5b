import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { SessionParams, type SessionView } from '../../../schemas/session.ts'
import { entityTagOf } from '../../domain/entity-tag.ts'
import { actorOf, guardedOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { sessionBody } from './session-body.ts'

export const readSessionRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services }) => {
  app.get('/sessions/:sessionId', {
    config: { action: 'see' },
    schema: {
      operationId: 'getSession',
      tags: ['sessions'],
      summary: 'One session, with the caller’s own mediaUrl',
      params: SessionParams,
      response: {
        200: Type.Unsafe<SessionView>(Type.Ref('Session', { description: 'The session' })),
        ...errorResponses(400, 401, 403, 404, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const document = guardedOf(request)
    reply.header('etag', entityTagOf(document.content))
    return sessionBody(services, document, actorOf(request), await services.callState(document))
  })
}
