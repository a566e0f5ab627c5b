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
const listed = (counts: Record<string, number>) => Object.entries(counts).map(([what, count]) => `${what} ${count}`).join(', ')
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
  const injected: Record<string, Record<string, number>> = {}
  const asked: Record<string, number> = {}
  const reconciled: Record<string, number> = {}
  const byProvider: Record<string, Record<string, number>> = {}
  const count = (provider: string, what: string, more = 1) => { if (more > 0) (byProvider[provider] ??= {})[what] = (byProvider[provider]?.[what] ?? 0) + more }
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
    const { layout, settings, skewMs, replicas, providers, nextDefault, fallsBack } = outcome.scenario
    const [provider] = providers
    for (const one of providers) count(one, one === provider ? 'seeds as the default' : 'seeds besides')
    count(provider, 'seeds alone', providers.length === 1 ? 1 : 0)
    count(provider, 'seeds with a fallback', fallsBack ? 1 : 0)
    count(provider, 'seeds that end with another default', nextDefault === provider ? 0 : 1)
    count(provider, 'runs in which another one stood in', outcome.fallbacks > 0 ? 1 : 0)
    count(provider, 'rooms changed in place', outcome.changesInPlace)
    for (const [one, made] of Object.entries(outcome.rooms)) count(one, 'rooms', made)
    const here = injected[`${layout}, rooms made ${settings.roomCreation === 'eager' ? 'early' : 'late'}`] ??= { seeds: 0, ...Object.fromEntries(FAULTS.map((fault) => [fault, 0])), timeout: 0, skewedReplicas: 0 }
    for (const [fault, count] of Object.entries({ ...outcome.faults, seeds: 1, skewedReplicas: skewMs > 0 ? replicas : 0 })) here[fault] = (here[fault] ?? 0) + count
    for (const [kind, count] of Object.entries(outcome.reconciled)) reconciled[kind] = (reconciled[kind] ?? 0) + count
    for (const entry of outcome.history) {
      for (const { code, outcome: end } of entry.attempts ?? []) {
        const what = `${entry.kind}${entry.key === undefined ? '' : ' with a key'}${entry.seen === undefined ? '' : ' with a precondition'}: ${end === 'refused' ? code ?? end : end}`
        asked[what] = (asked[what] ?? 0) + 1
      }
    }
  }
  const seconds = (performance.now() - began) / 1000
  print(`${seeds} seeds, each twice, in ${seconds.toFixed(1)} s (${(seeds / seconds).toFixed(0)} a second); ${broken} broken`)
  for (const [where, faults] of Object.entries(injected).sort()) print(`faults, ${where}: ${listed(faults)}`)
  for (const [provider, counts] of Object.entries(byProvider).sort()) print(`${provider}: ${listed(counts)}`)
  print(`requests: ${listed(Object.fromEntries(Object.entries(asked).sort()))}`)
  print(`reconciled: ${listed(reconciled)}`)
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
