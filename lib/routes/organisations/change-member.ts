import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { MemberParams, organisationErrors, type OrganisationMember, type OrganisationMemberChange } from '../../../schemas/organisations.ts'
import { acceptance, roleChange } from '../../domain/membership.ts'
import { actorOf } from './caller.ts'
import type { OrganisationOptions } from './index.ts'
import { changeMembership } from './membership-change.ts'
import { memberOnWire } from './wire.ts'

export const changeMemberRoute: FastifyPluginAsyncTypebox<OrganisationOptions> = async (app, { members }) => {
  app.patch('/organisations/:organisationId/members/:userId', {
    config: { action: 'list' },
    schema: {
      operationId: 'changeOrganisationMember',
      tags: ['organisations'],
      summary: 'An invited person accepts; an ADMIN changes somebody else’s roles',
      params: MemberParams,
      body: Type.Unsafe<OrganisationMemberChange>(Type.Ref('OrganisationMemberChange')),
      response: {
        200: Type.Unsafe<OrganisationMember>(Type.Ref('OrganisationMember', { description: 'As it is now' })),
        ...organisationErrors(400, 401, 403, 404, 409, 413, 415, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const actor = actorOf(request)
    const { params: { organisationId: organisation, userId }, body: { roles } } = request
    const changed = await changeMembership(members, { actor, organisation, userId },
      (situation) => roles === undefined ? acceptance(situation) : roleChange(situation, roles), request.operationContext())
    return memberOnWire(actor, changed)
  })
}
