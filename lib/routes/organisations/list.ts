import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { GIVEN_ROLES, organisationErrors, type OrganisationList } from '../../../schemas/organisations.ts'
import { ROLE_NAMES } from '../../../schemas/permissions.ts'
import { actorOf } from './caller.ts'
import type { OrganisationOptions } from './index.ts'
import { rolesOf } from './wire.ts'

export const listRoute: FastifyPluginAsyncTypebox<OrganisationOptions> = async (app, { members }) => {
  app.get('/organisations', {
    config: { action: 'be oneself' },
    schema: {
      operationId: 'listOrganisations',
      tags: ['organisations'],
      summary: 'The caller’s organisations with his roles in them, and his invitations',
      response: {
        200: Type.Unsafe<OrganisationList>(Type.Ref('OrganisationList', { description: 'All of them' })),
        ...organisationErrors(401, 403, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const actor = actorOf(request)
    const context = request.operationContext()
    // A clinic may name anybody: what it is itself is its own organisation.
    const isOneself = actor.kind === 'person' || actor.kind === 'gateway'
    const invited = isOneself && actor.id !== undefined ? await members.ofUser(actor.id, 'INVITED', context) : []
    const organisations = actor.kind === 'person'
      ? [...actor.organisations.keys()].map((organisationId) => ({ organisationId, roles: rolesOf(actor, organisationId) }))
      : actor.kind === 'clinic'
        ? [{ organisationId: actor.organisation, roles: rolesOf(actor, actor.organisation) }]
        : actor.id === undefined
          ? []
          // Behind a gateway nobody tells of what somebody is a member; only what is kept here does.
          : (await members.ofUser(actor.id, 'ACCEPTED', context)).map(({ organisation: organisationId, roles }) =>
              ({ organisationId, roles: ROLE_NAMES.filter((role) => role === 'SELF' || roles.has(role)) }))
    return {
      organisations,
      invitations: invited.map(({ organisation: organisationId, roles }) => ({ organisationId, roles: GIVEN_ROLES.filter((role) => roles.has(role)) }))
    }
  })
}
