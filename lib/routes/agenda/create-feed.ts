import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { NewAgendaFeed } from '../../../schemas/agenda.ts'
import { errorResponses } from '../../../schemas/error.ts'
import type { AgendaRouteOptions } from './index.ts'
import { ownId } from './own-id.ts'

export const createFeedRoute: FastifyPluginAsyncTypebox<AgendaRouteOptions> = async (app, { feeds, publicUrl }) => {
  app.post('/agenda/feed', {
    config: { action: 'be oneself' },
    schema: {
      operationId: 'createAgendaFeed',
      tags: ['agenda'],
      summary: 'Gives the caller’s agenda a new address; one that it had before stops working',
      response: {
        201: Type.Unsafe<NewAgendaFeed>(Type.Ref('NewAgendaFeed', { description: 'The address works' })),
        ...errorResponses(400, 401, 403, 413, 415, 500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { token, createdAt } = await feeds.issue(ownId(request), request.operationContext())
    reply.code(201)
    return { url: `${publicUrl()}/agenda/${token}.ics`, createdAt: createdAt.toISOString() }
  })
}
