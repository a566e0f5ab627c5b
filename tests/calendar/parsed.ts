import ICAL from 'ical.js'

/** A calendar as another library than the one that wrote it reads it. */
export function parsed (text: string) {
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[])
  const events = calendar.getAllSubcomponents('vevent')
  return {
    calendar,
    events,
    /** The values of one event's properties, as text. */
    valueOf: (name: string, event = events[0]): string | undefined => {
      const value = event?.getFirstPropertyValue(name) as { toString (): string } | null | undefined
      return value?.toString()
    }
  }
}

/** Physical lines, as octets count them. */
export const longestLine = (text: string) => Math.max(...text.split('\r\n').map((line) => Buffer.byteLength(line)))
