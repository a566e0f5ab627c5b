import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { OrganisationParams, organisationErrors, type Organisation } from '../../../schemas/organisations.ts'
import { reading } from '../../domain/membership.ts'
import { actorOf } from './caller.ts'
import { refused } from './refused.ts'
import type { OrganisationOptions } from './index.ts'
import { rolesOf } from './wire.ts'

export const readRoute: FastifyPluginAsyncTypebox<OrganisationOptions> = async (app) => {
  app.get('/organisations/:organisationId', {
    config: { action: 'list' },
    schema: {
      operationId: 'getOrganisation',
      tags: ['organisations'],
      summary: 'An organisation that the caller is a member of',
      params: OrganisationParams,
      response: {
        200: Type.Unsafe<Organisation>(Type.Ref('Organisation', { description: 'With the caller’s roles' })),
        ...organisationErrors(400, 401, 403, 404, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const actor = actorOf(request)
    const { organisationId } = request.params
    const refusal = reading(actor, organisationId)
    if (refusal !== undefined) throw refused(refusal)
    return { organisationId, roles: rolesOf(actor, organisationId) }
  })
}
