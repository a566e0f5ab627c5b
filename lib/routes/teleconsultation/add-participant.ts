import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import { RoomParams, type Participant } from '../../../schemas/teleconsultation.ts'
import { addParticipant } from '../../teleconsultations/change.ts'
import type { RouteOptions } from '../services.ts'

export const addParticipantRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, people } }) => {
  app.post('/teleconsultation/:roomId/participants/data', {
    schema: {
      operationId: 'addParticipant',
      tags: ['teleconsultation'],
      summary: 'Adds a participant who was not known before',
      params: RoomParams,
      body: Type.Unsafe<Participant>(Type.Ref('Participant')),
      response: {
        201: emptyResponse('Added'),
        ...errorResponses(400, 403, 404, 409, 413, 415, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const context = request.operationContext()
    await addParticipant(ports, request.params.roomId, await people.one(request.body, context.headers), context)
    return await reply.code(201).send()
  })
}
