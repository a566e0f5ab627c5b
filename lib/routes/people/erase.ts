import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { PersonParams, type Erasure } from '../../../schemas/people.ts'
import type { PeopleOptions } from './index.ts'

export const erasePersonRoute: FastifyPluginAsyncTypebox<PeopleOptions> = async (app, { erasures, waitMs }) => {
  app.delete('/people/:externalId', {
    config: { action: 'administer' },
    schema: {
      operationId: 'erasePerson',
      tags: ['people'],
      summary: 'Erases a person here and at the video providers; asking again tells what is left, and tries it at once',
      params: PersonParams,
      response: {
        200: Type.Unsafe<Erasure>(Type.Ref('Erasure', { description: 'Nothing is left of the person. Somebody unknown is erased' })),
        202: Type.Unsafe<Erasure>(Type.Ref('Erasure', { description: 'Something is left, and is tried again until it is erased' })),
        ...errorResponses(400, 401, 403, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { requestedAt, outstanding, ...counts } = await erasures.request(request.params.externalId, request.operationContext(), waitMs)
    const erased = outstanding.length === 0
    return await reply.code(erased ? 200 : 202).send({ erased, requestedAt: requestedAt.toISOString(), ...counts, outstanding })
  })
}
