import t from 'tap'
import { temporaryFolder } from '../support/service.ts'
import { mutated, MUTANTS } from './mutants.ts'
import { faultIn } from './sequences.ts'

t.test('no sequence of grants, removals, invitations and changes of roles lets anybody do what the matrix forbids', { timeout: 120_000 }, async (t) => {
  t.equal(await faultIn(1, 2500), undefined)
})

t.test('a fault in the rule shows within a thousand sequences', { timeout: 120_000 }, async (t) => {
  for (const mutant of MUTANTS) {
    const { faultIn } = await mutated(mutant, temporaryFolder(t))
    t.match(await faultIn(1, 1000), /^seed \d+:/, mutant.name)
  }
})
