import t from 'tap'
import { afterBouncing, afterFailing, afterSending, lettersDue, type Letter, type LetterRules, type Mail, type Round } from '../../lib/domain/letters.ts'
import { askedAgain } from '../../lib/domain/asked-again.ts'
import type { Session } from '../../lib/domain/session.ts'
import type { Content, Phase, StoredParticipant } from '../../lib/domain/teleconsultation.ts'
import { after, NOON } from '../support/service.ts'

const DAY = 24 * 60
const ADA: StoredParticipant = { userExternalId: 'ada', userBandyerId: '', accessLinkURL: null, fullName: 'Ada', email: 'ada@example.com', language: 'it', timeZone: 'Europe/Rome' }
const BEN: StoredParticipant = { userExternalId: 'ben', userBandyerId: '', accessLinkURL: null, fullName: 'Ben', email: 'ben@example.com' }

/** A visit, and what was said about it so far. */
interface Visit { content: Content, control: { phase: Phase, session?: Session | undefined, mail?: Mail | undefined } }

const visit = (startAt: Date, participants = [ADA, BEN]): Visit =>
  ({ content: { number: 2, participants, startAt, endAt: after(startAt, 30) }, control: { phase: 'READY' } })

const moved = (before: Visit, startAt: Date): Visit => ({ ...before, content: { ...before.content, startAt, endAt: after(startAt, 30) } })
const withPeople = (before: Visit, participants: StoredParticipant[]): Visit => ({ ...before, content: { ...before.content, participants } })
const withSession = (before: Visit, session: Session): Visit => ({ ...before, control: { ...before.control, session } })
const withMail = (before: Visit, change: (mail: Mail) => Mail): Visit => ({ ...before, control: { ...before.control, mail: change(before.control.mail ?? {}) } })

const rules = (now: Date, changes: Partial<LetterRules> = {}): LetterRules =>
  ({ now: now.getTime(), reminders: [DAY, 10], pauseAfter: (failures) => failures * 60_000, ...changes })
const look = (at: Visit, now: Date, changes?: Partial<LetterRules>) => lettersDue(at, rules(now, changes))
/** Who is told what. */
const said = ({ letters }: Round) => letters.map(({ kind, told, minutesBefore }) => `${kind} ${minutesBefore ?? ''} ${told.to} ${told.sequence}`.replace('  ', ' '))
const dueAt = ({ due }: Round) => due === undefined ? undefined : new Date(due).toISOString()
const sendAll = (at: Visit, now: Date): Visit => withMail(at, (mail) => look(at, now).letters.reduce(afterSending, mail))
/** What `at` keeps once the letters that were due in `before` were sent. */
const sendInto = (at: Visit, before: Visit): Visit => withMail(at, (mail) => look(before, NOON).letters.reduce(afterSending, mail))
const first = ({ letters: [letter] }: Round): Letter => {
  if (letter === undefined) throw new Error('nobody has to be told')
  return letter
}

const IN_THREE_DAYS = after(NOON, 3 * DAY)

t.test('everybody with an address is invited once', async (t) => {
  const booked = visit(IN_THREE_DAYS, [ADA, BEN, { ...BEN, userExternalId: 'cleo', email: undefined }])
  t.same(said(look(booked, NOON)), ['invitation ada@example.com 0', 'invitation ben@example.com 0'])
  t.match(first(look(booked, NOON)).told, { fullName: 'Ada', language: 'it', timeZone: 'Europe/Rome', startAt: IN_THREE_DAYS.getTime(), link: 0, at: NOON.getTime() })
  const told = look(sendAll(booked, NOON), NOON)
  t.same(said(told), [])
  t.equal(dueAt(told), after(IN_THREE_DAYS, -DAY).toISOString())
})

t.test('who came later is invited alone', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  t.same(said(look(withPeople(told, [ADA, BEN]), NOON)), ['invitation ben@example.com 0'])
})

t.test('other times are told to everybody, with those before', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS), NOON)
  const later = moved(told, after(IN_THREE_DAYS, 60))
  t.same(said(look(later, NOON)), ['change ada@example.com 1', 'change ben@example.com 1'])
  t.same(first(look(later, NOON)).previous, { startAt: IN_THREE_DAYS.getTime(), endAt: after(IN_THREE_DAYS, 30).getTime() })
  t.same(said(look(moved(later, IN_THREE_DAYS), NOON)), [], 'who moved it back before anybody was told is not written about')
  t.same(said(look({ ...told, content: { ...told.content, endAt: after(IN_THREE_DAYS, 45) } }, NOON)), ['change ada@example.com 1', 'change ben@example.com 1'], 'a longer one as well')
})

t.test('another name or language is no reason to write', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS), NOON)
  t.same(said(look(withPeople(told, [{ ...ADA, fullName: 'Ada R.', language: 'en' }, BEN]), NOON)), [])
})

t.test('whoever takes part no more is told so once', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS), NOON)
  const without: Record<string, Visit> = {
    'left out': withPeople(told, [ADA]),
    removed: withSession(told, { standings: [{ externalId: 'ben', removedAt: NOON.getTime() }] }),
    'without an address': withPeople(told, [ADA, { ...BEN, email: undefined }])
  }
  for (const [how, now] of Object.entries(without)) {
    t.same(said(look(now, NOON)), ['cancellation ben@example.com 1'], how)
    t.same(said(look(sendAll(now, NOON), NOON)), [], how)
  }
})

t.test('a visit that does not take place is called off for everybody', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS), NOON)
  const off: Record<string, Visit> = {
    deleted: { ...told, control: { ...told.control, phase: 'DELETING' } },
    'ended before the start': withSession(told, { endedAt: NOON.getTime() }),
    'not confirmed any more': withSession(told, { requested: true })
  }
  for (const [how, now] of Object.entries(off)) {
    t.same(said(look(now, NOON)), ['cancellation ada@example.com 1', 'cancellation ben@example.com 1'], how)
    const after = look(sendAll(now, NOON), NOON)
    t.same([said(after), after.due], [[], undefined], how)
  }
})

t.test('nobody is told of the end of a visit that has begun', async (t) => {
  const told = sendAll(visit(after(NOON, 30)), NOON)
  const begun = after(NOON, 40)
  t.same(look(withSession(told, { endedAt: begun.getTime() }), begun), { letters: [], due: undefined })
  t.same(look({ ...told, control: { ...told.control, phase: 'DELETING' } }, begun), { letters: [], due: undefined })
})

t.test('who was never told of it is not told that it does not take place', async (t) => {
  t.same(look({ ...visit(IN_THREE_DAYS), control: { phase: 'DELETING' } }, NOON), { letters: [], due: undefined })
  t.same(look(withSession(visit(IN_THREE_DAYS), { requested: true }), NOON), { letters: [], due: undefined })
})

t.test('who comes back after a cancellation is invited, with a higher number than it had', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS), NOON)
  const back = withPeople(sendAll(withPeople(told, [ADA]), NOON), [ADA, BEN])
  t.same(said(look(back, NOON)), ['invitation ben@example.com 2'])
})

t.test('reminders come a day and ten minutes before', async (t) => {
  let now = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  const dayBefore = after(IN_THREE_DAYS, -DAY)
  t.same(said(look(now, new Date(dayBefore.getTime() - 1))), [])
  t.same(said(look(now, dayBefore)), [`reminder ${DAY} ada@example.com 0`])
  now = sendAll(now, dayBefore)
  t.same(said(look(now, dayBefore)), [])
  t.equal(dueAt(look(now, dayBefore)), after(IN_THREE_DAYS, -10).toISOString())
  t.same(said(look(now, after(IN_THREE_DAYS, -10))), ['reminder 10 ada@example.com 0'])
  now = sendAll(now, after(IN_THREE_DAYS, -10))
  t.same(look(now, after(IN_THREE_DAYS, -5)), { letters: [], due: undefined })
})

t.test('who was told within a reminder’s time is not reminded', async (t) => {
  const told = sendAll(visit(after(NOON, 120), [ADA]), NOON)
  t.equal(dueAt(look(told, NOON)), after(NOON, 110).toISOString(), 'the next is that of ten minutes')
  const late = sendAll(visit(after(NOON, 10), [ADA]), NOON)
  t.same(look(late, NOON), { letters: [], due: undefined })
})

t.test('of several overdue reminders the latest is sent, and the others never', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  const now = after(IN_THREE_DAYS, -4)
  t.same(said(look(told, now)), ['reminder 10 ada@example.com 0'])
  t.same(look(sendAll(told, now), now), { letters: [], due: undefined })
})

t.test('nobody is reminded once it has begun', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  for (const minutes of [0, 1, 29, 30, 300]) t.same(said(look(told, after(IN_THREE_DAYS, minutes))), [], `${minutes} minutes after the start`)
})

t.test('nobody is reminded of a visit that was called off, or at its time before', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  const dayBefore = after(IN_THREE_DAYS, -DAY)
  t.same(said(look({ ...told, control: { ...told.control, phase: 'DELETING' } }, dayBefore)), ['cancellation ada@example.com 1'])
  const later = sendAll(moved(told, after(IN_THREE_DAYS, 2 * DAY)), NOON)
  t.same(said(look(later, dayBefore)), [])
  t.same(said(look(later, after(IN_THREE_DAYS, DAY))), [`reminder ${DAY} ada@example.com 1`])
  const unsent = moved(told, after(IN_THREE_DAYS, 1))
  t.same(said(look(unsent, dayBefore)), ['change ada@example.com 1'], 'the change says it')
})

t.test('a moved visit has its reminders anew', async (t) => {
  const dayBefore = after(IN_THREE_DAYS, -DAY)
  const reminded = sendAll(sendAll(visit(IN_THREE_DAYS, [ADA]), NOON), dayBefore)
  const later = sendAll(moved(reminded, after(IN_THREE_DAYS, 3 * DAY)), dayBefore)
  t.same(said(look(later, after(IN_THREE_DAYS, 2 * DAY))), [`reminder ${DAY} ada@example.com 1`])
})

t.test('reminders are those that are configured, or none', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  t.same(look(told, NOON, { reminders: [] }), { letters: [], due: undefined })
  t.equal(dueAt(look(told, NOON, { reminders: [5, 90, 30] })), after(IN_THREE_DAYS, -90).toISOString())
})

t.test('what is asked for again is what he has, under an id of its own', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  const asked = withMail(told, (mail) => ({ ...mail, told: (mail.told ?? []).map((one) => ({ ...one, again: 7 })) }))
  t.same(said(look(asked, NOON)), ['invitation ada@example.com 0'])
  t.equal(first(look(asked, NOON)).again, 7)
  t.not(first(look(asked, NOON)).id, first(look(visit(IN_THREE_DAYS, [ADA]), NOON)).id)
  t.same(said(look(sendAll(asked, NOON), NOON)), [])
})

t.test('another address and another link are an invitation', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS), NOON)
  t.same(said(look(withPeople(told, [{ ...ADA, email: 'ada@example.org' }, BEN]), NOON)), ['invitation ada@example.org 1'])
  const linked = withSession(told, { standings: [{ externalId: 'ada', link: 1 }] })
  t.same(said(look(linked, NOON)), ['invitation ada@example.com 1'])
  t.equal(first(look(linked, NOON)).told.link, 1)
})

t.test('what failed is tried again after a pause that grows', async (t) => {
  let now = visit(IN_THREE_DAYS, [ADA])
  for (const count of [1, 2, 3]) {
    const at = after(NOON, 60 * count)
    now = withMail(now, (mail) => afterFailing(mail, first(look(now, at)), { at: at.getTime(), code: '450', isFinal: false, most: 12 }))
    t.match(now.control.mail?.failures, [{ externalId: 'ada', count, code: '450' }])
    t.same(said(look(now, new Date(after(at, count).getTime() - 1))), [])
    t.equal(dueAt(look(now, at)), after(at, count).toISOString())
    t.same(said(look(now, after(at, count))), ['invitation ada@example.com 0'])
  }
  t.same(sendAll(now, after(NOON, 1000)).control.mail?.failures, [], 'the failures are forgotten')
})

t.test('what was refused for good, or too often, is never tried again, and stays known', async (t) => {
  for (const [isFinal, most] of [[true, 12], [false, 1]] as const) {
    const refused = withMail(visit(IN_THREE_DAYS), (mail) => afterFailing(mail, first(look(visit(IN_THREE_DAYS), NOON)), { at: NOON.getTime(), code: '550', isFinal, most }))
    t.same(said(look(refused, after(NOON, DAY))), ['invitation ben@example.com 0'])
    t.match(refused.control.mail?.failures, [{ externalId: 'ada', code: '550', refused: true }])
    t.same(said(look(withPeople(refused, [{ ...ADA, email: 'ada@example.org' }]), NOON)), ['invitation ada@example.org 0'], 'another address is tried at once')
  }
})

t.test('a failure of one letter holds up no other', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  const later = moved(told, after(IN_THREE_DAYS, 60))
  const failed = withMail(later, (mail) => afterFailing(mail, first(look(later, NOON)), { at: NOON.getTime(), code: '450', isFinal: false, most: 12 }))
  t.same(said(look(failed, NOON)), [])
  t.same(said(look(moved(failed, after(IN_THREE_DAYS, 120)), NOON)), ['change ada@example.com 1'], 'the state that was to be told is over')
  t.same(said(look({ ...failed, control: { ...failed.control, phase: 'DELETING' } }, NOON)), ['cancellation ada@example.com 1'])
})

const ADDRESS = 'ada@example.com'
const bounced = (at: Visit, status = '5.1.1', address = ADDRESS) => withMail(at, (mail) => afterBouncing(mail, { externalId: 'ada', to: ADDRESS }, { address, status, at: NOON.getTime() }) ?? mail)

t.test('nothing more is sent to an address that letters come back from, whatever is to be told', async (t) => {
  for (const address of [ADDRESS, 'ada@EXAMPLE.com']) {
    const told = bounced(sendAll(visit(IN_THREE_DAYS), NOON), '5.1.1', address)
    t.match(told.control.mail?.failures, [{ externalId: 'ada', of: address, code: '5.1.1', refused: true, bounced: true, count: 1, at: NOON.getTime() }])
    t.same(said(look(told, after(IN_THREE_DAYS, -DAY))), [`reminder ${DAY} ben@example.com 0`])
    t.same(said(look(moved(told, after(IN_THREE_DAYS, 60)), NOON)), ['change ben@example.com 1'])
    t.same(said(look({ ...told, control: { ...told.control, phase: 'DELETING' } }, NOON)), ['cancellation ben@example.com 1'])
    t.same(said(look(withSession(told, { standings: [{ externalId: 'ada', link: 1 }] }), NOON)), [], 'another link as well')
  }
})

t.test('to another address is sent again, and what came back from the one before is over then', async (t) => {
  const elsewhere = withPeople(bounced(sendAll(visit(IN_THREE_DAYS), NOON)), [{ ...ADA, email: 'ada@example.org' }, BEN])
  t.same(said(look(elsewhere, NOON)), ['invitation ada@example.org 1'])
  const told = sendAll(elsewhere, NOON)
  t.same(told.control.mail?.failures, [])
  t.same(said(look(told, after(IN_THREE_DAYS, -DAY))), [`reminder ${DAY} ada@example.org 1`, `reminder ${DAY} ben@example.com 0`])
})

t.test('a letter that was given up, or came back from where his address forwards to, holds up none after it', async (t) => {
  for (const [status, address] of [['4.4.7', ADDRESS], ['5.2.2', 'elsewhere@example.net'], ['5.1.1', 'Ada@example.com'], ['5.1.1', '']] as const) {
    const told = bounced(sendAll(visit(IN_THREE_DAYS, [ADA]), NOON), status, address)
    t.match(told.control.mail?.failures, [{ code: status, refused: true, bounced: true }], status)
    t.same(said(look(told, NOON)), [], 'nor is it sent once more')
    const reminded = look(told, after(IN_THREE_DAYS, -DAY))
    t.same(said(reminded), [`reminder ${DAY} ada@example.com 0`], status)
    t.same(sendAll(told, after(IN_THREE_DAYS, -DAY)).control.mail?.failures, [], 'the next one that is taken ends it')
  }
})

t.test('what is asked for while a letter is under way is sent after it, and what was asked for before it goes with it', async (t) => {
  const askedAt = (at: Visit, when: Date): Visit => withMail(at, (mail) => askedAgain(mail, 'ada', when))
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  const dayBefore = after(IN_THREE_DAYS, -DAY)
  const reminded = withMail(askedAt(told, dayBefore), (mail) => look(told, dayBefore).letters.reduce(afterSending, mail))
  t.same(said(look(reminded, after(dayBefore, 1))), ['invitation ada@example.com 0'])
  t.same(said(look(sendAll(reminded, after(dayBefore, 1)), after(dayBefore, 2))), [], 'once')

  const later = after(NOON, 5)
  const renewed = withSession(askedAt(told, later), { standings: [{ externalId: 'ada', link: 1 }] })
  t.same(said(look(renewed, later)), ['invitation ada@example.com 1'])
  t.same(said(look(sendAll(renewed, later), later)), [])
})

t.test('what comes back while its letter is being written down stays', async (t) => {
  const booked = visit(IN_THREE_DAYS, [ADA])
  const early = bounced(booked)
  t.match(sendInto(early, booked).control.mail, { told: [{ externalId: 'ada' }], failures: [{ code: '5.1.1', bounced: true }] })
  t.same(said(look(sendInto(early, booked), after(IN_THREE_DAYS, -DAY))), [])
  const failed = withMail(early, (mail) => afterFailing(mail, first(look(booked, NOON)), { at: NOON.getTime(), code: '450', isFinal: false, most: 12 }))
  t.match(failed.control.mail?.failures, [{ code: '5.1.1' }, { code: '450' }])
  t.same(said(look(failed, after(NOON, 5))), [])
})

t.test('what is being tried goes on when an earlier letter comes back', async (t) => {
  const told = sendAll(visit(IN_THREE_DAYS, [ADA]), NOON)
  const later = moved(told, after(IN_THREE_DAYS, 60))
  const failed = withMail(later, (mail) => afterFailing(mail, first(look(later, NOON)), { at: NOON.getTime(), code: '450', isFinal: false, most: 12 }))
  const both = bounced(failed, '4.4.7')
  t.match(both.control.mail?.failures, [{ code: '4.4.7', bounced: true }, { code: '450', count: 1 }])
  t.equal(dueAt(look(both, NOON)), dueAt(look(failed, NOON)))
})

t.test('the same word twice is known, and so is whatever comes after the word that nothing arrives', async (t) => {
  const again = (at: Visit, status: string, address: string) => afterBouncing(at.control.mail ?? {}, { externalId: 'ada', to: ADDRESS }, { address, status, at: NOON.getTime() + 1 })
  const told = sendAll(visit(IN_THREE_DAYS), NOON)
  t.equal(again(bounced(told), '5.1.1', ADDRESS), undefined)
  t.equal(again(bounced(told), '5.2.2', 'x@example.net'), undefined)
  t.equal(again(bounced(told, '4.4.7'), '4.4.7', ADDRESS), undefined)
  t.match(again(bounced(told, '4.4.7'), '5.1.1', ADDRESS)?.failures, [{ code: '5.1.1' }])
  t.equal(again(bounced(told, '4.4.7'), '5.1.1', ADDRESS)?.failures?.length, 1, 'in place of the one before')
  const ben = withMail(told, (mail) => afterBouncing(mail, { externalId: 'ben', to: 'ben@example.com' }, { address: 'ben@example.com', status: '5.1.1', at: 0 }) ?? mail)
  t.equal(again(ben, '5.1.1', ADDRESS)?.failures?.length, 2, 'beside another person’s')
})

t.test('a reminder of a day is 24 hours before, whatever clocks do in between', async (t) => {
  // 09:00 in Rome on the days on which clocks are put back, and on.
  for (const [start, dayBefore] of [
    ['2026-10-25T08:00:00.000Z', '2026-10-24T08:00:00.000Z'],
    ['2027-03-28T07:00:00.000Z', '2027-03-27T07:00:00.000Z']
  ] as const) {
    const startAt = new Date(start)
    const told = sendAll(visit(startAt, [ADA]), after(startAt, -7 * DAY))
    t.equal(dueAt(look(told, after(startAt, -7 * DAY))), dayBefore)
    t.equal(dueAt(look(sendAll(told, new Date(dayBefore)), new Date(dayBefore))), after(startAt, -10).toISOString())
  }
})

t.test('in the hour that comes twice, the second is another time than the first', async (t) => {
  // 02:30 in Rome, before and after clocks were put back.
  const [summer, winter] = [new Date('2026-10-25T00:30:00.000Z'), new Date('2026-10-25T01:30:00.000Z')]
  const told = sendAll(visit(summer, [ADA]), after(summer, -7 * DAY))
  t.same(said(look(moved(told, winter), after(summer, -7 * DAY))), ['change ada@example.com 1'])
})
