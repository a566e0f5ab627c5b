import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { get } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export interface ServerProcess {
  name: string
  pid: number
  origin: string
  /** Milliseconds from the start of the process to the first 200 of `readyPath`. */
  readyAfterMs: number
  stop (): Promise<void>
}

export interface ServerOptions {
  name: string
  /** What Node.js is started with; `port` is one that was free a moment ago. */
  command: (port: number) => string[]
  /** The whole environment: nothing of this process's own leaks into what is measured. */
  environment?: (port: number) => Record<string, string>
  readyPath: string
}

const READY_WITHIN_MS = 20_000
const POLL_EVERY_MS = 2
const STOPS_WITHIN_MS = 3000

const running = new Set<ChildProcess>()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })

/** Starts a server and waits until it is ready. Its standard output goes to /dev/null. */
export async function startServer ({ name, command, environment, readyPath }: ServerOptions): Promise<ServerProcess> {
  const port = await freePort()
  const startedAtMs = performance.now()
  const child = spawn(process.execPath, command(port), { env: environment?.(port) ?? {}, stdio: ['ignore', 'ignore', 'inherit'] })
  running.add(child)
  child.once('exit', () => { running.delete(child) })
  const origin = `http://127.0.0.1:${port}`
  while (await statusOf(`${origin}${readyPath}`) !== 200) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${name} did not start`)
    if (performance.now() - startedAtMs > READY_WITHIN_MS) throw new Error(`${name} was not ready in time`)
    await wait(POLL_EVERY_MS)
  }
  return { name, pid: child.pid ?? 0, origin, readyAfterMs: performance.now() - startedAtMs, stop: () => stop(child) }
}

/** Milliseconds that `node -e 0` takes from start to end. */
export function bareNodeMs (): Promise<number> {
  const startedAtMs = performance.now()
  return new Promise((resolve, reject) => {
    spawn(process.execPath, ['-e', '0'], { env: {}, stdio: 'ignore' })
      .once('error', reject)
      .once('exit', () => { resolve(performance.now() - startedAtMs) })
  })
}

async function stop (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => { child.once('exit', resolve) })
  // SIGINT, because SIGTERM lets a service behind a gateway go on serving first.
  child.kill('SIGINT')
  const timer = setTimeout(() => { child.kill('SIGKILL') }, STOPS_WITHIN_MS)
  await ended
  clearTimeout(timer)
}

function freePort (): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => { resolve(port) })
    })
  })
}

function statusOf (url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    }).once('error', () => { resolve(undefined) })
  })
}

/** Microseconds of CPU that all threads of a process have used. Exact to the nanosecond, unlike the ticks of `stat`. */
export function cpuMicroseconds (pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = threads.map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]))
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000
}

export function residentMiB (pid: number): number {
  const kib = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) / 1024
}
