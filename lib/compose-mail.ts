import { ConfigurationError } from './config/load.ts'
import type { Configuration } from './config/configuration.ts'
import { asciiAddress } from './domain/mail-addresses.ts'
import { letterIds } from './mail/headers.ts'
import { loadTemplates, TemplatesError } from './mail/load-templates.ts'
import type { Mailbox } from './mail/message.ts'
import { outbox, type Outbox } from './mail/outbox.ts'
import { mailPost, type PostOptions, type Transport } from './mail/post.ts'
import type { CrudCollection } from './storage/crud-client.ts'
import type { LetterIds } from './teleconsultations/note-bounce.ts'
import type { Post } from './teleconsultations/tell-people.ts'

export interface OpenMail {
  post: Post
  /** Reads the ids of what it sends. */
  ids: LetterIds
  /** Where nobody sends the messages. */
  outbox: Outbox | undefined
  close (): Promise<void>
}

export interface MailOptions extends Pick<PostOptions, 'key' | 'deployment' | 'linkFor' | 'templates' | 'from'> {
  mail: NonNullable<Configuration['mail']>
  /** Where messages are kept that no server takes. */
  kept: CrudCollection | undefined
  clock: () => Date
}

/**
 * What e-mails say, and who sends them.
 *
 * @throws ConfigurationError for a sender that is none, and for templates with faults
 */
export const readMailTexts = ({ templatesPath, from }: NonNullable<Configuration['mail']>): Pick<PostOptions, 'templates' | 'from'> =>
  ({ templates: templatesOf(templatesPath), from: senderOf(from) })

/** How people are told: by an SMTP server, or into the outbox. */
export async function openMail ({ mail, kept, clock, ...rest }: MailOptions): Promise<OpenMail> {
  const own = kept === undefined || mail.smtpUrl !== undefined ? undefined : outbox(kept, clock)
  const transport = own ?? await smtp(mail.smtpUrl)
  const post = mailPost({ ...rest, transport, showsTitle: mail.showsTitle, timeZone: 'UTC' })
  return { post, ids: letterIds(rest), outbox: own, close: () => transport.close() }
}

async function smtp (url = ''): Promise<Transport> {
  const { smtpTransport } = await import('./mail/smtp.ts')
  return smtpTransport({ url })
}

function templatesOf (folder: string | undefined) {
  try {
    return loadTemplates(folder)
  } catch (error) {
    if (error instanceof TemplatesError) throw new ConfigurationError(error.problems.map((problem) => `MAIL_TEMPLATES_PATH: ${problem}`))
    throw error
  }
}

/** `Name <address>`, or an address alone. */
function senderOf (text: string): Mailbox {
  const [, name = '', address = text] = /^\s*"?([^"<]*?)"?\s*<([^<>]+)>\s*$/.exec(text) ?? []
  const email = asciiAddress(address.trim())
  if (email === undefined) throw new ConfigurationError(['MAIL_FROM must be an e-mail address, with a name before it in quotes where there is one'])
  return { email, ...name === '' ? {} : { name } }
}
