/**
 * Virtual time. Nothing in a run waits for anything else: whatever is awaited ends in an event here, and events happen one
 * after the other, by their time and then by the order in which they were planned.
 */
export interface Scheduler {
  /** Milliseconds since the epoch, the true time that no replica's clock need show. */
  now (): number
  /** @returns calls the event off */
  after (delayMs: number, happens: () => void): () => void
  /** Lets the clock jump; what was planned before happens first. */
  advance (ms: number): Promise<void>
  /** Until nothing is planned any more, or `stops`. */
  run (stops: () => boolean): Promise<void>
  trace (line: string): void
  /** Of all lines and their times. */
  traceHash (): string
  lines: readonly string[]
}

interface Event { at: number, order: number, happens: (() => void) | undefined }

// One turn of the event loop runs every promise reaction that is due, and all that follow from them.
const everythingReacted = () => new Promise<void>((resolve) => { setImmediate(resolve) })

export function scheduler (startsAt: number, keepsLines: boolean): Scheduler {
  const heap: Event[] = []
  const lines: string[] = []
  let now = startsAt
  let planned = 0
  let hash = 0x811c9dc5

  const earlier = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order)
  const swap = (i: number, j: number) => {
    const [a, b] = [heap[i], heap[j]]
    if (a === undefined || b === undefined) return
    heap[i] = b
    heap[j] = a
  }
  const isEarlier = (i: number, j: number) => {
    const [a, b] = [heap[i], heap[j]]
    return a !== undefined && b !== undefined && earlier(a, b)
  }
  const push = (event: Event) => {
    let at = heap.push(event) - 1
    for (let parent = (at - 1) >> 1; at > 0 && isEarlier(at, parent); parent = (at - 1) >> 1) {
      swap(at, parent)
      at = parent
    }
  }
  const pop = (): Event | undefined => {
    const [first] = heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      const smaller = isEarlier(right, left) ? right : left
      if (!isEarlier(smaller, at)) return first
      swap(at, smaller)
      at = smaller
    }
  }

  const run = async (stops: () => boolean) => {
    await everythingReacted()
    for (let event = pop(); event !== undefined; event = pop()) {
      if (event.happens === undefined) continue
      now = Math.max(now, event.at)
      event.happens()
      await everythingReacted()
      if (stops()) return
    }
  }

  return {
    now: () => now,
    after (delayMs, happens) {
      const event: Event = { at: now + Math.max(0, delayMs), order: ++planned, happens }
      push(event)
      return () => { event.happens = undefined }
    },
    run,
    async advance (ms) {
      await run(() => false)
      now += ms
    },
    trace (line) {
      const text = `${now - startsAt} ${line}`
      for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
      if (keepsLines) lines.push(text)
    },
    traceHash: () => (hash >>> 0).toString(16),
    lines
  }
}
