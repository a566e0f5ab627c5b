import t from 'tap'
import { tokenBucket } from '../../lib/providers/embedded/rate-limit.ts'
import { systemSchedule } from '../../lib/providers/embedded/schedule.ts'

t.test('a bucket gives its capacity at once and then what was refilled', async t => {
  const take = tokenBucket({ capacity: 2, refillPerSecond: 10 })
  t.same([take(0), take(0), take(0)], [true, true, false])
  t.same([take(99), take(100), take(100)], [false, true, false])
  t.same([take(60_000), take(60_000), take(60_000)], [true, true, false])
})

t.test('a clock that steps back refills nothing and takes nothing away', async t => {
  const take = tokenBucket({ capacity: 2, refillPerSecond: 10 })
  t.same([take(10_000), take(0), take(0)], [true, true, false])
  t.equal(take(100), true)
})

t.test('the process’s timers run once, unless they are called off', async t => {
  // They do not keep the process alive, so that something else has to.
  const alive = setInterval(() => {}, 1000)
  t.teardown(() => clearInterval(alive))
  const ran: string[] = []
  systemSchedule(0, () => ran.push('called off'))()
  await new Promise<void>(resolve => systemSchedule(-5, () => {
    ran.push('run')
    resolve()
  }))
  t.same(ran, ['run'])
})
