import t from 'tap'
import { agendaOf, sequenceOf, type AgendaSession } from '../../lib/calendar/agenda.ts'
import { calendarText } from '../../lib/calendar/events.ts'
import type { Control } from '../../lib/domain/teleconsultation.ts'
import { after, NOON } from '../support/service.ts'
import { parsed } from './parsed.ts'

const CONTROL: Control = { phase: 'READY', sealed: false, epoch: 2, applied: ['op'], garbage: [], provider: 'embedded' }
const seat = (userExternalId: string, language?: string) => ({ userExternalId, userBandyerId: userExternalId, accessLinkURL: null, fullName: `Name of ${userExternalId}`, language })

const session = (changes: Partial<AgendaSession> = {}, control: Partial<Control> = {}): AgendaSession => ({
  id: '655f1e2a9c0b7d0012345678',
  content: { number: 2, participants: [seat('ada', 'it-IT'), seat('bo', 'en')], startAt: after(NOON, 10), endAt: after(NOON, 40) },
  version: { revision: 5 },
  updatedAt: after(NOON, -60),
  ...changes,
  control: { ...CONTROL, ...control }
})

const READER = { userId: 'ada', deployment: 'clinic', since: after(NOON, -1000), linkFor: (documentId: string, userId: string) => `https://clinic.example/join#${documentId}.${userId}` }
const agenda = (...sessions: AgendaSession[]) => agendaOf(sessions, READER)

t.test('an event says when and where to, in the person’s language, and that it may be changed', async (t) => {
  t.match(agenda(session()), {
    name: 'Appuntamenti in video',
    refreshSeconds: 900,
    events: [{
      uid: '655f1e2a9c0b7d0012345678@clinic',
      sequence: 7,
      stampedAt: after(NOON, -60),
      lastModifiedAt: after(NOON, -60),
      startAt: after(NOON, 10),
      endAt: after(NOON, 40),
      summary: 'Appuntamento in video',
      url: 'https://clinic.example/join#655f1e2a9c0b7d0012345678.ada',
      status: 'CONFIRMED',
      alarms: [600],
      isPrivate: true
    }]
  })
})

t.test('neither title nor description, kind, references or anybody’s name is in it', async (t) => {
  const described = { title: 'Oncology follow-up', description: 'Second cycle', kind: 'televisit' as const, types: ['Oncology'], references: { appointmentId: 'A-77', bookingCode: 'B-88' }, owner: 'dr-grey' }
  const text = calendarText(agenda(session({}, { session: described })))
  t.equal(parsed(text).events.length, 1)
  for (const secret of ['Oncology', 'Second', 'televisit', 'A-77', 'B-88', 'grey', 'Name of', 'bo']) t.notOk(text.includes(secret), secret)
})

t.test('a language that is not spoken is answered in English', async (t) => {
  for (const language of [undefined, 'xx', 'constructor', '__proto__', 'EN-gb']) {
    const content = { ...session().content, participants: [seat('ada', language)] }
    t.equal(agenda(session({ content })).events[0]?.summary, 'Video appointment')
  }
  t.equal(agenda().name, 'Video appointments')
})

t.test('what is deleted, ended, not booked yet or without him is not in it; a session that is being changed is', async (t) => {
  const others = { ...session().content, participants: [seat('bo')] }
  const creation = { id: 'o', kind: 'create' as const, epoch: 3, leaseUntil: 1, startedAt: 0 }
  for (const [reason, hidden] of Object.entries({
    deleted: session({}, { phase: 'DELETING' }),
    ended: session({}, { session: { endedAt: NOON.getTime() } }),
    removed: session({}, { session: { standings: [{ externalId: 'ada', removedAt: NOON.getTime() }] } }),
    'not booked': session({}, { operation: creation }),
    others: session({ content: others }),
    'owner without a seat': session({ content: others }, { session: { owner: 'ada' } })
  })) t.same(agenda(hidden).events, [], reason)
  t.equal(agenda(session({}, { operation: { ...creation, kind: 'change' } })).events.length, 1)
})

t.test('while somebody is missing it is tentative', async (t) => {
  t.equal(agenda(session({ content: { ...session().content, number: 3 } })).events[0]?.status, 'TENTATIVE')
})

t.test('the sequence rises with every write, with every change where nothing counts writes, and when counting begins', async (t) => {
  const official = (epoch: number) => ({ control: { ...CONTROL, epoch }, version: { updatedAt: NOON.toISOString(), bandyerRoomId: '', teleconsultationState: '' } })
  const declared = (epoch: number, revision: number) => ({ control: { ...CONTROL, epoch }, version: { revision } })
  const rising = [official(0), official(1), official(4), declared(4, 1), declared(4, 2), declared(5, 3)].map(sequenceOf)
  t.same(rising, [...new Set(rising)].sort((one, other) => one - other))
})

t.test('without a known time of change the storage’s stamp stands in, then the feed’s own time', async (t) => {
  const version = { updatedAt: after(NOON, -7).toISOString(), bandyerRoomId: '', teleconsultationState: undefined }
  t.match(agenda(session({ updatedAt: undefined, version })).events[0], { stampedAt: after(NOON, -7), lastModifiedAt: after(NOON, -7) })
  t.match(agenda(session({ updatedAt: undefined })).events[0], { stampedAt: READER.since, lastModifiedAt: undefined })
})
