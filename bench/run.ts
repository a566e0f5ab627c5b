import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { openAppointments } from './appointments.ts'
import { measureMemory, measureStartUp, measureThroughput, type Subject } from './measure.ts'
import { markdown } from './report.ts'
import { subjects } from './subjects.ts'
import { requireWrk } from './wrk.ts'

const USAGE = 'node bench/run.ts [--quick] [--json] [--mia] [--pairs N] [--seconds N] [--starts N] [--requests N]'

// More than there are connections: nobody gains from sharing one read among requests for the same teleconsultation.
const OPEN_APPOINTMENTS = 256

/** Measures the built service beside a bare relay: see README.md here. */
async function main (): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      mia: { type: 'boolean', default: false },
      pairs: { type: 'string' },
      seconds: { type: 'string' },
      starts: { type: 'string' },
      requests: { type: 'string' }
    }
  })
  const settings = {
    pairs: count('pairs', values.pairs, values.quick ? 5 : 15),
    seconds: count('seconds', values.seconds, values.quick ? 1 : 2),
    starts: count('starts', values.starts, 5),
    requests: count('requests', values.requests, values.quick ? 10_000 : 100_000)
  }
  if (!existsSync('/proc/self/schedstat')) throw new Error('The benchmark needs Linux: it reads CPU time and memory from /proc')
  if (!existsSync(new URL('../dist/index.js', import.meta.url))) throw new Error('There is no built service: npm run build:service')
  await requireWrk()

  const say = (text: string) => { process.stderr.write(`${text}\n`) }
  const under = subjects()
  try {
    const upstream = (await under.stub()).origin
    say(`Start-up, ${settings.starts} times`)
    const startUp = await measureStartUp(under, upstream, settings.starts)

    say(`Memory, ${settings.requests} requests each`)
    const relay = await under.relay(upstream)
    const external = await under.external(upstream, 'error')
    const embedded = await under.embedded()
    const memory = await measureMemory(relay, [external, embedded], settings.requests)

    if (values.mia) say('Installing custom-plugin-lib')
    const platform = values.mia ? await under.platform(upstream, 'error') : undefined
    const services = [external, await under.external(upstream, 'info'), embedded]
    const measured: Subject[] = []
    for (const server of services) measured.push({ server, kind: 'service', openIds: await openAppointments(server.origin, OPEN_APPOINTMENTS) })
    const openIds = measured[0]?.openIds ?? []
    if (platform !== undefined) measured.unshift({ server: platform, kind: 'platform', openIds })
    measured.unshift({ server: relay, kind: 'relay', openIds })
    const throughput = await measureThroughput(measured, settings.pairs, settings.seconds, (round) => { say(`Throughput, round ${round + 1} of ${settings.pairs}`) })

    const machine = { node: process.versions.node, cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length }
    const results = { machine, settings, throughput, startUp, memory }
    process.stdout.write(`${values.json ? JSON.stringify(results, undefined, 2) : markdown(results)}\n`)
  } finally {
    await under.close()
  }
}

function count (name: string, given: string | undefined, byDefault: number): number {
  const value = given === undefined ? byDefault : Number(given)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number from 1 on. Usage: ${USAGE}`)
  return value
}

// The handlers of 'exit' end the children and remove the folder.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
