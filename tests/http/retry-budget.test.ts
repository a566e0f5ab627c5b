import t from 'tap'
import { retryBudget } from '../../lib/http/retry-budget.ts'

const taken = ({ take }: { take (): boolean }, tries: number) => Array.from({ length: tries }, take).filter(Boolean).length

t.test('it is full at the start: seven repeats', async (t) => {
  t.equal(taken(retryBudget(), 20), 7)
})

t.test('fourteen successes pay for one repeat', async (t) => {
  const budget = retryBudget()
  taken(budget, 20)
  // Two were left.
  for (let i = 0; i < 11; i++) budget.succeeded()
  t.equal(budget.allows(), false)
  budget.succeeded()
  t.equal(budget.allows(), true)
  t.equal(taken(budget, 20), 1)
})

t.test('it never holds more than at the start', async (t) => {
  const budget = retryBudget()
  for (let i = 0; i < 1000; i++) budget.succeeded()
  t.equal(taken(budget, 20), 7)
})

t.test('three failures in a row end repeats, a success permits them again', async (t) => {
  const budget = retryBudget()
  budget.failed()
  budget.failed()
  t.equal(budget.allows(), true)
  budget.failed()
  t.equal(budget.allows(), false)
  t.equal(budget.take(), false)
  budget.succeeded()
  t.equal(budget.take(), true)
})

t.test('to look costs nothing', async (t) => {
  const budget = retryBudget()
  for (let i = 0; i < 100; i++) budget.allows()
  t.equal(taken(budget, 20), 7)
})
