import { sessionOf } from '../domain/session.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import type { Post, Posted } from '../teleconsultations/tell-people.ts'
import { messageHeaders, recipientOf } from './headers.ts'
import { renderMessage, type Mailbox } from './message.ts'
import { toMime, type Mime } from './mime.ts'
import type { Templates } from './template.ts'

/** What brings a finished e-mail on its way. */
export interface Transport {
  /** Never rejects. @param recipientId whom it is for, by the id of the caller's system */
  deliver (mime: Mime, recipientId?: string): Promise<Posted>
  close (): Promise<void>
}

export interface PostOptions {
  transport: Transport
  templates: Templates
  /** The sender, and in calendars the organiser. */
  from: Mailbox
  /** Keys message ids. */
  key: string
  deployment: string
  showsTitle: boolean
  /** Of who says none. IANA name. */
  timeZone: string
  /** His personal link with this number. */
  linkFor: (documentId: string, externalId: string, link: number) => string
}

/** Writes letters as e-mails in each person's language and time zone, with his own link. */
export function mailPost ({ transport, templates, from, key, deployment, showsTitle, timeZone, linkFor }: PostOptions): Post {
  const domain = from.email.slice(from.email.lastIndexOf('@') + 1)
  return {
    async send (document: Teleconsultation, { kind, told, previous, minutesBefore, again }) {
      const { kind: sessionKind, title, timeZone: zone } = sessionOf(document)
      const recipient = { email: told.to, name: told.fullName }
      try {
        const message = renderMessage({
          kind,
          language: told.language,
          timeZone: told.timeZone ?? zone ?? timeZone,
          recipient,
          organiser: from,
          session: {
            id: document.id,
            deployment,
            startAt: new Date(told.startAt),
            endAt: new Date(told.endAt),
            previous: previous === undefined ? undefined : { startAt: new Date(previous.startAt), endAt: new Date(previous.endAt) },
            kind: sessionKind,
            title
          },
          link: kind === 'cancellation' ? undefined : linkFor(document.id, told.externalId, told.link),
          sequence: told.sequence,
          minutesBefore,
          stampedAt: new Date(told.at),
          showsTitle
        }, templates)
        const headers = messageHeaders({ document: document.id, recipient: recipientOf(told), kind, sequence: told.sequence, minutesBefore, repeat: again, told: [told.startAt, told.endAt, told.link] }, { key, domain })
        return await transport.deliver(toMime(message, { from, to: recipient, headers }), told.externalId)
      } catch {
        // What cannot be written now cannot be written later; its causes are checked when the address is taken.
        return { code: 'NOT_WRITTEN', isFinal: true }
      }
    }
  }
}
