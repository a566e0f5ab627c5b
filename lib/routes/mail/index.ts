import type { FastifyPluginAsync } from 'fastify'
import { MailNotConfigured } from '../../errors.ts'
import type { LetterIds } from '../../teleconsultations/note-bounce.ts'
import type { Ports } from '../../teleconsultations/ports.ts'
import { noteBouncesRoute } from './note-bounces.ts'

export interface MailRouteOptions {
  ports: Ports
  ids: LetterIds
}

/**
 * For the mail server beside this service.
 *
 * @param options.ids undefined: no e-mails are sent
 */
export const mailRoutes: FastifyPluginAsync<{ ports: Ports, ids: LetterIds | undefined }> = async (app, { ports, ids }) => {
  await app.register(async function administrators (scope) {
    scope.guards.own(scope)
    scope.addHook('onRequest', async () => {
      if (ids === undefined) throw new MailNotConfigured()
    })
    await scope.register(noteBouncesRoute, { ports, ids: ids ?? NONE })
  })
}

const NONE: LetterIds = { documentOf: () => undefined, isTo: () => false }
