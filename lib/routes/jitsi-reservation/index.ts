import type { FastifyPluginAsync } from 'fastify'
import { carriesSecret } from './caller.ts'
import { createConferenceRoute } from './create.ts'
import { takeForms } from './form-body.ts'
import { readConferenceRoute } from './read.ts'
import { ReservationUnauthorized } from '../../errors.ts'
import { removeConferenceRoute } from './remove.ts'
import type { ReservationOptions } from './reserve.ts'

/**
 * What Prosody's mod_reservations asks (`reservations_api_prefix` ends in /jitsi-reservation): the start gate, the
 * duration, the number of seats and the lobby of a room. For the server alone; contract: docs/devops-guide/reservation
 * of the Jitsi handbook (November 2026).
 */
export const jitsiReservationRoutes: FastifyPluginAsync<ReservationOptions> = async (app, options) => {
  await app.register(async function prosodyOnly (scope) {
    scope.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store')
      if (!carriesSecret(request.headers.authorization, options.secret)) throw new ReservationUnauthorized()
    })
    takeForms(scope)
    await scope.register(createConferenceRoute, options)
    await scope.register(readConferenceRoute, options)
    await scope.register(removeConferenceRoute)
  })
}
