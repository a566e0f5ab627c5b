import { setImmediate } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Collection } from './collection-definition.ts'
import { badRequest } from './errors.ts'
import { importFileOf, importedRecords } from './import-files.ts'
import type { Operations } from './operations.ts'
import { assertWritable, castDates } from './update-operators.ts'
import { filterOf, userOf, writableOf } from './request-context.ts'
import type { WriteOptions } from './write-routes.ts'
import type { Document } from './values.ts'
import { isDocument } from './values.ts'

/** The file's own limit is 100 MB; the rest is for what surrounds it in the form. */
const FORM_LIMIT_BYTES = 100_064_000
/** Documents that share one commit: other requests get their turn between two. */
const BATCH = 1000
const DONE = { message: 'File uploaded successfully' }

async function documentsOf (request: FastifyRequest, schema: object, collection: Collection): Promise<Document[]> {
  const file = await importFileOf(request.body, request.headers['content-type'])
  const validate = request.compileValidationSchema(schema)
  const documents: Document[] = []
  for (const record of importedRecords(file, collection)) {
    if (validate(record) !== true || !isDocument(record)) {
      const { message = 'error in parsing record', instancePath = '' } = validate.errors?.[0] ?? {}
      throw badRequest(`(index: ${documents.length}${instancePath === '' ? '' : `, ${instancePath}`}) ${message}`)
    }
    const { _id: id } = record
    documents.push(castDates(typeof id === 'string' ? { ...record, _id: id.toLowerCase() } : record, collection))
    if (documents.length % BATCH === 0) await setImmediate()
  }
  return documents
}

/**
 * Registers the routes that take documents from a file. Every document is checked before the first is written; a duplicate
 * stops the import, and the documents before it stay.
 */
export function importRoutes (app: FastifyInstance, { collection, schemas, operations, userIdHeaderKey, clock }: WriteOptions): void {
  const inBatches = async (documents: readonly Document[], write: (batch: readonly Document[]) => ReturnType<Operations['insert']>) => {
    for (let from = 0; from < documents.length; from += BATCH) await write(documents.slice(from, from + BATCH))
  }
  const authorOf = (request: FastifyRequest) => ({ user: userOf(request, userIdHeaderKey), now: clock() })

  app.register(async scope => {
    scope.addContentTypeParser('multipart/form-data', { parseAs: 'buffer', bodyLimit: FORM_LIMIT_BYTES }, async (_request: FastifyRequest, body: Buffer) => body)

    scope.post('/import', async (request, reply) => {
      const documents = await documentsOf(request, schemas.imported, collection)
      const author = authorOf(request)
      await inBatches(documents, batch => operations.insert(batch, author))
      return reply.code(201).send(DONE)
    })

    scope.patch('/import', async request => {
      const rows = filterOf(request, {}, collection)
      const writable = writableOf(request)
      const documents = await documentsOf(request, schemas.merged, collection)
      for (const { _id, __STATE__, ...own } of documents) assertWritable(Object.keys(own), writable)
      const author = authorOf(request)
      await inBatches(documents, batch => operations.merge(batch, rows, author))
      return DONE
    })
  })
}
