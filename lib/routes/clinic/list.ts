import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { ClinicTeleconsultation, ClinicTeleconsultations } from '../../../schemas/pages.ts'
import { seatsOf, sessionOf, standingOf } from '../../domain/session.ts'
import { isComplete, type Teleconsultation } from '../../domain/teleconsultation.ts'
import { mayGiveLink } from '../../domain/window.ts'
import type { Services } from '../services.ts'
import type { ClinicOptions } from './index.ts'

const PAGE = 25

export const listRoute: FastifyPluginAsyncTypebox<ClinicOptions> = async (app, { services }) => {
  app.get('/clinic/teleconsultations', {
    schema: {
      operationId: 'listTeleconsultations',
      tags: ['clinic'],
      summary: 'The teleconsultations with everybody’s personal link, the latest start first',
      querystring: Type.Object({ skip: Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 }) }),
      response: {
        200: Type.Unsafe<ClinicTeleconsultations>(Type.Ref('ClinicTeleconsultations', { description: 'One page' })),
        ...errorResponses(400, 403, 500, 502, 503, 504)
      }
    }
  }, async (request) => {
    const { skip } = request.query
    const found = await services.ports.store.list({ limit: PAGE + 1, skip }, request.operationContext())
    const shown = found.slice(0, PAGE).filter(({ control }) => control.phase !== 'DELETING')
    return {
      teleconsultations: shown.map((document) => rowOf(document, services)),
      next: found.length > PAGE ? skip + PAGE : null
    }
  })
}

function rowOf (document: Teleconsultation, { personalLinks, ports }: Services): ClinicTeleconsultation {
  const { id, content } = document
  const now = ports.clock.now()
  return {
    roomId: id,
    startAt: content.startAt.toISOString(),
    endAt: content.endAt.toISOString(),
    participantsNumber: content.number,
    state: now > content.endAt || document.control.session?.endedAt !== undefined
      ? 'over'
      : !isComplete(content) ? 'incomplete' : mayGiveLink(ports.settings.window, content.startAt, now) ? 'open' : 'planned',
    participants: seatsOf(document).flatMap(({ userExternalId, fullName, privilege }) => userExternalId === undefined
      ? []
      : [{
          userExternalId,
          ...(fullName === undefined ? {} : { fullName }),
          ...(privilege === undefined ? {} : { privilege }),
          personalLink: personalLinks.linkFor({ room: id, sub: userExternalId, link: standingOf(sessionOf(document), userExternalId)?.link })
        }])
  }
}
