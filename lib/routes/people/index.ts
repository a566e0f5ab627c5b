import type { FastifyPluginAsync } from 'fastify'
import { NotPermitted } from '../../errors.ts'
import type { Erasures } from '../../teleconsultations/erasures.ts'
import { erasePersonRoute } from './erase.ts'
import { readErasureRoute } from './read-erasure.ts'

export interface PeopleOptions {
  erasures: Erasures
  /** Milliseconds that a request waits for its erasure. */
  waitMs: number
  /** By which a gateway marks requests of the back office. Lower case. */
  backOfficeHeader: string
}

/** What concerns a person everywhere, and not in one session. */
export const peopleRoutes: FastifyPluginAsync<PeopleOptions> = async (app, options) => {
  const { backOfficeHeader } = options
  await app.register(async function administration (scope) {
    scope.guards.own(scope)
    // A gateway lets patients through as well, to routes that it was told of before these were there.
    scope.addHook('onRequest', async ({ actor, headers }) => {
      if (actor?.kind === 'gateway' && !['1', 'true'].includes(String(headers[backOfficeHeader]))) throw new NotPermitted()
    })
    await scope.register(erasePersonRoute, options)
    await scope.register(readErasureRoute, options)
  })
}
