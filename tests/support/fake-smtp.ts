import type { AddressInfo } from 'node:net'
import { simpleParser, type ParsedMail } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { parsed } from '../calendar/parsed.ts'
import type { Teardown } from './service.ts'

/** A message as its recipient has it. */
export interface Received {
  to: string
  subject: string
  text: string
  messageId: string
  mail: ParsedMail
}

export interface FakeSmtp {
  url: string
  received: Received[]
  /** Recipients that were named, refused ones included. */
  asked: string[]
  /** What a recipient is answered; an SMTP code, or nothing: he is taken. Default: all are. */
  answerTo (answer: (address: string) => number | undefined): void
  /** From now on messages are taken, and not answered until `release`. */
  hold (): void
  release (): void
  /** Resolves once so many messages are held, or were taken. */
  reached (count: number): Promise<void>
  /** Those to one address, the earliest first. */
  to (address: string): Received[]
}

/** An SMTP server on loopback that keeps what it takes. */
export async function startFakeSmtp (t: Teardown, options: SMTPServerOptions = {}): Promise<FakeSmtp> {
  const received: Received[] = []
  const asked: string[] = []
  const held: Array<() => void> = []
  const waiting: Array<{ count: number, resolve: () => void }> = []
  let isHolding = false
  let answer: (address: string) => number | undefined = () => undefined
  const tell = () => {
    for (const { count, resolve } of waiting) if (received.length + held.length >= count) resolve()
  }
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    onRcptTo ({ address }, _session, done) {
      asked.push(address)
      const code = answer(address)
      done(code === undefined ? null : Object.assign(new Error('not him'), { responseCode: code }))
    },
    onData (stream, { envelope }, done) {
      const to = envelope.rcptTo.map(({ address }) => address).join(' ')
      simpleParser(stream).then((mail) => {
        const take = () => {
          received.push({ to, subject: mail.subject ?? '', text: mail.text ?? '', messageId: mail.messageId ?? '', mail })
          done(null)
        }
        if (isHolding) held.push(take)
        else take()
        tell()
      }, done)
    },
    ...options
  })
  // Clients that go away in the middle are no fault of the server.
  server.on('error', () => {})
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.close() })
  return {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    received,
    asked,
    answerTo: (given) => { answer = given },
    hold: () => { isHolding = true },
    release () {
      isHolding = false
      for (const take of held.splice(0)) take()
    },
    reached: async (count) => {
      await new Promise<void>((resolve) => {
        waiting.push({ count, resolve })
        tell()
      })
    },
    to: (address) => received.filter((message) => message.to === address)
  }
}

/** What calendars make of the event in a message: read by another library than the one that wrote it. */
export function eventOf ({ mail }: Received) {
  const attached = mail.attachments.find(({ contentType }) => contentType === 'text/calendar' || contentType === 'application/ics')
  if (attached === undefined) return undefined
  const { calendar, valueOf } = parsed(attached.content.toString())
  return {
    method: valueOf('method', calendar),
    uid: valueOf('uid'),
    sequence: Number(valueOf('sequence')),
    status: valueOf('status'),
    start: valueOf('dtstart'),
    end: valueOf('dtend')
  }
}

/** The personal link of a message: those in it are one and the same, or it has none. */
export function linkIn ({ text, mail }: Received): string | undefined {
  const links = new Set([text, mail.html === false ? '' : mail.html].flatMap((part) => part.match(/https?:\/\/[^\s"'<>]+\/join#[\w.-]+/g) ?? []))
  if (links.size > 1) throw new Error('Several links in one message')
  return [...links][0]
}
