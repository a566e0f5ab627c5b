import type { FastifyInstance } from 'fastify'
import type { Collection } from './collection-definition.ts'
import type { Invocations } from './invocations.ts'
import { collectionSchema } from './request-schemas.ts'
import type { Database } from './sqlite-database.ts'

/** The service that is spoken here, and the version of its contract. */
const STATUS = { name: 'crud-service', status: 'OK', version: '7' }

/** Registers the routes that tell whether the server works and what it holds. */
export function statusRoutes (app: FastifyInstance, collections: readonly Collection[], database: Database, invocations: Invocations): void {
  for (const path of ['/-/healthz', '/-/ready', '/-/check-up']) {
    app.get(path, async () => {
      database.statement('SELECT 1').get()
      return STATUS
    })
  }

  app.get('/-/metrics', async (_request, reply) => reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(invocations.text()))

  app.get('/-/schemas', async () => collections.map(collection => ({ name: collection.definition.name, schema: collectionSchema(collection) })))
}
