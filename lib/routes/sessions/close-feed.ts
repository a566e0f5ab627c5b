import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import { SessionParams } from '../../../schemas/session.ts'
import { closeFeed } from '../../teleconsultations/session-call.ts'
import type { SessionRouteOptions } from './index.ts'

export const closeFeedRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services: { ports } }) => {
  app.post('/sessions/:sessionId/close-feed', {
    config: { action: 'close feed' },
    schema: {
      operationId: 'closeVideoFeed',
      tags: ['sessions'],
      summary: 'Puts everybody out of the call that runs; the session goes on, and they may come back',
      params: SessionParams,
      response: {
        204: emptyResponse('Nobody is inside'),
        ...errorResponses(400, 401, 403, 404, 409, 500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    await closeFeed(ports, request.params.sessionId, request.operationContext())
    return await reply.code(204).send()
  })
}
