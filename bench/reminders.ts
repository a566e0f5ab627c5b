/**
 * What many reminders that are due at the same moment cost those who ask for something meanwhile: `node bench/reminders.ts [reminders]`.
 * Needs the built service and Linux. Ends with 1 when not each was sent exactly once.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import { CALLER, openAppointments } from './appointments.ts'
import { containerCommand } from './container-command.ts'
import { storeDueReminders } from './due-reminders.ts'
import { residentMiB, startServer } from './processes.ts'
import type { SinkCounts } from './smtp-sink.ts'

const REMINDERS = Number(process.argv[2] ?? 10_000)
const MINUTES_BEFORE = 10
const REQUESTS_A_SECOND = 50
const ASKED_FOR = 16
const WARM_UP_MS = 10_000
const IDLE_MS = 20_000
/** For the start of the service, and for each appointment that is stored. */
const START_MS = 6000
const STORE_EACH_MS = 0.5
const SETTLES_AFTER_MS = 15_000
/** Nothing arrives for so long: the others never will. */
const STALLS_AFTER_MS = 90_000

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
if (!existsSync(here('../dist/index.js'))) throw new Error('There is no built service: npm run build:service')

interface Sample { at: number, ms: number }

/** Asks for links at a fixed rate, whether those before were answered or not: a service that stands still delays them all. */
function askSteadily (origin: string, ids: readonly string[]) {
  const pool = new Pool(origin, { connections: ASKED_FOR })
  const samples: Sample[] = []
  const failures: unknown[] = []
  const signal = { isOver: false }
  const ask = async (id: string) => {
    const at = performance.now()
    const answer = await pool.request({ method: 'GET', path: `/teleconsultation/${id}`, headers: { miauserid: CALLER } })
    await answer.body.dump()
    if (answer.statusCode !== 200) throw new Error(`A link was answered ${answer.statusCode}`)
    samples.push({ at: performance.timeOrigin + at, ms: performance.now() - at })
  }
  const asking = (async () => {
    const from = performance.now()
    for (let sent = 0; !signal.isOver; sent++) {
      await wait(Math.max(0, from + sent * 1000 / REQUESTS_A_SECOND - performance.now()))
      ask(ids[sent % ids.length] ?? '').catch((error: unknown) => { failures.push(error) })
    }
  })()
  return {
    /** Milliseconds that the answers took, by when they were asked for. */
    between: (from: number, to: number) => samples.filter(({ at }) => at >= from && at < to).map(({ ms }) => ms).sort((a, b) => a - b),
    async end () {
      signal.isOver = true
      await asking
      await pool.close()
      if (failures.length > 0) throw new AggregateError(failures, `${failures.length} requests failed`)
    }
  }
}

/** Resident memory every second. */
function watchMemory (pid: number) {
  const seen: Array<{ at: number, mib: number }> = []
  const timer = setInterval(() => { seen.push({ at: Date.now(), mib: residentMiB(pid) }) }, 1000)
  return {
    largest: (from: number, to: number) => Math.max(...seen.filter(({ at }) => at >= from && at < to).map(({ mib }) => mib)),
    end: () => { clearInterval(timer) }
  }
}

async function countsOf (origin: string): Promise<SinkCounts> {
  return await (await fetch(origin)).json() as SinkCounts
}

/** Resolves once all arrived, or no more do. */
async function arrived (origin: string): Promise<SinkCounts> {
  let seenAt = Date.now()
  for (let before = -1; ;) {
    const counts = await countsOf(origin)
    if (counts.distinct >= REMINDERS || Date.now() - seenAt > STALLS_AFTER_MS) return counts
    if (counts.messages !== before) seenAt = Date.now()
    before = counts.messages
    await wait(1000)
  }
}

const quantile = (sorted: readonly number[], share: number) => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? NaN

const container = containerCommand()
const closing: Array<() => unknown> = []
try {
  const folder = mkdtempSync(join(tmpdir(), 'reminders-bench-'))
  closing.push(() => { rmSync(folder, { recursive: true, force: true, maxRetries: 3 }) })
  const sink = await startServer({ name: 'SMTP sink', command: (port) => [here('smtp-sink.ts'), String(port)], readyPath: '/' })
  closing.push(() => sink.stop())
  const { smtpPort } = await countsOf(sink.origin)

  const dueAt = Date.now() + REMINDERS * STORE_EACH_MS + START_MS + WARM_UP_MS + IDLE_MS
  await storeDueReminders({ file: join(folder, 'teleconsultations.sqlite'), count: REMINDERS, dueAt, minutesBefore: MINUTES_BEFORE })
  const service = await startServer({
    name: 'the service',
    command: () => container.command,
    environment: (port) => ({
      ...container.environment,
      HTTP_PORT: String(port),
      DATA_PATH: folder,
      PUBLIC_URL: 'https://visits.clinic.example',
      SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
      MAIL_FROM: 'Clinic <visits@clinic.example>',
      MAIL_REMINDERS_MIN: String(MINUTES_BEFORE),
      MAIL_EVERY_SEC: '1'
    }),
    readyPath: '/-/ready'
  })
  closing.push(() => service.stop())
  const requests = askSteadily(service.origin, await openAppointments(service.origin, ASKED_FOR))
  if (Date.now() > dueAt - IDLE_MS - WARM_UP_MS / 2) throw new Error('Storing the appointments took so long that nothing could be measured before they are due')
  const memory = watchMemory(service.pid)
  closing.push(memory.end)

  const { lastAt = NaN, firstAt = NaN } = await arrived(sink.origin)
  await wait(SETTLES_AFTER_MS)
  const counts = await countsOf(sink.origin)
  await requests.end()

  const idle = requests.between(dueAt - IDLE_MS, dueAt)
  const during = requests.between(dueAt, lastAt)
  const seconds = (lastAt - firstAt) / 1000
  const ratio = (share: number) => (quantile(during, share) / quantile(idle, share)).toFixed(2)
  const ms = (sorted: readonly number[], share: number) => `${quantile(sorted, share).toFixed(2)} ms`
  const rows = [
    ['letters sent, distinct, duplicates', `${counts.messages}, ${counts.distinct}, ${counts.messages - counts.distinct}`],
    ['people who got one', String(counts.recipients)],
    ['seconds, letters a second', `${seconds.toFixed(1)}, ${(counts.messages / seconds).toFixed(0)}`],
    [`requests idle, during (${REQUESTS_A_SECOND} a second)`, `${idle.length}, ${during.length}`],
    ...([['p50', 0.5], ['p90', 0.9], ['p99', 0.99], ['longest', 1]] as const).map(([name, share]) => [`GET of a link, ${name}: idle, during, ratio`, `${ms(idle, share)}, ${ms(during, share)}, **${ratio(share)}**`]),
    ['resident memory: at rest, largest, after', `${memory.largest(dueAt - IDLE_MS, dueAt).toFixed(0)} MiB, ${memory.largest(dueAt, lastAt).toFixed(0)} MiB, ${residentMiB(service.pid).toFixed(0)} MiB`]
  ]
  process.stdout.write(`| ${REMINDERS} reminders due at once | |\n|---|---:|\n${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`)
  if (counts.messages !== REMINDERS || counts.distinct !== REMINDERS || counts.recipients !== REMINDERS) process.exitCode = 1
} finally {
  for (const close of closing.reverse()) await close()
}
