import { once } from 'node:events'
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import t from 'tap'
import { flakyCrud } from '../support/flaky-crud.ts'
import { ask, runService } from '../support/process.ts'
import { gated, roundGate } from '../support/rounds.ts'
import { booking, temporaryFolder } from '../support/service.ts'

const CALLERS = 2000
/** The system keeps no more connections waiting that a process has not taken yet. */
const CALLERS_A_WAVE = 250
const STORAGE_TAKES_MS = 100

// A process that keeps more than that ends. The image's is 48 MB for the built service; the sources alone take 30 more.
const SMALL_HEAP = '--max-old-space-size=80 --max-semi-space-size=1'
const LARGEST_RSS_BYTES = 256 * 1024 * 1024

t.test('2000 callers at once and a slow storage: what is too much is shed, links are given, memory stays bounded, and it recovers', async (t) => {
  const crud = await flakyCrud(t)
  const slow = { ...roundGate(), pass: async () => { await new Promise((resolve) => { setTimeout(resolve, STORAGE_TAKES_MS) }) } }
  const service = await runService(t, { DATA_PATH: temporaryFolder(t), ...crud.variables, CRUD_SERVICE_URL: await gated(t, crud.url, slow), STORAGE_TIMEOUT_MS: '60000', NODE_OPTIONS: SMALL_HEAP })
  const body = booking({ start_date: new Date(Date.now() + 60_000).toISOString() })
  const { roomId } = (await ask(`${service.origin}/teleconsultation`, { method: 'POST', body })).json<{ roomId: string }>()
  const metric = async (name: string) => {
    const { text } = await ask(`${service.origin}/-/metrics`)
    return text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`)).reduce((sum, line) => sum + Number(line.split(' ')[1]), 0)
  }

  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS })
  t.teardown(() => { agent.destroy() })
  let shedOnes = 0
  let firstIsShed = () => {}
  const shedding = new Promise<void>((resolve) => { firstIsShed = resolve })
  const post = (sent: () => void = () => {}) => {
    const asking = request(`${service.origin}/teleconsultation`, { method: 'POST', agent, headers: { 'content-type': 'application/json' } }).end(JSON.stringify(body))
    asking.once('finish', sent)
    return answerOf(asking)
  }
  const answerOf = async (asking: ClientRequest) => {
    const [answer] = await once(asking, 'response') as [IncomingMessage]
    if (answer.statusCode === 503) {
      shedOnes++
      firstIsShed()
    }
    return { status: answer.statusCode, retryAfter: answer.headers['retry-after'], body: await json(answer) as { code?: string } }
  }
  const posts: Array<ReturnType<typeof post>> = []
  while (posts.length < CALLERS) {
    await Promise.all(Array.from({ length: CALLERS_A_WAVE }, async () => { await new Promise<void>((resolve) => { posts.push(post(resolve)) }) }))
  }

  await shedding
  const reads = await Promise.all(Array.from({ length: 50 }, () => ask(`${service.origin}/teleconsultation/${roomId}`, { caller: 'patient-1' })))
  t.ok(reads.every(({ status, text }) => status === 200 && text.includes('accessLinkURL')), 'links are given meanwhile')
  t.equal((await ask(`${service.origin}/-/ready`)).status, 200)
  t.ok(await metric('process_resident_memory_bytes') < LARGEST_RSS_BYTES)

  const answers = await Promise.all(posts)
  const shed = answers.filter(({ status }) => status === 503)
  t.ok(shed.length > 0)
  t.ok(shed.every(({ body, retryAfter }) => body.code === 'OVERLOADED' && retryAfter === '2'))
  t.equal(answers.filter(({ status }) => status === 201).length, CALLERS - shed.length, 'all others are booked')
  t.equal(await metric('requests_shed_total'), shedOnes)

  t.equal(await metric('requests_in_flight'), 0)
  t.equal((await post()).status, 201, 'it takes bookings again')
  t.equal(service.lines.filter((line) => line.includes('"Shedding requests"')).length, 1)
})
