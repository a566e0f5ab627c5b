import { boundedMap } from '../domain/bounded-map.ts'
import type { Language } from './languages/languages.ts'

/** Dates as people read them: in their zone and language, with the zone beside, so that nobody has to guess whose clock is meant. */
export interface Period {
  /** Both ends, e.g. `Monday, 23 November 2026, 15:00–15:30 (Europe/Rome, UTC+1)`. */
  when: string
  /** The beginning, e.g. `Monday, 23 November 2026, 15:00 (UTC+1)`. */
  start: string
  date: string
  startTime: string
  endTime: string
  /** IANA name; UTC where the one that was given is none. */
  timeZone: string
}

interface Clock {
  timeZone: string
  /** An instant on this clock. */
  read (at: Date): { date: string, time: string, offset: string }
}

// The locale whose order of day and month is read the same everywhere.
const LOCALES: Readonly<Record<Language, string>> = { de: 'de', en: 'en-GB', es: 'es', fr: 'fr', it: 'it' }

// Making one costs a hundred times as much as using it, and each holds tables of its own.
const clocks = boundedMap<Clock>(100)

function clockOf (language: Language, timeZone: string): Clock {
  const key = `${language} ${timeZone}`
  const known = clocks.get(key)
  if (known !== undefined) return known
  const made = newClock(language, isZone(timeZone) ? timeZone : 'UTC')
  clocks.set(key, made)
  return made
}

function isZone (timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function newClock (language: Language, timeZone: string): Clock {
  const locale = `${LOCALES[language]}-u-ca-gregory-nu-latn`
  const dates = new Intl.DateTimeFormat(locale, { timeZone, weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
  const times = new Intl.DateTimeFormat(locale, { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const offsets = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'shortOffset' })
  return {
    timeZone,
    read: (at) => ({ date: dates.format(at), time: times.format(at), offset: offsetOf(offsets, at) })
  }
}

function offsetOf (offsets: Intl.DateTimeFormat, at: Date): string {
  const name = offsets.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  return name.replace('GMT', 'UTC').replace(/[+-]0$/, '')
}

/**
 * A period on somebody's clock. A zone that this machine does not know is read as UTC, and says so: a message that nobody gets would be
 * worse.
 *
 * @throws RangeError for an invalid date
 */
export function periodOf ({ startAt, endAt }: { startAt: Date, endAt: Date }, language: Language, zone: string): Period {
  const { timeZone, read } = clockOf(language, zone)
  const start = read(startAt)
  const end = read(endAt)
  return {
    when: whenOf(start, end, timeZone),
    start: `${start.date}, ${start.time} (${start.offset})`,
    date: start.date,
    startTime: start.time,
    endTime: end.time,
    timeZone
  }
}

function whenOf (start: ReturnType<Clock['read']>, end: ReturnType<Clock['read']>, timeZone: string): string {
  const lastDay = start.date === end.date ? '' : `${end.date}, `
  // In the night in which clocks are put back an hour comes twice, and 02:45 to 02:15 is half an hour.
  if (start.offset !== end.offset) return `${start.date}, ${start.time} ${start.offset} – ${lastDay}${end.time} ${end.offset} (${timeZone})`
  const zone = timeZone === start.offset ? timeZone : `${timeZone}, ${start.offset}`
  return lastDay === '' ? `${start.date}, ${start.time}–${end.time} (${zone})` : `${start.date}, ${start.time} – ${lastDay}${end.time} (${zone})`
}

const HOUR_MINUTES = 60
const DAY_MINUTES = 24 * HOUR_MINUTES

const spans = boundedMap<Intl.RelativeTimeFormat>(Object.keys(LOCALES).length)

function spanOf (language: Language): Intl.RelativeTimeFormat {
  const words = spans.get(language) ?? new Intl.RelativeTimeFormat(LOCALES[language])
  spans.set(language, words)
  return words
}

/** How long until the beginning, e.g. `in 10 minutes`. A single day is 24 hours: "in a day" would not say at what time. */
export function startsIn (minutes: number, language: Language): string {
  const words = spanOf(language)
  if (minutes > DAY_MINUTES && minutes % DAY_MINUTES === 0) return words.format(minutes / DAY_MINUTES, 'day')
  if (minutes % HOUR_MINUTES === 0) return words.format(minutes / HOUR_MINUTES, 'hour')
  return words.format(minutes, 'minute')
}
