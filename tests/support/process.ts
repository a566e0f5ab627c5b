import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Teardown } from './service.ts'

export interface RunningService {
  origin: string
  child: ChildProcess
  lines: string[]
  /** Resolves with the exit code, or the signal's name. */
  ended: Promise<number | string>
}

/** The real thing: `node index.ts` on a free port, killed when the test is over. Resolves once it says that it is ready. */
export async function runService (t: Teardown, variables: Record<string, string>): Promise<RunningService> {
  const { child, lines, ended } = spawnService(t, { HTTP_PORT: '0', ...variables })
  const ready = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line)
      const { address } = parsed(line)
      if (address !== undefined) {
        createInterface({ input: child.stdout }).on('line', (later) => { lines.push(later) })
        return address
      }
    }
    throw new Error(`ended before it was ready: ${lines.join('\n')}`)
  })()
  return { origin: await ready, child, lines, ended }
}

export function spawnService (t: Teardown, variables: Record<string, string>) {
  const child = spawn(process.execPath, ['index.ts'], { env: { PATH: process.env['PATH'], ...variables }, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const lines: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => { lines.push(text) })
  const ended = once(child, 'exit').then(([code, signal]: Array<number | string | null>) => code ?? signal ?? 'unknown')
  return { child, lines, ended }
}

function parsed (line: string): { address?: string } {
  try {
    return JSON.parse(line) as { address?: string }
  } catch {
    return {}
  }
}

/** A request with everything that a test looks at. */
export async function ask (url: string, options: { method?: string, body?: object, caller?: string } = {}) {
  const answer = await fetch(url, {
    method: options.method ?? 'GET',
    headers: {
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.caller === undefined ? {} : { miauserid: options.caller })
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) })
  })
  const text = await answer.text()
  return { status: answer.status, text, json: <T = Record<string, unknown>>() => JSON.parse(text) as T }
}
