import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { HttpFailure, httpClient } from '../../lib/http/client.ts'
import { fileForm } from '../../lib/http/multipart.ts'
import type { Teardown } from '../support/service.ts'

async function upstream (t: Teardown, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const client = httpClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeoutMs: 200, maxAnswerBytes: 1000 })
  t.teardown(() => client.close())
  return { client, server }
}

const GET = { method: 'GET', path: '/' } as const

async function sizeOf (body: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const chunk of body) size += chunk.length
  return size
}

const failsAs = async (t: { match (found: unknown, wanted: object): unknown }, promise: Promise<unknown>, reason: HttpFailure['reason']) => {
  t.match(await promise.then(() => undefined, (failure: unknown) => failure), { name: 'HttpFailure', reason })
}

t.test('a streamed answer may be larger than one that is kept', async (t) => {
  const { client } = await upstream(t, (_request, response) => { response.writeHead(203, { 'content-type': 'text/vtt' }).end(Buffer.alloc(500_000)) })
  const answer = await client.stream(GET)
  t.equal(answer.status, 203)
  t.equal(answer.headers['content-type'], 'text/vtt')
  t.equal(await sizeOf(answer.body), 500_000)
})

t.test('who has read enough of a stream, or nothing at all, ends its connection', async (t) => {
  for (const readFirst of [true, false]) {
    const closed = Promise.withResolvers<void>()
    const { client } = await upstream(t, (_request, response) => {
      response.on('close', () => { closed.resolve() })
      response.write('beginning')
    })
    const { body } = await client.stream(GET)
    const chunks = body[Symbol.asyncIterator]()
    if (readFirst) t.match(await chunks.next(), { done: false })
    await chunks.return?.()
    await t.resolves(closed.promise)
  }
})

t.test('a stream that never begins, stops midway, breaks off or is called off fails like any answer', async (t) => {
  const never = await upstream(t, () => {})
  await failsAs(t, never.client.stream(GET), 'timeout')
  const halfway = await upstream(t, (_request, response) => { response.write('half') })
  await failsAs(t, sizeOf((await halfway.client.stream(GET)).body), 'timeout')
  const cut = await upstream(t, (_request, response) => { response.write('half', () => { response.destroy() }) })
  await failsAs(t, cut.client.stream(GET).then(async ({ body }) => await sizeOf(body)), 'cut')
  const controller = new AbortController()
  const calledOff = await halfway.client.stream({ ...GET, signal: controller.signal })
  controller.abort()
  await failsAs(t, sizeOf(calledOff.body), 'timeout')
})

t.test('a raw body is sent as it is', async (t) => {
  const received = Promise.withResolvers<[string | undefined, Buffer]>()
  const { client } = await upstream(t, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => { chunks.push(chunk) })
    request.on('end', () => {
      received.resolve([request.headers['content-type'], Buffer.concat(chunks)])
      response.end()
    })
  })
  await client.request({ method: 'PUT', path: '/', rawBody: { contentType: 'image/jpeg', data: Buffer.from([0xff, 0xd8, 0]) } })
  t.same(await received.promise, ['image/jpeg', Buffer.from([0xff, 0xd8, 0])])
})

t.test('a client closes once, streams and all', async (t) => {
  const { client, server } = await upstream(t, (_request, response) => { response.end('ok') })
  t.equal(await sizeOf((await client.stream(GET)).body), 2)
  const gone = once(server, 'close')
  server.close()
  await client.close()
  await client.close()
  await t.resolves(gone)
  await failsAs(t, client.stream(GET), 'unreachable')
})

t.test('a form with one file is what the standard’s own reader reads', async (t) => {
  const { contentType, data } = fileForm({ field: 'picture', data: Buffer.from([0, 1, 0x0d, 0x0a, 0xff]), mime: 'image/jpeg', filename: 'a.jpg' })
  const form = await new Response(Buffer.from(data), { headers: { 'content-type': contentType } }).formData()
  const file = form.get('picture') as File
  t.same([...form.keys()], ['picture'])
  t.equal(file.name, 'a.jpg')
  t.equal(file.type, 'image/jpeg')
  t.same(Buffer.from(await file.arrayBuffer()), Buffer.from([0, 1, 0x0d, 0x0a, 0xff]))
})

t.test('no name gets out of a form’s header', async (t) => {
  const { data } = fileForm({ field: 'x', data: Buffer.alloc(0), mime: 'image/png\r\nx-evil: 1', filename: 'Zoë"\r\nx-evil: 1\r\n.jpg' })
  const text = Buffer.from(data).toString('latin1')
  t.match(text, 'filename="Zo_x-evil_1_.jpg"\r\ncontent-type: application/octet-stream\r\n\r\n')
  t.notMatch(text, /\r\nx-evil/)
})
