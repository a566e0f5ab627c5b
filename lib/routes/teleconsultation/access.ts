import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { AccessQuery, RoomParams, type TeleconsultationAccess } from '../../../schemas/teleconsultation.ts'
import type { FastifyReply } from 'fastify'
import type { AccessView } from '../../teleconsultations/give-access.ts'
import { entityTagOf } from '../../domain/entity-tag.ts'
import { UnauthorizedUser } from '../../errors.ts'
import { accessBody } from '../access-body.ts'
import type { RouteOptions } from '../services.ts'

/**
 * The answer as text. A waiting page asks every few seconds, and what it asks for seldom changes: of the same document, link
 * and details the text is the same.
 */
function textOf (view: AccessView, reply: FastifyReply): string {
  let known = texts.get(view.document)
  if (known === undefined) texts.set(view.document, known = new Map())
  const seat = view.participant.userBandyerId
  const before = known.get(seat)
  if (before !== undefined && before.url === view.access?.url && before.details === view.details) return before.text
  const text = String(reply.serialize(accessBody(view)))
  known.set(seat, { url: view.access?.url, details: view.details, text })
  return text
}

interface KnownText { url: string | undefined, details: AccessView['details'], text: string }
const texts = new WeakMap<AccessView['document'], Map<string, KnownText>>()

export const accessRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { access, callerOf } }) => {
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
    reply.header('etag', entityTagOf(view.document.content)).type('application/json; charset=utf-8')
    return textOf(view, reply)
  })
}
