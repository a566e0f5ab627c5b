import type { FastifyPluginAsync } from 'fastify'
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

/** The drop-in contract's routes. Behind a gateway whoever reaches them may call each; elsewhere their `action` decides. */
export const teleconsultationRoutes: FastifyPluginAsync<RouteOptions> = async (app, options) => {
  await app.register(async function guarded (scope) {
    app.guards.dropIn(scope)
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
