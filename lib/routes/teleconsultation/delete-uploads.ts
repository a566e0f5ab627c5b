import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import type { UploadsDeleted } from '../../../schemas/settings.ts'
import { RoomParams } from '../../../schemas/teleconsultation.ts'
import { deleteUploads } from '../../teleconsultations/uploads.ts'
import type { RouteOptions } from '../services.ts'

export const deleteUploadsRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, deletesUploads } }) => {
  app.delete('/teleconsultation/:roomId/uploads', {
    config: { action: 'rule' },
    schema: {
      operationId: 'deleteUploads',
      tags: ['teleconsultation'],
      summary: 'Deletes the files that were shared in the call',
      params: RoomParams,
      response: {
        200: Type.Unsafe<UploadsDeleted>(Type.Ref('UploadsDeleted', { description: 'How many there were, and how many are deleted' })),
        204: emptyResponse('TELECONSULTATION_DELETE_UPLOADS is false: nothing was deleted'),
        ...errorResponses(401, 403, 404, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    if (!deletesUploads) return await reply.code(204).send()
    return await reply.code(200).send(await deleteUploads(ports, request.params.roomId, request.operationContext()))
  })
}
