import type { AddressInfo } from 'node:net'
import { Ajv } from 'ajv'
import Fastify, { LogController } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Collection, CollectionDefinition } from './collection-definition.ts'
import { defineCollection } from './collection-definition.ts'
import { answerError } from './error-answers.ts'
import { foreignHost } from './errors.ts'
import { idGenerator } from './ids.ts'
import { importRoutes } from './import-routes.ts'
import type { Invocations } from './invocations.ts'
import { countInvocations } from './invocations.ts'
import { operationsOf } from './operations.ts'
import { readRoutes } from './read-routes.ts'
import { decodeParameters } from './request-context.ts'
import { requestSchemas } from './request-schemas.ts'
import type { Database } from './sqlite-database.ts'
import { openDatabase } from './sqlite-database.ts'
import { openStore } from './sqlite-store.ts'
import { statusRoutes } from './status-routes.ts'
import { writeRoutes } from './write-routes.ts'

export type { CollectionDefinition, FieldDefinition, IndexDefinition } from './collection-definition.ts'

export interface EmbeddedCrudOptions {
  /** The SQLite file, made when it is missing, or `:memory:`. */
  readonly file: string
  readonly collections: readonly CollectionDefinition[]
  /** The request header that names who writes, e.g. `miauserid`. */
  readonly userIdHeaderKey: string
  readonly clock: () => Date
  readonly logger?: FastifyBaseLogger
  /** The address to bind to, 127.0.0.1 by default. Never a wildcard: there is no authentication. */
  readonly host?: string
  /** 0, the default, lets the system choose. */
  readonly port?: number
}

export interface EmbeddedCrud {
  /** Where it listens, e.g. `http://127.0.0.1:40123`. */
  readonly origin: string
  /** Rewrites the file without the bytes of before; nothing is answered meanwhile. False: another process held the file, try again. */
  compact (): Promise<boolean>
  /** Empties the log beside the file, which holds the bytes of before. False: another process reads it. */
  emptyLog (): Promise<boolean>
  /** Stops listening, finishes the writes that wait, and closes the file. */
  close (): Promise<void>
}

/** MongoDB takes no document above 16 MB; a bulk insert may hold several. */
const BODY_LIMIT_BYTES = 100_000_000
const WILDCARDS: readonly string[] = ['0.0.0.0', '::', '']
const ONE_ADDRESS = 'The embedded storage has no authentication and must be bound to one address'

/** A page in a browser may reach loopback by a name that resolves to it; its Host header gives it away. */
function refuseForeignHosts (app: FastifyInstance): void {
  let ownHost: string | undefined
  app.addHook('onRequest', async request => {
    ownHost ??= hostOf(addressOf(app))
    if (request.headers.host !== ownHost) throw foreignHost()
  })
}

/** Some HTTP clients name a type for a body that they don't send; it must not decide about the request. */
function ignoreTypeOfEmptyBodies (app: FastifyInstance): void {
  app.addHook('onRequest', async ({ method, headers }) => {
    const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
    if (isEmpty && (method === 'DELETE' || method === 'GET')) delete headers['content-type']
  })
}

function addressOf (app: FastifyInstance): AddressInfo {
  const address = app.server.address()
  if (address === null || typeof address === 'string') throw new Error('The embedded storage has no address')
  return address
}

/** The Host header of a client that speaks to the address; without the port where it is HTTP's own. */
function hostOf ({ address, family, port }: AddressInfo): string {
  return new URL(`http://${family === 'IPv6' ? `[${address}]` : address}:${port}`).host
}

function serveCollection (app: FastifyInstance, collection: Collection, database: Database, invocations: Invocations, { clock, userIdHeaderKey }: EmbeddedCrudOptions): void {
  const schemas = requestSchemas(collection)
  const store = openStore(database, collection)
  const operations = operationsOf(collection, store, database, idGenerator(clock))
  app.register(async scope => {
    const writing = { collection, schemas, operations, userIdHeaderKey: userIdHeaderKey.toLowerCase(), clock }
    invocations.watch(scope, collection.definition.name)
    readRoutes(scope, collection, schemas, store)
    writeRoutes(scope, writing)
    importRoutes(scope, writing)
  }, { prefix: collection.definition.endpointBasePath })
}

/**
 * Starts a server that speaks the HTTP contract of Mia-Platform's CRUD Service 7 over one SQLite file. It is meant for
 * clients on the same machine: there is no authentication, requests that name another host are refused, CORS is off.
 * Throws when the file cannot be used, a definition is not understood, or the address cannot be bound.
 */
export async function startEmbeddedCrud (options: EmbeddedCrudOptions): Promise<EmbeddedCrud> {
  const { host = '127.0.0.1', port = 0, logger } = options
  if (WILDCARDS.includes(host)) throw new Error(ONE_ADDRESS)
  const collections = options.collections.map(defineCollection)
  const database = openDatabase(options.file)
  const app = Fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    // Addresses of requests hold filters, and filters hold ids and links.
    logController: new LogController({ disableRequestLogging: true }),
    ...(logger === undefined ? {} : { loggerInstance: logger }),
  })
  app.addHook('onClose', async () => { database.close() })
  try {
    const ajv = new Ajv({ coerceTypes: true, useDefaults: true, strict: false })
    app.setValidatorCompiler(({ schema }) => ajv.compile(schema as object))
    app.setErrorHandler(answerError)
    // What is left is the exact JSON parser; every other type is a 415.
    app.removeContentTypeParser('text/plain')
    refuseForeignHosts(app)
    ignoreTypeOfEmptyBodies(app)
    app.addHook('preHandler', async request => decodeParameters(request))
    app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }))
    const invocations = countInvocations()
    statusRoutes(app, collections, database, invocations)
    for (const collection of collections) serveCollection(app, collection, database, invocations, options)
    await app.listen({ host, port })
    // Other spellings of a wildcard show only now.
    if (WILDCARDS.includes(addressOf(app).address)) throw new Error(ONE_ADDRESS)
  } catch (error) {
    await app.close().catch(() => {})
    throw error
  }
  return { origin: `http://${hostOf(addressOf(app))}`, compact: async () => database.compact(), emptyLog: async () => database.emptyLog(), close: () => app.close() }
}
