import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { SessionParams, type Ruled } from '../../../schemas/session.ts'
import { endSession } from '../../teleconsultations/session-call.ts'
import type { SessionRouteOptions } from './index.ts'

export const endSessionRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services: { ports } }) => {
  app.post('/sessions/:sessionId/end', {
    config: { action: 'end' },
    schema: {
      operationId: 'endSession',
      tags: ['sessions'],
      summary: 'Ends a session for good: everybody is put out, and no way in is given any more. It stays on record',
      params: SessionParams,
      response: {
        200: Type.Unsafe<Ruled>(Type.Ref('Ruled', { description: 'Ended; takesEffect says whether the provider could put people out' })),
        ...errorResponses(400, 401, 403, 404, 409, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const { takesEffect } = await endSession(ports, request.params.sessionId, request.operationContext())
    return { takesEffect }
  })
}
