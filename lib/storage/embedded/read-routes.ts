import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Collection } from './collection-definition.ts'
import { notFound } from './errors.ts'
import { csvOptionsOf, exportFormatOf } from './export-formats.ts'
import { asId } from './ids.ts'
import { columnsOf, project } from './projection.ts'
import { matches } from './query-evaluation.ts'
import type { QueryParameters } from './request-context.ts'
import { filterOf, pageOf, projectionOf, sortOf, statesOf } from './request-context.ts'
import type { RequestSchemas } from './request-schemas.ts'
import { collectionSchema } from './request-schemas.ts'
import type { DocumentStore, Selection } from './sqlite-store.ts'

interface Reading {
  Querystring: QueryParameters
}

interface ReadingOne extends Reading {
  Params: { id: string }
}

/** Registers the routes that only read a collection. */
export function readRoutes (app: FastifyInstance, collection: Collection, schemas: RequestSchemas, store: DocumentStore): void {
  const selectionOf = (request: FastifyRequest<Reading>): Selection => ({
    filter: filterOf(request, request.query, collection, true),
    states: statesOf(request.query),
    sort: sortOf(request.query),
    ...pageOf(request.query),
  })

  app.get<Reading>('/', { schema: { querystring: schemas.listQuery } }, async (request, reply) => {
    const projection = projectionOf(request, request.query, collection)
    const documents = store.find(selectionOf(request)).map(document => JSON.stringify(project(document, projection, collection)))
    // A stream leaves without a length and without a charset, as the CRUD Service's lists do.
    return reply.header('content-type', 'application/json').send(Readable.from([`[\n${documents.join('\n,\n')}\n]\n`]))
  })

  app.get<ReadingOne>('/:id', { schema: { querystring: schemas.itemQuery } }, async request => {
    const projection = projectionOf(request, request.query, collection)
    const filter = filterOf(request, request.query, collection, true)
    const id = asId(request.params.id)
    const document = id === undefined ? undefined : store.get(id)
    if (document === undefined || !statesOf(request.query).includes(String(document['__STATE__'])) || !matches(filter, document)) throw notFound()
    return project(document, projection, collection)
  })

  app.get<Reading>('/count', { schema: { querystring: schemas.countQuery } }, async request => {
    if (request.query['_useEstimate'] === true) return store.size()
    return store.count({ filter: filterOf(request, request.query, collection), states: statesOf(request.query) })
  })

  app.get<Reading>('/export', { schema: { querystring: schemas.exportQuery } }, async (request, reply) => {
    const format = exportFormatOf(request.headers.accept)
    const projection = projectionOf(request, request.query, collection)
    const options = { columns: columnsOf(projection, collection), csv: csvOptionsOf(request.query['_exportOpts']) }
    const rows = store.findRows(selectionOf(request))
    // Documents are read again one by one, so that an export of any size needs no more memory than its row numbers.
    const documents = function * () {
      for (const row of rows) {
        const document = store.getRow(row)
        if (document !== undefined) yield project(document, projection, collection)
      }
    }
    return reply.header('content-type', format.contentType).send(Readable.from(format.lines(documents(), options)))
  })

  app.get('/schema', async () => collectionSchema(collection))
}
