import t from 'tap'
import { PROVIDER_NAMES } from '../../lib/config/video-environment.ts'
import { abilitiesOf } from './abilities.ts'
import { MUTANTS } from './mutants.ts'
import { FAULTS } from './network.ts'
import { simulate } from './simulate.ts'

/** For each provider; `npm run simulate` looks at many more. */
const SEEDS = 250
/** Within that many seeds every mutant is caught. */
const MUTANT_SEEDS = 10_000

for (const provider of PROVIDER_NAMES) {
  t.test(`no invariant breaks with ${provider}, alone and beside others`, async (t) => {
    const injected = new Map<string, number>()
    const told = new Set<string | undefined>()
    const met = new Set<string>()
    const broken: string[] = []
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { problems, faults, history, scenario, rooms, fallbacks, changesInPlace } = await simulate({ seed, fixed: { provider } })
      broken.push(...problems.map((problem) => `seed ${seed}: ${problem}`))
      for (const { attempts = [] } of history) for (const { code } of attempts) told.add(code)
      for (const [fault, count] of Object.entries(faults)) injected.set(fault, (injected.get(fault) ?? 0) + count)
      if (fallbacks > 0) met.add('a fallback')
      if (changesInPlace > 0 && scenario.providers.length === 1) met.add('a change in place')
      if (scenario.nextDefault !== provider) met.add('another default')
      if (scenario.providers.filter((name) => rooms[name] !== undefined).length > 1) met.add('rooms of several')
      if (scenario.providers.length === 1) met.add(`alone on the ${scenario.layout} layout`)
    }
    t.same(broken, [])
    t.same([...FAULTS, 'timeout'].filter((fault) => (injected.get(fault) ?? 0) === 0), [], 'every kind of fault was injected')
    t.same(['IDEMPOTENCY_KEY_REUSED', 'REQUEST_RUNNING', 'PRECONDITION_FAILED', 'CONCURRENT_CHANGE', 'CRASH'].filter((code) => !told.has(code)), [], 'keys and preconditions met each other')
    const inPlace = abilitiesOf(provider, true).roomChange === 'change' ? ['a change in place'] : []
    t.same([...met].sort(), [...inPlace, 'a fallback', 'alone on the declared layout', 'alone on the official layout', 'another default', 'rooms of several'])
  })
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
