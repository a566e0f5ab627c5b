import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { GET, openClient, outcomeOf, POST, startUpstream } from './upstream.ts'

const FAR_MS = 600_000
const soon = () => Date.now() + 100

/** Takes connections and never says a word: with TLS no connection comes about. */
async function silentServer (t: Test) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => { sockets.add(socket.on('error', () => {})) })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** An upstream whose answers wait until they are let go, and a client with one socket to it. */
async function oneSocket (t: Test, timeoutMs: number) {
  const held: ServerResponse[] = []
  let asked = Promise.withResolvers<void>()
  const upstream = await startUpstream(t, (_request, response) => {
    held.push(response)
    asked.resolve()
  })
  const { client, events } = openClient(t, upstream.baseUrl, { timeoutMs, connections: 1 })
  const nextAsked = async () => {
    await asked.promise
    asked = Promise.withResolvers()
  }
  return { upstream, client, events, held, nextAsked }
}

t.test('a request whose deadline is over is not sent', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.end() })
  const { client } = openClient(t, upstream.baseUrl, { now: () => 5000 })
  for (const deadlineAt of [5000, 4000, Number.NaN]) {
    t.same(await outcomeOf(client.request({ ...GET, deadlineAt })), ['timeout', false])
    t.same(await outcomeOf(client.stream({ ...GET, deadlineAt })), ['timeout', false])
  }
  t.equal(upstream.count(), 0)
})

t.test('an answer that does not come ends at the deadline', async (t) => {
  const upstream = await startUpstream(t, () => {})
  const { client } = openClient(t, upstream.baseUrl, { timeoutMs: FAR_MS })
  t.same(await outcomeOf(client.request({ ...GET, deadlineAt: soon() })), ['timeout', true])
  t.equal(upstream.count(), 1)
})

t.test('an answer that trickles ends at the deadline', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    const timer = setInterval(() => { response.write(' ') }, 10)
    response.on('close', () => { clearInterval(timer) })
  })
  const { client } = openClient(t, upstream.baseUrl, { timeoutMs: FAR_MS })
  t.same(await outcomeOf(client.request({ ...GET, deadlineAt: soon() })), ['timeout', true])
})

t.test('a deadline far away leaves the time-out as it is', async (t) => {
  const upstream = await startUpstream(t, () => {})
  const { client } = openClient(t, upstream.baseUrl, { timeoutMs: 100 })
  t.same(await outcomeOf(client.request({ ...GET, deadlineAt: Date.now() + FAR_MS })), ['timeout', true])
})

t.test('a connection that does not come about ends at the deadline', async (t) => {
  const { client } = openClient(t, await silentServer(t), { timeoutMs: 600 })
  t.same(await outcomeOf(client.request({ ...POST, deadlineAt: soon() })), ['timeout', false])
})

t.test('a request that waits for a socket ends at its deadline and is never sent', async (t) => {
  const { upstream, client, held, nextAsked } = await oneSocket(t, FAR_MS)
  const first = client.request(GET)
  await nextAsked()
  t.same(await outcomeOf(client.request({ ...POST, deadlineAt: soon() })), ['timeout', false])
  held[0]?.end()
  t.equal(await outcomeOf(first), 200)
  const next = client.request(GET)
  await nextAsked()
  held[1]?.end()
  t.equal(await outcomeOf(next), 200)
  t.equal(upstream.count(), 2)
})

t.test('a request that waits for a socket ends at the time-out as well', async (t) => {
  const { upstream, client } = await oneSocket(t, 100)
  t.same(await Promise.all([outcomeOf(client.request(GET)), outcomeOf(client.request(POST))]), [['timeout', true], ['timeout', false]])
  t.equal(upstream.count(), 1)
})

t.test('an answer that is there in time is taken, though the process was too busy to look', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => {
    response.end()
    for (const until = performance.now() + 300; performance.now() < until;);
  })
  const { client } = openClient(t, upstream.baseUrl, { timeoutMs: 100 })
  t.equal(await outcomeOf(client.request(POST)), 200)
})

t.test('the earliest of many deadlines comes first, whatever the order of the requests', async (t) => {
  const upstream = await startUpstream(t, () => {})
  const { client } = openClient(t, upstream.baseUrl, { timeoutMs: FAR_MS })
  const ended: number[] = []
  const start = Date.now()
  await Promise.all([250, 50, 150].map(async (ms) => {
    await outcomeOf(client.request({ ...GET, deadlineAt: start + ms }))
    ended.push(ms)
  }))
  t.same(ended, [50, 150, 250])
})

t.test('the head of a stream ends at the deadline, its body does not', async (t) => {
  const never = await startUpstream(t, () => {})
  const { client } = openClient(t, never.baseUrl, { timeoutMs: FAR_MS })
  t.same(await outcomeOf(client.stream({ ...GET, deadlineAt: soon() })), ['timeout', true])
  const body = Promise.withResolvers<ServerResponse>()
  const slow = await startUpstream(t, (_request, response) => {
    response.write('begun')
    body.resolve(response)
  })
  const streaming = openClient(t, slow.baseUrl, { timeoutMs: FAR_MS }).client
  const answer = await streaming.stream({ ...GET, deadlineAt: Date.now() + 1000 })
  // Another request of the same client outlives that deadline.
  t.same(await outcomeOf(streaming.request({ ...GET, deadlineAt: Date.now() + 1100 })), ['timeout', true])
  const response = await body.promise
  response.end(' and ended')
  let text = ''
  for await (const chunk of answer.body) text += Buffer.from(chunk).toString()
  t.equal(text, 'begun and ended')
})

t.test('a stream whose connection does not come about ends at the deadline, or when it is called off', async (t) => {
  const { client } = openClient(t, await silentServer(t), { timeoutMs: 600 })
  t.match(await outcomeOf(client.stream({ ...GET, deadlineAt: soon() })), ['timeout'])
  t.match(await outcomeOf(client.stream({ ...GET, signal: AbortSignal.timeout(50) })), ['timeout'])
})

t.test('a pause that does not fit the deadline is not made', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.writeHead(503, { 'retry-after': '2' }).end() })
  const { client, pauses } = openClient(t, upstream.baseUrl, { now: () => 5000 })
  t.equal(await outcomeOf(client.request({ ...GET, deadlineAt: 7000 })), 503)
  t.equal(upstream.count(), 1)
  t.same(pauses, [])
})

t.test('nothing is repeated once the pause has used up the deadline', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.writeHead(503).end() })
  let now = 5000
  const { client } = openClient(t, upstream.baseUrl, { now: () => now, sleep: async () => { now = 99_000 } })
  t.equal(await outcomeOf(client.request({ ...GET, deadlineAt: 10_000 })), 503)
  t.equal(upstream.count(), 1)
})
