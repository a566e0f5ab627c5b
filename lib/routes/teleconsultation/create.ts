import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { NewTeleconsultation } from '../../../schemas/teleconsultation.ts'
import { createTeleconsultation } from '../../teleconsultations/create.ts'
import type { RouteOptions } from '../services.ts'

export const createRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, people } }) => {
  app.post('/teleconsultation', {
    schema: {
      operationId: 'createTeleconsultation',
      tags: ['teleconsultation'],
      summary: 'Books a teleconsultation',
      body: Type.Unsafe<NewTeleconsultation>(Type.Ref('NewTeleconsultation')),
      response: {
        201: Type.Unsafe<{ roomId: string }>(Type.Ref('TeleconsultationCreated', { description: 'Booked' })),
        ...errorResponses(400, 403, 413, 415, 422, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { participants, ...dates } = request.body
    const context = request.operationContext()
    const created = await createTeleconsultation(ports, () => people.list(participants, context.headers), dates, context)
    return await reply.code(201).send({ roomId: created.id })
  })
}
