import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { IdempotencyHeaders } from '../../../schemas/headers.ts'
import { SessionParams, type Invitation, type Invited } from '../../../schemas/session.ts'
import { isInCharge } from '../../domain/authorization.ts'
import { seatOf, sessionOf, standingOf } from '../../domain/session.ts'
import { NotPermitted, ParticipantNotFound } from '../../errors.ts'
import { authorizationRules } from '../../teleconsultations/ports.ts'
import { invite } from '../../teleconsultations/session-people.ts'
import { actorOf, guardedOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { participantBody } from './session-body.ts'

export const inviteRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services }) => {
  const { ports, people, personalLinks, answered } = services

  app.post('/sessions/:sessionId/participants', {
    config: { action: 'invite' },
    schema: {
      operationId: 'inviteParticipant',
      tags: ['sessions'],
      summary: 'Takes somebody into the session, also while the call runs where the provider can do that; permissions only by those in charge',
      params: SessionParams,
      headers: IdempotencyHeaders,
      body: Type.Unsafe<Invitation>(Type.Ref('Invitation')),
      response: {
        201: Type.Unsafe<Invited>(Type.Ref('Invited', { description: 'He takes part' })),
        ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { organisation, permissions, ...participant } = request.body
    const { sessionId } = request.params
    const actor = actorOf(request)
    const context = request.operationContext()
    if (permissions !== undefined && !isInCharge(actor, guardedOf(request), authorizationRules(ports))) throw new NotPermitted()
    const document = await answered.run(request.requestKey(request.body), async () =>
      await invite(ports, sessionId, { person: await people.one(participant, context.headers, context.endsAt), organisation, permissions }, context))
    const seat = seatOf(document, participant.userExternalId)
    if (seat === undefined) throw new ParticipantNotFound()
    const link = standingOf(sessionOf(document), participant.userExternalId)?.link
    return await reply.code(201).send({
      participant: participantBody(services, document, seat, actor),
      mediaUrl: personalLinks.linkFor({ room: sessionId, sub: participant.userExternalId, link })
    })
  })
}
