import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { WebSocket } from '@fastify/websocket'
import { Type, type Static } from 'typebox'
import { ForeignOrigin } from '../../errors.ts'
import type { Hub } from '../../providers/embedded/hub.ts'
import type { Connection } from '../../providers/embedded/live-room.ts'
import type { Schedule } from '../../providers/embedded/schedule.ts'
import { keepAlive } from './keep-alive.ts'

/** The longest message that is taken in: the longest one of the protocol is a session description of 100 000 characters. */
export const SIGNALLING_MAX_PAYLOAD_BYTES = 130 * 1024

export interface SignallingOptions {
  hub: Pick<Hub, 'connect'>
  /** Where browsers reach this service: origin and prefix, no trailing slash. */
  publicUrl: () => string
  schedule: Schedule
}

const Params = Type.Object({
  providerRoomId: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })
})
type Params = Static<typeof Params>

/**
 * The WebSocket of the embedded room's page. The URL names the room alone; the token comes in the first message,
 * because URLs end in logs. Messages: schemas/signalling.ts. Needs @fastify/websocket with
 * SIGNALLING_MAX_PAYLOAD_BYTES as `maxPayload`.
 */
export const embeddedRoomSignalling: FastifyPluginAsync<SignallingOptions> = async (app, { hub, publicUrl, schedule }) => {
  app.get<{ Params: Params }>('/telecons-room/:providerRoomId/signalling', {
    websocket: true,
    schema: { params: Params },
    onRequest: async request => {
      if (!isOwnOrigin(request, publicUrl())) throw new ForeignOrigin()
    }
  }, (socket, request) => {
    const session = hub.connect(request.params.providerRoomId, connectionOf(socket))
    keepAlive(socket, schedule)
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) session.binary(data)
      else session.text(data.toString())
    })
    socket.on('close', () => session.closed())
  })
}

/**
 * WebSockets know no CORS: any page may open one, and only the handshake's origin tells whose page it is. Our page
 * is same-origin, inside a foreign page's iframe too. A client that sends no origin is no browser.
 */
function isOwnOrigin (request: FastifyRequest, publicUrl: string): boolean {
  const { origin } = request.headers
  if (origin === undefined) return true
  if (!URL.canParse(origin)) return false
  const { host, protocol } = new URL(origin)
  // A gateway may end TLS before us, so that only the host of our own address is known.
  if ((protocol === 'http:' || protocol === 'https:') && host === request.host) return true
  return new URL(publicUrl).origin === new URL(origin).origin
}

function connectionOf (socket: WebSocket): Connection {
  return {
    send (text) {
      if (socket.readyState === socket.OPEN) socket.send(text)
    },
    sendBinary (data) {
      if (socket.readyState === socket.OPEN) socket.send(data, { binary: true })
    },
    close: (code, reason) => socket.close(code, reason),
    get bufferedAmount () {
      return socket.bufferedAmount
    }
  }
}
