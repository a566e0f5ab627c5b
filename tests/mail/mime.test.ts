import nodemailer, { type SendMailOptions } from 'nodemailer'
import t from 'tap'
import { messageHeaders } from '../../lib/mail/headers.ts'
import { toMime, type Delivery } from '../../lib/mail/mime.ts'
import type { Message } from '../../lib/mail/message.ts'
import { parsed } from '../calendar/parsed.ts'
import { EACH, render } from './inputs.ts'
import { mimeOf, shown, type MimePart } from './mime-parts.ts'

const DELIVERY: Delivery = {
  from: { email: 'no-reply@clinic.example', name: 'Clinic of Rome' },
  to: { email: 'ada@example.com', name: 'Ada Rossi' },
  headers: messageHeaders({ document: 'd', recipient: 'ada', kind: 'change', sequence: 4, told: [] }, { key: 'k', domain: 'clinic.example' })
}

/** The octets that leave. */
async function sent (message: Message, changes: Partial<Delivery> = {}): Promise<string> {
  const mime: SendMailOptions = toMime(message, { ...DELIVERY, ...changes })
  const { message: octets } = await nodemailer.createTransport({ streamTransport: true, buffer: true, newline: 'windows' }).sendMail(mime)
  return String(octets)
}

const silhouette = ({ type, parts }: MimePart): unknown => parts.length === 0 ? type : [type, ...parts.map(silhouette)]
const alikeLines = (text: string) => text.replace(/\r\n/g, '\n').trimEnd()

t.test('text, HTML and calendar are alternatives, and the event is attached as well', async (t) => {
  for (const { kind, language } of EACH) {
    const message = render({ kind, language, recipient: { email: 'ada@example.com', name: 'Àda مريم 👩🏽‍⚕️' } })
    const whole = mimeOf(await sent(message))
    if (kind === 'reminder') {
      t.same(silhouette(whole), ['multipart/alternative', 'text/plain', 'text/html'])
      t.same(whole.parts.map(({ body }) => alikeLines(body)), [message.text, message.html].map(alikeLines))
      continue
    }
    t.same(silhouette(whole), ['multipart/mixed', ['multipart/alternative', 'text/plain', 'text/html', 'text/calendar'], 'application/ics'])
    const [alternative, attachment] = whole.parts
    t.same(alternative?.parts.slice(0, 2).map(({ body }) => alikeLines(body)), [message.text, message.html].map(alikeLines), `${kind}.${language}`)
    t.equal(alternative?.parts[2]?.headers.get('content-type'), `text/calendar; charset=utf-8; method=${kind === 'cancellation' ? 'CANCEL' : 'REQUEST'}`)
    t.match(attachment?.headers.get('content-disposition'), /^attachment/)
    t.match(attachment?.headers.get('content-type'), 'invite.ics')
    t.equal(attachment?.body, message.calendar?.text)
    const { calendar, valueOf } = parsed(alternative?.parts[2]?.body ?? '')
    t.same([valueOf('uid'), valueOf('method', calendar)], ['655f1e2a9c0b7d0012345678@clinic', message.calendar?.method])
  }
})

t.test('the headers say who, what, and after which message', async (t) => {
  const message = render({ kind: 'change', language: 'fr' })
  const { headers } = mimeOf(await sent(message, { replyTo: { email: 'desk@Bücher.example' } }))
  const { messageId, references } = DELIVERY.headers
  t.equal(shown(headers.get('subject')), message.subject)
  t.equal(headers.get('from'), 'Clinic of Rome <no-reply@clinic.example>')
  t.equal(headers.get('to'), 'Ada Rossi <ada@example.com>')
  t.equal(headers.get('reply-to'), 'desk@xn--bcher-kva.example')
  t.same(['message-id', 'references', 'auto-submitted', 'x-auto-response-suppress'].map((name) => headers.get(name)), [messageId, references, 'auto-generated', 'All'])
  t.notOk(headers.has('x-mailer'))
})

t.test('nothing in a name or a title becomes a header', async (t) => {
  const expected = [...mimeOf(await sent(render({ kind: 'change' }))).headers.keys()]
  for (const end of ['\r\n', '\n', '\r', '\u2028', '\u0085', '\0', '\u000b', '\r\n\r\n']) {
    const bad = `Ada${end}Bcc: eve@example.com${end}X-Evil: 1`
    const message = render({ kind: 'change', showsTitle: true, session: { title: bad }, recipient: { email: 'ada@example.com', name: bad } })
    t.notMatch(toMime({ ...message, subject: bad }, DELIVERY).subject, /[\p{Cc}\u2028]/u, encodeURIComponent(end))
    for (const subject of [message.subject, `${message.subject}${bad}`]) {
      const whole = await sent({ ...message, subject }, { from: { email: 'no-reply@clinic.example', name: bad }, to: { email: 'ada@example.com', name: bad }, replyTo: { email: 'desk@clinic.example', name: bad } })
      const { headers } = mimeOf(whole)
      t.same([...headers.keys()].filter((name) => name !== 'reply-to'), expected, encodeURIComponent(end))
      t.match(shown(headers.get('to')), 'Ada Bcc: eve@example.com X-Evil: 1')
      t.match(shown(headers.get('to')), /<ada@example\.com>$/)
    }
  }
})

t.test('a name with quotes, commas or addresses stays a name', async (t) => {
  for (const name of ['"Rossi", Ada <eve@example.com>', 'eve@example.com, x', 'Ада; مريم 👩🏽‍⚕️']) {
    const { envelope } = await nodemailer.createTransport({ streamTransport: true, buffer: true }).sendMail(toMime(render(), { ...DELIVERY, to: { email: 'ada@example.com', name } }))
    t.same(envelope, { from: 'no-reply@clinic.example', to: ['ada@example.com'] })
  }
  const long = mimeOf(await sent(render(), { to: { email: 'ada@example.com', name: '👨‍👩‍👧‍👦'.repeat(500) } }))
  t.match(shown(long.headers.get('to')), /^"?(?:👨‍👩‍👧‍👦){9}…"? <ada@example\.com>$/u)
})

t.test('an address that is none is refused, and does not stand in the message', async (t) => {
  for (const email of ['ada@example.com\r\nBcc: eve@example.com', 'a@b.example, c@d.example', '', 'ada']) {
    for (const changes of [{ from: { email } }, { to: { email } }, { replyTo: { email } }]) {
      t.throws(() => toMime(render(), { ...DELIVERY, ...changes }), { name: 'TypeError', message: 'The address of a message is an e-mail address' })
    }
  }
})
