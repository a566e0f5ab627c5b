import t from 'tap'
import { crashRun } from './crash-run.ts'
import { buildIfStale } from './processes.ts'

// `npm run crash-test` does the same, longer, in each pair of layout and room creation, and with a seed of its own.
buildIfStale()

t.test('killed, cut off and held up, processes with rooms at booking lose, orphan, duplicate and leak nothing', async (t) => {
  const { evidence, violations } = await crashRun(t, { seed: 1, layout: 'declared', roomCreation: 'eager', operations: 40, replicas: 2 })
  t.same(violations, [])
  t.ok(evidence.history.some(({ kind, outcome }) => kind === 'create' && outcome === 'done'))
})

t.test('nor on the official layout with late rooms', async (t) => {
  const { violations } = await crashRun(t, { seed: 2, layout: 'official', roomCreation: 'late', operations: 25, replicas: 2 })
  t.same(violations, [])
})

t.test('a run whose reconciler is off finds what was left behind', async (t) => {
  const { violations } = await crashRun(t, {
    seed: 3, layout: 'declared', roomCreation: 'eager', operations: 25, replicas: 2, reconciles: false, rates: { kill: 15 }, settlesWithinMs: 500
  })
  t.ok(violations.some(({ kind }) => kind === 'orphaned'))
})
