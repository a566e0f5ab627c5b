import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { PersonParams, type PendingErasure } from '../../../schemas/people.ts'
import { ErasureNotFound } from '../../errors.ts'
import type { PeopleOptions } from './index.ts'

export const readErasureRoute: FastifyPluginAsyncTypebox<PeopleOptions> = async (app, { erasures }) => {
  app.get('/people/:externalId/erasure', {
    config: { action: 'administer' },
    schema: {
      operationId: 'getErasure',
      tags: ['people'],
      summary: 'What is left of a person whose erasure is not finished',
      params: PersonParams,
      response: {
        200: Type.Unsafe<PendingErasure>(Type.Ref('PendingErasure', { description: 'It is under way' })),
        ...errorResponses(400, 401, 403, 404, 500, 502, 503, 504)
      }
    }
  }, async (request) => {
    const found = await erasures.find(request.params.externalId, request.operationContext())
    if (found === undefined) throw new ErasureNotFound()
    return { requestedAt: found.requestedAt.toISOString(), outstanding: found.outstanding ?? [] }
  })
}
