import { calendarText, type CalendarPerson } from '../calendar/events.ts'
import type { SessionKind } from '../domain/session.ts'
import { asciiAddress } from '../domain/mail-addresses.ts'
import { periodOf, startsIn } from './dates.ts'
import { languageOf, WORDS, type Language } from './languages/languages.ts'
import type { MessageKind } from './languages/words.ts'
import { isolated, oneLine, shortened } from './plain-text.ts'
import { filled, filledHtml, type Placeholder, type Templates } from './template.ts'

export interface Mailbox {
  /** One that `checkAddress` takes. */
  email: string
  name?: string | undefined
}

export interface MessageInput {
  kind: MessageKind
  /** BCP 47. English where it is not spoken. */
  language?: string | undefined
  /** IANA name: whose clock the times are written by. */
  timeZone: string
  recipient: Mailbox
  /** The house that invites: who answers, and whose event it is in calendars. Not one of those who take part. */
  organiser: Mailbox
  session: {
    id: string
    /** Unlike that of other deployments: makes the event's id unique. */
    deployment: string
    startAt: Date
    endAt: Date
    /** Of a change: when it was to be before. */
    previous?: { startAt: Date, endAt: Date } | undefined
    kind?: SessionKind | undefined
    title?: string | undefined
  }
  /** His personal way in, ours and never a provider's. Required but in a cancellation, which has none. */
  link?: string | undefined
  /** Rises with every change of the session; calendars keep the version with the highest. */
  sequence: number
  /** Of a reminder. */
  minutesBefore?: number | undefined
  /** When the message was decided on: the same whenever it is made and sent again. */
  stampedAt: Date
  /** Whether subject and text tell what the session is called, or else its kind: data about health, which leave the house. Default false. */
  showsTitle?: boolean | undefined
}

export interface Message {
  /** One line. */
  subject: string
  text: string
  html: string
  /** None in a reminder: it changes nothing. */
  calendar?: { method: 'REQUEST' | 'CANCEL', text: string }
}

const MOST_IN_SUBJECT = 100

/**
 * What one person is sent. Pure: the same input makes the same message.
 *
 * @throws TypeError for addresses that are none, a missing link, or one that is no http(s) address; RangeError for invalid dates. None of
 *   them holds any value
 */
export function renderMessage (input: MessageInput, templates: Templates): Message {
  const language = languageOf(input.language)
  const people = { organizer: personOf(input.organiser), attendee: personOf(input.recipient) }
  const link = linkOf(input)
  const template = templates[input.kind][language]
  const values = { ...valuesOf(input, language), ...link === undefined ? {} : { link } }
  const calendar = calendarOf(input, people, language, link)
  return {
    subject: filled(template.subject, { ...values, ...textsOf(input, language, MOST_IN_SUBJECT) }),
    text: filled(template.text, values),
    html: filledHtml(template.html, values),
    ...calendar === undefined ? {} : { calendar }
  }
}

function linkOf ({ kind, link }: MessageInput): string | undefined {
  if (kind === 'cancellation') return undefined
  if (link === undefined || !URL.canParse(link) || !/^https?:\/\/[^\s\p{Cc}]+$/u.test(link)) throw new TypeError('A message but a cancellation has the personal link, an http(s) address')
  return link
}

const nameOf = ({ name, email }: Mailbox): string => oneLine(name ?? '') || email

/** What the session is called, where that may be told. */
function whatOf ({ session: { kind, title = '' }, showsTitle }: MessageInput, language: Language): string {
  const { event, kinds } = WORDS[language]
  if (showsTitle !== true) return event
  return oneLine(title) || (kind === undefined ? event : kinds[kind])
}

/** What people wrote. */
function textsOf (input: MessageInput, language: Language, most = Infinity) {
  const shown = (text: string) => isolated(shortened(text, most))
  return { name: shown(nameOf(input.recipient)), organiser: shown(nameOf(input.organiser)), what: shown(whatOf(input, language)) }
}

function valuesOf (input: MessageInput, language: Language): Partial<Record<Placeholder, string>> {
  const { recipient, session, timeZone, minutesBefore = 0 } = input
  const { greeting, moved, notMoved, soon } = WORDS[language]
  const texts = textsOf(input, language)
  const previous = hasMoved(session) ? periodOf(session.previous, language, timeZone).when : undefined
  return {
    ...periodOf(session, language, timeZone),
    ...texts,
    greeting: oneLine(recipient.name ?? '') === '' ? greeting.unnamed : filled(greeting.named, texts),
    previously: previous === undefined ? notMoved : filled(moved, { previousWhen: previous }),
    startsIn: minutesBefore > 0 ? startsIn(minutesBefore, language) : soon
  }
}

type Moved = MessageInput['session'] & { previous: { startAt: Date, endAt: Date } }

const hasMoved = (session: MessageInput['session']): session is Moved => session.previous !== undefined &&
  (session.previous.startAt.getTime() !== session.startAt.getTime() || session.previous.endAt.getTime() !== session.endAt.getTime())

/**
 * The event in his calendar. It never says what the session is called: calendars are synchronised and shared, and the agenda's, which has the
 * same event, says nothing either. No alarm: reminders are messages.
 */
function calendarOf ({ kind, session, sequence, stampedAt }: MessageInput, { organizer, attendee }: Record<'organizer' | 'attendee', CalendarPerson>, language: Language, link: string | undefined): Message['calendar'] {
  if (kind === 'reminder') return undefined
  const { event, openLink } = WORDS[language]
  const method = kind === 'cancellation' ? 'CANCEL' : 'REQUEST'
  return {
    method,
    text: calendarText({
      method,
      events: [{
        uid: `${session.id}@${session.deployment}`,
        sequence,
        stampedAt,
        startAt: session.startAt,
        endAt: session.endAt,
        summary: event,
        description: link === undefined ? undefined : `${openLink}\n${link}`,
        url: link,
        organizer,
        attendees: [attendee],
        status: method === 'CANCEL' ? 'CANCELLED' : 'CONFIRMED',
        isPrivate: true
      }]
    })
  }
}

function personOf ({ name, email }: Mailbox): CalendarPerson {
  const address = asciiAddress(email)
  if (address === undefined) throw new TypeError('The address of a person in a message is an e-mail address')
  return { email: address, name: oneLine(name ?? '') }
}
