import t from 'tap'
import { leastCapabilities } from '../../lib/providers/provider.ts'
import { ProviderUnavailable, StorageTimeout } from '../../lib/errors.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { describeSession } from '../../lib/teleconsultations/describe-session.ts'
import { accessGiver } from '../../lib/teleconsultations/give-access.ts'
import { reconcile } from '../../lib/teleconsultations/reconcile.ts'
import { endSession } from '../../lib/teleconsultations/session-call.ts'
import { invite, removeFromSession, setPermissions } from '../../lib/teleconsultations/session-people.ts'
import type { Ports, Settings } from '../../lib/teleconsultations/ports.ts'
import { DATES, PAIR, person, world } from '../support/operations.ts'
import { after, NOON } from '../support/service.ts'

/** A booked session at a provider that is told of everything while the call runs, and what it was told. */
async function booked (settings: Partial<Settings> = {}) {
  const parts = world(settings)
  const told: string[] = []
  const failures: Error[] = []
  const hear = (what: string) => {
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    told.push(what)
  }
  const ports: Ports = {
    ...parts.ports,
    provider: {
      ...parts.ports.provider,
      capabilities: { ...leastCapabilities, maxParticipants: 25, access: 'minted-link', tools: new Set(['chat']), toolScope: 'participant', roomChange: 'change', endCall: true, livePermissions: true, removal: 'now' },
      changeRoom: async () => 'changed',
      setPermissions: async (_room, { externalId, tools, revocations = 0 }) => { hear(`${externalId} ${[...tools].join('+')} ${revocations}`) },
      removeParticipant: async (_room, { externalId }) => { hear(`${externalId} goes`) },
      endCall: async () => { hear('the call ends') }
    }
  }
  const { id } = await createTeleconsultation(ports, async () => PAIR, DATES, parts.context, undefined, { owner: 'doctor', organisation: 'acme' })
  const standing = () => parts.documents.get(id)?.control.session?.standings?.find(({ externalId }) => externalId === 'patient')
  return { ...parts, ports, id, told, failures, standing, session: () => parts.documents.get(id)?.control.session }
}

/** Long after whatever was sent can still arrive. */
const LATER = after(NOON, 5)

t.test('a decision whose answer got lost is made once', async (t) => {
  const { ports, context, id, fail, standing, told } = await booked()
  fail('replaceIfUnchanged', new StorageTimeout(), true)
  t.match(await setPermissions(ports, id, 'patient', { canChat: true }, context), { takesEffect: 'now' })
  fail('replaceIfUnchanged', new StorageTimeout(), true)
  t.match(await setPermissions(ports, id, 'patient', { canChat: false }, context), { takesEffect: 'now' })
  t.match(standing(), { permissions: { canChat: false }, revocations: 1 })
  t.same(told, ['patient chat 0', 'patient  1'])
  fail('replaceIfUnchanged', new StorageTimeout(), true)
  t.match(await removeFromSession(ports, id, 'patient', context), { takesEffect: 'now' })
  t.match(standing(), { revocations: 2, link: 1 })
})

t.test('a decision that was not written is answered so, nobody is told of it, and it can be made again', async (t) => {
  const { ports, context, id, fail, standing, told } = await booked()
  for (const decide of [
    async () => await setPermissions(ports, id, 'patient', { canChat: true }, context), async () => await removeFromSession(ports, id, 'patient', context), async () => await endSession(ports, id, context)
  ]) {
    fail('replaceIfUnchanged', new StorageTimeout())
    await t.rejects(decide(), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  }
  t.same(told, [])
  t.equal(standing(), undefined)
  t.match(await removeFromSession(ports, id, 'patient', context), { takesEffect: 'now' })
  t.same(told, ['patient goes'])
})

t.test('of decisions at once none is lost, whatever comes between', async (t) => {
  const { ports, context, id, standing, session, documents } = await booked({ roomCreation: 'late' })
  const before = structuredClone(documents.get(id)?.content.startAt)
  await Promise.all([
    setPermissions(ports, id, 'patient', { canEndSession: true }, context),
    setPermissions(ports, id, 'doctor', { canEditSession: true }, context),
    describeSession(ports, id, { title: 'A' }, context),
    changeTeleconsultation(ports, id, undefined, { duration_in_seconds: 600 }, context)
  ])
  t.match(standing(), { permissions: { canEndSession: true } })
  t.match(session(), { title: 'A', owner: 'doctor', organisation: 'acme', standings: [{}, {}] })
  t.same(documents.get(id)?.content.endAt, new Date(Number(before) + 600_000))
})

t.test('two ends at once are one end, and two removals at once one removal', async (t) => {
  const { ports, context, id, standing, session } = await booked({ roomCreation: 'late' })
  const removals = await Promise.allSettled([removeFromSession(ports, id, 'patient', context), removeFromSession(ports, id, 'patient', context)])
  t.same(removals.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  t.match(removals.find(({ status }) => status === 'rejected'), { reason: { code: 'PARTICIPANT_NOT_FOUND', statusCode: 404 } })
  t.match(standing(), { link: 1, revocations: 1 })
  await Promise.all([endSession(ports, id, context), endSession(ports, id, context)])
  t.equal(session()?.endedAt, NOON.getTime())
})

t.test('what the provider did not hear stands at once and is told by the reconciler, once', async (t) => {
  const { ports, context, id, failures, told, time, session } = await booked()
  failures.push(new ProviderUnavailable(), new ProviderUnavailable(), new ProviderUnavailable())
  t.match(await setPermissions(ports, id, 'doctor', { canChat: true }, context), { takesEffect: 'pending' })
  t.match(await removeFromSession(ports, id, 'patient', context), { takesEffect: 'pending' })
  t.match(await endSession(ports, id, context), { takesEffect: 'pending' })
  t.same(told, [])
  await t.rejects(accessGiver(ports).giveAccess(id, 'patient', {}, context), { code: 'UNAUTHORIZED_USER', statusCode: 401 })
  time.now = LATER
  failures.push(new ProviderUnavailable())
  await reconcile(ports, context)
  time.now = after(LATER, 5)
  t.match(await reconcile(ports, context), { failed: 0 })
  t.same([...told].sort(), ['doctor chat 0', 'patient goes', 'the call ends'])
  time.now = after(LATER, 10)
  t.match(await reconcile(ports, context), { told: 0, backlog: 0 })
  t.notOk(session()?.untoldEnd)
  t.notOk(session()?.standings?.some(({ untold }) => untold))
})

t.test('a decision whose note that the provider knows got lost is told again, which changes nothing', async (t) => {
  const { ports, context, id, told, time, standing, fail, vendor } = await booked()
  const { setPermissions: tell } = ports.provider
  const losing: Ports = { ...ports, provider: { ...ports.provider, setPermissions: async (...parts) => { await tell(...parts); fail('replaceIfUnchanged', new StorageTimeout()) } } }
  t.match(await setPermissions(losing, id, 'patient', { canChat: true }, context), { takesEffect: 'now' })
  t.equal(standing()?.untold, true)
  time.now = LATER
  await reconcile(ports, context)
  t.same(told, ['patient chat 0', 'patient chat 0'])
  t.notOk(standing()?.untold)
  t.equal(vendor.rooms.size, 1)
})

t.test('a later decision is what the provider knows in the end, whichever was told late', async (t) => {
  const { ports, context, id, failures, told, time } = await booked()
  failures.push(new ProviderUnavailable())
  t.match(await setPermissions(ports, id, 'patient', { canChat: true }, context), { takesEffect: 'pending' })
  t.match(await setPermissions(ports, id, 'patient', { canChat: false }, context), { takesEffect: 'now' })
  time.now = LATER
  await reconcile(ports, context)
  t.equal(told.at(-1), 'patient  1')
  t.notOk(told.includes('patient chat 0'))
})

t.test('three replicas that tell at once tell one thing', async (t) => {
  const { ports, context, id, failures, told, time } = await booked()
  failures.push(new ProviderUnavailable())
  await removeFromSession(ports, id, 'patient', context)
  time.now = LATER
  await Promise.all([1, 2, 3].map(async () => await reconcile(ports, context)))
  t.same(new Set(told), new Set(['patient goes']))
  time.now = after(LATER, 5)
  t.match(await reconcile(ports, context), { told: 0, backlog: 0, failed: 0 })
})

t.test('whoever is invited, removed and invited again has a link number and a revocation more each time', async (t) => {
  const { ports, context, id, standing, time } = await booked()
  time.now = after(NOON, 61)
  await accessGiver(ports).giveAccess(id, 'patient', {}, context)
  for (const round of [1, 2, 3]) {
    await removeFromSession(ports, id, 'patient', context)
    await invite(ports, id, { person: person('patient') }, context)
    t.match(standing(), { link: round, removedAt: undefined })
  }
  t.ok((standing()?.revocations ?? 0) >= 3)
  t.equal((await accessGiver(ports).giveAccess(id, 'patient', {}, context)).access?.kind, 'url')
})

t.test('while another operation holds the document a decision waits its turn, and one of a deleted session is none', async (t) => {
  const { ports, context, id, vendor, documents } = await booked()
  let isHeld = false
  vendor.hooks.create = async (make) => {
    isHeld = true
    await t.rejects(setPermissions(ports, id, 'patient', { canEndSession: true }, context), { code: 'OPERATION_IN_PROGRESS', statusCode: 409 })
    return make()
  }
  const document = documents.get(id)
  if (document !== undefined) document.control.room = undefined
  await changeTeleconsultation(ports, id, async () => ({ number: 2, people: [person('doctor', 'plus'), person('other')] }), {}, context)
  t.equal(isHeld, true)
  if (document !== undefined) document.control.phase = 'DELETING'
  for (const decision of [endSession(ports, id, context), removeFromSession(ports, id, 'other', context), describeSession(ports, id, { title: 'A' }, context)]) {
    await t.rejects(decision as Promise<unknown>, { code: 'TELECONSULTATION_NOT_FOUND', statusCode: 404 })
  }
})
