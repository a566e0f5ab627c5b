import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { OrganisationParams, organisationErrors, type NewOrganisationMember, type OrganisationMember } from '../../../schemas/organisations.ts'
import { invitation } from '../../domain/membership.ts'
import { actorOf } from './caller.ts'
import { MemberExists } from '../../errors.ts'
import { refused } from './refused.ts'
import type { OrganisationOptions } from './index.ts'
import { ownOf } from './membership-change.ts'
import { memberOnWire } from './wire.ts'

export const inviteRoute: FastifyPluginAsyncTypebox<OrganisationOptions> = async (app, { members }) => {
  app.post('/organisations/:organisationId/members', {
    config: { action: 'list' },
    schema: {
      operationId: 'inviteOrganisationMember',
      tags: ['organisations'],
      summary: 'An ADMIN invites somebody',
      params: OrganisationParams,
      body: Type.Unsafe<NewOrganisationMember>(Type.Ref('NewOrganisationMember')),
      response: {
        201: Type.Unsafe<OrganisationMember>(Type.Ref('OrganisationMember', { description: 'Invited' })),
        ...organisationErrors(400, 401, 403, 404, 409, 413, 415, 500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const actor = actorOf(request)
    const context = request.operationContext()
    const { params: { organisationId: organisation }, body: { userId, roles = [], fullName } } = request
    const own = await ownOf(members, actor, organisation, context)
    const decided = invitation({ actor, organisation, userId, own }, roles)
    if (typeof decided === 'string') throw refused(decided)
    const invited = await members.invite({ organisation, userId, ...decided, fullName, invitedBy: actor.id }, context)
    if (invited === 'exists') throw new MemberExists()
    return await reply.code(201).send(memberOnWire(actor, invited))
  })
}
