import type { FastifyPluginAsync } from 'fastify'
import { NotTheClinic, RoomNotFound } from '../../errors.ts'
import type { RouteOptions } from '../services.ts'
import { accessRoute } from './access.ts'
import { addParticipantRoute } from './add-participant.ts'
import { changeRoute } from './change.ts'
import { createRoute } from './create.ts'
import { credentialsRoute } from '../credentials/create.ts'
import { backgroundImageRoute } from '../settings/background-image.ts'
import { updateSettingsRoute } from '../settings/update.ts'
import { transcriptionRoute } from '../transcription/read.ts'
import { deleteUploadsRoute } from './delete-uploads.ts'
import { removeRoute } from './remove.ts'

const DOCUMENT_ID = /^[A-Za-z0-9-]{1,64}$/

/** The drop-in contract's routes. Whoever may reach them at all may call each: a gateway, or the clinic itself. */
export const teleconsultationRoutes: FastifyPluginAsync<RouteOptions> = async (app, options) => {
  await app.register(async function clinicOrGateway (scope) {
    scope.addHook('onRequest', (request, reply, next) => {
      if (!options.services.mayActAsClinic(request)) throw new NotTheClinic()
      reply.header('cache-control', 'no-store')
      // What can be no document's id reaches no upstream.
      const { roomId } = request.params as { roomId?: string }
      if (roomId !== undefined && !DOCUMENT_ID.test(roomId)) throw new RoomNotFound(roomId.slice(0, 100))
      next()
    })
    await scope.register(createRoute, options)
    await scope.register(changeRoute, options)
    await scope.register(addParticipantRoute, options)
    await scope.register(accessRoute, options)
    await scope.register(removeRoute, options)
    await scope.register(deleteUploadsRoute, options)
    await scope.register(credentialsRoute, options)
    await scope.register(backgroundImageRoute, options)
    await scope.register(updateSettingsRoute, options)
    await scope.register(transcriptionRoute, options)
  })
}
