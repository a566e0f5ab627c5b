import t from 'tap'
import { attemptAt, isForgotten, withAttempt, type Attempt } from '../../lib/domain/idempotency.ts'
import { after, NOON } from '../support/service.ts'

const attempt = (key: string, at = NOON): Attempt => ({ key, fingerprint: 'body', at: at.getTime() })

t.test('a request is remembered with its time, and nothing but what it is known by', async (t) => {
  t.same(attemptAt({ key: 'key', fingerprint: 'body' }, NOON), attempt('key'))
  t.equal(attemptAt(undefined, NOON), undefined)
})

t.test('it is forgotten after 24 hours', async (t) => {
  t.equal(isForgotten(attempt('key'), after(NOON, 24 * 60 - 0.001)), false)
  t.equal(isForgotten(attempt('key'), after(NOON, 24 * 60)), true)
})

t.test('the latest 32 are kept, and those that are forgotten make room', async (t) => {
  t.equal(withAttempt(undefined, undefined, NOON), undefined)
  t.same(withAttempt(undefined, attempt('a'), NOON), [attempt('a')])
  t.equal(withAttempt([attempt('old')], undefined, after(NOON, 24 * 60)), undefined)
  const many = Array.from({ length: 40 }, (_, index) => attempt(String(index)))
  t.same(withAttempt(many.slice(0, -1), many.at(-1), NOON), many.slice(-32))
})
