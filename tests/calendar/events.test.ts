import t from 'tap'
import { calendarText, type CalendarEvent } from '../../lib/calendar/events.ts'
import { after, NOON } from '../support/service.ts'
import { longestLine, parsed } from './parsed.ts'

const EVENT: CalendarEvent = {
  uid: '655f1e2a9c0b7d0012345678@clinic',
  sequence: 3,
  stampedAt: NOON,
  startAt: after(NOON, 10),
  endAt: after(NOON, 40),
  summary: 'Video appointment',
  status: 'CONFIRMED'
}
const write = (changes: Partial<CalendarEvent> = {}) => calendarText({ events: [{ ...EVENT, ...changes }] })

const AWKWARD = [
  'commas, semicolons; back\\slashes and a literal \\n',
  'two\nlines',
  'three\r\nline\rends\n',
  '"quotes" & <tags> ^n ^\'',
  'ÄÖÜß naïve Ελλάδα Москва 日本語テキスト',
  '👩‍⚕️👨🏽‍⚕️ family 👨‍👩‍👧‍👦 flags 🇮🇹🇩🇪',
  'e\u0301 combining, \u202Eright to left\u202C, zero\u200Bwidth',
  'مرحبا بالعالم שלום',
  '𝔘𝔫𝔦𝔠𝔬𝔡𝔢'.repeat(40),
  'é'.repeat(200),
  'a'.repeat(73) + '日',
  'a'.repeat(500),
  'BEGIN:VEVENT',
  'x\r\nATTENDEE:mailto:eve@example.com\r\nEND:VEVENT',
  ' blanks at the ends ',
  'tab\there'
]

const withPlainLineEnds = (text: string) => text.replace(/\r\n?/g, '\n')

t.test('whatever a text holds is read back, and its lines are 75 octets at the most', async (t) => {
  for (const text of AWKWARD) {
    const written = write({ summary: text, description: `${text};${text}`, alarms: [600] })
    const { events, valueOf } = parsed(written)
    t.equal(events.length, 1, text)
    t.equal(valueOf('summary'), withPlainLineEnds(text))
    t.equal(valueOf('description'), withPlainLineEnds(`${text};${text}`))
    t.equal(valueOf('description', events[0]?.getFirstSubcomponent('valarm') ?? undefined), withPlainLineEnds(text))
    t.ok(longestLine(written) <= 75, text)
    t.notMatch(written, /\r(?!\n)|(?<!\r)\n/, 'every line ends in CRLF')
    t.ok(written.endsWith('END:VCALENDAR\r\n'))
    t.equal(Buffer.from(written).toString(), written, 'no character is cut in two')
  }
})

t.test('every length of a text around the fold is read back', async (t) => {
  const lengths = Array.from({ length: 80 }, (_, index) => 10 + index)
  const texts = ['a', 'é', '日', '😀'].flatMap((character) => lengths.map((length) => character.repeat(length)))
  const isBroken = (text: string) => {
    const written = write({ summary: text })
    return parsed(written).valueOf('summary') !== text || longestLine(written) > 75
  }
  t.same(texts.filter(isBroken), [])
})

t.test('controls and halves of characters are left out, and other line ends are lines', async (t) => {
  const { valueOf } = parsed(write({ summary: 'a\u0000b\u0007c\u007Fd\u0085e\u000Bf', description: 'half \uD83D and\u2028line\u2029end' }))
  t.equal(valueOf('summary'), 'abcdef')
  t.equal(valueOf('description'), 'half \uFFFD and\nline\nend')
})

t.test('times are in UTC', async (t) => {
  const written = write({ startAt: new Date('2026-10-25T00:30:00.750Z'), endAt: new Date('2026-10-25T01:30:00.000Z'), lastModifiedAt: after(NOON, -5) })
  for (const line of ['DTSTART:20261025T003000Z', 'DTEND:20261025T013000Z', 'DTSTAMP:20261123T120000Z', 'LAST-MODIFIED:20261123T115500Z']) t.ok(written.includes(`\r\n${line}\r\n`), line)
  t.notMatch(written, /TZID|VTIMEZONE/)
})

t.test('an event has its id, version, state, address and reminders', async (t) => {
  const url = 'https://clinic.example/join#eyJhbGciOiJIUzI1NiJ9.eyJyb29tIjoiMSJ9.abc'
  const { events: [event], valueOf } = parsed(write({ url, status: 'TENTATIVE', alarms: [600, 86_400], isPrivate: true }))
  t.same(['uid', 'sequence', 'status', 'url', 'class'].map((name) => valueOf(name)), [EVENT.uid, '3', 'TENTATIVE', url, 'PRIVATE'])
  const alarms = event?.getAllSubcomponents('valarm') ?? []
  t.same(alarms.map((alarm) => [valueOf('trigger', alarm), valueOf('action', alarm)]), [['-PT10M', 'DISPLAY'], ['-P1D', 'DISPLAY']])
})

t.test('an address that holds what texts escape stays an address', async (t) => {
  const { valueOf } = parsed(write({ url: 'https://clinic.example/a;b,c?d=1,2#e;f' }))
  t.equal(valueOf('url'), 'https://clinic.example/a%3Bb%2Cc?d=1%2C2#e%3Bf')
})

t.test('an id cannot end its line', async (t) => {
  const { events, valueOf } = parsed(write({ uid: 'a,b;c\r\nSUMMARY:x' }))
  t.equal(events.length, 1)
  t.equal(valueOf('uid'), 'a,b;c\nSUMMARY:x')
  t.equal(valueOf('summary'), 'Video appointment')
})

t.test('a feed has a name, how often to ask, and no method', async (t) => {
  const written = calendarText({ name: 'Mine, yours; ours', refreshSeconds: 900, events: [] })
  t.equal(parsed(written).events.length, 0)
  for (const line of ['NAME:Mine\\, yours\\; ours', 'X-WR-CALNAME:Mine\\, yours\\; ours', 'REFRESH-INTERVAL;VALUE=DURATION:PT15M', 'X-PUBLISHED-TTL:PT15M', 'VERSION:2.0']) t.ok(written.includes(`\r\n${line}\r\n`), line)
  t.notMatch(written, 'METHOD')
})

t.test('an invitation and its cancellation have the same silhouette', async (t) => {
  const people = { organizer: { email: 'clinic@example.com', name: 'The "Clinic", Ltd; Rome' }, attendees: [{ email: 'ada@example.com', name: 'Ada ^ Rossi', mustReply: true }, { email: 'bo@example.com' }] }
  for (const [method, status, sequence] of [['REQUEST', 'CONFIRMED', 3], ['CANCEL', 'CANCELLED', 4]] as const) {
    const written = calendarText({ method, events: [{ ...EVENT, ...people, status, sequence }] })
    const { calendar, events: [event], valueOf } = parsed(written)
    t.equal(valueOf('method', calendar), method)
    t.same(['uid', 'sequence', 'status', 'organizer'].map((name) => valueOf(name)), [EVENT.uid, String(sequence), status, 'mailto:clinic@example.com'])
    t.equal(event?.getFirstProperty('organizer')?.getFirstParameter('cn'), people.organizer.name)
    t.same(event?.getAllProperties('attendee').map((attendee) => [String(attendee.getFirstValue()).toLowerCase(), ...['cn', 'rsvp', 'partstat'].map((name) => attendee.getFirstParameter(name))]), [
      ['mailto:ada@example.com', 'Ada ^ Rossi', 'TRUE', 'NEEDS-ACTION'],
      ['mailto:bo@example.com', 'bo@example.com', 'FALSE', 'NEEDS-ACTION']
    ])
  }
})

t.test('what would be no valid calendar is refused, and no address stands in the message', async (t) => {
  const refused = (changes: Partial<CalendarEvent>, method?: 'REQUEST') => () => calendarText({ method, events: [{ ...EVENT, ...changes }] })
  t.throws(refused({}, 'REQUEST'), TypeError)
  t.throws(refused({ endAt: after(NOON, 9) }), TypeError)
  t.throws(refused({ startAt: new Date(NaN) }), Error)
  t.throws(refused({ url: 'no address' }), TypeError)
  for (const email of ['', 'ada', 'ada@x\r\nX:y', 'a b@c', 'a@b@c', 'a@b,c@d']) {
    t.throws(refused({ attendees: [{ email }] }), { name: 'TypeError', message: 'The address of a person in a calendar is an e-mail address' })
  }
})
