import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { AccessQuery, RoomParams, type TeleconsultationAccess } from '../../../schemas/teleconsultation.ts'
import { UnauthorizedUser } from '../../errors.ts'
import { accessBody } from '../access-body.ts'
import type { RouteOptions } from '../services.ts'

export const accessRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { access, callerOf } }) => {
  app.get('/teleconsultation/:roomId', {
    schema: {
      operationId: 'getTeleconsultation',
      tags: ['teleconsultation'],
      summary: 'Gives the caller his own way into the call',
      params: RoomParams,
      querystring: AccessQuery,
      response: {
        200: Type.Unsafe<TeleconsultationAccess>(Type.Ref('TeleconsultationAccess', { description: 'The caller takes part' })),
        ...errorResponses(400, 401, 403, 404, 500, 502, 503, 504)
      }
    }
  }, async (request) => {
    const caller = callerOf(request)
    if (caller === undefined) throw new UnauthorizedUser()
    const { language, useBackground } = request.query
    const view = await access.giveAccess(request.params.roomId, caller,
      { language, background: useBackground }, request.operationContext())
    return accessBody(view)
  })
}
