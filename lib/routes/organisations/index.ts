import type { FastifyPluginAsync } from 'fastify'
import type { MemberStore } from '../../storage/member-store.ts'
import { changeMemberRoute } from './change-member.ts'
import { MembersNotKept } from '../../errors.ts'
import { inviteRoute } from './invite.ts'
import { listMembersRoute } from './list-members.ts'
import { listRoute } from './list.ts'
import { readRoute } from './read.ts'
import { removeMemberRoute } from './remove-member.ts'

/** What the route files work with. */
export interface OrganisationOptions { members: MemberStore }

/**
 * Organisations and who is what in them. Which organisation a request is about only its path says, so the guard lets everybody in who
 * is somebody, and lib/domain/membership.ts decides.
 *
 * @param options.members undefined: no collection of members is configured
 */
export const organisationRoutes: FastifyPluginAsync<{ members: MemberStore | undefined }> = async (app, { members: kept }) => {
  await app.register(async function knownCallers (scope) {
    scope.guards.own(scope)
    scope.addHook('onRequest', async () => {
      if (kept === undefined) throw new MembersNotKept()
    })
    const options: OrganisationOptions = { members: kept ?? NOTHING }
    await scope.register(listRoute, options)
    await scope.register(readRoute, options)
    await scope.register(listMembersRoute, options)
    await scope.register(inviteRoute, options)
    await scope.register(changeMemberRoute, options)
    await scope.register(removeMemberRoute, options)
  })
}

const notKept = async (): Promise<never> => { throw new MembersNotKept() }
const NOTHING: MemberStore = { get: notKept, ofUser: notKept, list: notKept, invite: notKept, replaceIfUnchanged: notKept, forget: notKept, onWrite: () => {} }
