import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import { IdempotencyHeaders } from '../../../schemas/headers.ts'
import { RoomParams, type Participant } from '../../../schemas/teleconsultation.ts'
import { addParticipant } from '../../teleconsultations/change.ts'
import type { RouteOptions } from '../services.ts'

export const addParticipantRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, people, once } }) => {
  app.post('/teleconsultation/:roomId/participants/data', {
    config: { action: 'invite' },
    schema: {
      operationId: 'addParticipant',
      tags: ['teleconsultation'],
      summary: 'Adds a participant who was not known before',
      params: RoomParams,
      headers: IdempotencyHeaders,
      body: Type.Unsafe<Participant>(Type.Ref('Participant')),
      response: {
        201: emptyResponse('Added'),
        ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const context = request.operationContext()
    const key = request.requestKey(request.body)
    await once.run(key, async () => { await addParticipant(ports, request.params.roomId, await people.one(request.body, context.headers, context.endsAt), context, key) })
    return await reply.code(201).send()
  })
}
