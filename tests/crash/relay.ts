import { createServer, request as forward, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { setTimeout as after } from 'node:timers/promises'
import type { Random } from '../simulation/random.ts'
import type { Teardown } from '../support/service.ts'

/**
 * What may befall one request. `reset`: never passed on; `lostAnswer`: passed on, and the connection reset when the answer has
 * come; `cutAnswer`: half of the answer; `lateRequest`: passed on after who asked has given up; `kill`: who asked is killed,
 * before or after it is passed on. The last two befall writes only.
 */
export const REQUEST_FAULTS = ['reset', 'lostAnswer', 'cutAnswer', 'lateRequest', 'kill'] as const
export type RequestFault = typeof REQUEST_FAULTS[number]

/** How many of a hundred requests it befalls. */
export type FaultRates = Readonly<Record<RequestFault, number>>

export interface RelayOptions {
  /** Origin of the upstream. */
  target: string
  random: Random
  rates: FaultRates
  /** Milliseconds by which late requests are late: the shortest and the longest. */
  lateMs: readonly [number, number]
  injected (fault: RequestFault): void
  /** Kills who asks through this relay; false: he is dead already. */
  kill (): boolean
}

export interface Relay {
  origin: string
  /** From now on and for that long nothing passes, neither way; then all that waited does, also for those who have gone. False: it is healed. */
  pause (ms: number): boolean
  /** Resets every connection that there is now; how many. */
  resetConnections (): number
  /** No further faults; resolves when everything that is under way now is over. */
  heal (): Promise<void>
}

interface Answer { status: number, headers: IncomingHttpHeaders, body: Buffer }

/**
 * The way of one replica to one upstream, on which things happen. It knows HTTP as far as it must: a fault befalls one request,
 * and the embedded CRUD server insists on its own name in the Host header.
 */
export async function startRelay (t: Teardown, options: RelayOptions): Promise<Relay> {
  const { target, random, lateMs: [shortest, longest] } = options
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const underWay = new Set<Promise<unknown>>()
  let rates: FaultRates | undefined = options.rates
  let passing: Promise<unknown> = Promise.resolve()

  const faultOf = (method: string): RequestFault | undefined => {
    if (rates === undefined) return undefined
    let drawn = random.fraction() * 100
    for (const fault of REQUEST_FAULTS) {
      drawn -= rates[fault]
      if (drawn < 0) return method === 'GET' && (fault === 'kill' || fault === 'lateRequest') ? undefined : fault
    }
    return undefined
  }

  const passOn = ({ method, url, headers }: IncomingMessage, body: Buffer) => new Promise<Answer>((resolve, reject) => {
    forward({ hostname, port, agent: false, method, path: url, headers: { ...headers, host: `${hostname}:${port}`, connection: 'close' } }, (answer) => {
      buffer(answer).then((received) => { resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: received }) }, reject)
    }).on('error', reject).end(body)
  })

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { socket } = incoming
    const fault = faultOf(incoming.method ?? '')
    const body = await buffer(incoming)
    await passing
    if (fault !== undefined && fault !== 'kill') options.injected(fault)
    if (fault === 'reset') return socket.resetAndDestroy()
    if (fault === 'lateRequest') await after(random.between(shortest, longest))
    const early = random.chance(0.3)
    if (fault === 'kill' && early && options.kill()) options.injected(fault)
    const answer = await passOn(incoming, body)
    if (fault === 'kill' && !early && options.kill()) options.injected(fault)
    await passing
    if (fault === 'lostAnswer' || (fault === 'cutAnswer' && answer.body.length === 0)) return socket.resetAndDestroy()
    const { 'transfer-encoding': _chunked, connection: _closed, ...headers } = answer.headers
    outgoing.writeHead(answer.status, { ...headers, ...(answer.status === 204 ? {} : { 'content-length': answer.body.length }) })
    if (fault === 'cutAnswer') outgoing.write(answer.body.subarray(0, answer.body.length / 2), () => { socket.destroy() })
    else outgoing.end(answer.body)
  }

  // Replicas keep their connections; a server that closed idle ones would be a fault of its own.
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    const served = serve(incoming, outgoing)
      .catch(() => { incoming.socket.destroy() })
      .finally(() => { underWay.delete(served) })
    underWay.add(served)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => { sockets.delete(socket) })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pause (ms) {
      if (rates === undefined) return false
      passing = Promise.all([passing, after(ms)])
      return true
    },
    resetConnections () {
      const there = rates === undefined ? [] : [...sockets]
      for (const socket of there) socket.resetAndDestroy()
      return there.length
    },
    async heal () {
      rates = undefined
      await Promise.all(underWay)
    }
  }
}
