export interface BreakerOptions {
  /** Milliseconds; never runs backwards. */
  now: () => number
  /** From 0 to below 1. */
  random: () => number
  /** Opened by failures, closed by a probe; a probe that fails changes nothing for who listens. */
  onChange?: ((change: 'opened' | 'closed') => void) | undefined
}

/**
 * Keeps requests from an upstream that mostly fails.
 *
 * Each ticket of `enter` is given back exactly once, by one of the three methods that take it. What belongs to a time
 * before the breaker opened or closed is not counted any more.
 */
export interface Breaker {
  /** @returns a ticket, or REFUSED: nothing may be sent now */
  enter (): number
  succeeded (ticket: number): void
  failed (ticket: number): void
  /** Nothing was learnt; a probe leaves its place to the next request. */
  calledOff (ticket: number): void
  isClosed (): boolean
}

export const REFUSED = 0

const SLICE_MS = 1000
const SLICES = 10
const LEAST_ANSWERS = 20
const FIRST_PAUSE_MS = 2000
const LONGEST_PAUSE_MS = 15_000
/** Shortens a pause only, so that the longest stays a promise. */
const JITTER = 0.25

/**
 * Opens when of at least 20 answers in 10 s half or more failed; then lets one probe at a time through after 2 s, 4 s, 8 s, 15 s
 * and so on, and closes when one succeeds. A success never opens it, though it may be the twentieth answer.
 */
export function breaker ({ now, random, onChange }: BreakerOptions): Breaker {
  // Rings of one slot a second; the sums are kept along.
  const answers = new Uint32Array(SLICES)
  const failures = new Uint32Array(SLICES)
  let answered = 0
  let failed = 0
  let slice = sliceAt(now())

  let state: 'closed' | 'open' | 'probing' = 'closed'
  // Changes with every change of state, so that late answers are told apart.
  let period = REFUSED + 1
  let pauseMs = FIRST_PAUSE_MS
  let refusedUntil = 0

  function slide () {
    const current = sliceAt(now())
    for (const oldest = current - SLICES; slice < current; slice++) {
      if (slice < oldest) slice = oldest
      const slot = (slice + 1) % SLICES
      answered -= answers[slot] ?? 0
      failed -= failures[slot] ?? 0
      answers[slot] = failures[slot] = 0
    }
  }

  function count (failure: 0 | 1) {
    slide()
    const slot = slice % SLICES
    answers[slot] = (answers[slot] ?? 0) + 1
    failures[slot] = (failures[slot] ?? 0) + failure
    answered++
    failed += failure
  }

  function forget () {
    answers.fill(0)
    failures.fill(0)
    answered = failed = 0
  }

  function open (forMs: number) {
    state = 'open'
    period++
    pauseMs = forMs
    refusedUntil = now() + pauseMs * (1 - JITTER * random())
  }

  return {
    enter () {
      if (state === 'closed') return period
      if (state === 'probing' || now() < refusedUntil) return REFUSED
      state = 'probing'
      return ++period
    },

    succeeded (ticket) {
      if (ticket !== period) return
      if (state === 'closed') return count(0)
      state = 'closed'
      period++
      forget()
      onChange?.('closed')
    },

    failed (ticket) {
      if (ticket !== period) return
      if (state === 'probing') return open(Math.min(pauseMs * 2, LONGEST_PAUSE_MS))
      count(1)
      if (answered < LEAST_ANSWERS || failed * 2 < answered) return
      open(FIRST_PAUSE_MS)
      onChange?.('opened')
    },

    calledOff (ticket) {
      if (ticket === period && state === 'probing') state = 'open'
    },

    isClosed: () => state === 'closed'
  }
}

const sliceAt = (ms: number) => Math.floor(ms / SLICE_MS)
