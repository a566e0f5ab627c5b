import { execFile } from 'node:child_process'
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

/** Puts one URL under load for some seconds, 64 connections from one thread. @returns the number of requests answered */
export async function saturate (url: string, seconds: number): Promise<number> {
  const { stdout } = await run('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-H', `miauserid: ${CALLER}`, url])
  const failed = /^\s*(Non-2xx.*|Socket errors:.*)$/m.exec(stdout)?.[1]
  if (failed !== undefined) throw new Error(`${new URL(url).host}: ${failed}`)
  const requests = Number(/^\s*(\d+) requests in/m.exec(stdout)?.[1])
  if (!(requests > 0)) throw new Error(`wrk reports no requests: ${stdout}`)
  return requests
}
