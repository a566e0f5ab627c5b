import { locale } from '../shared/language.ts'

/** From when to when, in the reader's language and zone. */
export function timeSpan ({ startAt, endAt }: { startAt: string, endAt: string }): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'full', timeStyle: 'short' }).formatRange(new Date(startAt), new Date(endAt))
}
