import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { ClinicTeleconsultation, ClinicTeleconsultations } from '../../../schemas/pages.ts'
import { seatsOf, sessionOf, standingOf } from '../../domain/session.ts'
import { isComplete, type Teleconsultation } from '../../domain/teleconsultation.ts'
import { mayGiveLink } from '../../domain/window.ts'
import type { Services } from '../services.ts'
import { mailOf } from '../sessions/session-body.ts'
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
  const session = sessionOf(document)
  const isOver = now > content.endAt || session.endedAt !== undefined
  return {
    roomId: id,
    startAt: content.startAt.toISOString(),
    endAt: content.endAt.toISOString(),
    participantsNumber: content.number,
    // Whoever was removed has his place in the list still, and nobody else is waited for there.
    missing: isOver ? 0 : Math.max(0, content.number - content.participants.length),
    state: isOver ? 'over' : !isComplete(content) ? 'incomplete' : mayGiveLink(ports.settings.window, content.startAt, now) ? 'open' : 'planned',
    ...session.requested === true ? { requested: true } : {},
    participants: seatsOf(document).flatMap((seat) => {
      const { userExternalId, fullName, privilege, email } = seat
      if (userExternalId === undefined) return []
      const standing = standingOf(session, userExternalId)
      const mail = mailOf(document, seat)
      return [{
        userExternalId,
        ...fullName === undefined ? {} : { fullName },
        ...privilege === undefined ? {} : { privilege },
        personalLink: personalLinks.linkFor({ room: id, sub: userExternalId, link: standing?.link }),
        ...standing?.oneTime === true ? { oneTime: true, opened: standing.opened !== undefined } : {},
        hasAddress: email !== undefined,
        ...mail === undefined ? {} : { mail }
      }]
    })
  }
}
