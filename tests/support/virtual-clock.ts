import type { Clock } from '../../lib/teleconsultations/ports.ts'
import { NOON } from './service.ts'

/** A clock that stands at noon until a test moves it; what is due on the way is due at its minute. */
export function virtualClock (start = NOON): Clock & { pass (ms: number): void } {
  let nowMs = start.getTime()
  const due = new Set<{ atMs: number, controller: AbortController }>()
  return {
    now: () => new Date(nowMs),
    deadline (ms) {
      const entry = { atMs: nowMs + ms, controller: new AbortController() }
      due.add(entry)
      return { signal: entry.controller.signal, cancel: () => { due.delete(entry) } }
    },
    pass (ms) {
      nowMs += ms
      for (const entry of due) {
        if (entry.atMs > nowMs) continue
        due.delete(entry)
        entry.controller.abort(new DOMException('The time is over', 'TimeoutError'))
      }
    }
  }
}
