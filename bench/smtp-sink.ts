import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/**
 * An SMTP server that takes every message and keeps nothing of it but its Message-ID, to count. `GET /` on the port that is the first
 * argument tells the counts, and where SMTP is spoken.
 */

/** What `GET /` answers. */
export interface SinkCounts {
  smtpPort: number
  messages: number
  /** Message-IDs. */
  distinct: number
  recipients: number
  /** Epoch milliseconds; absent before the first message. */
  firstAt?: number
  lastAt?: number
}

const ids = new Set<string>()
const recipients = new Set<string>()
let messages = 0
let firstAt: number | undefined
let lastAt: number | undefined

const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  disableReverseLookup: true,
  logger: false,
  onData (stream, { envelope }, done) {
    let head = ''
    stream.on('data', (chunk: Buffer) => { if (!head.includes('\r\n\r\n')) head += chunk.toString('latin1') })
    stream.on('end', () => {
      messages++
      lastAt = Date.now()
      firstAt ??= lastAt
      ids.add(/^Message-ID:\s*(<[^>]*>)/im.exec(head)?.[1] ?? `none ${messages}`)
      for (const { address } of envelope.rcptTo) recipients.add(address)
      done(null)
    })
  }
})
// Clients that go away in the middle are no fault of the server.
smtp.on('error', () => {})
smtp.listen(0, '127.0.0.1', () => {
  const { port: smtpPort } = smtp.server.address() as AddressInfo
  createServer((_request, response) => {
    const counts: SinkCounts = { smtpPort, messages, distinct: ids.size, recipients: recipients.size, ...firstAt === undefined || lastAt === undefined ? {} : { firstAt, lastAt } }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(counts))
  }).listen(Number(process.argv[2]), '127.0.0.1')
})
