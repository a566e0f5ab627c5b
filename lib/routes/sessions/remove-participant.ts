import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { SessionParticipantParams, type Ruled } from '../../../schemas/session.ts'
import { removeFromSession } from '../../teleconsultations/session-people.ts'
import type { SessionRouteOptions } from './index.ts'

export const removeParticipantRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services: { ports } }) => {
  app.delete('/sessions/:sessionId/participants/:userExternalId', {
    config: { action: 'dismiss' },
    schema: {
      operationId: 'removeSessionParticipant',
      tags: ['sessions'],
      summary: 'Removes a participant: out of the call, and nothing opens for him any more. Everybody but the owner may remove himself',
      params: SessionParticipantParams,
      response: {
        200: Type.Unsafe<Ruled>(Type.Ref('Ruled', { description: 'Decided; takesEffect says when it binds him at the provider. This service’s own links are void at once' })),
        ...errorResponses(400, 401, 403, 404, 409, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const { sessionId, userExternalId } = request.params
    const { takesEffect } = await removeFromSession(ports, sessionId, userExternalId, request.operationContext())
    return { takesEffect }
  })
}
