import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { IdempotencyHeaders } from '../../../schemas/headers.ts'
import type { NewTeleconsultation } from '../../../schemas/teleconsultation.ts'
import type { Actor } from '../../domain/authorization.ts'
import type { Session } from '../../domain/session.ts'
import { entityTagOf } from '../../domain/entity-tag.ts'
import { createTeleconsultation } from '../../teleconsultations/create.ts'
import { unsupportedIn } from '../../teleconsultations/places.ts'
import type { Ports } from '../../teleconsultations/ports.ts'
import { ownershipFor } from '../sessions/caller.ts'
import type { RouteOptions } from '../services.ts'

/** Behind a gateway, and of the clinic itself, nobody owns what is booked. */
async function ownership (actor: Actor | undefined, { store }: Ports): Promise<Session | undefined> {
  return actor?.kind === 'person' && await store.keepsSessions() ? ownershipFor(actor, undefined) : undefined
}

export const createRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, people, once } }) => {
  app.post('/teleconsultation', {
    config: { action: 'create' },
    schema: {
      operationId: 'createTeleconsultation',
      tags: ['teleconsultation'],
      summary: 'Books a teleconsultation',
      headers: IdempotencyHeaders,
      body: Type.Unsafe<NewTeleconsultation>(Type.Ref('NewTeleconsultation')),
      response: {
        201: Type.Unsafe<{ roomId: string, unsupported?: string[] }>(Type.Ref('TeleconsultationCreated', { description: 'Booked' })),
        ...errorResponses(400, 401, 403, 409, 413, 415, 422, 500, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { participants, ...dates } = request.body
    const context = request.operationContext()
    const key = request.requestKey(request.body)
    const session = await ownership(request.actor, ports)
    const created = await once.run(key, () => createTeleconsultation(ports, () => people.list(participants, context.headers, context.endsAt), dates, context, key, session))
    const unsupported = unsupportedIn(ports, created)
    return await reply.code(201).header('etag', entityTagOf(created.content)).send({ roomId: created.id, ...(unsupported.length === 0 ? {} : { unsupported }) })
  })
}
