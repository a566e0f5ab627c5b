import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import type { Entry } from '../simulation/history.ts'
import { crashRun, type CrashRun } from './crash-run.ts'
import { buildIfStale } from './processes.ts'
import { VIOLATIONS } from './verdict.ts'

/**
 * npm run crash-test -- [--operations 500] [--seed N] [--layout declared|official|both] [--rooms eager|late|both] [--replicas 2]
 *   [--no-reconciler]
 *
 * The seed decides what is asked for and which faults are drawn; what meets what is up to the machine.
 */
const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(randomInt(1, 2 ** 31)) },
    layout: { type: 'string', default: 'both' },
    rooms: { type: 'string', default: 'both' },
    replicas: { type: 'string', default: '2' },
    'no-reconciler': { type: 'boolean', default: false }
  }
})
const chosen = <T extends string> (name: 'layout' | 'rooms', all: readonly T[]): readonly T[] => {
  const found = values[name] === 'both' ? all : all.filter((one) => one === values[name])
  if (found.length === 0) throw new Error(`--${name} is one of ${all.join(', ')}, both`)
  return found
}
const number = (name: 'operations' | 'seed' | 'replicas'): number => {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number from 1 on`)
  return value
}

const print = (line: string) => { process.stdout.write(`${line}\n`) }
const counted = (counts: Readonly<Record<string, number>>) => Object.entries(counts).map(([name, count]) => `${name} ${count}`).join(', ')

const rooms = chosen('rooms', ['eager', 'late'] as const)
const parts = chosen('layout', ['declared', 'official'] as const).flatMap((layout) => rooms.map((roomCreation) => ({ layout, roomCreation })))
const operations = number('operations')
const seed = number('seed')
const closing: Array<() => unknown> = []
const close = async () => { for (const one of closing.splice(0).reverse()) await one() }
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => { close().finally(() => { process.exit(1) }) })
}

print(`seed ${seed}`)
buildIfStale()
const total = Object.fromEntries(VIOLATIONS.map((kind) => [kind, 0])) as Record<typeof VIOLATIONS[number], number>
try {
  for (const [i, part] of parts.entries()) {
    // The original's time-honoured way, rooms at booking, gets the larger share.
    const weight = rooms.length === 1 ? 1 : part.roomCreation === 'eager' ? 1.4 : 0.6
    const share = Math.round(operations * weight / parts.length)
    const began = performance.now()
    const run = await crashRun({ teardown: (one) => closing.push(one) }, { ...part, seed: seed + i, operations: share, replicas: number('replicas'), reconciles: !values['no-reconciler'] })
    await close()
    report(`${part.layout}, ${part.roomCreation}`, share, run, performance.now() - began)
  }
} finally {
  await close()
}
const { unexpected, ...named } = total
print(`${Object.entries(named).map(([kind, count]) => `${count} ${kind}`).join(', ')}${unexpected === 0 ? '' : `, ${unexpected} unexpected`}`)
process.exitCode = Object.values(total).some((count) => count > 0) ? 1 : 0

function report (name: string, share: number, { evidence, violations, faults, settledAfterMs }: CrashRun, ms: number): void {
  print(`${name}: ${share} operations in ${(ms / 1000).toFixed(1)} s, at rest ${(settledAfterMs / 1000).toFixed(1)} s after the last fault`)
  print(`  operations: ${outcomes(evidence.history.slice(0, share))}`)
  print(`  faults: ${counted(faults)}`)
  print(`  in the end: ${evidence.rows.length} documents, ${evidence.vendor.rooms.filter(({ deleted }) => !deleted).length} rooms of ${evidence.vendor.rooms.length}, ${evidence.links.length} links given, ${evidence.lines.length} log lines`)
  for (const { kind, what } of violations) {
    total[kind]++
    print(`  ${kind.toUpperCase()}: ${what}`)
  }
}

function outcomes (history: readonly Entry[]): string {
  const counts: Record<string, number> = {}
  for (const { kind, outcome, code } of history) {
    const end = `${kind} ${outcome}${outcome === 'done' ? '' : ` (${code ?? ''})`}`
    counts[end] = (counts[end] ?? 0) + 1
  }
  return counted(Object.fromEntries(Object.entries(counts).sort(([one], [other]) => one < other ? -1 : 1)))
}
