import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Teardown } from './service.ts'

/** Long enough for a request that follows another's answer to arrive, on a busy machine too. */
const QUIET_MS = 60

/**
 * Holds every upstream request until no other comes, then lets all of them pass at once: how often that happens until an
 * operation is over is how many round trips it needs one after the other, whatever each takes.
 */
export function roundGate () {
  let measuring = false
  let held: Array<() => void> = []
  let rounds = 0
  let timer: NodeJS.Timeout | undefined
  const release = () => {
    rounds++
    const passing = held
    held = []
    for (const pass of passing) pass()
  }
  return {
    /** Resolves when the request may go on. */
    async pass (): Promise<void> {
      if (!measuring) return
      await new Promise<void>((resolve) => {
        held.push(resolve)
        clearTimeout(timer)
        timer = setTimeout(release, QUIET_MS)
      })
    },
    async count<T> (operation: () => Promise<T>): Promise<{ rounds: number, result: T }> {
      rounds = 0
      measuring = true
      const result = await operation()
      measuring = false
      clearTimeout(timer)
      const counted = rounds
      for (const pass of held.splice(0)) pass()
      return { rounds: counted, result }
    }
  }
}

/** A way to an upstream that leads through the gate. */
export async function gated (t: Teardown, origin: string, gate: ReturnType<typeof roundGate>): Promise<string> {
  const { hostname, port } = new URL(origin)
  const server = createServer((incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming
    gate.pass().then(() => {
      incoming.pipe(forward({ hostname, port, method, path: url, headers: { ...headers, host: `${hostname}:${port}` } }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(outgoing)
      }).on('error', () => { outgoing.destroy() }))
    }, () => { outgoing.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
