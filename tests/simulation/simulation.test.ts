import t from 'tap'
import { MUTANTS } from './mutants.ts'
import { FAULTS } from './network.ts'
import { simulate } from './simulate.ts'

/** For each pair of layout and provider; `npm run simulate` looks at many more. */
const SEEDS = 250
/** Within that many seeds every mutant is caught. */
const MUTANT_SEEDS = 10_000

for (const layout of ['declared', 'official'] as const) {
  for (const flavour of ['vendor', 'embedded'] as const) {
    t.test(`no invariant breaks on the ${layout} layout with a provider like ${flavour}`, async (t) => {
      const injected = new Map<string, number>()
      const broken: string[] = []
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { problems, faults } = await simulate({ seed, fixed: { layout, flavour } })
        broken.push(...problems.map((problem) => `seed ${seed}: ${problem}`))
        for (const [fault, count] of Object.entries(faults)) injected.set(fault, (injected.get(fault) ?? 0) + count)
      }
      t.same(broken, [])
      t.same([...FAULTS, 'timeout'].filter((fault) => (injected.get(fault) ?? 0) === 0), [], 'every kind of fault was injected')
    })
  }
}

t.test('a seed gives the same run each time, another seed another one', async (t) => {
  const hashes = new Set<string>()
  for (let seed = 1; seed <= 50; seed++) {
    const [{ traceHash }, again] = [await simulate({ seed }), await simulate({ seed })]
    t.equal(again.traceHash, traceHash)
    hashes.add(traceHash)
  }
  t.equal(hashes.size, 50)
})

for (const mutant of MUTANTS) {
  t.test(`it is noticed: ${mutant.name}`, async (t) => {
    let caughtBy: number | undefined
    for (let seed = 1; seed <= MUTANT_SEEDS && caughtBy === undefined; seed++) {
      if ((await simulate({ seed, mutant })).problems.length > 0) caughtBy = seed
    }
    t.not(caughtBy, undefined)
  })
}
