import t from 'tap'
import type { Letter } from '../../lib/domain/letters.ts'
import type { Control } from '../../lib/domain/teleconsultation.ts'
import { addParticipant, changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { removeTeleconsultation } from '../../lib/teleconsultations/remove.ts'
import { tellPeople, type Post, type Posted, type TellingOptions } from '../../lib/teleconsultations/tell-people.ts'
import { DATES, person } from '../support/operations.ts'
import { after, NOON, type Teardown } from '../support/service.ts'
import { storedWorld } from '../support/stored-operations.ts'

const reachable = (externalId: string, privilege: 'plus' | 'basic' = 'basic') => ({ ...person(externalId, privilege), email: `${externalId}@example.com` })
const PAIR = { number: 2, people: [reachable('doctor', 'plus'), reachable('patient')] }
const LEASE_MS = 5 * 60_000

/** Operations and rounds over a real storage, with a post that does what a test says. */
async function start (t: Teardown) {
  const made = await storedWorld(t)
  const { ports } = made
  const sent: Letter[] = []
  const hooks: { send?: (letter: Letter) => Promise<Posted> } = {}
  const post: Post = {
    async send (_document, letter) {
      sent.push(letter)
      return await hooks.send?.(letter) ?? 'sent'
    }
  }
  return {
    ...made,
    hooks,
    sent,
    round: async (options: Partial<TellingOptions> = {}) => await tellPeople(ports, { post, reminders: [1440, 10], atOnce: 3, ...options }, made.context),
    /** From now on letters are under way until they may go. */
    hold () {
      const [begun, go] = [gate(), gate()]
      hooks.send = async () => {
        begun.open()
        await go.opened
        return 'sent'
      }
      return { begun: begun.opened, go: go.open }
    },
    book: async (dates = DATES) => (await createTeleconsultation(ports, async () => PAIR, dates, made.context)).id,
    move: async (id: string, minutes: number) => await changeTeleconsultation(ports, id, undefined, { start_date: after(NOON, minutes).toISOString(), duration_in_seconds: 1800 }, made.context),
    mailOf: async (id: string) => (await ports.store.getAnywhere(id, made.context))?.control.mail,
    said: () => sent.map(({ kind, told }) => `${kind} ${told.externalId} ${told.sequence}`).sort()
  }
}

/** A promise, and what fulfils it. */
function gate () {
  let open = () => {}
  const opened = new Promise<void>((resolve) => { open = resolve })
  return { opened, open: () => { open() } }
}

t.test('a round tells everybody once, and the next one nobody', async (t) => {
  const { book, round, said, mailOf } = await start(t)
  const id = await book()
  t.same(await round(), { sent: 2, failed: 0, looked: 1 })
  t.same(said(), ['invitation doctor 0', 'invitation patient 0'])
  t.same(await round(), { sent: 0, failed: 0, looked: 0 })
  const mail = await mailOf(id)
  t.equal(mail?.due, after(NOON, 50).getTime())
  t.equal(mail?.heldUntil, undefined)
  t.same(mail?.told?.map(({ to }) => to).sort(), ['doctor@example.com', 'patient@example.com'])
})

t.test('several rounds at once send each letter once', async (t) => {
  const { book, round, sent } = await start(t)
  for (let i = 0; i < 20; i++) await book()
  const rounds = await Promise.all([round(), round(), round(), round()])
  t.equal(rounds.reduce((all, { sent }) => all + sent, 0), 40)
  t.equal(new Set(sent.map(({ id, told }) => `${told.externalId} ${id}`)).size, 2)
  t.equal(sent.length, 40)
})

t.test('a change while letters are under way is told once they are, and by nobody else before', async (t) => {
  const { book, move, round, said, hold, sent } = await start(t)
  const id = await book()
  const { begun, go } = hold()
  const first = round()
  await begun
  await move(id, 180)
  t.same(await round(), { sent: 0, failed: 0, looked: 0 }, 'another replica')
  go()
  await first
  await round()
  t.same(said(), ['change doctor 1', 'change patient 1', 'invitation doctor 0', 'invitation patient 0'])
  t.same(sent.slice(2).map(({ previous }) => previous?.startAt), [after(NOON, 60).getTime(), after(NOON, 60).getTime()])
})

t.test('what was sent is written down without disturbing an operation that began meanwhile', async (t) => {
  const { book, round, said, hold, vendor, ports, context } = await start(t)
  const id = await book()
  const [making, make] = [gate(), gate()]
  const { begun, go } = hold()
  vendor.hooks.create = async (made) => {
    making.open()
    await make.opened
    return made()
  }
  const first = round()
  await begun
  const other = { number: 2, people: [reachable('doctor', 'plus'), reachable('other')] }
  const changing = changeTeleconsultation(ports, id, async () => other, {}, context)
  await making.opened
  go()
  // Until it has seen the operation.
  const { getAnywhere } = ports.store
  const seen = gate()
  ports.store.getAnywhere = async (...given) => {
    const found = await getAnywhere(...given)
    seen.open()
    return found
  }
  await seen.opened
  make.open()
  t.same((await changing).content.participants.map(({ userExternalId }) => userExternalId), ['doctor', 'other'])
  await first
  t.match((await ports.store.get(id, context))?.control, { phase: 'READY', operation: undefined })
  await round()
  t.same(said(), ['cancellation patient 1', 'invitation doctor 0', 'invitation other 0', 'invitation patient 0'])
})

t.test('nobody is told of an operation that may still fail', async (t) => {
  const { book, round, sent, vendor } = await start(t)
  const [making, make] = [gate(), gate()]
  vendor.hooks.create = async (made) => {
    making.open()
    await make.opened
    return made()
  }
  const booking = book()
  await making.opened
  t.same(await round(), { sent: 0, failed: 0, looked: 0 })
  make.open()
  await booking
  await round()
  t.equal(sent.length, 2)
})

t.test('who comes into an incomplete list is told, and so is who is there when it is deleted', async (t) => {
  const { round, said, ports, context, mailOf } = await start(t)
  const { id } = await createTeleconsultation(ports, async () => ({ number: 4, people: PAIR.people.slice(0, 1) }), DATES, context)
  await round()
  await addParticipant(ports, id, reachable('patient'), context)
  await round()
  await removeTeleconsultation(ports, id, context)
  t.equal(await ports.store.get(id, context), undefined, 'it is in the trash')
  await round()
  t.same(said(), ['cancellation doctor 1', 'cancellation patient 1', 'invitation doctor 0', 'invitation patient 0'])
  t.same(await round(), { sent: 0, failed: 0, looked: 0 })
  t.equal((await mailOf(id))?.due, undefined)
})

t.test('who is deleted while letters are under way is told so afterwards', async (t) => {
  const { book, round, said, hold, ports, context } = await start(t)
  const id = await book()
  const { begun, go } = hold()
  const first = round()
  await begun
  await removeTeleconsultation(ports, id, context)
  go()
  await first
  await round()
  t.same(said(), ['cancellation doctor 1', 'cancellation patient 1', 'invitation doctor 0', 'invitation patient 0'])
})

t.test('what a replica that died had taken is sent by another one, as the same letter', async (t) => {
  const { book, round, sent, hooks, time } = await start(t)
  await book(DATES)
  const begun = gate()
  hooks.send = async () => {
    if (sent.length === 2) begun.open()
    return await new Promise<Posted>(() => {})
  }
  round().catch(() => {})
  await begun.opened
  const before = sent.splice(0)
  delete hooks.send
  time.now = new Date(NOON.getTime() + LEASE_MS - 1)
  t.same(await round(), { sent: 0, failed: 0, looked: 0 }, 'not while it may still be at it')
  time.now = new Date(NOON.getTime() + LEASE_MS)
  t.same(await round(), { sent: 2, failed: 0, looked: 1 })
  t.same(sent.map(({ id }) => id), before.map(({ id }) => id))
})

t.test('what failed is tried after a pause, and the others are not sent again', async (t) => {
  const { book, round, sent, hooks, time, mailOf, log } = await start(t)
  const id = await book()
  hooks.send = async ({ told }) => told.externalId === 'patient' ? { code: '450', isFinal: false } : 'sent'
  t.same(await round(), { sent: 1, failed: 1, looked: 1 })
  t.match(log, [/An e-mail could not be sent .*"code":"450"/])
  t.notMatch(log.join(''), /example\.com|patient/)
  t.same(await round(), { sent: 0, failed: 0, looked: 0 })
  t.match(await mailOf(id), { due: after(NOON, 1).getTime(), failures: [{ externalId: 'patient', count: 1, code: '450' }] })
  delete hooks.send
  time.now = after(NOON, 1)
  await round()
  t.same(sent.slice(2).map(({ told }) => told.externalId), ['patient'])
  t.same((await mailOf(id))?.failures, [])
})

t.test('a refused address is not tried again, and is known', async (t) => {
  const { book, round, sent, hooks, time, mailOf } = await start(t)
  const id = await book()
  hooks.send = async () => ({ code: '550', isFinal: true })
  await round()
  time.now = after(NOON, 40)
  await round()
  t.equal(sent.length, 2)
  t.match((await mailOf(id))?.failures, [{ code: '550', refused: true, count: 1 }, { code: '550', refused: true, count: 1 }])
})

t.test('attempts become rarer and end', async (t) => {
  const { book, round, sent, hooks, time, mailOf } = await start(t)
  const id = await book({ start_date: after(NOON, 30 * 24 * 60).toISOString(), duration_in_seconds: 1800 })
  hooks.send = async ({ told }) => told.externalId === 'patient' ? { code: 'ECONNECTION', isFinal: false } : 'sent'
  const pauses: number[] = []
  for (;;) {
    await round()
    const mail = await mailOf(id)
    if (mail?.failures?.some(({ refused }) => refused) === true || mail?.due === undefined) break
    pauses.push((mail.due - time.now.getTime()) / 60_000)
    time.now = new Date(mail.due)
  }
  t.same(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240])
  t.equal(sent.filter(({ told }) => told.externalId === 'patient').length, 12)
})

t.test('more than one batch is told by as many looks, those who are due the longest first', async (t) => {
  const { ports, context, round, sent, time } = await start(t)
  const control: Control = { phase: 'PENDING', sealed: false, epoch: 0, applied: ['made'], garbage: [], provider: 'memory' }
  const insert = async (externalId: string, due: number) => {
    const participants = [{ userExternalId: externalId, userBandyerId: `usr_${externalId}`, accessLinkURL: null, email: `${externalId}@example.com` }]
    const document = await ports.store.insert({ number: 1, participants, startAt: after(NOON, 60), endAt: after(NOON, 90) }, control, context)
    if (document !== 'duplicate') await ports.store.replaceMail(document, { due }, context)
  }
  for (let i = 0; i < 30; i++) await insert(`patient-${i}`, time.now.getTime() - i)
  const first = await round({ atOnce: 1 })
  t.same(sent.map(({ told }) => told.externalId), Array.from({ length: first.looked }, (_, i) => `patient-${29 - i}`))
  t.same([first, await round(), await round()].map(({ looked }) => looked), [25, 5, 0])
  t.equal(sent.length, 30)
})

t.test('who is closing finishes the letters under way, and the others are sent by the next one', async (t) => {
  const { book, round, sent, hold } = await start(t)
  for (let i = 0; i < 5; i++) await book()
  const { begun, go } = hold()
  const closing = new AbortController()
  const first = round({ signal: closing.signal })
  await begun
  closing.abort()
  go()
  const { sent: finished } = await first
  t.equal(finished, sent.length, 'those that were begun')
  t.ok(finished > 0 && finished <= 6, 'of three teleconsultations at most')
  t.match(await round(), { sent: 10 - finished })
  t.same(await round(), { sent: 0, failed: 0, looked: 0 }, 'and all that was sent is known')
})

t.test('who is closing amid the letters about one teleconsultation sends the others no more', async (t) => {
  const { book, round, said, mailOf } = await start(t)
  const id = await book()
  const closing = new AbortController()
  let turns = 0
  const pace = async () => { if (++turns === 2) closing.abort() }
  t.same(await round({ signal: closing.signal, pace }), { sent: 1, failed: 0, looked: 1 })
  t.match(await mailOf(id), { due: NOON.getTime(), heldUntil: undefined, told: [{ externalId: 'doctor' }] })
  await round()
  t.same(said(), ['invitation doctor 0', 'invitation patient 0'])
})

t.test('each letter waits for its turn', async (t) => {
  const { book, round, sent } = await start(t)
  for (let i = 0; i < 3; i++) await book()
  const turns: Array<() => void> = []
  const waits: Array<() => void> = []
  const pace = async () => {
    await new Promise<void>((resolve) => {
      turns.push(resolve)
      waits.shift()?.()
    })
  }
  const asked = async () => { if (turns.length === 0) await new Promise<void>((resolve) => { waits.push(resolve) }) }
  const rounds = round({ atOnce: 1, pace })
  for (let turn = 0; turn < 6; turn++) {
    await asked()
    t.equal(sent.length, turn)
    turns.shift()?.()
  }
  t.match(await rounds, { sent: 6 })
})
