import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Collection } from './collection-definition.ts'
import { internal, notFound } from './errors.ts'
import { asId } from './ids.ts'
import type { Author, Operations, Target } from './operations.ts'
import { project } from './projection.ts'
import type { QueryParameters } from './request-context.ts'
import { filterOf, projectionOf, statesOf, userOf, writableOf } from './request-context.ts'
import type { RequestSchemas } from './request-schemas.ts'
import type { State } from './state-machine.ts'
import { parseUpdate } from './update-operators.ts'
import type { Document } from './values.ts'

export interface WriteOptions {
  readonly collection: Collection
  readonly schemas: RequestSchemas
  readonly operations: Operations
  readonly userIdHeaderKey: string
  readonly clock: () => Date
}

/** Of this storage alone; a CRUD Service takes no notice of it. `process`: the change need not outlive a loss of power. */
const DURABILITY_HEADER = 'x-durability'

type UpdateBody = Record<string, unknown>
interface Item { Params: { id: string } }
interface Query { Querystring: QueryParameters }

/** Registers the routes that write documents of a collection. */
export function writeRoutes (app: FastifyInstance, { collection, schemas, operations, userIdHeaderKey, clock }: WriteOptions): void {
  const authorOf = (request: FastifyRequest): Author => ({ user: userOf(request, userIdHeaderKey), now: clock() })
  const targetOf = (request: FastifyRequest, parameters: QueryParameters): Target => ({
    filter: filterOf(request, parameters, collection),
    states: statesOf(parameters),
  })
  const changesOf = (request: FastifyRequest, body: UpdateBody) => parseUpdate(body, collection, writableOf(request))
  const itemId = (text: string) => {
    const id = asId(text)
    if (id === undefined) throw notFound()
    return id
  }

  app.post<{ Body: Document }>('/', { schema: { body: schemas.document } }, async request => {
    const [_id] = await operations.insert([request.body], authorOf(request))
    return { _id }
  })

  app.post('/validate', { schema: { body: schemas.document } }, async () => ({ result: 'ok' }))

  app.post<{ Body: Document[] }>('/bulk', { schema: { body: schemas.documents } }, async request => {
    if (request.body.length === 0) throw internal('At least one element is required', 'ERR_ASSERTION')
    const ids = await operations.insert(request.body, authorOf(request))
    return ids.map(_id => ({ _id }))
  })

  app.post<Query & { Body: UpdateBody }>('/upsert-one', { schema: { querystring: schemas.changeQuery, body: schemas.upsert } }, async request => {
    const projection = projectionOf(request, {}, collection)
    const target = targetOf(request, request.query)
    const document = await operations.upsert(target, changesOf(request, request.body), authorOf(request))
    return project(document, projection, collection)
  })

  app.patch<Item & Query & { Body: UpdateBody }>('/:id', { schema: { querystring: schemas.changeQuery, body: schemas.change } }, async request => {
    const projection = projectionOf(request, {}, collection)
    const target = targetOf(request, request.query)
    const changes = changesOf(request, request.body)
    const document = await operations.change({ ...target, id: itemId(request.params.id) }, changes, authorOf(request), { isFleeting: request.headers[DURABILITY_HEADER] === 'process' })
    if (document === undefined) throw notFound()
    return project(document, projection, collection)
  })

  app.patch<Query & { Body: UpdateBody }>('/', { schema: { querystring: schemas.changeManyQuery, body: schemas.change } }, async request => {
    const target = targetOf(request, request.query)
    return operations.changeMany(target, changesOf(request, request.body), authorOf(request))
  })

  app.patch<{ Body: Array<{ filter: QueryParameters, update: UpdateBody }> }>('/bulk', { schema: { body: schemas.changes } }, async request => {
    const pairs = request.body.map(({ filter, update }) => ({ target: targetOf(request, filter), changes: changesOf(request, update) }))
    return operations.changeEach(pairs, authorOf(request))
  })

  app.post<Item & Query & { Body: { stateTo: State } }>('/:id/state', { schema: { querystring: schemas.stateQuery, body: schemas.stateMove } }, async (request, reply) => {
    const filter = filterOf(request, request.query, collection)
    const hasMoved = await operations.move(itemId(request.params.id), filter, request.body.stateTo, authorOf(request))
    if (!hasMoved) throw notFound()
    return reply.code(204).send()
  })

  app.post<{ Body: Array<{ filter: QueryParameters, stateTo: State }> }>('/state', { schema: { body: schemas.stateMoves } }, async request => {
    const moves = request.body.map(({ filter, stateTo }) => ({ filter: filterOf(request, filter, collection), to: stateTo }))
    return operations.moveMany(moves, authorOf(request))
  })

  app.delete<Item & Query>('/:id', { schema: { querystring: schemas.changeQuery } }, async (request, reply) => {
    const target = targetOf(request, request.query)
    const wasThere = await operations.remove({ ...target, id: itemId(request.params.id) })
    if (!wasThere) throw notFound()
    return reply.code(204).send()
  })

  app.delete<Query>('/', { schema: { querystring: schemas.changeQuery } }, async request => operations.removeMany(targetOf(request, request.query)))
}
