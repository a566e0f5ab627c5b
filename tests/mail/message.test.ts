import t from 'tap'
import { agendaOf } from '../../lib/calendar/agenda.ts'
import { WORDS } from '../../lib/mail/languages/languages.ts'
import { renderMessage } from '../../lib/mail/message.ts'
import { longestLine, parsed } from '../calendar/parsed.ts'
import { after, NOON } from '../support/service.ts'
import { EACH, input, LINK, render, TEMPLATES } from './inputs.ts'

t.test('every kind in every language says when, greets, and carries the link in both parts', async (t) => {
  for (const { kind, language } of EACH) {
    const { subject, text, html } = render({ kind, language, session: { previous: { startAt: NOON, endAt: after(NOON, 30) } } })
    const label = `${kind}.${language}`
    for (const part of [subject, text, html]) t.notMatch(part, /\{\{|\}\}|undefined|\[object/, label)
    for (const part of [text, html]) {
      t.ok(part.includes('15:00–15:30 (Europe/Rome, UTC+1)'), label)
      t.ok(part.includes('Ada Rossi') && part.includes('Clinic of Rome'), label)
      t.equal(part.includes('13:00–13:30'), kind === 'change', label)
      t.equal(part.includes(LINK), kind !== 'cancellation', label)
    }
    t.equal(html.includes(`<a href="${LINK}"`) && html.includes(`>${LINK}</a>`), kind !== 'cancellation', label)
    t.ok(html.includes(`<html lang="${language}"`), label)
    t.ok(subject.includes('15:00 (UTC+1)') && subject.startsWith(WORDS[language].messages[kind].subject.split('{{')[0] ?? '?'), label)
  }
})

t.test('no address but the link stands in a message, and nothing is loaded from anywhere', async (t) => {
  for (const { kind, language } of EACH) {
    const { subject, text, html, calendar } = render({ kind, language })
    const rest = [subject, text, html, calendar?.text.replace(/\r\n /g, '') ?? ''].join('\n').replaceAll(LINK, '')
    t.notMatch(rest, /https?:|<img|<link|<table|<script|@import|url\(|src=/, `${kind}.${language}`)
  }
})

t.test('the language is the tag’s first part, and English for others', async (t) => {
  const subjectIn = (language: string | undefined) => render({ language }).subject
  t.equal(subjectIn('it-CH'), 'Appuntamento in video: lunedì 23 novembre 2026, 15:00 (UTC+1)')
  t.equal(subjectIn('DE'), 'Videotermin: Montag, 23. November 2026, 15:00 (UTC+1)')
  for (const language of [undefined, 'pt', 'ita', '', 'constructor', '__proto__']) t.equal(subjectIn(language), 'Video appointment: Monday, 23 November 2026, 15:00 (UTC+1)')
})

t.test('a title is told only where that is switched on, and never to calendars', async (t) => {
  const session = { title: 'Oncology follow-up', kind: 'televisit' as const }
  for (const { kind, language } of EACH) {
    const hidden = JSON.stringify(render({ kind, language, session }))
    t.notMatch(hidden, /Oncology/, `${kind}.${language}`)
    t.notOk(hidden.includes(WORDS[language].kinds.televisit), `${kind}.${language}`)
    const { subject, text, html, calendar } = render({ kind, language, session, showsTitle: true })
    for (const part of [subject, text, html]) t.ok(part.includes('Oncology follow-up'), `${kind}.${language}`)
    t.notMatch(calendar?.text ?? '', /Oncology/)
  }
  t.match(render({ showsTitle: true }).subject, /^Video visit: /, 'the kind stands for a title')
  t.match(render({ showsTitle: true, session: { kind: undefined } }).subject, /^Video appointment: /)
})

t.test('a change says what has moved, and what has not', async (t) => {
  const previously = (previous?: { startAt: Date, endAt: Date }) => render({ kind: 'change', session: { previous } }).text
  t.match(previously({ startAt: after(NOON, -1440), endAt: after(NOON, -1410) }), 'Before, it was planned for Sunday, 22 November 2026, 13:00–13:30 (Europe/Rome, UTC+1).')
  t.match(previously({ startAt: after(NOON, 120), endAt: after(NOON, 180) }), '15:00–16:00 (Europe/Rome, UTC+1).')
  t.match(previously(), 'Date and time are as they were.')
  t.match(previously({ startAt: after(NOON, 120), endAt: after(NOON, 150) }), 'Date and time are as they were.')
})

t.test('a reminder says in how long, or soon, and changes nothing in calendars', async (t) => {
  t.match(render({ kind: 'reminder', minutesBefore: 1440 }).text, 'begins in 24 hours.')
  t.match(render({ kind: 'reminder', minutesBefore: 10, language: 'it' }).text, 'inizia tra 10 minuti.')
  for (const minutesBefore of [undefined, 0]) t.match(render({ kind: 'reminder', minutesBefore }).text, 'begins soon.')
  t.notOk('calendar' in render({ kind: 'reminder' }))
})

t.test('an invitation, its change and its cancellation are one event that moves', async (t) => {
  for (const [kind, method, status, sequence] of [['invitation', 'REQUEST', 'CONFIRMED', 3], ['change', 'REQUEST', 'CONFIRMED', 4], ['cancellation', 'CANCEL', 'CANCELLED', 5]] as const) {
    const { calendar } = render({ kind, sequence })
    t.equal(calendar?.method, method)
    const { calendar: read, events: [event, ...others], valueOf } = parsed(calendar?.text ?? '')
    t.same(others, [])
    t.equal(valueOf('method', read), method)
    t.same(['uid', 'sequence', 'status', 'summary', 'organizer', 'class'].map((name) => valueOf(name)), [
      '655f1e2a9c0b7d0012345678@clinic', String(sequence), status, 'Video appointment', 'mailto:clinic@example.com', 'PRIVATE'
    ])
    t.same(event?.getAllProperties('attendee').map((attendee) => [String(attendee.getFirstValue()).toLowerCase(), attendee.getFirstParameter('cn'), attendee.getFirstParameter('rsvp')]), [['mailto:ada@example.com', 'Ada Rossi', 'FALSE']])
    for (const line of ['DTSTART:20261123T140000Z', 'DTEND:20261123T143000Z', 'DTSTAMP:20261123T120000Z']) t.ok(calendar?.text.includes(`\r\n${line}\r\n`), line)
    t.same(event?.getAllSubcomponents('valarm'), [])
    t.equal(valueOf('url'), kind === 'cancellation' ? undefined : LINK)
    t.equal(valueOf('description')?.includes(LINK) ?? false, kind !== 'cancellation')
    t.ok(longestLine(calendar?.text ?? '') <= 75)
  }
})

t.test('the event is the one that the agenda’s calendar has', async (t) => {
  for (const language of ['de', 'en', 'es', 'fr', 'it']) {
    const { session } = input()
    const seat = { userExternalId: 'ada', userBandyerId: 'ada', accessLinkURL: null, fullName: 'Ada', language }
    const [event] = agendaOf([{
      id: session.id,
      content: { number: 2, participants: [seat], startAt: session.startAt, endAt: session.endAt },
      version: { revision: 1 },
      control: { phase: 'READY', sealed: false, epoch: 0, applied: [], garbage: [], provider: 'embedded' }
    }], { userId: 'ada', deployment: 'clinic', linkFor: () => LINK, since: NOON }).events
    const { valueOf } = parsed(render({ language }).calendar?.text ?? '')
    t.same([valueOf('uid'), valueOf('summary')], [event?.uid, event?.summary])
  }
})

t.test('names and titles are text, whatever they hold', async (t) => {
  const attack = '</p><script>alert("1")</script><img src=x onerror=\'x\'>{{link}}&amp;'
  const escaped = '&lt;/p&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;x&#39;&gt;{{link}}&amp;amp;'
  for (const { kind, language } of EACH) {
    const { html, text, subject } = render({ kind, language, showsTitle: true, session: { title: attack }, recipient: { email: 'ada@example.com', name: attack }, organiser: { email: 'clinic@example.com', name: attack } })
    t.notMatch(html, /<script|<img/, `${kind}.${language}`)
    t.ok(html.split(escaped).length > 3, `${kind}.${language}`)
    t.ok(text.includes(attack) && subject.includes('{{link}}'), 'a placeholder in a value stays one')
    t.notOk(subject.includes(LINK))
  }
  const { html } = render({ link: 'https://clinic.example/join?a="><script>&b=\'#x' })
  t.ok(html.includes('href="https://clinic.example/join?a=&quot;&gt;&lt;script&gt;&amp;b=&#39;#x"'))
})

t.test('line ends and other controls in names and titles are blanks', async (t) => {
  const bad = 'Ada\r\nBcc: eve@example.com\u0000\u0085\u2028x\u000b'
  const { subject, text, calendar } = render({ kind: 'change', showsTitle: true, session: { title: bad }, recipient: { email: 'ada@example.com', name: bad }, organiser: { email: 'clinic@example.com', name: bad } })
  t.match(subject, 'Changed – Ada Bcc: eve@example.com x: Monday')
  t.match(text, 'Hello Ada Bcc: eve@example.com x,\n\n')
  t.equal(parsed(calendar?.text ?? '').events[0]?.getFirstProperty('attendee')?.getFirstParameter('cn'), 'Ada Bcc: eve@example.com x')
})

t.test('names from right to left and pictures are kept, and turn nothing around them', async (t) => {
  for (const name of ['مريم حداد', 'שרה לוי']) {
    const { text, html } = render({ recipient: { email: 'ada@example.com', name: `\u202e${name}` } })
    for (const part of [text, html]) t.ok(part.includes(`Hello \u2068${name}\u2069,`), name)
  }
  const family = '👩🏽‍⚕️ Ada 👨‍👩‍👧‍👦🇮🇹'
  const { text, calendar } = render({ recipient: { email: 'ada@example.com', name: family } })
  t.ok(text.includes(`Hello ${family},`))
  t.equal(parsed(calendar?.text ?? '').events[0]?.getFirstProperty('attendee')?.getFirstParameter('cn'), family)
  t.match(render({ recipient: { email: 'ada@example.com', name: 'half \ud83d' } }).text, 'half \ufffd')
})

t.test('a long title is cut in the subject alone, between characters', async (t) => {
  const title = `${'👨‍👩‍👧‍👦'.repeat(60)} end`
  const { subject, text } = render({ showsTitle: true, session: { title } })
  t.ok(text.includes(title))
  t.match(subject, /^(?:👨‍👩‍👧‍👦){9}…: Monday/u)
  t.ok(render({ showsTitle: true, session: { title: `a${'\u0301'.repeat(5000)}` } }).subject.length < 200)
})

t.test('who has no name is greeted without one, and is never called undefined', async (t) => {
  for (const name of [undefined, '', ' \r\n']) {
    const { text } = render({ recipient: { email: 'ada@example.com', name }, organiser: { email: 'clinic@example.com', name } })
    t.match(text, /^Hello,\n\nclinic@example\.com invites you/)
  }
})

t.test('what cannot be sent is refused, and no value stands in the message', async (t) => {
  for (const kind of ['invitation', 'change', 'reminder'] as const) {
    for (const link of [undefined, '', 'join', 'javascript:alert(1)', 'https://x.example/\r\nBcc: a', 'data:text/html,x']) {
      t.throws(() => render({ kind, link }), { name: 'TypeError', message: 'A message but a cancellation has the personal link, an http(s) address' })
    }
    for (const email of ['ada', 'ada@example.com\r\nBcc: x@y.z', 'a@b.example,c@d.example']) {
      for (const people of [{ recipient: { email } }, { organiser: { email } }]) t.throws(() => render({ kind, ...people }), { name: 'TypeError', message: 'The address of a person in a message is an e-mail address' })
    }
  }
  t.notMatch(JSON.stringify(render({ kind: 'cancellation', link: LINK })), 'join#', 'a cancellation leaves out a link that it is given')
})

t.test('an international domain is written in ASCII in the calendar', async (t) => {
  const { valueOf } = parsed(render({ organiser: { email: 'info@Bücher.example' } }).calendar?.text ?? '')
  t.equal(valueOf('organizer'), 'mailto:info@xn--bcher-kva.example')
})

t.test('the same input makes the same message, ten thousand make ten thousand, and a huge name is read once', async (t) => {
  t.same(render({ kind: 'change' }), render({ kind: 'change' }))
  const texts = new Set(Array.from({ length: 10_000 }, (_, index) => {
    const { kind, language } = EACH[index % EACH.length] ?? { kind: 'reminder', language: 'en' }
    return renderMessage(input({ kind, language, recipient: { email: `p${index}@example.com`, name: `Person ${index}.` } }), TEMPLATES).text
  }))
  t.equal(texts.size, 10_000)
  for (const piece of ['{{', 'a ', ' \r\n', '<', '\u202e', '\u0301', '"', 'ﷺ']) {
    const { text } = render({ showsTitle: true, kind: 'reminder', session: { title: piece.repeat(200_000) }, recipient: { email: 'ada@example.com', name: piece.repeat(200_000) } })
    t.ok(text.includes(LINK))
  }
})
