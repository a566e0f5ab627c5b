import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Teardown } from '../support/service.ts'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
// Nothing else tells a process that its parent was killed. It changes nothing in it but that.
const ENDS_WITH_PARENT = 'data:text/javascript,const end=()=>process.kill(process.pid,"SIGKILL");process.connected?process.once("disconnect",end):end()'

/** Builds the service where the build is missing or older than the sources. */
export function buildIfStale (): void {
  const { status } = spawnSync(process.execPath, ['.ci/build-if-stale.ts'], { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error('the service could not be built')
}

/** A process of this folder's; its first message comes with it. */
export async function forkChild (t: Teardown, file: string, ...parameters: string[]): Promise<{ child: ChildProcess, message: string }> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), parameters, { env: { PATH: process.env['PATH'] }, execArgv: [] })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const ended = exited.then(() => { throw new Error(`${file} ended before it was ready`) })
  const [message] = await Promise.race([once(child, 'message'), ended]) as [string]
  return { child, message }
}

export interface Replica {
  name: string
  /** Where it listens; undefined while it is down or starting. */
  origin (): string | undefined
  /** Resolves as soon as it listens. */
  up (): Promise<void>
  /** kill -9, wherever it is; it is started again a moment later. False: it is dead already. */
  kill (): boolean
  /** Everything that it ever wrote, in all of its lives. */
  lines: readonly string[]
}

export interface ReplicaOptions {
  name: string
  variables: Readonly<Record<string, string>>
  /** How long it stays down. */
  downMs (): number
  /** It ended though nobody killed it. */
  endedByItself (code: number | null): void
}

/** The built service in a process, which is started again whenever it was killed. */
export function startReplica (t: Teardown, { name, variables, downMs, endedByItself }: ReplicaOptions): Replica {
  const lines: string[] = []
  let child: ChildProcess | undefined
  let origin: string | undefined
  let up = Promise.withResolvers<void>()
  let killed = false
  let over = false
  let restart: NodeJS.Timeout | undefined
  let exited: Promise<unknown> = Promise.resolve()

  const start = () => {
    killed = false
    const started = spawn(process.execPath, ['--import', ENDS_WITH_PARENT, '--enable-source-maps', 'dist/index.js'], {
      cwd: REPOSITORY,
      env: { PATH: process.env['PATH'], ...variables },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc']
    })
    child = started
    const listen = (line: string) => {
      lines.push(line)
      if (origin !== undefined || child !== started || killed || !line.includes('"address":')) return
      origin = (JSON.parse(line) as { address: string }).address
      up.resolve()
    }
    for (const output of [started.stdout, started.stderr]) if (output !== null) createInterface({ input: output }).on('line', listen)
    exited = once(started, 'exit').then(([code]: Array<number | null>) => {
      child = undefined
      if (over) return
      if (!killed) {
        down()
        endedByItself(code ?? null)
      }
      restart = setTimeout(start, downMs())
    })
  }
  const down = () => {
    if (origin !== undefined) up = Promise.withResolvers<void>()
    origin = undefined
  }
  start()
  t.teardown(async () => {
    over = true
    clearTimeout(restart)
    child?.kill('SIGKILL')
    await exited
  })
  return {
    name,
    lines,
    origin: () => origin,
    up: () => up.promise,
    kill () {
      if (child === undefined || killed || over) return false
      killed = true
      down()
      return child.kill('SIGKILL')
    }
  }
}
