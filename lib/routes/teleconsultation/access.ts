import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { AccessQuery, RoomParams, type TeleconsultationAccess } from '../../../schemas/teleconsultation.ts'
import type { FastifyReply } from 'fastify'
import type { AccessView } from '../../teleconsultations/give-access.ts'
import { boundedMap } from '../../domain/bounded-map.ts'
import { entityTagOf } from '../../domain/entity-tag.ts'
import { UnauthorizedUser } from '../../errors.ts'
import { sessionOf, standingOf } from '../../domain/session.ts'
import { accessBody, isElsewhere } from '../access-body.ts'
import type { RouteOptions } from '../services.ts'

interface KnownAnswer {
  url: string | undefined
  details: AccessView['details']
  text: string
  tag: string
}

interface KnownDocument {
  document: AccessView['document']
  /** By the participant's id at the provider. */
  answers: Map<string, KnownAnswer>
}

const MOST_KNOWN = 300

export const accessRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { access, callerOf, seats } }) => {
  // A waiting page asks every few seconds, and what it asks for seldom changes: of the same document, link and details the text is the same.
  const known = boundedMap<KnownDocument>(MOST_KNOWN)
  const answersOf = (document: AccessView['document']) => {
    const before = known.get(document.id)
    if (before?.document === document) return before.answers
    const answers: KnownDocument['answers'] = new Map()
    known.set(document.id, { document, answers })
    return answers
  }
  const answerOf = (view: AccessView, reply: FastifyReply): KnownAnswer => {
    const { document, participant: { userBandyerId }, access: way, details } = view
    const answers = answersOf(document)
    const before = answers.get(userBandyerId)
    if (before !== undefined && before.url === way?.url && before.details === details) return before
    const answer = { url: way?.url, details, text: String(reply.serialize(accessBody(view))), tag: entityTagOf(document.content) }
    answers.set(userBandyerId, answer)
    return answer
  }

  app.get('/teleconsultation/:roomId', {
    config: { action: 'open' },
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
      { language, background: useBackground, hides: request.actor?.kind === 'person' }, request.operationContext())
    // A link alone opens here what it opens on its page, and no more.
    const isWithheld = request.actor?.kind === 'link' &&
      isElsewhere(view, seats.read(request.headers['x-seat'], { room: view.document.id, sub: caller, link: standingOf(sessionOf(view.document), caller)?.link }))
    const { text, tag } = answerOf(isWithheld ? { ...view, access: null } : view, reply)
    reply.header('etag', tag).type('application/json; charset=utf-8')
    return text
  })
}
