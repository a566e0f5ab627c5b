import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import { RoomParams, type TeleconsultationChange } from '../../../schemas/teleconsultation.ts'
import { changeTeleconsultation } from '../../teleconsultations/change.ts'
import type { RouteOptions } from '../services.ts'

export const changeRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, people } }) => {
  app.patch('/teleconsultation/:roomId', {
    schema: {
      operationId: 'changeTeleconsultation',
      tags: ['teleconsultation'],
      summary: 'Changes dates, participants or both, until the immutable period begins',
      params: RoomParams,
      body: Type.Unsafe<TeleconsultationChange>(Type.Ref('TeleconsultationChange')),
      response: {
        204: emptyResponse('Changed'),
        ...errorResponses(400, 403, 404, 409, 413, 415, 422, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { participants, ...dates } = request.body
    const context = request.operationContext()
    const wanted = participants === undefined ? undefined : () => people.list(participants, context.headers)
    await changeTeleconsultation(ports, request.params.roomId, wanted, dates, context)
    return await reply.code(204).send()
  })
}
