import type { Answer } from '../shared/service.ts'
import type { Appointment } from './access.ts'

const POLL_MS = 5000
const SLOWEST_POLL_MS = 30_000
/** Everybody's countdown ends at once; spread what follows. */
const LINK_SPREAD_MS = 700

export interface Poll {
  /** Asks now and goes on from there. */
  start(): Promise<void>
  stop(): void
}

export interface PollOptions {
  ask(): Promise<Answer<Appointment>>
  /** Whether to go on asking. */
  onAnswer(answer: Answer<Appointment>): boolean
  now(): number
  random(): number
}

/** Asks every few seconds, at the moment the way in opens, and ever more slowly while the service does not answer. */
export function createPoll ({ ask, onAnswer, now, random }: PollOptions): Poll {
  let timer: ReturnType<typeof setTimeout> | undefined
  let round = 0
  let failures = 0

  async function turn () {
    const mine = ++round
    clearTimeout(timer)
    const answer = await ask()
    if (mine !== round) return
    failures = answer.ok ? 0 : failures + 1
    if (onAnswer(answer) && mine === round) timer = setTimeout(turn, pauseMs(answer))
  }

  function pauseMs (answer: Answer<Appointment>): number {
    const regularMs = POLL_MS * (0.8 + 0.4 * random())
    if (!answer.ok) return Math.min(SLOWEST_POLL_MS, regularMs * 2 ** Math.min(failures - 1, 3))
    const { times, clockOffsetMs } = answer.body
    if (times === null) return regularMs
    const untilLinkMs = times.linkFromMs - (now() + clockOffsetMs)
    return untilLinkMs > 0 ? Math.min(regularMs, untilLinkMs + LINK_SPREAD_MS * random()) : regularMs
  }

  return {
    start: turn,
    stop () {
      round++
      clearTimeout(timer)
    }
  }
}
