import t from 'tap'
import { paceOf, type Usage } from '../../lib/teleconsultations/pace.ts'

/** A pace of a quarter of the time, on a clock of its own that only rests and `work` move. */
function start () {
  const rests: number[] = []
  let since: Usage = { elapsedMs: 0, activeMs: 0 }
  const pass = (elapsedMs: number, activeMs: number) => { since = { elapsedMs: since.elapsedMs + elapsedMs, activeMs: since.activeMs + activeMs } }
  const pace = paceOf({
    share: 0.25,
    longestRestMs: 50,
    usage () {
      const seen = since
      since = { elapsedMs: 0, activeMs: 0 }
      return seen
    },
    async wait (ms) {
      rests.push(ms)
      pass(ms, 0)
    }
  })
  return { pace, rests, work: pass }
}

t.test('what work takes beyond its share is rested', async (t) => {
  const { pace, rests, work } = start()
  await pace()
  t.same(rests, [], 'not before anything was done')
  for (let piece = 0; piece < 3; piece++) {
    work(4, 4)
    await pace()
  }
  t.same(rests, [12, 12, 12])
})

t.test('work that waits for others most of the time needs no rest', async (t) => {
  const { pace, rests, work } = start()
  for (let piece = 0; piece < 3; piece++) {
    work(40, 4)
    await pace()
  }
  t.same(rests, [])
})

t.test('a quiet hour is no credit', async (t) => {
  const { pace, rests, work } = start()
  work(3_600_000, 10)
  await pace()
  work(4, 4)
  await pace()
  t.same(rests, [12])
})

t.test('on an event loop that others keep busy it goes on, slowly', async (t) => {
  const { pace, rests, work } = start()
  for (let piece = 0; piece < 3; piece++) {
    work(1000, 1000)
    await pace()
  }
  t.same(rests, [50, 50, 50])
})

t.test('who asks at the same moment gets turns one after the other', async (t) => {
  const { pace, rests, work } = start()
  const order: number[] = []
  await Promise.all([1, 2, 3].map(async (number) => {
    await pace()
    order.push(number)
    work(2, 2)
  }))
  t.same(order, [1, 2, 3])
  t.same(rests, [6, 6])
})
