import { asciiAddress } from '../domain/mail-addresses.ts'
import type { MessageHeaders } from './headers.ts'
import type { Mailbox, Message } from './message.ts'
import { oneLine, shortened, withoutControls } from './plain-text.ts'

/** What nodemailer's `sendMail` takes. */
export interface Mime {
  from: { name: string, address: string }
  to: { name: string, address: string }
  replyTo?: { name: string, address: string }
  subject: string
  text: string
  html: string
  icalEvent?: { method: 'REQUEST' | 'CANCEL', filename: string, content: string }
  messageId: string
  references: string
  /** Asks for word of a failure alone, with the headers and not the link; where the server knows DSN (RFC 3461), else it is not sent. */
  dsn: { return: 'headers', notify: ['failure'], recipient: string }
  headers: Record<string, string>
  xMailer: false
  disableFileAccess: true
  disableUrlAccess: true
}

export interface Delivery {
  from: Mailbox
  to: Mailbox
  /** Who gets the answers, where that is not the sender. */
  replyTo?: Mailbox | undefined
  headers: MessageHeaders
}

/**
 * A message as nodemailer takes it. Of `icalEvent` that makes the alternative `text/calendar; method=…`, which calendars act upon, beside text
 * and HTML, and the same as attachment for programs that know no other way.
 *
 * @throws TypeError for addresses that are none
 */
export function toMime ({ subject, text, html, calendar }: Message, { from, to, replyTo, headers: { headers, ...ids } }: Delivery): Mime {
  const recipient = addressOf(to)
  return {
    from: addressOf(from),
    to: recipient,
    ...replyTo === undefined ? {} : { replyTo: addressOf(replyTo) },
    subject: withoutControls(subject),
    text,
    html,
    ...calendar === undefined ? {} : { icalEvent: { method: calendar.method, filename: 'invite.ics', content: calendar.text } },
    ...ids,
    // Servers that forward it hand the address on, so that what comes back says of whom it is.
    dsn: { return: 'headers', notify: ['failure'], recipient: recipient.address },
    headers: { ...headers },
    // Says to nobody with what it was sent.
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true
  }
}

const MOST_OF_NAME = 100

function addressOf ({ name, email }: Mailbox) {
  const address = asciiAddress(email)
  if (address === undefined) throw new TypeError('The address of a message is an e-mail address')
  return { name: shortened(oneLine(name ?? ''), MOST_OF_NAME), address }
}
