/** Runs `run` once after the delay; the returned function calls it off. */
export type Schedule = (delayMs: number, run: () => void) => () => void

/** The longest delay that a Node timer takes; a longer one would fire at once. */
export const LONGEST_DELAY_MS = 2 ** 31 - 1

/** The process's own timers. They never keep it alive. */
export const systemSchedule: Schedule = (delayMs, run) => {
  const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS)).unref()
  return () => clearTimeout(timer)
}
