import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { HttpFailure, httpClient } from '../../lib/http/client.ts'
import type { Teardown } from '../support/service.ts'

async function upstream (t: Teardown, answer: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
  let count = 0
  const server = createServer((request, response) => { answer(request, response, ++count) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const client = httpClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`, timeoutMs: 200, maxAnswerBytes: 1000 })
  t.teardown(() => client.close())
  return { client, count: () => count }
}

const failsAs = async (t: { ok (value: unknown): unknown, equal (found: unknown, wanted: unknown): unknown }, promise: Promise<unknown>, reason: HttpFailure['reason']) => {
  const error = await promise.then(() => undefined, (failure: unknown) => failure)
  t.ok(error instanceof HttpFailure)
  t.equal((error as HttpFailure).reason, reason)
}

t.test('any status is an answer, below the base path, with JSON sent as JSON', async (t) => {
  const { client } = await upstream(t, (request, response) => {
    response.statusCode = 418
    request.setEncoding('utf8').on('data', (body) => response.end(`${request.method} ${request.url} ${request.headers['content-type']} ${body}`))
  })
  const answer = await client.request({ method: 'POST', path: '/x?y=1', body: { a: 'ü' } })
  t.equal(answer.status, 418)
  t.equal(answer.text, 'POST /base/x?y=1 application/json {"a":"ü"}')
})

t.test('an upstream that never answers, stops midway or trickles is a time-out', async (t) => {
  const never = await upstream(t, () => {})
  await failsAs(t, never.client.request({ method: 'GET', path: '/' }), 'timeout')
  const halfway = await upstream(t, (_request, response) => { response.write('[') })
  await failsAs(t, halfway.client.request({ method: 'GET', path: '/' }), 'timeout')
  const trickle = await upstream(t, (_request, response) => {
    const timer = setInterval(() => { response.write(' ') }, 20)
    response.on('close', () => { clearInterval(timer) })
  })
  await failsAs(t, trickle.client.request({ method: 'GET', path: '/' }), 'timeout')
})

t.test('an answer that is cut or too large is no answer', async (t) => {
  const cut = await upstream(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => { response.destroy() })
  })
  await failsAs(t, cut.client.request({ method: 'POST', path: '/', body: {} }), 'cut')
  const large = await upstream(t, (_request, response) => { response.end('x'.repeat(2000)) })
  await failsAs(t, large.client.request({ method: 'POST', path: '/', body: {} }), 'cut')
})

t.test('a refused connection is unreachable', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  const client = httpClient({ baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 500 })
  t.teardown(() => client.close())
  await failsAs(t, client.request({ method: 'GET', path: '/' }), 'unreachable')
})

t.test('a GET that meets a stale socket is sent once more, a write never', async (t) => {
  const flaky = await upstream(t, (request, response, count) => {
    if (count === 1) request.socket.destroy()
    else response.end('ok')
  })
  t.equal((await flaky.client.request({ method: 'GET', path: '/' })).text, 'ok')
  t.equal(flaky.count(), 2)
  const writes = await upstream(t, (request) => { request.socket.destroy() })
  await failsAs(t, writes.client.request({ method: 'PATCH', path: '/', body: {} }), 'unreachable')
  t.equal(writes.count(), 1)
})

t.test('a signal ends a request', async (t) => {
  const { client } = await upstream(t, () => {})
  const controller = new AbortController()
  const running = client.request({ method: 'GET', path: '/', signal: controller.signal })
  controller.abort()
  await failsAs(t, running, 'timeout')
})

t.test('a request whose signal is over before it has a socket is never sent', async (t) => {
  const waiting: ServerResponse[] = []
  let asked = () => {}
  const first = new Promise<void>((resolve) => { asked = resolve })
  const server = createServer((_request, response) => { waiting.push(response); asked() })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const client = httpClient({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, timeoutMs: 5000, connections: 1 })
  t.teardown(() => client.close())

  const holding = client.request({ method: 'GET', path: '/' })
  await first
  const controller = new AbortController()
  const queued = client.request({ method: 'PATCH', path: '/', body: {}, signal: controller.signal })
  controller.abort()
  await failsAs(t, queued, 'timeout')
  await failsAs(t, client.request({ method: 'PATCH', path: '/', body: {}, signal: AbortSignal.abort() }), 'timeout')
  waiting[0]?.end('\uFEFFok')
  t.equal((await holding).text, 'ok', 'without its byte order mark')
  const next = client.request({ method: 'GET', path: '/next' })
  await new Promise<void>((resolve) => { asked = resolve })
  waiting[1]?.end('next')
  t.equal((await next).text, 'next')
  t.equal(waiting.length, 2)
})

t.test('redirects are not followed', async (t) => {
  const { client, count } = await upstream(t, (_request, response) => { response.writeHead(302, { location: '/elsewhere' }).end() })
  t.equal((await client.request({ method: 'GET', path: '/' })).status, 302)
  t.equal(count(), 1)
})
