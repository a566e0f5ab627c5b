import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import { PreconditionHeaders } from '../../../schemas/headers.ts'
import { SessionParams } from '../../../schemas/session.ts'
import { preconditionOf } from '../../domain/entity-tag.ts'
import { removeTeleconsultation } from '../../teleconsultations/remove.ts'
import type { SessionRouteOptions } from './index.ts'

export const removeSessionRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services: { ports } }) => {
  app.delete('/sessions/:sessionId', {
    config: { action: 'remove' },
    schema: {
      operationId: 'deleteSession',
      tags: ['sessions'],
      summary: 'Deletes a session and ends its call',
      params: SessionParams,
      headers: PreconditionHeaders,
      response: {
        204: emptyResponse('Deleted'),
        ...errorResponses(400, 401, 403, 404, 409, 412, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    await removeTeleconsultation(ports, request.params.sessionId, request.operationContext(), preconditionOf(request.headers['if-match']))
    return await reply.code(204).send()
  })
}
