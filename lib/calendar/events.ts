import ical, {
  escape, ICalAlarmType, ICalAttendeeStatus, ICalCalendarMethod, ICalEventClass, ICalEventStatus, type ICalAttendeeData, type ICalEventData
} from 'ical-generator'

/** iCalendar (RFC 5545) as text, of plain values alone. */

export interface CalendarPerson {
  email: string
  name?: string | undefined
}

export interface CalendarAttendee extends CalendarPerson {
  /** Whether his calendar program is to ask him for an answer. */
  mustReply?: boolean | undefined
}

export interface CalendarEvent {
  /** Unique for ever among all calendars of the world, and the same in every version of the event. */
  uid: string
  /** Of the versions with one uid the one with the highest counts. */
  sequence: number
  /** Without a method: the last change. With one: when this message was made. */
  stampedAt: Date
  startAt: Date
  endAt: Date
  summary: string
  description?: string | undefined
  url?: string | undefined
  organizer?: CalendarPerson | undefined
  attendees?: readonly CalendarAttendee[] | undefined
  status: 'CONFIRMED' | 'TENTATIVE' | 'CANCELLED'
  lastModifiedAt?: Date | undefined
  /** Reminders: seconds before the start. */
  alarms?: readonly number[] | undefined
  /** Asks programs that share a calendar to show others no more than that there is something. */
  isPrivate?: boolean | undefined
}

export interface Calendar {
  name?: string | undefined
  /** Of a message (RFC 5546). A feed has none. */
  method?: 'REQUEST' | 'CANCEL' | undefined
  /** How often programs are to ask again. */
  refreshSeconds?: number | undefined
  events: readonly CalendarEvent[]
}

const PRODUCT = '//teleconsultation-backend//teleconsultation-backend//EN'

/**
 * The whole text: lines end in CRLF and are folded at 75 octets, times are in UTC.
 *
 * @throws TypeError for what would be no valid calendar: a message without an organizer, an end before the start, an address that is
 *   none
 */
export function calendarText ({ name, method, refreshSeconds, events }: Calendar): string {
  const calendar = ical({
    prodId: PRODUCT,
    // The library takes this one as it is.
    name: name === undefined ? null : escape(plain(name), false),
    method: method === undefined ? null : ICalCalendarMethod[method],
    ttl: refreshSeconds ?? null
  })
  for (const event of events) {
    if (method !== undefined && event.organizer === undefined) throw new TypeError('A calendar message has an organizer')
    calendar.createEvent(eventData(event))
  }
  // Its last line is left open.
  return `${calendar.toString()}\r\n`
}

function eventData (event: CalendarEvent): ICalEventData {
  const { uid, sequence, stampedAt, startAt, endAt, summary, description, url, organizer, attendees = [], status, lastModifiedAt, alarms = [], isPrivate } = event
  // It would change places with the start.
  if (endAt < startAt) throw new TypeError('An event does not end before it begins')
  return {
    id: escape(plain(uid), false),
    sequence,
    // Dates without a time zone are written in UTC; with one the hour would be the server's.
    stamp: stampedAt,
    start: startAt,
    end: endAt,
    summary: plain(summary),
    description: description === undefined ? null : plain(description),
    url: url === undefined ? null : uriOf(url),
    organizer: organizer === undefined ? null : { email: addressOf(organizer), name: nameOf(organizer) },
    attendees: attendees.map(attendeeData),
    status: ICalEventStatus[status],
    lastModified: lastModifiedAt ?? null,
    alarms: alarms.map((seconds) => ({ type: ICalAlarmType.display, triggerBefore: seconds, description: plain(summary) })),
    class: isPrivate === true ? ICalEventClass.PRIVATE : null
  }
}

const attendeeData = (attendee: CalendarAttendee): ICalAttendeeData => ({
  email: addressOf(attendee),
  name: nameOf(attendee),
  status: ICalAttendeeStatus.NEEDSACTION,
  rsvp: attendee.mustReply === true
})

/** What a text may hold: no controls (RFC 5545, 3.1), no half characters, and no line ends but the one that is escaped. */
const plain = (text: string): string => text.toWellFormed().replace(/[\u2028\u2029]/g, '\n').replace(/(?![\t\r\n])\p{Cc}/gu, '')

const nameOf = ({ name, email }: CalendarPerson): string => plain(name ?? '').trim() || email

function addressOf ({ email }: CalendarPerson): string {
  if (!/^[^\s\p{C},;:\\"<>@]+@[^\s\p{C},;:\\"<>@]+$/u.test(email)) throw new TypeError('The address of a person in a calendar is an e-mail address')
  return email
}

// A URI is no text: the backslashes that the library puts before these would become part of it.
const uriOf = (url: string): string => new URL(url).href.replace(/[\\;,]/g, encodeURIComponent)
