import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CALLER } from './appointments.ts'

const run = promisify(execFile)

const CONNECTIONS = 64

/** @throws Error that says what to install */
export async function requireWrk (): Promise<void> {
  try {
    // It knows no option for this and ends with 1: what counts is that it can be started.
    await run('wrk', ['--version'])
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error('wrk is missing. The benchmark needs it (Debian, Ubuntu: apt-get install wrk)')
  }
}

// wrk gives its headers to `wrk.format` before it calls `init`. Requests are put together there, once: the generator shares
// the machine with what it measures.
const rotation = (ids: readonly string[]) => `
local requests, at = {}, 0
function init ()
  for _, id in ipairs({ ${ids.map((id) => JSON.stringify(id)).join(', ')} }) do
    requests[#requests + 1] = wrk.format("GET", "/teleconsultation/" .. id)
  end
end
function request ()
  at = at % #requests + 1
  return requests[at]
end
`

/**
 * Puts a server under load for some seconds, 64 connections from one thread, which ask for one teleconsultation after the
 * other: no two requests that are under way at once are for the same.
 *
 * @returns the number of requests answered
 */
export async function saturate (origin: string, ids: readonly string[], seconds: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'teleconsultation-wrk-'))
  const script = join(folder, 'rotation.lua')
  let stdout: string
  try {
    await writeFile(script, rotation(ids))
    ;({ stdout } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, '-H', `miauserid: ${CALLER}`, origin]))
  } finally {
    await rm(folder, { recursive: true })
  }
  const failed = /^\s*(Non-2xx.*|Socket errors:.*)$/m.exec(stdout)?.[1]
  if (failed !== undefined) throw new Error(`${origin}: ${failed}`)
  const requests = Number(/^\s*(\d+) requests in/m.exec(stdout)?.[1])
  if (!(requests > 0)) throw new Error(`wrk reports no requests: ${stdout}`)
  return requests
}
