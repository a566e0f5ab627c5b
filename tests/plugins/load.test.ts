import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import websocket from '@fastify/websocket'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import errors from '../../lib/plugins/errors.ts'
import load, { type LoadOptions, type Measurements } from '../../lib/plugins/load.ts'
import metrics from '../../lib/plugins/metrics.ts'
import type { Teardown } from '../support/service.ts'

const AT_REST: Measurements = { eventLoopDelay: 0, eventLoopUtilized: 0, heapUsed: 0, rssBytes: 0 }

/** A small app whose requests to `/held` stay under way until they are let go. */
async function startApp (t: Teardown, options: LoadOptions = {}) {
  const now = { ...AT_REST }
  const log: string[] = []
  const held: Array<() => void> = []
  const arrived: Array<() => void> = []
  const app = Fastify({ logger: { level: 'warn', stream: { write: (line: string) => { log.push(line) } } }, exposeHeadRoutes: false })
  t.teardown(async () => {
    for (const letGo of held) letGo()
    await app.close()
  })
  await app.register(errors)
  await app.register(metrics)
  await app.register(load, { measured: () => now, heapLimitBytes: 1000, ...options })
  await app.register(websocket)
  const hold = async (_request: unknown, reply: FastifyReply) => {
    await new Promise<void>((resolve) => {
      held.push(resolve)
      arrived.shift()?.()
    })
    return await reply.send({ done: true })
  }
  app.get('/held', hold)
  app.post('/held', hold)
  app.get('/held/unsendable', async (request, reply) => await hold(request, reply.serializer(() => 42 as unknown as string)))
  app.get('/thing', async () => ({ done: true }))
  app.route({ method: ['POST', 'PATCH', 'DELETE'], url: '/thing', handler: async () => ({ done: true }) })
  app.get('/callback', (_request, reply) => { reply.send({ done: true }) })
  app.get('/thrown', () => { throw new Error('thrown') })
  app.get('/-/healthz', async () => ({ status: 'OK' }))
  app.get('/socket', { websocket: true }, (socket) => { socket.send('open') })
  /** Resolves when that many requests wait in `/held`. */
  const occupy = async (count: number) => {
    const answers = []
    for (let i = 0; i < count; i++) {
      const here = new Promise<void>((resolve) => { arrived.push(resolve) })
      answers.push(app.inject('/held').then(({ statusCode }) => statusCode))
      await here
    }
    return answers
  }
  const listen = async () => {
    await app.listen({ port: 0, host: '127.0.0.1' })
    return (app.server.address() as AddressInfo).port
  }
  const letGo = () => { for (const done of held.splice(0)) done() }
  const metric = async (name: string) => {
    const { body } = await app.inject('/-/metrics')
    return Number(body.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ')[1])
  }
  const statusOf = async (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url = '/thing') => (await app.inject({ method, url })).statusCode
  return { app, now, log, occupy, letGo, arrived, listen, metric, statusOf, messages: () => log.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

/** Asks again and again, giving the event loop its turns, until it is so. */
async function until (isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => { setImmediate(resolve) })
}

const connections = async (app: FastifyInstance) =>
  await new Promise<number>((resolve, reject) => { app.server.getConnections((error, count) => { if (error === null) resolve(count); else reject(error) }) })

const inFlight = async ({ metric }: { metric: (name: string) => Promise<number> }) => await metric('requests_in_flight')

t.test('at the limit of requests under way a write gets 503 OVERLOADED and when to come back, and nothing runs', async (t) => {
  const service = await startApp(t, { maxInFlight: 2 })
  const answers = await service.occupy(2)
  const refused = await service.app.inject({ method: 'POST', url: '/thing' })
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers['retry-after'], '2')
  t.match(refused.headers['content-type'], /^application\/json/)
  t.same(refused.json(), { statusCode: 503, error: 'Service Unavailable', message: 'The service has too much to do at the moment; try again shortly', code: 'OVERLOADED' })
  for (const method of ['PATCH', 'DELETE'] as const) t.equal(await service.statusOf(method), 503, method)
  service.letGo()
  t.same(await Promise.all(answers), [200, 200])
  await until(async () => await inFlight(service) === 0)
  t.equal(await service.statusOf('POST'), 200, 'it recovers')
})

t.test('reads are answered while writes are shed, until twice as many requests are under way', async (t) => {
  const service = await startApp(t, { maxInFlight: 2 })
  await service.occupy(3)
  t.equal(await service.statusOf('POST'), 503)
  t.equal(await service.statusOf('GET'), 200)
  await service.occupy(1)
  const refused = await service.app.inject('/thing')
  t.equal(refused.statusCode, 503)
  t.equal(refused.json().code, 'OVERLOADED')
})

t.test('status routes and metrics are answered at any level', async (t) => {
  const service = await startApp(t, { maxInFlight: 1 })
  await service.occupy(2)
  Object.assign(service.now, { heapUsed: 1001, rssBytes: Infinity, eventLoopDelay: Infinity, eventLoopUtilized: 1 })
  t.equal(await service.statusOf('GET'), 503)
  t.equal(await service.statusOf('GET', '/-/healthz'), 200)
  t.equal(await service.statusOf('GET', '/-/metrics'), 200)
})

const PRESSURES = [
  { title: 'the heap', reason: 'heap', writes: { heapUsed: 860 }, reads: { heapUsed: 960 } },
  { title: 'the process’s memory', reason: 'rss', writes: { rssBytes: 8600 }, reads: { rssBytes: 9600 } },
  { title: 'the event loop’s delay', reason: 'event_loop', writes: { eventLoopDelay: 251, eventLoopUtilized: 1 }, reads: { eventLoopDelay: 1001, eventLoopUtilized: 1 } }
]

for (const { title, reason, writes, reads } of PRESSURES) {
  t.test(`${title} sheds writes first, reads at a higher level, and neither when it is better`, async (t) => {
    const service = await startApp(t, { maxInFlight: 10, rssLimitBytes: 10_000 })
    await service.occupy(2)
    Object.assign(service.now, writes)
    t.equal(await service.statusOf('POST'), 503)
    t.equal(await service.statusOf('GET'), 200)
    Object.assign(service.now, reads)
    t.equal(await service.statusOf('GET'), 503)
    t.equal(await service.metric(`requests_shed_total{reason="${reason}"}`), 2)
    Object.assign(service.now, AT_REST)
    t.equal(await service.statusOf('POST'), 200)
    t.equal(await service.statusOf('GET'), 200)
  })
}

t.test('a busy event loop that is in time sheds nothing, nor does one that is late from having been suspended', async (t) => {
  const service = await startApp(t, { maxInFlight: 10 })
  await service.occupy(2)
  Object.assign(service.now, { eventLoopDelay: 200, eventLoopUtilized: 1 })
  t.equal(await service.statusOf('POST'), 200)
  Object.assign(service.now, { eventLoopDelay: Infinity, eventLoopUtilized: 0.3 })
  t.equal(await service.statusOf('POST'), 200)
  // Nothing was measured yet, as after a start on a busy machine.
  Object.assign(service.now, { eventLoopDelay: Infinity, eventLoopUtilized: 1 })
  t.equal(await service.statusOf('POST'), 200)
})

t.test('without a limit the process’s memory is not looked at', async (t) => {
  const service = await startApp(t, { maxInFlight: 10 })
  await service.occupy(2)
  Object.assign(service.now, { rssBytes: Number.MAX_SAFE_INTEGER })
  t.equal(await service.statusOf('POST'), 200)
})

t.test('memory that no request holds locks nobody out: a tenth of the limit goes on being served', async (t) => {
  const service = await startApp(t, { maxInFlight: 20 })
  Object.assign(service.now, { heapUsed: 1000 })
  await service.occupy(1)
  t.equal(await service.statusOf('POST'), 200)
  await service.occupy(1)
  t.equal(await service.statusOf('POST'), 503)
})

t.test('a request whose caller hung up is under way until its handler is over', async (t) => {
  const service = await startApp(t, { maxInFlight: 1 })
  const port = await service.listen()
  const here = new Promise<void>((resolve) => { service.arrived.push(resolve) })
  const abandoned = httpRequest({ port, host: '127.0.0.1', path: '/held', method: 'POST' })
  abandoned.on('error', () => {})
  abandoned.end()
  await here
  abandoned.destroy()
  await until(async () => await connections(service.app) === 0)
  t.equal(await service.statusOf('POST'), 503)
  service.letGo()
  await until(async () => await inFlight(service) === 0)
  t.equal(await service.statusOf('POST'), 200)
})

t.test('whatever way a request ends, it is no longer counted', async (t) => {
  const service = await startApp(t)
  const port = await service.listen()
  for (const url of ['/thing', '/callback', '/thrown', '/nowhere']) await service.app.inject(url)
  await service.app.inject({ method: 'POST', url: '/thing', payload: '{', headers: { 'content-type': 'application/json' } })
  const half = httpRequest({ port, host: '127.0.0.1', path: '/thing', method: 'POST', headers: { 'content-type': 'application/json', 'content-length': 100 } })
  half.on('error', () => {})
  half.write('{')
  await until(async () => await inFlight(service) === 1)
  half.destroy()
  await until(async () => await inFlight(service) === 0)
  t.equal(await inFlight(service), 0)
})

t.test('of many answers that get ready together each reaches its own caller, and one that cannot be sent takes none with it', async (t) => {
  const service = await startApp(t)
  const port = await service.listen()
  const ask = async (path: string) => await new Promise<string>((resolve) => {
    httpRequest({ port, host: '127.0.0.1', path, agent: false }, async (answer) => { resolve(`${answer.statusCode} ${(await answer.toArray()).join('')}`) })
      .on('error', () => { resolve('cut') }).end()
  })
  const paths = Array.from({ length: 40 }, (_, index) => index % 10 === 5 ? '/held/unsendable' : '/held')
  const answers = paths.map(ask)
  await until(async () => await inFlight(service) === paths.length)
  service.letGo()
  t.same(await Promise.all(answers), paths.map((path) => path === '/held' ? '200 {"done":true}' : 'cut'))
  await until(async () => await inFlight(service) === 0)
  t.same(service.messages().map(({ msg }) => msg), paths.filter((path) => path !== '/held').map(() => 'An answer could not be sent'))
  t.equal(await service.statusOf('GET'), 200)
})

t.test('an open WebSocket is not a request under way, and opening one is shed as a read', async (t) => {
  const service = await startApp(t, { maxInFlight: 1 })
  const port = await service.listen()
  const open = () => new WebSocket(`ws://127.0.0.1:${port}/socket`)
  const sockets = [open(), open(), open()]
  for (const socket of sockets) await once(socket, 'message')
  t.equal(await inFlight(service), 0)
  await service.occupy(2)
  const refused = open()
  const [error] = await once(refused, 'error') as [Error]
  t.match(error.message, '503')
  t.equal(await service.metric('requests_shed_total{reason="in_flight"}'), 1)
  for (const socket of sockets) socket.terminate()
})

t.test('a connection that asks for an upgrade and gets an answer is ended, and counts no longer', async (t) => {
  const service = await startApp(t)
  const port = await service.listen()
  for (const path of ['/thing', '/nowhere', '/-/healthz', '/socket']) {
    const asking = httpRequest({ port, host: '127.0.0.1', path, headers: { connection: 'upgrade', upgrade: 'h2c' } })
    asking.end()
    const [answer] = await once(asking, 'response') as [IncomingMessage]
    t.equal(answer.headers.connection, 'close', path)
    answer.resume()
    await once(answer, 'close')
  }
  await until(async () => await inFlight(service) === 0)
  t.equal(await connections(service.app), 0)
})

t.test('shedding is two lines in the log, not one a request', async (t) => {
  const service = await startApp(t, { maxInFlight: 1, calmAfterMs: 10 })
  await service.occupy(1)
  for (let i = 0; i < 50; i++) await service.statusOf('POST')
  await until(() => service.log.length >= 2)
  const [begins, ends, ...others] = service.messages()
  t.match(begins, { level: 40, msg: 'Shedding requests', reason: 'in_flight', inFlight: 1 })
  t.match(ends, { level: 40, msg: 'No longer shedding requests', shed: 50 })
  t.same(others, [])
})

t.test('the process’s own measurements are used: a heap above its limit sheds', async (t) => {
  const service = await realApp(t, { maxInFlight: 1, heapLimitBytes: 1, sampleEveryMs: 10 })
  await until(() => service.app.memoryUsage().heapUsed > 0)
  t.equal((await service.app.inject({ method: 'POST', url: '/through' })).statusCode, 503)
})

t.test('an event loop that is blocked again and again sheds writes, and recovers by itself', async (t) => {
  const service = await realApp(t, { maxInFlight: 10, maxEventLoopDelayMs: 20, sampleEveryMs: 50, settlesMs: 0 })
  let blocks = true
  const block = () => {
    const from = performance.now()
    while (performance.now() - from < 60);
    if (blocks) setImmediate(block)
  }
  block()
  await until(() => service.app.memoryUsage().eventLoopDelay > 20)
  t.equal((await service.app.inject({ method: 'POST', url: '/through' })).statusCode, 503)
  blocks = false
  await until(() => service.app.memoryUsage().eventLoopDelay < 20)
  t.equal((await service.app.inject({ method: 'POST', url: '/through' })).statusCode, 200)
})

/** An app whose POST asks itself once more, so that one request is under way when the next one comes. */
async function realApp (t: Teardown, options: LoadOptions): Promise<{ app: FastifyInstance }> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(metrics)
  await app.register(load, options)
  app.post('/through', async (_request, reply) => {
    const { statusCode } = await app.inject({ method: 'POST', url: '/inner' })
    return await reply.code(statusCode).send({})
  })
  app.post('/inner', async () => ({}))
  await app.ready()
  return { app }
}
