import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { SessionParams, type SessionParticipants } from '../../../schemas/session.ts'
import { seatsOf } from '../../domain/session.ts'
import { actorOf, guardedOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { participantBody } from './session-body.ts'

export const participantsRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services }) => {
  app.get('/sessions/:sessionId/participants', {
    config: { action: 'see' },
    schema: {
      operationId: 'listSessionParticipants',
      tags: ['sessions'],
      summary: 'Who takes part, with what each may do as far as the caller may know it',
      params: SessionParams,
      response: {
        200: Type.Unsafe<SessionParticipants>(Type.Ref('SessionParticipants', { description: 'Who takes part' })),
        ...errorResponses(400, 401, 403, 404, 500, 502, 503, 504)
      }
    }
  }, async (request) => {
    const document = guardedOf(request)
    const actor = actorOf(request)
    const details = await services.callState(document)
    return { participants: seatsOf(document).map((seat) => participantBody(services, document, seat, actor, details)) }
  })
}
