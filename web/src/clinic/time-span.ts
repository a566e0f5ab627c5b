import { locale } from '../shared/language.ts'

/** An instant in the reader's language and zone. */
export function pointInTime (at: string): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at))
}

/** From when to when, in the reader's language and zone. */
export function timeSpan ({ startAt, endAt }: { startAt: string, endAt: string }): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'full', timeStyle: 'short' }).formatRange(new Date(startAt), new Date(endAt))
}

/** The zone in which dates are typed and read here. */
export const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone
