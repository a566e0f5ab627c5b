import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import { PreconditionHeaders } from '../../../schemas/headers.ts'
import { RoomParams, type TeleconsultationChange } from '../../../schemas/teleconsultation.ts'
import { entityTagOf, preconditionOf } from '../../domain/entity-tag.ts'
import { changeTeleconsultation } from '../../teleconsultations/change.ts'
import type { RouteOptions } from '../services.ts'

export const changeRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, people } }) => {
  app.patch('/teleconsultation/:roomId', {
    config: { action: 'edit' },
    schema: {
      operationId: 'changeTeleconsultation',
      tags: ['teleconsultation'],
      summary: 'Changes dates, participants or both, until the immutable period begins',
      params: RoomParams,
      headers: PreconditionHeaders,
      body: Type.Unsafe<TeleconsultationChange>(Type.Ref('TeleconsultationChange')),
      response: {
        204: emptyResponse('Changed'),
        ...errorResponses(400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { participants, ...dates } = request.body
    const context = request.operationContext()
    const wanted = participants === undefined ? undefined : () => people.list(participants, context.headers, context.endsAt)
    const changed = await changeTeleconsultation(ports, request.params.roomId, wanted, dates, context, preconditionOf(request.headers['if-match']))
    return await reply.code(204).header('etag', entityTagOf(changed.content)).send()
  })
}
