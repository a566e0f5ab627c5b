import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { PersonalLinkView } from '../../../schemas/pages.ts'
import { isHisLink, opensFor, sessionOf, standingOf } from '../../domain/session.ts'
import { isComplete } from '../../domain/teleconsultation.ts'
import { GuestLinkUsed, InvalidPersonalLink } from '../../errors.ts'
import { claimLink } from '../../teleconsultations/invitations.ts'
import { accessBody, isElsewhere } from '../access-body.ts'
import type { RouteOptions } from '../services.ts'

export interface PersonalLinkOptions extends RouteOptions { graceMs: number }

/** A seat outlives dates that move after it was given. Until when its link opens anything is judged by the dates that are stored. */
const SEAT_SPARE_MS = 90 * 24 * 60 * 60 * 1000

/** Called with nothing but the personal link's token, and the seat of who was in before: any caller header is ignored here. */
export const personalLinkRoute: FastifyPluginAsyncTypebox<PersonalLinkOptions> = async (app, { services: { access, personalLinks, seats, ports }, graceMs }) => {
  app.get('/personal-link', {
    schema: {
      operationId: 'getByPersonalLink',
      tags: ['personal link'],
      summary: 'What the holder of a personal link sees: the waiting room, then the way in. A one-time link is that device’s which opens it first',
      headers: Type.Object({
        authorization: Type.Optional(Type.String({ maxLength: 4200, description: 'Bearer and the token from the link’s fragment' })),
        'x-seat': Type.Optional(Type.String({ maxLength: 4200, description: 'The seat of an earlier answer. Before the first one: 22 to 64 random characters (A-Z a-z 0-9 _ -) of the device’s own, the same at each attempt, so that an answer that gets lost locks nobody out' }))
      }),
      response: {
        200: Type.Unsafe<PersonalLinkView>(Type.Ref('PersonalLinkView', { description: 'The link is valid' })),
        ...errorResponses(400, 401, 404, 409, 410, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const context = request.operationContext()
    const claims = personalLinks.read(request.headers.authorization)
    const { room, sub, link = 0 } = claims
    const view = await access.giveAccess(room, sub, {}, context)
    const { content } = view.document
    const standing = standingOf(sessionOf(view.document), sub)
    if (!isHisLink(sessionOf(view.document), sub, link)) throw new InvalidPersonalLink()
    const now = ports.clock.now()
    if (now.getTime() > content.endAt.getTime() + graceMs) throw new InvalidPersonalLink()

    const held = seats.read(request.headers['x-seat'], claims)
    const isOneTime = standing?.oneTime === true
    const elsewhere = !isOneTime && isElsewhere(view, held)
    const isSeated = isOneTime || (view.access !== null && !elsewhere)
    const nonce = held?.nonce ?? (isSeated ? seats.newNonce() : '')
    if (isOneTime && !opensFor(standing, seats.proofOf(nonce))) {
      if (standing.opened !== undefined) throw new GuestLinkUsed()
      // What a browser loads on the chance that somebody wants it opens nothing.
      if (/prefetch/i.test(String(request.headers['sec-purpose'] ?? request.headers['purpose'] ?? ''))) throw new InvalidPersonalLink()
      await claimLink(ports, room, { externalId: sub, link, proof: seats.proofOf(nonce) }, context)
    }

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
      accessLinkURL: elsewhere ? null : accessLinkURL,
      ...elsewhere ? { elsewhere } : {},
      ...isSeated ? { seat: seats.tokenFor(claims, nonce, new Date(content.endAt.getTime() + graceMs + SEAT_SPARE_MS)) } : {}
    }
  })
}
