import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { emptyResponse } from '../../../schemas/error.ts'
import { MemberParams, organisationErrors } from '../../../schemas/organisations.ts'
import { removal } from '../../domain/membership.ts'
import { actorOf } from './caller.ts'
import type { OrganisationOptions } from './index.ts'
import { changeMembership } from './membership-change.ts'

export const removeMemberRoute: FastifyPluginAsyncTypebox<OrganisationOptions> = async (app, { members }) => {
  app.delete('/organisations/:organisationId/members/:userId', {
    config: { action: 'list' },
    schema: {
      operationId: 'removeOrganisationMember',
      tags: ['organisations'],
      summary: 'An ADMIN removes somebody, or a person leaves or declines',
      params: MemberParams,
      response: {
        204: emptyResponse('Gone'),
        ...organisationErrors(400, 401, 403, 404, 409, 500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { organisationId: organisation, userId } = request.params
    await changeMembership(members, { actor: actorOf(request), organisation, userId }, removal, request.operationContext())
    return await reply.code(204).send()
  })
}
