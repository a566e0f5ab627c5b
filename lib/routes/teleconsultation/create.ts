import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { IdempotencyHeaders } from '../../../schemas/headers.ts'
import type { NewTeleconsultation } from '../../../schemas/teleconsultation.ts'
import { entityTagOf } from '../../domain/entity-tag.ts'
import { createTeleconsultation } from '../../teleconsultations/create.ts'
import { unsupportedIn } from '../../teleconsultations/places.ts'
import type { RouteOptions } from '../services.ts'

export const createRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, people, once } }) => {
  app.post('/teleconsultation', {
    schema: {
      operationId: 'createTeleconsultation',
      tags: ['teleconsultation'],
      summary: 'Books a teleconsultation',
      headers: IdempotencyHeaders,
      body: Type.Unsafe<NewTeleconsultation>(Type.Ref('NewTeleconsultation')),
      response: {
        201: Type.Unsafe<{ roomId: string, unsupported?: string[] }>(Type.Ref('TeleconsultationCreated', { description: 'Booked' })),
        ...errorResponses(400, 403, 409, 413, 415, 422, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { participants, ...dates } = request.body
    const context = request.operationContext()
    const key = request.requestKey(request.body)
    const created = await once.run(key, () => createTeleconsultation(ports, () => people.list(participants, context.headers, context.endsAt), dates, context, key))
    const unsupported = unsupportedIn(ports, created)
    return await reply.code(201).header('etag', entityTagOf(created.content)).send({ roomId: created.id, ...(unsupported.length === 0 ? {} : { unsupported }) })
  })
}
