import { createTransport } from 'nodemailer'
import { systemDeadline } from '../teleconsultations/deadline.ts'
import type { Posted } from '../teleconsultations/tell-people.ts'
import type { Transport } from './post.ts'

export interface SmtpOptions {
  /** smtp(s)://user:password@host:port. A secret. */
  url: string
  /** Milliseconds for each step. */
  timeoutMs?: number
  /** Milliseconds for a message as a whole, the wait for a connection included. */
  messageTimeoutMs?: number
  connections?: number
}

/** An SMTP server (nodemailer): a few connections that stay, each step within its time, and each message within another. */
export function smtpTransport ({ url, timeoutMs = 20_000, messageTimeoutMs = 120_000, connections = 5 }: SmtpOptions): Transport {
  const mailer = createTransport({
    url,
    pool: true,
    maxConnections: connections,
    maxMessages: 100,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true
  })
  return {
    async deliver (mime) {
      const { signal, cancel } = systemDeadline(messageTimeoutMs)
      try {
        await mailer.sendMail({ ...mime, signal })
        return 'sent'
      } catch (error) {
        // The server may have it all the same: it is tried again with the same Message-ID.
        return signal.aborted ? { code: 'ETIMEDOUT', isFinal: false } : failureOf(error)
      } finally {
        cancel()
      }
    },
    async close () { mailer.close() }
  }
}

// RFC 4954, 6: of the sender's credentials.
const ABOUT_US = [530, 534, 535, 538]

/**
 * A 5xx about the recipient or the message is for good (RFC 5321, 4.2.1); one about who we are or from whom it is is not the recipient's
 * fault, and everything else may be better later.
 */
function failureOf (error: unknown): Posted {
  const { code = 'UNKNOWN', responseCode = 0, command } = error as { code?: string, responseCode?: number, command?: string }
  const isAboutIt = code === 'EMESSAGE' || (code === 'EENVELOPE' && command === 'RCPT TO')
  return { code: responseCode === 0 ? code : String(responseCode), isFinal: isAboutIt && responseCode >= 500 && !ABOUT_US.includes(responseCode) }
}
