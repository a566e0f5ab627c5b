import type { Test } from 'tap'
import type { RoomParticipant, RoomState } from '../../lib/providers/provider.ts'
import { areUnsupported, enter, HOUR_MS, person, runs, seated, signal, spec, wayIn, type Check, type ConformanceSubject } from '../support/conformance-subject.ts'

/** What the contract promises of people whose calls are over and who are forgotten. */
export async function forgettingConformance (check: Check): Promise<void> {
  await check('of who is forgotten nothing is kept, and of all others everything; the rooms stay', async (t, subject) => {
    const { provider } = subject
    const { a, b, room } = await past(subject)
    const before = await provider.getRoom(room, signal())
    if (!provider.capabilities.keepsPeople) return await cannotForget(t, subject, a)
    t.same([await keeps(subject, a), await keeps(subject, b)], [true, true])
    await provider.forgetPerson(a.providerUserId, signal())
    t.same([await keeps(subject, a), await keeps(subject, b)], [false, true])
    t.same(await provider.getRoom(room, signal()), before)
    await provider.forgetPerson(b.providerUserId, signal())
    t.equal(await keeps(subject, b), false)
    t.same(await provider.getRoom(room, signal()), before)
  })

  await check('who was forgotten takes part again under the same id', async (t, subject) => {
    const { provider } = subject
    const { a, b } = await past(subject)
    if (!provider.capabilities.keepsPeople) return await cannotForget(t, subject, a)
    await provider.forgetPerson(a.providerUserId, signal())
    t.same(await provider.ensureUser(person('a'), signal()), { providerUserId: a.providerUserId })
    const again = await provider.createRoom(spec(subject, 'd|2|1|1', [a, b]), signal())
    t.equal(await keeps(subject, a), true)
    await enter(t, subject, again, [await wayIn(subject, again, a), await wayIn(subject, again, b)])
    t.equal(await runs(subject, again), true)
  })

  await check('forgetting twice, or somebody who never was there, is fine', async (t, subject) => {
    const { provider } = subject
    const { a, b } = await past(subject)
    if (!provider.capabilities.keepsPeople) return await cannotForget(t, subject, a)
    const forget = async (id: string) => { await provider.forgetPerson(id, signal()) }
    await t.resolves(Promise.all([forget(a.providerUserId), forget(a.providerUserId)]))
    await t.resolves(forget(a.providerUserId))
    await t.resolves(forget(provider.accountOf(person('stranger'))))
    await t.resolves(forget(''), 'who has no id at the provider')
    t.same([await keeps(subject, a), await keeps(subject, b)], [false, true])
  })

  await check('a room to come is there for the others when somebody is forgotten', async (t, subject) => {
    const { provider, call } = subject
    const [a, b] = await pair(subject)
    const room = await provider.createRoom(spec(subject, 'd|1|1|1', [a, b]), signal())
    const before = await provider.getRoom(room, signal())
    if (!provider.capabilities.keepsPeople) return await cannotForget(t, subject, a)
    await provider.forgetPerson(a.providerUserId, signal())
    t.same(await provider.getRoom(room, signal()), before)
    t.equal(await call.join(room, await wayIn(subject, room, b)), 'inside')
  })
}

async function cannotForget (t: Test, subject: ConformanceSubject, { providerUserId }: RoomParticipant): Promise<void> {
  await areUnsupported(t, subject, ({ forgetPerson }) => ({ forget: forgetPerson(providerUserId, signal()) }))
}

async function pair ({ provider }: ConformanceSubject): Promise<[RoomParticipant, RoomParticipant]> {
  const [a, b] = await seated(provider)
  if (a === undefined || b === undefined) throw new Error('both are seated')
  return [a, b]
}

/** Two people, and a room of theirs whose time was up an hour ago. */
async function past (subject: ConformanceSubject): Promise<{ a: RoomParticipant, b: RoomParticipant, room: RoomState }> {
  const [a, b] = await pair(subject)
  const endAt = new Date(subject.now().getTime() - HOUR_MS)
  const startAt = new Date(endAt.getTime() - HOUR_MS)
  const room = await subject.provider.createRoom({ ...spec(subject, 'd|1|1|1', [a, b]), startAt, endAt, durationSeconds: 3600 }, signal())
  return { a, b, room }
}

async function keeps ({ keeps }: ConformanceSubject, { providerUserId }: RoomParticipant): Promise<boolean> {
  if (keeps === undefined) throw new Error('where keepsPeople is on, the subject can tell what is kept')
  return await keeps(providerUserId)
}
