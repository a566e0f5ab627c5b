import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { IdempotencyHeaders } from '../../../schemas/headers.ts'
import { SessionParams, type GuestLink, type NewGuest } from '../../../schemas/session.ts'
import { reachable } from '../../domain/participants.ts'
import { seatOf, sessionOf, standingOf } from '../../domain/session.ts'
import { ParticipantNotFound } from '../../errors.ts'
import { invite } from '../../teleconsultations/session-people.ts'
import { actorOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { participantBody } from './session-body.ts'

export const guestLinkRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services }) => {
  const { ports, personalLinks, answered } = services

  app.post('/sessions/:sessionId/guest-links', {
    config: { action: 'invite' },
    schema: {
      operationId: 'createGuestLink',
      tags: ['sessions'],
      summary: 'Takes a guest into the session whom no system knows, by a link that is worth nothing on a second device',
      params: SessionParams,
      headers: IdempotencyHeaders,
      body: Type.Unsafe<NewGuest>(Type.Ref('NewGuest')),
      response: {
        201: Type.Unsafe<GuestLink>(Type.Ref('GuestLink', { description: 'He takes part' })),
        ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { fullName, language } = request.body
    const { sessionId } = request.params
    const contact = reachable(request.body, (name) => name)
    const { externalId, document } = await answered.run(request.requestKey(request.body), async () => {
      const externalId = `guest-${ports.ids.operation()}`
      const person = { externalId, groups: [], privilege: 'basic' as const, fullName, language, ...contact }
      return { externalId, document: await invite(ports, sessionId, { person, oneTime: true }, request.operationContext()) }
    })
    const seat = seatOf(document, externalId)
    if (seat === undefined) throw new ParticipantNotFound()
    const link = standingOf(sessionOf(document), externalId)?.link
    return await reply.code(201).send({
      participant: participantBody(services, document, seat, actorOf(request)),
      link: personalLinks.linkFor({ room: sessionId, sub: externalId, link })
    })
  })
}
