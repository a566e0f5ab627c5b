import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { AccessQuery, RoomParams, type TeleconsultationAccess } from '../../../schemas/teleconsultation.ts'
import type { FastifyReply } from 'fastify'
import type { AccessView } from '../../teleconsultations/give-access.ts'
import { boundedMap } from '../../domain/bounded-map.ts'
import { entityTagOf } from '../../domain/entity-tag.ts'
import { UnauthorizedUser } from '../../errors.ts'
import { accessBody } from '../access-body.ts'
import type { RouteOptions } from '../services.ts'

interface KnownAnswer {
  document: AccessView['document']
  url: string | undefined
  details: AccessView['details']
  text: string
  tag: string
}

const MOST_KNOWN = 500

export const accessRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { access, callerOf } }) => {
  // A waiting page asks every few seconds, and what it asks for seldom changes: of the same document, link and details the text is the same.
  const known = boundedMap<KnownAnswer>(MOST_KNOWN)
  const answerOf = (view: AccessView, reply: FastifyReply): KnownAnswer => {
    const { document, access: way, details } = view
    const key = `${document.id} ${view.participant.userBandyerId}`
    const before = known.get(key)
    if (before?.document === document && before.url === way?.url && before.details === details) return before
    const answer = { document, url: way?.url, details, text: String(reply.serialize(accessBody(view))), tag: entityTagOf(document.content) }
    known.set(key, answer)
    return answer
  }

  app.get('/teleconsultation/:roomId', {
    schema: {
      operationId: 'getTeleconsultation',
      tags: ['teleconsultation'],
      summary: 'Gives the caller his own way into the call',
      params: RoomParams,
      querystring: AccessQuery,
      response: {
        200: Type.Unsafe<TeleconsultationAccess | string>(Type.Ref('TeleconsultationAccess', { description: 'The caller takes part' })),
        ...errorResponses(400, 401, 403, 404, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const caller = callerOf(request)
    if (caller === undefined) throw new UnauthorizedUser()
    const { language, useBackground } = request.query
    const view = await access.giveAccess(request.params.roomId, caller,
      { language, background: useBackground }, request.operationContext())
    const { text, tag } = answerOf(view, reply)
    reply.header('etag', tag).type('application/json; charset=utf-8')
    return text
  })
}
