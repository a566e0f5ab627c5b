/** Something that must have ended by an instant. */
export interface Limited {
  /** Milliseconds of `performance.now`; some milliseconds early or late do not matter. */
  endsAt: number
  /** Where it is kept; -1: nowhere. */
  place: number
  /** Runs when the time is over; it is not kept any more then. */
  end (): void
}

/** Limits for any number of requests with one timer, which seldom has to be set. */
export interface TimeLimits {
  add (limited: Limited): void
  /** Harmless when it is not kept. */
  remove (limited: Limited): void
}

// How early or late an end may be, so that many ends close together cost one look.
const COARSENESS_MS = 5
const LONGEST_SLEEP_MS = 60_000

export function timeLimits (): TimeLimits {
  const kept: Limited[] = []
  let timer: NodeJS.Timeout | undefined
  let wakesAt = Infinity

  function wakeAt (at: number, now: number) {
    clearTimeout(timer)
    wakesAt = at
    // Sockets keep the process alive while somebody waits. After a blocked event loop the answers that lie in them are
    // read first: timers come before sockets, immediates after.
    timer = setTimeout(() => { setImmediate(look) }, Math.min(at - now, LONGEST_SLEEP_MS)).unref()
  }

  function look () {
    const now = performance.now()
    wakesAt = Infinity
    const over = kept.filter(({ endsAt }) => endsAt <= now + COARSENESS_MS).sort((a, b) => a.endsAt - b.endsAt)
    for (const limited of over) remove(limited)
    let next = Infinity
    for (const { endsAt } of kept) next = Math.min(next, endsAt)
    if (next < Infinity) wakeAt(next, now)
    for (const limited of over) limited.end()
  }

  function remove (limited: Limited) {
    if (limited.place < 0) return
    const last = kept.pop()
    if (last !== undefined && last !== limited) {
      kept[limited.place] = last
      last.place = limited.place
    }
    limited.place = -1
  }

  return {
    add (limited) {
      limited.place = kept.length
      kept.push(limited)
      if (limited.endsAt < wakesAt) wakeAt(limited.endsAt, performance.now())
    },
    remove
  }
}
