import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HttpFailure, httpClient, type HttpAnswer, type HttpClientOptions, type HttpEvent } from '../../lib/http/client.ts'
import type { Teardown } from '../support/service.ts'

export const GET = { method: 'GET', path: '/' } as const
export const POST = { method: 'POST', path: '/', body: {} } as const

/** A server whose port stays the same while it goes down and comes up again. */
export async function startUpstream (t: Teardown, answer: (request: IncomingMessage, response: ServerResponse, count: number) => void) {
  let count = 0
  const server = createServer((request, response) => { answer(request, response, ++count) })
  const listen = (port: number) => new Promise<void>((resolve) => { server.listen(port, '127.0.0.1', resolve) })
  await listen(0)
  const { port } = server.address() as AddressInfo
  const down = () => new Promise<void>((resolve) => {
    server.close(() => { resolve() })
    server.closeAllConnections()
  })
  t.teardown(down)
  return { baseUrl: `http://127.0.0.1:${port}`, count: () => count, down, up: () => listen(port) }
}

/** A client that pauses without waiting, and what it told meanwhile. */
export function openClient (t: Teardown, baseUrl: string, options: Partial<HttpClientOptions> = {}) {
  const pauses: number[] = []
  const events: HttpEvent[] = []
  const client = httpClient({
    baseUrl,
    timeoutMs: 5000,
    random: () => 0.5,
    sleep: async (ms) => { pauses.push(ms) },
    onEvent: (event) => { events.push(event) },
    ...options
  })
  t.teardown(() => client.close())
  return { client, pauses, events }
}

/** What came of a request: its status, or why there is none and whether it was sent. */
export async function outcomeOf (promise: Promise<Pick<HttpAnswer, 'status'>>): Promise<number | [reason: string, sent: boolean]> {
  try {
    return (await promise).status
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error
    return [error.reason, error.sent]
  }
}

/** Closes the connection of a request without an answer. */
export const reset = (request: IncomingMessage) => { request.socket.destroy() }
