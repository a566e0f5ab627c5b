/** Delivery status notifications as mail servers write them: their structure, with words of our own. */

export interface Notice {
  /** Of the message that came back. */
  messageId: string
  references?: string
  to: string
  /** Where it ended; as `to` if absent. */
  endedAt?: string
  action?: string
  status?: string
}

const lines = (...texts: readonly string[]) => `${texts.join('\r\n')}\r\n`
const original = ({ messageId, references, to }: Notice) => [
  'Received: from service (service.clinic.example [192.0.2.4])',
  '\tby mx.clinic.example with ESMTP id 4F8K; Mon, 23 Nov 2026 12:00:01 +0000',
  'From: Clinic of Rome <visits@clinic.example>',
  `To: ${to}`,
  'Subject: Video appointment',
  // Folded as it was sent.
  'Message-ID:',
  ` ${messageId}`,
  ...references === undefined ? [] : [`References: ${references}`],
  'MIME-Version: 1.0'
]

const multipart = (edge: string, head: readonly string[], ...parts: ReadonlyArray<readonly string[]>) =>
  lines(...head, '', ...parts.flatMap((part) => [`--${edge}`, ...part, '']), `--${edge}--`)

/** Headers alone, as asked for with RET=HDRS; the address as it was sent to, and the one after aliases. */
export function postfix (notice: Notice): string {
  const { to, endedAt = to, action = 'failed', status = '5.1.1' } = notice
  return multipart('7C1F2.1795435201/mx.clinic.example', [
    'Return-Path: <>',
    'From: MAILER-DAEMON@mx.clinic.example (Mail system)',
    'To: visits@clinic.example',
    'Subject: Could not be delivered',
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status;',
    '\tboundary="7C1F2.1795435201/mx.clinic.example"'
  ], [
    'Content-Description: Notification', 'Content-Type: text/plain; charset=us-ascii', '',
    `<${to}>: host mx.home.example said: 550 ${status} nobody here has that name`
  ], [
    'Content-Description: Delivery report', 'Content-Type: message/delivery-status', '',
    'Reporting-MTA: dns; mx.clinic.example', 'X-Postfix-Queue-ID: 7C1F2', 'X-Postfix-Sender: rfc822; visits@clinic.example', 'Arrival-Date: Mon, 23 Nov 2026 12:00:01 +0000 (UTC)',
    '',
    `Final-Recipient: rfc822; ${endedAt}`, `Original-Recipient: rfc822;${to}`, `Action: ${action}`, `Status: ${status}`, 'Remote-MTA: dns; mx.home.example',
    `Diagnostic-Code: smtp; 550 ${status} nobody here`, '    has that name'
  ], ['Content-Description: Headers of the message', 'Content-Type: text/rfc822-headers', '', ...original(notice)])
}

/** No Original-Recipient, the status in general terms, and the whole message. */
export function exim (notice: Notice): string {
  const { to, endedAt = to, action = 'failed', status = '5.0.0' } = notice
  return multipart('1795435201-eximdsn-804289383', [
    'Auto-Submitted: auto-replied',
    'From: Mail Delivery System <Mailer-Daemon@relay.example>',
    'To: visits@clinic.example',
    `X-Failed-Recipients: ${endedAt}`,
    `References: ${notice.messageId}`,
    'Content-Type: multipart/report; report-type=delivery-status; boundary=1795435201-eximdsn-804289383',
    'MIME-Version: 1.0',
    'Subject: Not delivered: back to the sender'
  ], ['Content-type: text/plain; charset=us-ascii', '', 'What you sent could not be brought to:', '', `  ${endedAt}`], [
    'Content-type: message/delivery-status', '',
    'Reporting-MTA: dns; relay.example', '', `Action: ${action}`, `Final-Recipient: rfc822;${endedAt}`, `Status: ${status}`, 'Remote-MTA: dns; mx.home.example', 'Diagnostic-Code: smtp; 550 not here'
  ], ['Content-type: message/rfc822', '', ...original(notice), 'Content-Type: text/plain', '', 'Your appointment', '', 'Final-Recipient: rfc822; nobody@else.example', 'Action: failed'])
}

/** Languages in tables, the id of the message in In-Reply-To and References, headers as a message without a body. */
export function exchange (notice: Notice): string {
  const { to, endedAt = to, action = 'failed', status = '5.1.10' } = notice
  return multipart('_4c1e_PROD01', [
    'From: <postmaster@home.example>',
    'To: <visits@clinic.example>',
    'Date: Mon, 23 Nov 2026 12:00:05 +0000',
    'Content-Type: multipart/report; report-type=delivery-status;',
    '\tboundary="_4c1e_PROD01"',
    'X-MS-Exchange-Message-Is-Ndr:',
    'Content-Language: it-IT',
    'Message-ID: <c0ffee@PROD01.home.example>',
    `In-Reply-To: ${notice.messageId}`,
    `References: ${notice.messageId}`,
    'Subject: =?utf-8?B?Tm9uIHJlY2FwaXRhYmlsZTogVmlkZW8=?=',
    'Auto-Submitted: auto-replied'
  ], [
    'Content-Type: multipart/alternative; differences=Content-Type;', '\tboundary="_a71b_"', '',
    '--_a71b_', 'Content-Type: text/plain; charset="utf-8"', 'Content-Transfer-Encoding: base64', '', 'TGEgcGVyc29uYSBub24gZXNpc3Rl', '',
    '--_a71b_', 'Content-Type: text/html; charset="utf-8"', 'Content-Transfer-Encoding: quoted-printable', '', '<p>La persona non esiste =E2=80=94</p>', '', '--_a71b_--'
  ], [
    'Content-Type: message/delivery-status', '',
    'Reporting-MTA: dns;PROD01.home.example', 'Received-From-MTA: dns;mx.clinic.example', 'Arrival-Date: Mon, 23 Nov 2026 12:00:04 +0000', '',
    `Final-Recipient: rfc822;${endedAt}`, `Action: ${action}`, `Status: ${status}`, `Diagnostic-Code: smtp;550 ${status} recipient unknown`
  ], ['Content-Type: message/rfc822', '', ...original(notice)])
}

/** A picture beside the text, and the id of the message among what is said about the report. */
export function gmail (notice: Notice): string {
  const { to, endedAt = to, action = 'failed', status = '5.1.1' } = notice
  return multipart('0000000000004b', [
    'Delivered-To: visits@clinic.example',
    'From: Mail Delivery Subsystem <mailer-daemon@mail.example>',
    'To: visits@clinic.example',
    'Auto-Submitted: auto-replied',
    'Subject: Delivery Status Notification (Failure)',
    `References: ${notice.messageId}`,
    `In-Reply-To: ${notice.messageId}`,
    `X-Failed-Recipients: ${endedAt}`,
    'Content-Type: multipart/report; boundary="0000000000004b"; report-type=delivery-status'
  ], [
    'Content-Type: multipart/related; boundary="00000000000054"', '',
    '--00000000000054', 'Content-Type: multipart/alternative; boundary="00000000000055"', '',
    '--00000000000055', 'Content-Type: text/plain; charset="UTF-8"', '', 'The address was not found', '', '--00000000000055--', '',
    '--00000000000054', 'Content-Type: image/png; name="icon.png"', 'Content-Disposition: attachment; filename="icon.png"', 'Content-Transfer-Encoding: base64', 'Content-ID: <icon.png>', '', 'iVBORw0KGgo=', '', '--00000000000054--'
  ], [
    'Content-Type: message/delivery-status', '',
    'Reporting-MTA: dns; mail.example', 'Arrival-Date: Mon, 23 Nov 2026 04:00:02 -0800 (PST)', `X-Original-Message-ID: ${notice.messageId}`, '',
    `Final-Recipient: rfc822; ${endedAt}`, `Action: ${action}`, `Status: ${status}`, 'Remote-MTA: dns; mx.home.example. (198.51.100.7, the server for the domain home.example.)',
    `Diagnostic-Code: smtp; 550-${status} The account that you wrote to`, ` 550 ${status} is not there`, 'Last-Attempt-Date: Mon, 23 Nov 2026 04:00:03 -0800 (PST)'
  ], ['Content-Type: message/rfc822', '', ...original(notice), '', '----- The message is cut here -----'])
}

export const FORMS = { postfix, exim, exchange, gmail }
