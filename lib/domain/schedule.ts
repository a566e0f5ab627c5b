import { EndOrDuration, InvalidDate, InvalidSpan } from '../errors.ts'

export const SHORTEST_MS = 5 * 60 * 1000
export const LONGEST_MS = 24 * 60 * 60 * 1000

export interface Schedule { startAt: Date, endAt: Date }

export interface ScheduleWish {
  start_date?: string | undefined
  end_date?: string | undefined
  duration_in_seconds?: number | undefined
}

/**
 * The schedule that a request leads to. Without a stored one, the start and exactly one of end and duration are due;
 * with one, a start alone keeps the stored end, and a duration alone counts from the stored start.
 *
 * @throws INVALID_DATE, END_OR_DURATION, INVALID_SPAN
 */
export function scheduleOf (wish: ScheduleWish, stored?: Schedule): Schedule {
  const { end_date: end, duration_in_seconds: seconds } = wish
  if (end !== undefined && seconds !== undefined) throw new EndOrDuration()
  if (stored === undefined && end === undefined && seconds === undefined) throw new EndOrDuration()
  const startAt = wish.start_date === undefined ? stored?.startAt : instant('start_date', wish.start_date)
  if (startAt === undefined) throw new InvalidDate('start_date')
  const endAt = end !== undefined
    ? instant('end_date', end)
    : seconds !== undefined ? new Date(startAt.getTime() + seconds * 1000) : stored?.endAt
  const spanMs = (endAt?.getTime() ?? NaN) - startAt.getTime()
  if (endAt === undefined || !(spanMs >= SHORTEST_MS && spanMs <= LONGEST_MS)) throw new InvalidSpan()
  return { startAt, endAt }
}

/**
 * What can be said of a wish without a stored schedule: that its dates exist and do not contradict each other.
 *
 * @throws INVALID_DATE, END_OR_DURATION
 */
export function checkWish ({ start_date: start, end_date: end, duration_in_seconds: seconds }: ScheduleWish): void {
  if (end !== undefined && seconds !== undefined) throw new EndOrDuration()
  if (start !== undefined) instant('start_date', start)
  if (end !== undefined) instant('end_date', end)
}

// Years outside these are typing errors, and not every store takes them.
const EARLIEST = Date.UTC(1970, 0, 1)
const LATEST = Date.UTC(9999, 0, 1)

function instant (field: string, text: string): Date {
  const at = new Date(text)
  const ms = at.getTime()
  if (Number.isNaN(ms) || ms < EARLIEST || ms >= LATEST) throw new InvalidDate(field)
  return at
}
