import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { SessionParticipantParams, type PermissionChange, type Ruled } from '../../../schemas/session.ts'
import { seatOf } from '../../domain/session.ts'
import { ParticipantNotFound } from '../../errors.ts'
import { setPermissions } from '../../teleconsultations/session-people.ts'
import { actorOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { participantBody } from './session-body.ts'

export const setPermissionsRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services }) => {
  app.patch('/sessions/:sessionId/participants/:userExternalId', {
    config: { action: 'rule' },
    schema: {
      operationId: 'setPermissions',
      tags: ['sessions'],
      summary: 'Grants a participant permissions, or takes them from him, also while the call runs',
      params: SessionParticipantParams,
      body: Type.Unsafe<PermissionChange>(Type.Ref('PermissionChange')),
      response: {
        200: Type.Unsafe<Ruled>(Type.Ref('Ruled', { description: 'Decided; takesEffect says when it binds him' })),
        ...errorResponses(400, 401, 403, 404, 409, 413, 415, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const { sessionId, userExternalId } = request.params
    const { document, takesEffect } = await setPermissions(services.ports, sessionId, userExternalId, request.body.permissions, request.operationContext())
    const seat = seatOf(document, userExternalId)
    if (seat === undefined) throw new ParticipantNotFound()
    return { takesEffect, participant: participantBody(services, document, seat, actorOf(request)) }
  })
}
