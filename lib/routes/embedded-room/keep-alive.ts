import type { Schedule } from '../../providers/embedded/schedule.ts'

/** What keeping a WebSocket alive needs of it. */
export interface PingedSocket {
  ping (): void
  terminate (): void
  on (event: 'pong' | 'close', listener: () => void): unknown
}

const PING_EVERY_MS = 20_000

/**
 * Pings the browser, and ends a connection whose last ping was not answered: a closed laptop sends no close frame,
 * and its seat would stay taken.
 */
export function keepAlive (socket: PingedSocket, schedule: Schedule): void {
  let answered = true
  let cancel: () => void
  const next = (): void => {
    cancel = schedule(PING_EVERY_MS, () => {
      if (!answered) return socket.terminate()
      answered = false
      socket.ping()
      next()
    })
  }
  socket.on('pong', () => { answered = true })
  socket.on('close', () => cancel())
  next()
}
