import { createHmac } from 'node:crypto'
import { asciiDomain } from '../domain/mail-addresses.ts'
import type { MessageKind } from './languages/words.ts'

/** What makes a message another one. */
export interface MessageIdentity {
  /** The session's id. */
  document: string
  /** Who gets it, by anything that is his alone and stays. */
  recipient: string
  kind: MessageKind
  sequence: number
  /** Of a reminder: there are several of one sequence. */
  minutesBefore?: number | undefined
  /** Counts how often the same was asked for again: mail servers drop what they have delivered. Absent: 0. */
  repeat?: number | undefined
}

export interface HeaderOptions {
  /** Secret: without it nobody can tell of whom and what an id is. */
  key: string
  /** Of the sender's address. */
  domain: string
  /** The sequence of his first invitation, under which mail programs gather what follows. */
  invitationSequence?: number | undefined
}

/** Named as nodemailer names them. */
export interface MessageHeaders {
  messageId: string
  inReplyTo?: string
  references?: string
  headers: Readonly<Record<string, string>>
}

// RFC 3834, section 5; the second one is what Exchange heeds. Without them a holiday notice is answered to the clinic.
const AUTOMATIC = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' }

/**
 * The headers of a message beside subject and addresses. The same message has the same Message-ID whenever and wherever it is sent.
 *
 * @throws TypeError for a domain that is none
 */
export function messageHeaders (message: MessageIdentity, { key, domain, invitationSequence }: HeaderOptions): MessageHeaders {
  const host = asciiDomain(domain)
  if (host === undefined) throw new TypeError('The domain of message ids is a domain')
  const idOf = ({ document, recipient, kind, sequence, minutesBefore, repeat }: MessageIdentity) => {
    const identity = JSON.stringify([document, recipient, kind, sequence, minutesBefore ?? null, repeat ?? 0])
    return `<${createHmac('sha256', key).update(`message-id:${identity}`).digest('base64url')}@${host}>`
  }
  const messageId = idOf(message)
  const first = invitationSequence === undefined
    ? messageId
    : idOf({ document: message.document, recipient: message.recipient, kind: 'invitation', sequence: invitationSequence })
  return { messageId, ...first === messageId ? {} : { inReplyTo: first, references: first }, headers: { ...AUTOMATIC } }
}
