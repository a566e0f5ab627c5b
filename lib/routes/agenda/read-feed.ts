import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { AgendaFeed } from '../../../schemas/agenda.ts'
import { errorResponses } from '../../../schemas/error.ts'
import type { AgendaRouteOptions } from './index.ts'
import { ownId } from './own-id.ts'

export const readFeedRoute: FastifyPluginAsyncTypebox<AgendaRouteOptions> = async (app, { feeds }) => {
  app.get('/agenda/feed', {
    config: { action: 'be oneself' },
    schema: {
      operationId: 'getAgendaFeed',
      tags: ['agenda'],
      summary: 'Whether the caller’s agenda has an address',
      response: {
        200: Type.Unsafe<AgendaFeed>(Type.Ref('AgendaFeed', { description: 'Whether it has one' })),
        ...errorResponses(401, 403, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const found = await feeds.find(ownId(request), request.operationContext())
    return { exists: found !== undefined, createdAt: found?.createdAt.toISOString() ?? null }
  })
}
