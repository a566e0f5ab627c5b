import { createHmac, timingSafeEqual } from 'node:crypto'
import { asciiDomain } from '../domain/mail-addresses.ts'
import type { Addressee, LetterIds } from '../teleconsultations/note-bounce.ts'
import type { MessageKind } from './languages/words.ts'

/** What makes a message another one. */
export interface MessageIdentity {
  /** The session's id. */
  document: string
  /** Who gets it, and where; see `recipientOf`. */
  recipient: string
  kind: MessageKind
  sequence: number
  /** Of a reminder: there are several of one sequence. */
  minutesBefore?: number | undefined
  /** Counts how often the same was asked for again: mail servers drop what they have delivered. Absent: 0. */
  repeat?: number | undefined
  /** What it tells: times and link. The same sequence may come to be told twice, when what was sent could not be written down. */
  told: readonly number[]
}

export interface HeaderOptions {
  /** Secret: without it nobody can tell of whom and what an id is. */
  key: string
  /** Of the sender's address. */
  domain: string
}

/** Named as nodemailer names them. */
export interface MessageHeaders {
  messageId: string
  /** One that no message has: mail programs gather under it what is about one session. */
  references: string
  headers: Readonly<Record<string, string>>
}

// RFC 3834, section 5; the second one is what Exchange heeds. Without them a holiday notice is answered to the clinic.
const AUTOMATIC = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' }

/**
 * The headers of a message beside subject and addresses. The same message has the same Message-ID whenever and wherever it is sent.
 *
 * @throws TypeError for a domain that is none
 */
export function messageHeaders ({ document, recipient, kind, sequence, minutesBefore, repeat, told }: MessageIdentity, { key, domain }: HeaderOptions): MessageHeaders {
  const host = asciiDomain(domain)
  if (host === undefined) throw new TypeError('The domain of message ids is a domain')
  const whose = hashOf(key, 'recipient', document, recipient)
  const which = hashOf(key, 'message-id', document, recipient, kind, sequence, minutesBefore ?? null, repeat ?? 0, told)
  const about = `${DOCUMENT_ID.test(document) ? `.${document}` : ''}@${host}`
  return {
    messageId: `<${whose}${which}${about}>`,
    references: `<${whose}${about}>`,
    headers: { ...AUTOMATIC }
  }
}

/** One person at one address. */
export const recipientOf = ({ externalId, to }: Addressee): string => `${externalId} ${to}`

/** Reads the ids that `messageHeaders` gives, that of the message as well as the one in References. */
export const letterIds = ({ key }: Pick<HeaderOptions, 'key'>): LetterIds => ({
  documentOf: (id) => OURS.exec(id)?.groups?.['document'],
  isTo (id, document, addressee) {
    const whose = OURS.exec(id)?.groups?.['whose'] ?? ''
    const his = hashOf(key, 'recipient', document, recipientOf(addressee))
    return whose.length === his.length && timingSafeEqual(Buffer.from(whose), Buffer.from(his))
  }
})

const DOCUMENT_ID = /^[A-Za-z0-9-]{1,64}$/
const OURS = /^<(?<whose>[\w-]{22})(?:[\w-]{22})?\.(?<document>[A-Za-z0-9-]{1,64})@[^<>@\s]{1,255}>$/

/** 132 bits in 22 characters. */
const hashOf = (key: string, purpose: string, ...parts: unknown[]) =>
  createHmac('sha256', key).update(`${purpose}:${JSON.stringify(parts)}`).digest('base64url').slice(0, 22)
