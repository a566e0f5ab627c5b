import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import type { AgendaRouteOptions } from './index.ts'
import { ownId } from './own-id.ts'

export const revokeFeedRoute: FastifyPluginAsyncTypebox<AgendaRouteOptions> = async (app, { feeds }) => {
  app.delete('/agenda/feed', {
    config: { action: 'be oneself' },
    schema: {
      operationId: 'revokeAgendaFeed',
      tags: ['agenda'],
      summary: 'Takes the address of the caller’s agenda back',
      response: { 204: emptyResponse('No address works'), ...errorResponses(401, 403, 500, 501, 502, 503, 504) }
    }
  }, async (request, reply) => {
    await feeds.revoke(ownId(request), request.operationContext())
    reply.code(204)
  })
}
