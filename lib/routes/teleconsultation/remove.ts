import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import { PreconditionHeaders } from '../../../schemas/headers.ts'
import { RoomParams } from '../../../schemas/teleconsultation.ts'
import { preconditionOf } from '../../domain/entity-tag.ts'
import { removeTeleconsultation } from '../../teleconsultations/remove.ts'
import type { RouteOptions } from '../services.ts'

export const removeRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports } }) => {
  app.delete('/teleconsultation/:roomId', {
    config: { action: 'remove' },
    schema: {
      operationId: 'deleteTeleconsultation',
      tags: ['teleconsultation'],
      summary: 'Deletes a teleconsultation and ends its call',
      params: RoomParams,
      headers: PreconditionHeaders,
      response: {
        204: emptyResponse('Deleted'),
        ...errorResponses(400, 401, 403, 404, 409, 412, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    await removeTeleconsultation(ports, request.params.roomId, request.operationContext(), preconditionOf(request.headers['if-match']))
    return await reply.code(204).send()
  })
}
