import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'

/**
 * The upstream of the benchmark: as much of a CRUD Service as the service under test uses, in memory, and as cheap as
 * node:http lets it be, so that what is measured is the client's side. Documents are kept as the JSON that is sent.
 * First argument: the port.
 */

type Document = Record<string, unknown> & { __STATE__: string }
interface Stored { document: Document, json: string }

const DECLARED = [
  'bandyerRoomId', 'participants', 'participantsNumber', 'startDate', 'endDate', 'duration', 'teleconsultationState', 'revision', 'service'
]
const SCHEMA = JSON.stringify({ type: 'object', properties: Object.fromEntries(DECLARED.map((name) => [name, {}])) })
const NOT_FOUND = JSON.stringify({ statusCode: 404, error: 'Not Found', message: 'Document not found' })
const STATE_OF_ONE = '/state'

const documents = new Map<string, Stored>()

const keep = (id: string, document: Document) => {
  const stored = { document, json: JSON.stringify(document) }
  documents.set(id, stored)
  return stored
}

function answer (response: ServerResponse, status: number, json: string) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(json) })
  response.end(json)
}

async function bodyOf (request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>
}

/** Of the query language: top-level equality, all that compare-and-set on a revision needs. */
const matches = (document: Document, query: string | null) =>
  Object.entries(JSON.parse(query ?? '{}') as Record<string, unknown>).every(([name, value]) => document[name] === value)

async function write (request: IncomingMessage, response: ServerResponse, rest: string, query: URLSearchParams) {
  const body = await bodyOf(request)
  const now = new Date().toISOString()
  if (request.method === 'POST' && rest === '') {
    const _id = randomUUID()
    keep(_id, { _id, creatorId: 'public', createdAt: now, updaterId: 'public', updatedAt: now, __STATE__: 'PUBLIC', ...body })
    answer(response, 200, JSON.stringify({ _id }))
    return
  }
  const moves = request.method === 'POST' && rest.endsWith(STATE_OF_ONE)
  const id = moves ? rest.slice(0, -STATE_OF_ONE.length) : rest
  const stored = documents.get(id)
  if (stored === undefined || !matches(stored.document, query.get('_q'))) {
    answer(response, 404, NOT_FOUND)
  } else if (moves) {
    // Nobody restores anything here: what leaves PUBLIC may go.
    documents.delete(id)
    response.writeHead(204).end()
  } else {
    const { $set } = body as { $set?: Record<string, unknown> }
    answer(response, 200, keep(id, { ...stored.document, ...$set, updatedAt: now }).json)
  }
}

const server = createServer((request, response) => {
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const rest = path.split('/').slice(2).join('/')
  if (request.method !== 'GET') {
    write(request, response, rest, new URLSearchParams(query)).catch((error: unknown) => { answer(response, 500, JSON.stringify({ message: String(error) })) })
  } else if (rest === 'schema') {
    answer(response, 200, SCHEMA)
  } else if (rest === '') {
    const limit = Number(new URLSearchParams(query).get('_l') ?? 25)
    answer(response, 200, `[${[...documents.values()].slice(0, limit).map(({ json }) => json).join(',')}]`)
  } else {
    const stored = documents.get(rest)
    answer(response, stored === undefined ? 404 : 200, stored?.json ?? NOT_FOUND)
  }
})
server.keepAliveTimeout = 60_000
server.listen(Number(process.argv[2]), '127.0.0.1')
