import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import type { HttpEvent } from '../../lib/http/client.ts'
import { GET, openClient, outcomeOf, POST, reset, startUpstream } from './upstream.ts'

const OUTAGES = {
  'answers 503': (_request: IncomingMessage, response: ServerResponse) => { response.writeHead(503).end() },
  'drops connections': reset,
  'does not listen': undefined
}
const LOADS = [
  { requests: 30, atOnce: 1 },
  { requests: 30, atOnce: 30 },
  { requests: 6000, atOnce: 1 },
  { requests: 6000, atOnce: 50 }
]
const MINUTE_MS = 60_000

/** An upstream in an outage, and a client whose clock and pauses are virtual. */
async function outage (t: Test, kind: keyof typeof OUTAGES) {
  let healthy = false
  const upstream = await startUpstream(t, (request, response) => {
    if (healthy) response.end()
    else OUTAGES[kind]?.(request, response)
  })
  if (kind === 'does not listen') await upstream.down()
  let ms = 1_760_000_000_000
  let seed = 42
  const counted: Record<HttpEvent, number> = { retry: 0, refused: 0, opened: 0, closed: 0 }
  const { client } = openClient(t, upstream.baseUrl, {
    now: () => ms,
    monotonicNow: () => ms,
    random: () => (seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32,
    sleep: async (pauseMs) => { ms += pauseMs },
    onEvent: (event) => { counted[event]++ }
  })
  return {
    client,
    counted,
    upstream,
    now: () => ms,
    pass: (passedMs: number) => { ms += passedMs },
    recover: async () => {
      healthy = true
      if (kind === 'does not listen') await upstream.up()
    }
  }
}

for (const kind of Object.keys(OUTAGES) as Array<keyof typeof OUTAGES>) {
  for (const { requests, atOnce } of LOADS) {
    t.test(`an upstream that ${kind} for a minute gets at most 1.1 requests for each of ${requests}, ${atOnce} at once, and is used again within 15 s`, async (t) => {
      const { client, counted, upstream, now, pass, recover } = await outage(t, kind)
      for (let asked = 0; asked < requests; asked += atOnce) {
        const outcomes = await Promise.all(Array.from({ length: atOnce }, () => outcomeOf(client.request(GET))))
        if (outcomes.includes(200)) t.fail('nothing works in an outage')
        pass(MINUTE_MS * atOnce / requests)
      }
      const sent = requests - counted.refused + counted.retry
      if (kind !== 'does not listen') t.equal(upstream.count(), sent)
      t.ok(sent <= 1.1 * requests, `${sent} of ${requests}`)
      if (requests === 6000) t.ok(sent <= 0.02 * requests, `the breaker keeps off all but ${sent}`)

      await recover()
      const backAt = now()
      while (await outcomeOf(client.request(GET)) !== 200 && now() < backAt + MINUTE_MS) pass(100)
      t.ok(now() - backAt <= 15_000, `after ${now() - backAt} ms`)
    })
  }
}

t.test('while the breaker is open nothing is sent, streams included', async (t) => {
  const { client, counted, upstream } = await outage(t, 'answers 503')
  for (let i = 0; i < 20; i++) await client.request(POST)
  t.equal(counted.opened, 1)
  t.same(await outcomeOf(client.request(POST)), ['unreachable', false])
  t.same(await outcomeOf(client.stream(GET)), ['unreachable', false])
  t.same([upstream.count(), counted.refused], [20, 2])
})

t.test('streams open the breaker, and close it', async (t) => {
  const { client, counted, upstream, pass, recover } = await outage(t, 'drops connections')
  for (let i = 0; i < 20; i++) t.same(await outcomeOf(client.stream(GET)), ['unreachable', true])
  t.equal(upstream.count(), 20)
  t.equal(counted.opened, 1)
  await recover()
  pass(2000)
  t.equal(await outcomeOf(client.stream(GET)), 200)
  t.equal(counted.closed, 1)
})

t.test('of many requests after the pause one is sent, and its success lets the next through', async (t) => {
  const { client, upstream, pass, recover } = await outage(t, 'answers 503')
  for (let i = 0; i < 20; i++) await client.request(POST)
  await recover()
  pass(2000)
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcomeOf(client.request(POST))))
  t.equal(outcomes.filter((outcome) => outcome === 200).length, 1)
  t.equal(upstream.count(), 21)
  t.equal(await outcomeOf(client.request(POST)), 200)
})

t.test('a probe that is called off gives its place back', async (t) => {
  const { client, pass, recover } = await outage(t, 'answers 503')
  for (let i = 0; i < 20; i++) await client.request(POST)
  await recover()
  pass(2000)
  const controller = new AbortController()
  const probe = outcomeOf(client.request({ ...GET, signal: controller.signal }))
  t.same(await outcomeOf(client.request(GET)), ['unreachable', false])
  controller.abort()
  t.match(await probe, ['timeout'])
  t.equal(await outcomeOf(client.request(GET)), 200)
})

t.test('the failure that opens the breaker is not repeated', async (t) => {
  const upstream = await startUpstream(t, (_request, response, count) => { response.writeHead(count % 2 === 0 ? 503 : 200).end() })
  const { client, pauses, events } = openClient(t, upstream.baseUrl)
  for (let i = 0; i < 19; i++) await client.request(POST)
  t.equal(await outcomeOf(client.request(GET)), 503)
  t.same([pauses, events], [[], ['opened']])
})

t.test('500, 429 and refusals do not open the breaker', async (t) => {
  for (const status of [500, 429, 400, 404, 409]) {
    const upstream = await startUpstream(t, (_request, response) => { response.writeHead(status).end() })
    const { client, events } = openClient(t, upstream.baseUrl)
    for (let i = 0; i < 40; i++) t.equal(await outcomeOf(client.request(GET)), status)
    t.same(events, [])
  }
})

t.test('answers that are too large do not open the breaker', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.end('x'.repeat(2000)) })
  const { client, events } = openClient(t, upstream.baseUrl, { maxAnswerBytes: 1000 })
  for (let i = 0; i < 25; i++) t.same(await outcomeOf(client.request(GET)), ['cut', true])
  t.same(events, [])
})

t.test('requests that are called off do not open the breaker and are not repeated', async (t) => {
  const upstream = await startUpstream(t, () => {})
  const { client, events, pauses } = openClient(t, upstream.baseUrl)
  const controller = new AbortController()
  const running = Array.from({ length: 40 }, () => outcomeOf(client.request({ ...GET, signal: controller.signal })))
  setImmediate(() => { controller.abort(new Error('no longer wanted')) })
  await Promise.all(running)
  t.equal(controller.signal.aborted, true)
  t.same([events, pauses], [[], []])
})

t.test('an upstream that hangs opens the breaker, also for callers whose own signal runs out of time', async (t) => {
  const upstream = await startUpstream(t, () => {})
  const patient = openClient(t, upstream.baseUrl, { timeoutMs: 100 })
  await Promise.all(Array.from({ length: 20 }, () => outcomeOf(patient.client.request(GET))))
  t.same(patient.events, ['opened'])
  const hurried = openClient(t, upstream.baseUrl)
  await Promise.all(Array.from({ length: 20 }, () => outcomeOf(hurried.client.request({ ...GET, signal: AbortSignal.timeout(100) }))))
  t.same(hurried.events, ['opened'])
})

t.test('connections that do not come about open the breaker', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    t.teardown(() => { socket.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  const { client, events } = openClient(t, `https://127.0.0.1:${(server.address() as AddressInfo).port}`, { timeoutMs: 100 })
  await Promise.all(Array.from({ length: 20 }, () => outcomeOf(client.request(GET))))
  t.same(events, ['opened'])
})

t.test('a queue of our own does not open the breaker while the upstream answers', async (t) => {
  const upstream = await startUpstream(t, (_request, response, count) => {
    if (count === 1) response.end()
  })
  const { client, events } = openClient(t, upstream.baseUrl, { timeoutMs: 800, connections: 1 })
  const outcomes = await Promise.all(Array.from({ length: 40 }, () => outcomeOf(client.request(POST))))
  // How many come through in their time is the machine's affair; that most never left the queue is not.
  t.ok(outcomes.filter((outcome) => Array.isArray(outcome) && !outcome[1]).length >= 30)
  t.same(events, [])
})

t.test('slow readers of streams do not open the breaker', async (t) => {
  const upstream = await startUpstream(t, (request, response) => {
    if (request.url === '/') response.write('begun')
  })
  const { client, events } = openClient(t, upstream.baseUrl, { timeoutMs: 1000 })
  const read = await Promise.all(Array.from({ length: 8 }, () => client.stream(GET)))
  const deadlineAt = Date.now() + 100
  const waiting = await Promise.all(Array.from({ length: 30 }, () => outcomeOf(client.stream({ ...GET, deadlineAt }))))
  for (const outcome of waiting) t.same(outcome, ['timeout', false])
  t.same(events, [])
  for (const { body } of read) await body[Symbol.asyncIterator]().return?.()
  t.same(await outcomeOf(client.stream({ method: 'GET', path: '/never', deadlineAt: Date.now() + 100 })), ['timeout', true], 'when they are gone the upstream has the blame again')
})
