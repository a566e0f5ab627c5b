import t from 'tap'
import { MOST_BYTES, readBounce } from '../../lib/mail/bounce.ts'
import { exchange, exim, FORMS, gmail, postfix } from './notifications.ts'

const ID = '<AAAAAAAAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBBBBBBB.655f1e2a9c0b7d0012345678@clinic.example>'
const THREAD = '<AAAAAAAAAAAAAAAAAAAAAA.655f1e2a9c0b7d0012345678@clinic.example>'
const NOTICE = { messageId: ID, references: THREAD, to: 'ada@home.example' }

t.test('each server’s notification tells which message did not reach whom, and why', async (t) => {
  for (const [name, form] of Object.entries(FORMS)) {
    const status = name === 'exim' ? '5.0.0' : name === 'exchange' ? '5.1.10' : '5.1.1'
    t.same(await readBounce(form(NOTICE)), [{ messageIds: [ID, THREAD], recipient: 'ada@home.example', status }], name)
    t.same(await readBounce(Buffer.from(form(NOTICE))), await readBounce(form(NOTICE)), `${name}, as octets`)
    t.same(await readBounce(form(NOTICE).replaceAll('\r\n', '\n')), await readBounce(form(NOTICE)), `${name}, with the line ends of a pipe`)
  }
})

t.test('what is delayed, delivered, relayed or expanded has not failed', async (t) => {
  for (const form of Object.values(FORMS)) {
    for (const action of ['delayed', 'delivered', 'relayed', 'expanded']) t.same(await readBounce(form({ ...NOTICE, action, status: action === 'delayed' ? '4.4.1' : '2.0.0' })), [], action)
    t.match(await readBounce(form({ ...NOTICE, action: 'Failed', status: '4.4.7' })), [{ status: '4.4.7' }], 'given up')
  }
})

t.test('the address that was written to comes before the one at which it ended', async (t) => {
  t.match(await readBounce(postfix({ ...NOTICE, endedAt: 'mailbox-7@store.example' })), [{ recipient: 'ada@home.example' }])
  t.match(await readBounce(exim({ ...NOTICE, endedAt: 'mailbox-7@store.example' })), [{ recipient: 'mailbox-7@store.example' }], 'which is all that there is')
  t.match(await readBounce(postfix(NOTICE).replace('rfc822;ada@home.example', 'unknown;somebody')), [{ recipient: 'ada@home.example' }])
  t.match(await readBounce(postfix(NOTICE).replace(/rfc822; ?ada@home\.example/g, 'x400; /C=IT/S=Rossi')), [{ recipient: '', status: '5.1.1' }], 'there may be none')
  t.match(await readBounce(postfix(NOTICE).replace('rfc822;ada@home.example', 'RFC822 ; <Ada+tag@home.example> (her)')), [{ recipient: 'Ada+tag@home.example' }])
})

t.test('a status that is missing or none is that of a failure of which nothing is told', async (t) => {
  for (const line of ['', 'Status: what?\r\n', 'Status: 5.1\r\n', 'Status: 5.1.1234\r\n', 'Status: 9.1.1\r\n']) t.match(await readBounce(postfix(NOTICE).replace('Status: 5.1.1\r\n', line)), [{ status: '5.0.0' }], line)
  t.match(await readBounce(postfix(NOTICE).replace('Status: 5.1.1', 'Status: 5.2.2 (full)')), [{ status: '5.2.2' }])
  t.same(await readBounce(postfix({ ...NOTICE, status: '2.1.5' })), [], 'one of success is none of a failure')
})

t.test('each of several recipients is told of, and those that were reached are not', async (t) => {
  const both = postfix(NOTICE).replace('Remote-MTA: dns; mx.home.example\r\n', 'Remote-MTA: dns; mx.home.example\r\n\r\nFinal-Recipient: rfc822; bo@home.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\nFinal-Recipient: rfc822; cleo@home.example\r\nAction: failed\r\nStatus: 5.2.2\r\n')
  t.match(await readBounce(both), [{ recipient: 'ada@home.example', status: '5.1.1' }, { recipient: 'cleo@home.example', status: '5.2.2' }])
})

t.test('the message is known by its own head, then by what the notification answers to', async (t) => {
  const other = '<made-by-the-relay@relay.example>'
  t.match(await readBounce(exchange(NOTICE).replace(`Message-ID:\r\n ${ID}`, `Message-ID: ${other}`)), [{ messageIds: [other, THREAD, ID] }], 'a relay gave it another id')
  const without = (text: string) => text.replace(/--[^\r]*\r\n(Content-Description: Headers[^\r]*\r\n)?Content-[Tt]ype: (message\/rfc822|text\/rfc822-headers)[^]*$/, '')
  t.match(await readBounce(without(exchange(NOTICE))), [{ messageIds: [ID] }], 'of the outer head')
  t.match(await readBounce(without(gmail(NOTICE)).replace(/(References|In-Reply-To): .*\r\n/g, '')), [{ messageIds: [ID] }], 'of the report')
  t.same(await readBounce(without(postfix(NOTICE))), [], 'by nothing')
})

t.test('what the returned message says of itself is no report', async (t) => {
  t.equal((await readBounce(exim(NOTICE))).length, 1)
  const inside = postfix(NOTICE).replaceAll('\r\n', '\n')
  t.same(await readBounce(`From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n${inside}\r\n--x--\r\n`), [], 'a notification that somebody forwards')
})

t.test('encoded and international reports are read', async (t) => {
  const report = 'Reporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; ada@home.example\r\nAction: failed\r\nStatus: 5.1.1\r\n'
  const whole = (type: string, encoding: string, body: string) =>
    `In-Reply-To: ${ID}\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\nContent-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}\r\n--x--\r\n`
  t.match(await readBounce(whole('message/delivery-status', 'base64', Buffer.from(report).toString('base64'))), [{ recipient: 'ada@home.example' }])
  t.match(await readBounce(whole('message/global-delivery-status', '8bit', report.replace('rfc822; ada@home.example', 'utf-8; ada@bücher.example'))), [{ recipient: 'ada@bücher.example' }])
})

t.test('nonsense, and what is no report, tells nothing', async (t) => {
  const whole = postfix(NOTICE)
  const cut = Array.from({ length: 40 }, (_, i) => whole.slice(0, Math.floor(whole.length * i / 60)))
  const nothing = [
    '', '\r\n', 'delivery-status', '\0'.repeat(1000), 'Content-Type: multipart/report; boundary=""\r\n\r\ndelivery-status', '<html>delivery-status</html>', 'x'.repeat(MOST_BYTES),
    'Content-Type: message/delivery-status\r\n\r\nAction: failed', Buffer.from([255, 254, 0, 1, 13, 10, 128]), new Uint8Array(),
    'Subject: hello\r\n\r\nAction: failed\r\nFinal-Recipient: rfc822; ada@home.example',
    'Content-Type: multipart/report; report-type=disposition-notification; boundary=x\r\n\r\n--x\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822; ada@home.example\r\nDisposition: automatic-action; failed\r\n--x--',
    ...cut
  ]
  for (const raw of nothing) t.same(await readBounce(raw), [], JSON.stringify(String(raw).slice(0, 60)))
})

t.test('what is larger than any notification, or nested without end, is not read', async (t) => {
  const whole = postfix(NOTICE)
  t.same(await readBounce(whole + ' '.repeat(MOST_BYTES - whole.length + 1)), [])
  t.equal((await readBounce(whole + ' '.repeat(MOST_BYTES - whole.length))).length, 1)
  const linesOf = (text: string) => text.split('\n').length - 1
  t.same(await readBounce(whole + '\n'.repeat(10_001 - linesOf(whole))), [])
  t.equal((await readBounce(whole + '\n'.repeat(10_000 - linesOf(whole)))).length, 1)
  const nested = Array.from({ length: 50 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('')
  t.same(await readBounce(`In-Reply-To: ${ID}\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\n${nested}${whole}`), [])
  // The notification itself names one.
  for (const [count, found] of [[59, 1], [60, 0]] as const) t.equal((await readBounce(whole + 'multipart/mixed '.repeat(count))).length, found)
  const long = (bytes: number) => whole.replace('Return-Path: <>', `X-Long: ${'x'.repeat(bytes)}`)
  for (const [bytes, found] of [[120_000, 1], [140_000, 0]] as const) t.equal((await readBounce(long(bytes))).length, found)
})
