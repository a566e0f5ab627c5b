import type { FastifyPluginAsync } from 'fastify'
import type { Taxonomies } from '../../domain/taxonomies.ts'
import type { RouteOptions } from '../services.ts'
import { changeSessionRoute } from './change.ts'
import { closeFeedRoute } from './close-feed.ts'
import { createSessionRoute } from './create.ts'
import type { Cursors } from './cursors.ts'
import { endSessionRoute } from './end.ts'
import { guestLinkRoute } from './guest-link.ts'
import { inviteRoute } from './invite.ts'
import { listSessionsRoute } from './list.ts'
import { participantsRoute } from './participants.ts'
import { readSessionRoute } from './read.ts'
import { recordingRoute } from './recording.ts'
import { removeParticipantRoute } from './remove-participant.ts'
import { removeSessionRoute } from './remove.ts'
import { sendInvitationRoute } from './send-invitation.ts'
import { setPermissionsRoute } from './set-permissions.ts'

export interface SessionRouteOptions extends RouteOptions {
  taxonomies: Taxonomies
  cursors: Cursors
  /** Whether people are sent e-mails. */
  tellsPeople: boolean
}

/** Sessions, this service's own routes. Each says in its `action` who may call it. */
export const sessionRoutes: FastifyPluginAsync<SessionRouteOptions> = async (app, options) => {
  await app.register(async function guarded (scope) {
    app.guards.own(scope)
    await scope.register(listSessionsRoute, options)
    await scope.register(createSessionRoute, options)
    await scope.register(readSessionRoute, options)
    await scope.register(changeSessionRoute, options)
    await scope.register(removeSessionRoute, options)
    await scope.register(participantsRoute, options)
    await scope.register(inviteRoute, options)
    await scope.register(guestLinkRoute, options)
    await scope.register(sendInvitationRoute, options)
    await scope.register(setPermissionsRoute, options)
    await scope.register(removeParticipantRoute, options)
    await scope.register(endSessionRoute, options)
    await scope.register(closeFeedRoute, options)
    await scope.register(recordingRoute, options)
  })
}
