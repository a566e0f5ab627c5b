import t from 'tap'
import { turns } from '../../lib/providers/daily/turns.ts'
import { dailySubject } from '../support/fake-daily.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)

/** A clock that only pauses move, and pauses that end when they are told to. */
function steppedTime () {
  let nowMs = 0
  const paused: Array<{ ms: number, end: () => void }> = []
  return {
    clock: () => new Date(nowMs),
    setBack: (ms: number) => { nowMs -= ms },
    pause: (ms: number, signal: AbortSignal) => new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => { reject(signal.reason) }, { once: true })
      paused.push({ ms, end: () => { nowMs += ms; resolve() } })
    }),
    /** Ends the next pause that is begun. */
    async step () {
      while (paused.length === 0) await new Promise(setImmediate)
      const { ms, end } = paused.shift()!
      end()
      return ms
    },
    paused
  }
}

t.test('sixty rooms are deleted at a pace that Daily never refuses', async (t) => {
  const { daily, provider, pauses } = await dailySubject(t)
  for (let i = 0; i < 60; i++) await provider.deleteRoom({ providerRoomId: daily.plantRoom({ privacy: 'private' }).name }, signal)
  t.ok(daily.rooms.every(({ deleted }) => deleted))
  t.equal(daily.requests.filter(({ method }) => method === 'DELETE').length, 60, 'none was refused')
  t.same(pauses, Array.from({ length: 59 }, () => 600))
})

t.test('rooms that are deleted all at once are all deleted', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const rooms = Array.from({ length: 25 }, () => ({ providerRoomId: daily.plantRoom({ privacy: 'private' }).name }))
  const began = daily.time.now.getTime()
  await Promise.all(rooms.map(async (room) => { await provider.deleteRoom(room, signal) }))
  t.ok(daily.rooms.every(({ deleted }) => deleted))
  t.ok(daily.time.now.getTime() - began >= 24 * 600, 'by Daily’s clock')
})

t.test('turns are given in the order of coming, the first at once', async (t) => {
  const time = steppedTime()
  const queue = turns({ everyMs: 600, ...time })
  const order: number[] = []
  const all = [1, 2, 3].map(async (number) => { await queue.next(signal); order.push(number) })
  await all[0]
  t.same([order, time.paused.length], [[1], 1])
  t.equal(await time.step(), 600)
  await all[1]
  t.equal(await time.step(), 600)
  await all[2]
  t.same(order, [1, 2, 3])
})

t.test('who gives up leaves the queue, and the next one moves up', async (t) => {
  const time = steppedTime()
  const queue = turns({ everyMs: 600, ...time })
  const impatient = new AbortController()
  await queue.next(signal)
  const second = queue.next(impatient.signal)
  const third = queue.next(signal)
  impatient.abort()
  await t.rejects(second, { code: 'PROVIDER_TIMEOUT', statusCode: 504 })
  await time.step()
  await third
  t.equal(time.clock().getTime(), 600)
  await t.rejects(queue.next(AbortSignal.abort()), { code: 'PROVIDER_TIMEOUT', statusCode: 504 })
})

t.test('a queue that everybody left takes the next one', async (t) => {
  const time = steppedTime()
  const queue = turns({ everyMs: 600, ...time })
  const impatient = new AbortController()
  await queue.next(signal)
  const left = queue.next(impatient.signal)
  impatient.abort()
  await t.rejects(left, { code: 'PROVIDER_TIMEOUT' })
  await time.step()
  await queue.next(signal)
  t.equal(time.paused.length, 0, 'its time had come')
})

t.test('a clock that is set back holds nobody longer than a turn', async (t) => {
  const time = steppedTime()
  const queue = turns({ everyMs: 600, ...time })
  await queue.next(signal)
  time.setBack(3600_000)
  const next = queue.next(signal)
  t.equal(await time.step(), 600)
  await next
})

t.test('closing sends everybody home', async (t) => {
  const time = steppedTime()
  const queue = turns({ everyMs: 600, ...time })
  await queue.next(signal)
  const waiting = [queue.next(signal), queue.next(signal)].map(async (one) => { await t.rejects(one, { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 }) })
  queue.close()
  await Promise.all(waiting)
  await t.rejects(queue.next(signal), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
})

t.test('a busy Daily is asked again, each time later', async (t) => {
  const { daily, provider, pauses } = await dailySubject(t, { timeoutMs: 10_000 })
  const spec = await roomSpec(provider)
  daily.fail('busy', { times: 3, on: /^POST \/rooms$/ })
  const room = await provider.createRoom(spec, signal)
  t.same(pauses, [500, 1000, 2000])
  t.equal(daily.rooms.length, 1)
  pauses.length = 0
  daily.fail('busy', { times: 1, on: /meeting-tokens/ })
  await t.resolves(provider.accessFor(room, spec.doctor, accessWindow, signal))
  daily.fail('busy', { times: 1, on: /^DELETE/ })
  await provider.deleteRoom(room, signal)
  t.same(pauses, [500, 500, 100], 'and a deletion in its turn again')
})

t.test('a Daily that stays busy, or longer than the time that is left, is given up', async (t) => {
  const { daily, provider, pauses } = await dailySubject(t, { timeoutMs: 10_000 })
  daily.fail('busy')
  await t.rejects(provider.check(signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
  t.same(pauses, [500, 1000, 2000])
  const { daily: other, provider: hasty, pauses: fewer } = await dailySubject(t, { timeoutMs: 1000 })
  other.fail('busy')
  await t.rejects(hasty.check(signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
  t.same(fewer, [500])
})

t.test('a signal ends a pause', async (t) => {
  const controller = new AbortController()
  const { daily, provider } = await dailySubject(t, { timeoutMs: 60_000, pause: undefined })
  daily.fail('busy')
  const checked = provider.check(controller.signal)
  while (daily.requests.length === 0) await new Promise(setImmediate)
  controller.abort()
  await t.rejects(checked, { code: /^PROVIDER_(BUSY|TIMEOUT)$/ })
  t.equal(daily.requests.length, 1)
})
