import { parseArgs } from 'node:util'
import { MUTANTS } from './mutants.ts'
import { FAULTS } from './network.ts'
import { simulate } from './simulate.ts'

/**
 * npm run simulate -- --seeds 10000 [--first N] [--seed N] [--mutant NAME] [--mutants]
 *
 * `--seed` replays one seed and prints its trace; `--mutants` looks for the first seed that catches each mutant.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    first: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false }
  }
})
const print = (line: string) => { process.stdout.write(`${line}\n`) }
const seeds = Number(values.seeds)
const first = Number(values.first)
const mutant = MUTANTS.find(({ name }) => name === values.mutant)
if (values.mutant !== undefined && mutant === undefined) throw new Error(`no mutant of that name; there are: ${MUTANTS.map(({ name }) => name).join(', ')}`)

if (values.seed !== undefined) await replay(Number(values.seed))
else if (values.mutants) await catchMutants()
else await search()

async function replay (seed: number): Promise<void> {
  const { scenario, lines, history, problems, traceHash } = await simulate({ seed, mutant, keepsLines: true })
  print(JSON.stringify(scenario, undefined, 2))
  for (const line of lines) print(line)
  for (const entry of history) print(JSON.stringify(entry))
  print(`trace ${traceHash}`)
  for (const problem of problems) print(`PROBLEM: ${problem}`)
  process.exitCode = problems.length > 0 ? 1 : 0
}

async function search (): Promise<void> {
  const began = performance.now()
  const injected = Object.fromEntries([...FAULTS, 'timeout', 'skewedReplicas'].map((fault) => [fault, 0]))
  const asked: Record<string, number> = {}
  const reconciled: Record<string, number> = {}
  let broken = 0
  for (let seed = first; seed < first + seeds; seed++) {
    const outcome = await simulate({ seed, mutant })
    const again = await simulate({ seed, mutant })
    if (outcome.traceHash !== again.traceHash) {
      broken++
      print(`seed ${seed}: the simulation is at fault: two runs differ`)
    }
    if (outcome.problems.length > 0) {
      broken++
      print(`seed ${seed}: ${outcome.problems.join('; ')}`)
    }
    for (const [fault, count] of Object.entries(outcome.faults)) injected[fault] = (injected[fault] ?? 0) + count
    if (outcome.scenario.skewMs > 0) injected['skewedReplicas'] = (injected['skewedReplicas'] ?? 0) + outcome.scenario.replicas
    for (const [kind, count] of Object.entries(outcome.reconciled)) reconciled[kind] = (reconciled[kind] ?? 0) + count
    for (const { kind, outcome: end } of outcome.history) asked[`${kind} ${end}`] = (asked[`${kind} ${end}`] ?? 0) + 1
  }
  const seconds = (performance.now() - began) / 1000
  print(`${seeds} seeds, each twice, in ${seconds.toFixed(1)} s (${(seeds / seconds).toFixed(0)} a second); ${broken} broken`)
  print(`faults: ${Object.entries(injected).map(([fault, count]) => `${fault} ${count}`).join(', ')}`)
  print(`requests: ${Object.entries(asked).sort().map(([end, count]) => `${end} ${count}`).join(', ')}`)
  print(`reconciled: ${Object.entries(reconciled).map(([kind, count]) => `${kind} ${count}`).join(', ')}`)
  process.exitCode = broken > 0 ? 1 : 0
}

async function catchMutants (): Promise<void> {
  for (const candidate of MUTANTS) {
    let caught: string | undefined
    for (let seed = first; seed < first + seeds && caught === undefined; seed++) {
      const { problems } = await simulate({ seed, mutant: candidate })
      if (problems.length > 0) caught = `seed ${seed}: ${problems[0] ?? ''}`
    }
    print(`${candidate.name}: ${caught ?? `NOT CAUGHT within ${seeds} seeds`}`)
    if (caught === undefined) process.exitCode = 1
  }
}
