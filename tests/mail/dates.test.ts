import t from 'tap'
import { periodOf, startsIn } from '../../lib/mail/dates.ts'
import type { Language } from '../../lib/mail/languages/languages.ts'

const period = (start: string, end: string, zone = 'Europe/Rome', language: Language = 'it') =>
  periodOf({ startAt: new Date(start), endAt: new Date(end) }, language, zone)

t.test('a period is written in the person’s language, with the zone beside it', async (t) => {
  const written = (language: Language) => period('2026-11-23T14:00:00Z', '2026-11-23T14:30:00Z', 'Europe/Rome', language).when
  t.equal(written('it'), 'lunedì 23 novembre 2026, 15:00–15:30 (Europe/Rome, UTC+1)')
  t.equal(written('en'), 'Monday, 23 November 2026, 15:00–15:30 (Europe/Rome, UTC+1)')
  t.equal(written('fr'), 'lundi 23 novembre 2026, 15:00–15:30 (Europe/Rome, UTC+1)')
  t.equal(written('es'), 'lunes, 23 de noviembre de 2026, 15:00–15:30 (Europe/Rome, UTC+1)')
  t.equal(written('de'), 'Montag, 23. November 2026, 15:00–15:30 (Europe/Rome, UTC+1)')
  t.same(period('2026-11-23T14:00:00Z', '2026-11-23T14:30:00Z'), {
    when: 'lunedì 23 novembre 2026, 15:00–15:30 (Europe/Rome, UTC+1)',
    start: 'lunedì 23 novembre 2026, 15:00 (UTC+1)',
    date: 'lunedì 23 novembre 2026',
    startTime: '15:00',
    endTime: '15:30',
    timeZone: 'Europe/Rome'
  })
})

t.test('in the night in which clocks are put back both hours of one name are told apart', async (t) => {
  const autumn = (start: string, end: string) => period(`2026-10-25T${start}Z`, `2026-10-25T${end}Z`).when
  t.equal(autumn('00:00:00', '00:30:00'), 'domenica 25 ottobre 2026, 02:00–02:30 (Europe/Rome, UTC+2)')
  t.equal(autumn('01:00:00', '01:30:00'), 'domenica 25 ottobre 2026, 02:00–02:30 (Europe/Rome, UTC+1)')
  t.equal(autumn('00:45:00', '01:15:00'), 'domenica 25 ottobre 2026, 02:45 UTC+2 – 02:15 UTC+1 (Europe/Rome)')
  t.equal(period('2026-10-24T22:30:00Z', '2026-10-24T23:00:00Z').when, 'domenica 25 ottobre 2026, 00:30–01:00 (Europe/Rome, UTC+2)')
  t.equal(autumn('08:00:00', '08:30:00'), 'domenica 25 ottobre 2026, 09:00–09:30 (Europe/Rome, UTC+1)')
  t.equal(period('2026-10-25T00:30:00Z', '2026-10-25T00:45:00Z').start, 'domenica 25 ottobre 2026, 02:30 (UTC+2)')
  t.equal(period('2026-10-25T01:30:00Z', '2026-10-25T01:45:00Z').start, 'domenica 25 ottobre 2026, 02:30 (UTC+1)')
})

t.test('in the night in which clocks are put forward the hour that is missing is not written', async (t) => {
  const spring = (start: string, end: string) => period(`2027-03-28T${start}Z`, `2027-03-28T${end}Z`).when
  t.equal(spring('00:00:00', '00:30:00'), 'domenica 28 marzo 2027, 01:00–01:30 (Europe/Rome, UTC+1)')
  t.equal(spring('00:45:00', '01:15:00'), 'domenica 28 marzo 2027, 01:45 UTC+1 – 03:15 UTC+2 (Europe/Rome)')
  t.equal(spring('01:00:00', '01:30:00'), 'domenica 28 marzo 2027, 03:00–03:30 (Europe/Rome, UTC+2)')
  t.equal(spring('08:00:00', '08:30:00'), 'domenica 28 marzo 2027, 10:00–10:30 (Europe/Rome, UTC+2)')
})

t.test('an end on another day has its day', async (t) => {
  t.equal(period('2026-12-31T22:30:00Z', '2026-12-31T23:30:00Z').when, 'giovedì 31 dicembre 2026, 23:30 – venerdì 1 gennaio 2027, 00:30 (Europe/Rome, UTC+1)')
  t.equal(period('2026-10-24T21:30:00Z', '2026-10-25T02:00:00Z').when, 'sabato 24 ottobre 2026, 23:30 UTC+2 – domenica 25 ottobre 2026, 03:00 UTC+1 (Europe/Rome)')
})

t.test('two people in two zones read the same instant by their own clocks', async (t) => {
  const when = (zone: string) => period('2026-11-23T23:00:00Z', '2026-11-23T23:30:00Z', zone, 'en').when
  t.equal(when('America/St_Johns'), 'Monday, 23 November 2026, 19:30–20:00 (America/St_Johns, UTC-3:30)')
  t.equal(when('Asia/Kolkata'), 'Tuesday, 24 November 2026, 04:30–05:00 (Asia/Kolkata, UTC+5:30)')
  t.equal(when('Europe/London'), 'Monday, 23 November 2026, 23:00–23:30 (Europe/London, UTC)')
  t.equal(when('UTC'), 'Monday, 23 November 2026, 23:00–23:30 (UTC)')
})

t.test('a zone that is none is read as UTC, and says so', async (t) => {
  for (const zone of ['Mars/Olympus', '', 'Europe/Rome; x', '__proto__']) {
    t.equal(period('2026-11-23T23:00:00Z', '2026-11-23T23:30:00Z', zone, 'en').when, 'Monday, 23 November 2026, 23:00–23:30 (UTC)')
  }
})

t.test('how long until then is told in minutes, hours and days', async (t) => {
  t.same([1, 10, 60, 90, 120, 1440, 2880].map((minutes) => startsIn(minutes, 'en')), [
    'in 1 minute', 'in 10 minutes', 'in 1 hour', 'in 90 minutes', 'in 2 hours', 'in 24 hours', 'in 2 days'
  ])
  t.same((['de', 'es', 'fr', 'it'] as const).map((language) => startsIn(1440, language)), ['in 24 Stunden', 'dentro de 24 horas', 'dans 24 heures', 'tra 24 ore'])
})
