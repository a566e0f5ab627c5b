import type { FastifyPluginAsync } from 'fastify'
import type { ClinicOverview } from '../../../schemas/pages.ts'
import { NotTheClinic } from '../../errors.ts'
import type { Outbox } from '../../mail/outbox.ts'
import type { RouteOptions } from '../services.ts'
import { listRoute } from './list.ts'
import { outboxRoute } from './outbox.ts'
import { overviewRoute } from './overview.ts'

export interface ClinicOptions extends RouteOptions {
  overview: () => ClinicOverview
  /** Absent where e-mails are sent, or nobody writes any. */
  outbox?: Pick<Outbox, 'list'> | undefined
}

/** For the page that acts as the clinic; registered where AUTHORIZATION is local, and only the clinic gets in. */
export const clinicRoutes: FastifyPluginAsync<ClinicOptions> = async (app, options) => {
  await app.register(async function clinicOnly (scope) {
    scope.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store')
      if (!options.services.mayActAsClinic(request)) throw new NotTheClinic()
    })
    await scope.register(overviewRoute, options)
    await scope.register(listRoute, options)
    await scope.register(outboxRoute, options)
  })
}
