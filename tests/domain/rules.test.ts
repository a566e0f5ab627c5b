import t from 'tap'
import { checkList, checkPlusUser, personOf, privilegeOf } from '../../lib/domain/participants.ts'
import { scheduleOf } from '../../lib/domain/schedule.ts'
import { garbageOf, isHeld, markerOf, remember, restingPhase, type Control } from '../../lib/domain/teleconsultation.ts'
import { linkFrom, mayChange, mayGiveLink } from '../../lib/domain/window.ts'

const AT = (text: string) => new Date(text)
const PRIVILEGES = { basic: { groups: new Set(['patient', 'both']), tools: new Set<never>() }, plus: { groups: new Set(['doctor', 'both']), tools: new Set<never>() } }

t.test('offsets are instants', async (t) => {
  const { startAt, endAt } = scheduleOf({ start_date: '2026-10-25T02:30:00+02:00', end_date: '2026-10-25T02:30:00+01:00' })
  t.equal(endAt.getTime() - startAt.getTime(), 3_600_000, 'the night of the change of clocks has that hour twice')
})

t.test('a span of exactly 5 minutes and of exactly 24 hours is allowed', async (t) => {
  t.ok(scheduleOf({ start_date: '2026-11-23T12:00:00Z', duration_in_seconds: 300 }))
  t.ok(scheduleOf({ start_date: '2026-11-23T12:00:00Z', end_date: '2026-11-24T12:00:00Z' }))
})

t.test('changes end and links begin around the same instant, a skew apart', async (t) => {
  const window = { periodMs: 60_000, skewMs: 250 }
  const start = AT('2026-11-23T12:00:00.000Z')
  t.equal(linkFrom(window, start).toISOString(), '2026-11-23T11:59:00.250Z')
  t.equal(mayGiveLink(window, start, AT('2026-11-23T11:59:00.249Z')), false)
  t.equal(mayGiveLink(window, start, AT('2026-11-23T11:59:00.250Z')), true)
  t.equal(mayChange(window, start, AT('2026-11-23T11:58:59.749Z')), true)
  t.equal(mayChange(window, start, AT('2026-11-23T11:58:59.750Z')), false)
})

t.test('no instant allows both a change and a link, however two clocks differ within the skew', async (t) => {
  const window = { periodMs: 1000, skewMs: 200 }
  const start = AT('2026-11-23T12:00:00.000Z')
  for (let offset = -2000; offset <= 2000; offset += 7) {
    for (const drift of [-200, -1, 0, 1, 200]) {
      const now = new Date(start.getTime() + offset)
      const elsewhere = new Date(now.getTime() + drift)
      t.notOk(mayGiveLink(window, start, now) && mayChange(window, start, elsewhere))
    }
  }
})

t.test('plus beats basic, and an unknown group is named', async (t) => {
  t.equal(privilegeOf(['patient', 'doctor'], PRIVILEGES, 'x'), 'plus')
  t.equal(privilegeOf(['both'], PRIVILEGES, 'x'), 'plus')
  t.equal(privilegeOf(['patient'], PRIVILEGES, 'x'), 'basic')
  t.throws(() => privilegeOf(['patient', 'wizard'], PRIVILEGES, 'groups'), { code: 'UNKNOWN_GROUP', message: /"wizard"/ })
})

t.test('`group` and `groups` add up, each once', async (t) => {
  t.same(personOf({ userExternalId: 'a', groups: ['patient'], group: 'patient', fullName: 'A' }, PRIVILEGES, '').groups, ['patient'])
  t.same(personOf({ userExternalId: 'a', groups: ['patient'], group: 'doctor', fullName: 'A' }, PRIVILEGES, '').privilege, 'plus')
})

t.test('a list is judged by its ids and its number', async (t) => {
  checkList(['a', 'b'], 2)
  t.throws(() => { checkList(['a', 'a'], 2) }, { code: 'DUPLICATE_PARTICIPANT' })
  t.throws(() => { checkList(['a', 'b', 'c'], 2) }, { code: 'TOO_MANY_PARTICIPANTS' })
  checkPlusUser(['basic'], 2, 'x')
  t.throws(() => { checkPlusUser(['basic', 'basic'], 2, 'POST /teleconsultation') }, { code: 'NO_PLUS_USER' })
})

t.test('the phase at rest follows from content and room', async (t) => {
  const content = { number: 2, participants: [], startAt: AT('2026-11-23T12:00:00Z'), endAt: AT('2026-11-23T12:30:00Z') }
  const participant = { userBandyerId: 'x', accessLinkURL: null }
  t.equal(restingPhase(content, undefined), 'INCOMPLETE')
  t.equal(restingPhase({ ...content, participants: [participant, participant] }, undefined), 'PENDING')
  t.equal(restingPhase(content, { providerRoomId: 'r' }), 'READY')
})

t.test('the ring of accepted operations forgets the oldest', async (t) => {
  const ring = Array.from({ length: 40 }, (_, index) => `op-${index}`).reduce<string[]>((applied, id) => remember(applied, id), [])
  t.equal(ring.length, 32)
  t.equal(ring.at(-1), 'op-39')
})

t.test('an operation holds its document until its lease is over', async (t) => {
  const operation = { id: 'o', kind: 'change' as const, epoch: 2, startedAt: 0, leaseUntil: 1000 }
  const control: Control = { phase: 'READY', sealed: false, operation, epoch: 2, applied: [], garbage: [], provider: 'x' }
  t.equal(isHeld(control, new Date(999)), true)
  t.equal(isHeld(control, new Date(1000)), false)
  t.equal(markerOf('dep', 'doc', operation), 'dep|doc|o|2')
  t.same(garbageOf('dep', 'doc', operation), { marker: 'dep|doc|o|2', since: 0 })
})
