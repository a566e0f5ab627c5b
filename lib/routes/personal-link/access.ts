import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { PersonalLinkView } from '../../../schemas/pages.ts'
import { isHisLink, sessionOf } from '../../domain/session.ts'
import { isComplete } from '../../domain/teleconsultation.ts'
import { InvalidPersonalLink } from '../../errors.ts'
import { accessBody } from '../access-body.ts'
import type { RouteOptions } from '../services.ts'

export interface PersonalLinkOptions extends RouteOptions { graceMs: number }

/** Called with nothing but the personal link's token: any caller header is ignored here. */
export const personalLinkRoute: FastifyPluginAsyncTypebox<PersonalLinkOptions> = async (app, { services: { access, personalLinks, ports }, graceMs }) => {
  app.get('/personal-link', {
    schema: {
      operationId: 'getByPersonalLink',
      tags: ['personal link'],
      summary: 'What the holder of a personal link sees: the waiting room, then the way in',
      headers: Type.Object({ authorization: Type.Optional(Type.String({ maxLength: 4200, description: 'Bearer and the token from the link’s fragment' })) }),
      response: {
        200: Type.Unsafe<PersonalLinkView>(Type.Ref('PersonalLinkView', { description: 'The link is valid' })),
        ...errorResponses(400, 401, 404, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { room, sub, link = 0 } = personalLinks.read(request.headers.authorization)
    const view = await access.giveAccess(room, sub, {}, request.operationContext())
    const { content } = view.document
    if (!isHisLink(sessionOf(view.document), sub, link)) throw new InvalidPersonalLink()
    const now = ports.clock.now()
    if (now.getTime() > content.endAt.getTime() + graceMs) throw new InvalidPersonalLink()
    const { accessLinkURL, bandyerUserId, participantsBandyerCall } = accessBody(view)
    return {
      roomId: view.document.id,
      bandyerUserId,
      ...(view.participant.fullName === undefined ? {} : { fullName: view.participant.fullName }),
      ...(view.participant.language === undefined ? {} : { language: view.participant.language }),
      participantsBandyerCall,
      startAt: content.startAt.toISOString(),
      endAt: content.endAt.toISOString(),
      linkFrom: view.linkFrom.toISOString(),
      now: now.toISOString(),
      complete: isComplete(content),
      accessLinkURL
    }
  })
}
