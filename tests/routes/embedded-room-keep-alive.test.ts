import { EventEmitter } from 'node:events'
import t from 'tap'
import { keepAlive } from '../../lib/routes/embedded-room/keep-alive.ts'
import { fakeTime } from '../support/embedded-hub.ts'

function pinged () {
  const time = fakeTime()
  const events = new EventEmitter()
  const seen: string[] = []
  keepAlive({
    ping: () => { seen.push('ping') },
    terminate: () => { seen.push('terminate') },
    on: (event, listener) => events.on(event, listener)
  }, time.schedule)
  return { time, events, seen }
}

t.test('a browser is pinged every twenty seconds while it answers', async t => {
  const { time, events, seen } = pinged()
  for (let i = 0; i < 3; i++) {
    time.advance(20_000)
    events.emit('pong')
  }
  t.same(seen, ['ping', 'ping', 'ping'])
})

t.test('a browser that answers no ping is cut off', async t => {
  const { time, seen } = pinged()
  time.advance(39_999)
  t.same(seen, ['ping'])
  time.advance(1)
  t.same(seen, ['ping', 'terminate'])
  t.equal(time.timers(), 0)
})

t.test('a closed connection is pinged no more', async t => {
  const { time, events, seen } = pinged()
  events.emit('close')
  time.advance(100_000)
  t.same(seen, [])
  t.equal(time.timers(), 0)
})
