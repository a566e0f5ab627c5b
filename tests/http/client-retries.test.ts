import t from 'tap'
import { GET, openClient, outcomeOf, POST, reset, startUpstream } from './upstream.ts'

t.test('a GET that meets 502, 503 or 504 is repeated after a jittered pause that doubles', async (t) => {
  for (const status of [502, 503, 504]) {
    const upstream = await startUpstream(t, (_request, response, count) => { response.writeHead(count < 3 ? status : 200).end() })
    const { client, pauses, events } = openClient(t, upstream.baseUrl)
    t.equal(await outcomeOf(client.request(GET)), 200)
    t.same(pauses, [25, 50])
    t.same(events, ['retry', 'retry'])
  }
})

t.test('after the second repeat the status is the answer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.writeHead(503).end() })
  const { client } = openClient(t, upstream.baseUrl)
  t.equal(await outcomeOf(client.request(GET)), 503)
  t.equal(upstream.count(), 3)
})

t.test('other statuses are never repeated', async (t) => {
  for (const status of [404, 409, 500, 501]) {
    const upstream = await startUpstream(t, (_request, response) => { response.writeHead(status).end() })
    const { client } = openClient(t, upstream.baseUrl)
    t.equal(await outcomeOf(client.request(GET)), status)
    t.equal(upstream.count(), 1)
  }
})

t.test('a POST that was sent is never repeated, whatever came of it', async (t) => {
  const statuses = await startUpstream(t, (_request, response) => { response.writeHead(503, { 'retry-after': '0' }).end() })
  t.equal(await outcomeOf(openClient(t, statuses.baseUrl).client.request(POST)), 503)
  t.equal(statuses.count(), 1)
  const resets = await startUpstream(t, reset)
  t.same(await outcomeOf(openClient(t, resets.baseUrl).client.request(POST)), ['unreachable', true])
  t.equal(resets.count(), 1)
})

t.test('a POST that says so is repeated, a GET that says so is not', async (t) => {
  const upstream = await startUpstream(t, (_request, response, count) => { response.writeHead(count === 1 ? 503 : 200).end() })
  t.equal(await outcomeOf(openClient(t, upstream.baseUrl).client.request({ ...POST, repeatable: true })), 200)
  const second = await startUpstream(t, (_request, response) => { response.writeHead(503).end() })
  t.equal(await outcomeOf(openClient(t, second.baseUrl).client.request({ ...GET, repeatable: false })), 503)
  t.equal(second.count(), 1)
})

t.test('a POST whose connection is refused is sent once somebody listens', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.end() })
  await upstream.down()
  const { client, events } = openClient(t, upstream.baseUrl, { sleep: () => upstream.up() })
  t.equal(await outcomeOf(client.request(POST)), 200)
  t.equal(upstream.count(), 1)
  t.same(events, ['retry'])
})

t.test('a refused connection was never sent', async (t) => {
  const upstream = await startUpstream(t, () => {})
  await upstream.down()
  const { client, pauses } = openClient(t, upstream.baseUrl)
  t.same(await outcomeOf(client.request(POST)), ['unreachable', false])
  t.same(pauses, [25, 50])
})

t.test('a stale socket is replaced without a pause, a second one after one', async (t) => {
  const upstream = await startUpstream(t, (request, response, count) => {
    if (count < 3) reset(request)
    else response.end()
  })
  const { client, pauses } = openClient(t, upstream.baseUrl)
  t.equal(await outcomeOf(client.request(GET)), 200)
  t.same(pauses, [50])
})

t.test('a GET whose answer is cut is repeated', async (t) => {
  const upstream = await startUpstream(t, (_request, response, count) => {
    if (count > 1) return response.end('whole')
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => { response.destroy() })
  })
  const { client } = openClient(t, upstream.baseUrl)
  t.equal((await client.request(GET)).text, 'whole')
})

t.test('an answer that is too large is not asked for again', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.end('x'.repeat(2000)) })
  const { client } = openClient(t, upstream.baseUrl, { maxAnswerBytes: 1000 })
  t.same(await outcomeOf(client.request(GET)), ['cut', true])
  t.equal(upstream.count(), 1)
})

t.test('a time-out is never repeated', async (t) => {
  const upstream = await startUpstream(t, () => {})
  const { client } = openClient(t, upstream.baseUrl, { timeoutMs: 100 })
  t.same(await outcomeOf(client.request(GET)), ['timeout', true])
  t.equal(upstream.count(), 1)
})

t.test('who names up to two seconds to come back gets them', async (t) => {
  for (const status of [429, 503]) {
    const upstream = await startUpstream(t, (_request, response, count) => { response.writeHead(count === 1 ? status : 200, { 'retry-after': '2' }).end() })
    const { client, pauses } = openClient(t, upstream.baseUrl)
    t.equal(await outcomeOf(client.request(GET)), 200)
    t.same(pauses, [2025])
  }
})

t.test('who names a longer time, or one that is no number of seconds, is left alone', async (t) => {
  for (const retryAfter of ['3', 'Wed, 21 Oct 2026 07:28:00 GMT', '-1', '1.5', '']) {
    const upstream = await startUpstream(t, (_request, response) => { response.writeHead(503, { 'retry-after': retryAfter }).end() })
    const { client } = openClient(t, upstream.baseUrl)
    t.equal(await outcomeOf(client.request(GET)), 503)
    t.equal(upstream.count(), 1, retryAfter)
  }
})

t.test('429 without a time to come back is the answer', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.writeHead(429).end() })
  const { client } = openClient(t, upstream.baseUrl)
  t.equal(await outcomeOf(client.request(GET)), 429)
  t.equal(upstream.count(), 1)
})

t.test('an upstream that stays busy is soon not repeated any more', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.writeHead(429, { 'retry-after': '0' }).end() })
  const { client } = openClient(t, upstream.baseUrl)
  for (let i = 0; i < 5; i++) t.equal(await outcomeOf(client.request(GET)), 429)
  t.equal(upstream.count(), 5 + 2)
})

t.test('without retries only a GET over a stale socket is sent once more', async (t) => {
  const busy = await startUpstream(t, (_request, response) => { response.writeHead(503, { 'retry-after': '1' }).end() })
  t.equal(await outcomeOf(openClient(t, busy.baseUrl, { retries: 0 }).client.request(GET)), 503)
  t.equal(busy.count(), 1)
  const stale = await startUpstream(t, reset)
  t.same(await outcomeOf(openClient(t, stale.baseUrl, { retries: 0 }).client.request(GET)), ['unreachable', true])
  t.equal(stale.count(), 2)
  const refused = openClient(t, stale.baseUrl, { retries: 0 })
  await stale.down()
  t.same(await outcomeOf(refused.client.request(GET)), ['unreachable', false])
  t.same(refused.events, [])
})

t.test('a signal ends the pause, of a request that was sent', async (t) => {
  const upstream = await startUpstream(t, (_request, response) => { response.writeHead(503, { 'retry-after': '2' }).end() })
  const controller = new AbortController()
  const { client } = openClient(t, upstream.baseUrl, {
    sleep: async (_ms, signal) => {
      controller.abort()
      signal?.throwIfAborted()
    }
  })
  t.same(await outcomeOf(client.request({ ...GET, signal: controller.signal })), ['timeout', true])
  t.equal(upstream.count(), 1)
})

t.test('the process’s own timer pauses, and hears the signal', async (t) => {
  const upstream = await startUpstream(t, (_request, response, count) => { response.writeHead(count === 1 ? 503 : 200).end() })
  t.equal(await outcomeOf(openClient(t, upstream.baseUrl, { sleep: undefined }).client.request(GET)), 200)
  const controller = new AbortController()
  const busy = await startUpstream(t, (_request, response) => { response.writeHead(503, { 'retry-after': '2' }).end(() => { controller.abort() }) })
  t.same(await outcomeOf(openClient(t, busy.baseUrl, { sleep: undefined }).client.request({ ...GET, signal: controller.signal })), ['timeout', true])
  t.equal(busy.count(), 1)
})

t.test('a repeat that is refused does not hide that the first attempt was sent', async (t) => {
  let down: Promise<void> | undefined
  const upstream = await startUpstream(t, () => { down = upstream.down() })
  const { client } = openClient(t, upstream.baseUrl)
  t.same(await outcomeOf(client.request(GET)), ['unreachable', true])
  t.equal(upstream.count(), 1)
  await down
})

t.test('successes pay for repeats: an upstream that fails every other time is repeated seven times', async (t) => {
  const upstream = await startUpstream(t, (_request, response, count) => { response.writeHead(count % 2 === 1 ? 503 : 200).end() })
  const { client, events } = openClient(t, upstream.baseUrl)
  for (let i = 0; i < 7; i++) t.equal(await outcomeOf(client.request(GET)), 200)
  t.equal(await outcomeOf(client.request(GET)), 503)
  t.equal(events.length, 7)
})

t.test('events name the upstream', async (t) => {
  const upstream = await startUpstream(t, (_request, response, count) => { response.writeHead(count === 1 ? 503 : 200).end() })
  const told: string[][] = []
  const { client } = openClient(t, upstream.baseUrl, { name: 'storage', onEvent: (...event) => { told.push(event) } })
  await client.request(GET)
  t.same(told, [['retry', 'storage']])
})

t.test('a closed client neither repeats nor pretends to have sent', async (t) => {
  const upstream = await startUpstream(t, () => {})
  const { client, events } = openClient(t, upstream.baseUrl)
  await client.close()
  t.same(await outcomeOf(client.request(GET)), ['unreachable', false])
  t.same(await outcomeOf(client.stream(GET)), ['unreachable', false])
  t.same(events, [])
})
