import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { MembersQuery, OrganisationParams, organisationErrors, type OrganisationMembers } from '../../../schemas/organisations.ts'
import { rankOf, reading } from '../../domain/membership.ts'
import { InvalidCursor } from '../../errors.ts'
import { actorOf } from './caller.ts'
import { refused } from './refused.ts'
import type { OrganisationOptions } from './index.ts'
import { memberOnWire } from './wire.ts'

export const listMembersRoute: FastifyPluginAsyncTypebox<OrganisationOptions> = async (app, { members }) => {
  app.get('/organisations/:organisationId/members', {
    config: { action: 'list' },
    schema: {
      operationId: 'listOrganisationMembers',
      tags: ['organisations'],
      summary: 'The members; for an ADMIN with their names and with those who are invited',
      params: OrganisationParams,
      querystring: MembersQuery,
      response: {
        200: Type.Unsafe<OrganisationMembers>(Type.Ref('OrganisationMembers', { description: 'One page' })),
        ...organisationErrors(400, 401, 403, 404, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const actor = actorOf(request)
    const { params: { organisationId }, query: { limit, cursor } } = request
    const refusal = reading(actor, organisationId)
    if (refusal !== undefined) throw refused(refusal)
    const states = rankOf(actor, organisationId) === 'ADMIN' ? ['INVITED', 'ACCEPTED'] as const : ['ACCEPTED'] as const
    const after = cursor === undefined ? undefined : userIdOf(cursor)
    const found = await members.list(organisationId, { states, limit: limit + 1, after }, request.operationContext())
    const shown = found.slice(0, limit)
    const last = shown.at(-1)
    return {
      members: shown.map((member) => memberOnWire(actor, member)),
      next: found.length > limit && last !== undefined ? cursorOf(last.userId) : null
    }
  })
}

const cursorOf = (userId: string) => Buffer.from(userId).toString('base64url')

function userIdOf (cursor: string): string {
  const userId = Buffer.from(cursor, 'base64url').toString()
  if (cursorOf(userId) !== cursor) throw new InvalidCursor()
  return userId
}
