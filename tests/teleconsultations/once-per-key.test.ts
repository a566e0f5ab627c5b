import t from 'tap'
import { oncePerKey } from '../../lib/teleconsultations/once-per-key.ts'
import { virtualClock } from '../support/virtual-clock.ts'

const REQUEST = { key: 'key', fingerprint: 'body' }
const OTHER_BODY = { key: 'key', fingerprint: 'other body' }
const MINUTE_MS = 60_000

function start (options: { keptMs?: number, most?: number } = {}) {
  const clock = virtualClock()
  const calls: Array<{ resolve: (value: string) => void, reject: (error: Error) => void }> = []
  const work = () => new Promise<string>((resolve, reject) => { calls.push({ resolve, reject }) })
  const once = oncePerKey({ clock, keptMs: 0, ...options })
  const answered = async (answer: string, request = REQUEST) => {
    const given = once.run(request, work)
    calls.at(-1)?.resolve(answer)
    return await given
  }
  return { clock, calls, work, once, answered }
}

t.test('requests at once share one answer, the next one is worked on again', async (t) => {
  const { once, calls, work, answered } = start()
  const answers = Promise.all(Array.from({ length: 100 }, () => once.run(REQUEST, work)))
  t.equal(calls.length, 1)
  calls[0]?.resolve('first')
  t.same(new Set(await answers), new Set(['first']))
  t.equal(await answered('second'), 'second')
})

t.test('requests without a key have nothing to do with each other', async (t) => {
  const { once, calls, work } = start({ keptMs: MINUTE_MS })
  const answers = Promise.all([once.run(undefined, work), once.run(undefined, work)])
  for (const [index, call] of calls.entries()) call.resolve(String(index))
  t.same(await answers, ['0', '1'])
})

t.test('where the document keeps the key, another body does its own work: only the document knows whose the key is', async (t) => {
  const { once, calls, work } = start()
  const answers = Promise.all([once.run(REQUEST, work), once.run(OTHER_BODY, work)])
  t.equal(calls.length, 2)
  for (const [index, call] of calls.entries()) call.resolve(String(index))
  t.same(await answers, ['0', '1'])
})

t.test('where answers are kept here, another body is refused while the first runs', async (t) => {
  const { once, calls, work } = start({ keptMs: MINUTE_MS })
  const running = once.run(REQUEST, work)
  await t.rejects(once.run(OTHER_BODY, work), { code: 'IDEMPOTENCY_KEY_REUSED', statusCode: 422 })
  t.equal(calls.length, 1)
  calls[0]?.resolve('done')
  await running
})

t.test('who shares waits for 3 s, and what runs goes on', async (t) => {
  const { once, clock, calls, work } = start()
  const running = once.run(REQUEST, work)
  const sharing = once.run(REQUEST, work)
  clock.pass(2999)
  const late = once.run(REQUEST, work)
  clock.pass(1)
  await t.rejects(sharing, { code: 'REQUEST_RUNNING', statusCode: 409 })
  calls[0]?.resolve('done')
  t.equal(await late, 'done')
  t.equal(await running, 'done')
  t.equal(calls.length, 1)
})

t.test('a failure is shared by those who wait and not kept', async (t) => {
  const { once, calls, work, answered } = start({ keptMs: MINUTE_MS })
  const both = [once.run(REQUEST, work), once.run(REQUEST, work)]
  calls[0]?.reject(new Error('down'))
  for (const one of both) await t.rejects(one, { message: 'down' })
  t.equal(await answered('up'), 'up')
})

t.test('an answer is kept for its time', async (t) => {
  const { once, clock, work, answered } = start({ keptMs: MINUTE_MS })
  await answered('first')
  clock.pass(MINUTE_MS - 1)
  t.equal(await once.run(REQUEST, work), 'first')
  await t.rejects(once.run(OTHER_BODY, work), { code: 'IDEMPOTENCY_KEY_REUSED', statusCode: 422 })
  clock.pass(1)
  t.equal(await answered('second', OTHER_BODY), 'second')
})

t.test('an answer is not kept beyond its use', async (t) => {
  const { once, clock, calls, work, answered } = start({ keptMs: MINUTE_MS })
  const usableUntil = new Date(clock.now().getTime() + 1000)
  const first = once.run(REQUEST, work, () => usableUntil)
  calls[0]?.resolve('first')
  await first
  clock.pass(999)
  t.equal(await once.run(REQUEST, work), 'first')
  clock.pass(1)
  t.equal(await answered('second'), 'second')
})

t.test('the oldest answers make room for new ones', async (t) => {
  const { once, work, answered } = start({ keptMs: MINUTE_MS, most: 2 })
  for (const key of ['a', 'b', 'c']) await answered(key, { key, fingerprint: '' })
  for (const key of ['b', 'c']) t.equal(await once.run({ key, fingerprint: '' }, work), key)
  t.equal(await answered('anew', { key: 'a', fingerprint: '' }), 'anew')
})

t.test('what runs is not forgotten, however many answers come meanwhile', async (t) => {
  const { once, calls, work, answered } = start({ keptMs: MINUTE_MS, most: 2 })
  const running = once.run(REQUEST, work)
  for (const key of ['a', 'b', 'c']) await answered(key, { key, fingerprint: '' })
  const sharing = once.run(REQUEST, work)
  t.equal(calls.length, 4)
  calls[0]?.resolve('done')
  t.same(await Promise.all([running, sharing]), ['done', 'done'])
})
