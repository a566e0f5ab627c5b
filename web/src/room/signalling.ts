import { CLOSE_CODES } from '../../../schemas/signalling-constants.ts'
import type { ClientMessage, ServerMessage } from '../../../schemas/signalling.ts'

/** Why the server ended it for good; `restarting` is a loss like any other. */
export type ClosedReason = Exclude<keyof typeof CLOSE_CODES, 'restarting'>

export interface SignallingOptions {
  url: URL
  token: string
  onMessage(message: ServerMessage): void
  onPiece(transfer: number, content: Uint8Array<ArrayBuffer>): void
  /** The connection broke; another attempt is under way. */
  onLost(): void
  onClosed(reason: ClosedReason): void
  random(): number
}

export interface Signalling {
  send(message: ClientMessage): void
  sendPiece(transfer: number, content: ArrayBuffer): void
  /** Comes back with this token from now on. */
  renew(token: string): void
  close(): void
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000
const TRANSFER_BYTES = 4

/** Keeps a connection to the room: says `join` on every new one, and comes back after a loss with growing pauses. */
export function openSignalling (options: SignallingOptions): Signalling {
  let socket: WebSocket | null = null
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let ended = false
  let { token } = options

  function connect () {
    clearTimeout(timer)
    const mine = new WebSocket(options.url)
    socket = mine
    mine.binaryType = 'arraybuffer'
    mine.onopen = () => send({ type: 'join', token })
    mine.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => { if (mine === socket) take(data) }
    mine.onclose = ({ code }) => { if (mine === socket && !ended) lost(code) }
  }

  function take (data: string | ArrayBuffer) {
    if (typeof data !== 'string') {
      if (data.byteLength > TRANSFER_BYTES) options.onPiece(new DataView(data).getUint32(0), new Uint8Array(data, TRANSFER_BYTES))
      return
    }
    const message = JSON.parse(data) as ServerMessage
    if (message.type === 'welcome') failures = 0
    options.onMessage(message)
  }

  function lost (code: number) {
    const reason = closedReason(code)
    if (reason) {
      end()
      options.onClosed(reason)
      return
    }
    socket = null
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++) * (0.5 + options.random())
    timer = setTimeout(connect, pauseMs)
    options.onLost()
  }

  function connectNow () {
    if (!ended && socket === null) connect()
  }

  function send (message: ClientMessage) {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message))
  }

  function sendPiece (transfer: number, content: ArrayBuffer) {
    if (socket?.readyState !== WebSocket.OPEN) return
    const frame = new Uint8Array(TRANSFER_BYTES + content.byteLength)
    new DataView(frame.buffer).setUint32(0, transfer)
    frame.set(new Uint8Array(content), TRANSFER_BYTES)
    socket.send(frame)
  }

  function end () {
    ended = true
    clearTimeout(timer)
    window.removeEventListener('online', connectNow)
  }

  window.addEventListener('online', connectNow)
  connect()

  return {
    send,
    sendPiece,
    renew (newer) { token = newer },
    close () {
      end()
      socket?.close(1000)
    }
  }
}

function closedReason (code: number): ClosedReason | undefined {
  const reasons = Object.keys(CLOSE_CODES) as (keyof typeof CLOSE_CODES)[]
  const reason = reasons.find(name => CLOSE_CODES[name] === code)
  return reason === 'restarting' ? undefined : reason
}
