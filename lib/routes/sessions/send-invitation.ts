import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { SessionParticipantParams, type InvitationAgain, type InvitationSent } from '../../../schemas/session.ts'
import { isHimself, isInCharge } from '../../domain/authorization.ts'
import { seatOf, sessionOf, standingOf } from '../../domain/session.ts'
import { MailNotConfigured, NotPermitted, ParticipantNotFound } from '../../errors.ts'
import { renewLink, sendAgain } from '../../teleconsultations/invitations.ts'
import { authorizationRules } from '../../teleconsultations/ports.ts'
import { actorOf, guardedOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { participantBody } from './session-body.ts'

export const sendInvitationRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services, tellsPeople }) => {
  const { ports, personalLinks } = services

  app.post('/sessions/:sessionId/participants/:userExternalId/invitation', {
    config: { action: 'invite again' },
    schema: {
      operationId: 'sendInvitation',
      tags: ['sessions'],
      summary: 'Sends a participant his invitation once more, or gives him another personal link: that only by those in charge, and by himself',
      params: SessionParticipantParams,
      body: Type.Union([Type.Unsafe<InvitationAgain>(Type.Ref('InvitationAgain')), Type.Null()]),
      response: {
        200: Type.Unsafe<InvitationSent>(Type.Ref('InvitationSent', { description: 'It is on its way; with newLink the one before opens nothing any more' })),
        ...errorResponses(400, 401, 403, 404, 409, 413, 415, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const { sessionId, userExternalId } = request.params
    const actor = actorOf(request)
    const context = request.operationContext()
    const wantsLink = request.body?.newLink === true
    if (wantsLink && !isInCharge(actor, guardedOf(request), authorizationRules(ports)) && !isHimself(actor, userExternalId)) throw new NotPermitted()
    if (!wantsLink && !tellsPeople) throw new MailNotConfigured()
    const document = await (wantsLink ? renewLink : sendAgain)(ports, sessionId, userExternalId, context)
    const seat = seatOf(document, userExternalId)
    if (seat === undefined) throw new ParticipantNotFound()
    return {
      participant: participantBody(services, document, seat, actor),
      ...wantsLink ? { mediaUrl: personalLinks.linkFor({ room: sessionId, sub: userExternalId, link: standingOf(sessionOf(document), userExternalId)?.link }) } : {}
    }
  })
}
