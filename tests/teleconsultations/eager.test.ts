import t from 'tap'
import { ProviderTimeout, ProviderUnavailable, StorageTimeout } from '../../lib/errors.ts'
import { addParticipant, changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { accessGiver } from '../../lib/teleconsultations/give-access.ts'
import { removeTeleconsultation } from '../../lib/teleconsultations/remove.ts'
import { after, NOON } from '../support/service.ts'
import { DATES, PAIR, person, world } from '../support/operations.ts'

const OTHERS = { number: 2, people: [person('doctor', 'plus'), person('other')] }

t.test('a complete booking has its room and its links in the document', async (t) => {
  const { ports, context, documents, vendor } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  const stored = documents.get(id)
  t.match(stored?.control, { phase: 'READY', operation: undefined, room: { providerRoomId: 'room-1', marker: `test|${id}|op-1|1` } })
  t.same(stored?.content.participants.map(({ accessLinkURL }) => accessLinkURL), ['https://vendor.example/room-1/usr_doctor', 'https://vendor.example/room-1/usr_patient'])
  t.equal(vendor.rooms.size, 1)
})

t.test('the intent is durable before the room is made', async (t) => {
  const { ports, context, documents, vendor } = world()
  vendor.hooks.create = async (make) => {
    const [document] = documents.values()
    t.match(document?.control, { operation: { id: 'op-1', kind: 'create', epoch: 1 }, room: undefined })
    return make()
  }
  await createTeleconsultation(ports, async () => (PAIR), DATES, context)
})

t.test('an incomplete booking makes no room', async (t) => {
  const { ports, context, vendor } = world()
  await createTeleconsultation(ports, async () => ({ number: 3, people: PAIR.people }), DATES, context)
  t.equal(vendor.calls.length, 0)
})

t.test('a provider that refuses leaves no booking', async (t) => {
  const { ports, context, documents, vendor } = world()
  vendor.hooks.create = async () => { throw new ProviderUnavailable() }
  await t.rejects(createTeleconsultation(ports, async () => (PAIR), DATES, context), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
  t.ok([...documents.values()].every(({ trashed, control }) => trashed && control.phase === 'DELETING'))
})

t.test('a room whose answer was lost is remembered by its marker', async (t) => {
  const { ports, context, documents, vendor } = world()
  vendor.hooks.create = async (make) => { make(); throw new ProviderTimeout() }
  await t.rejects(createTeleconsultation(ports, async () => (PAIR), DATES, context), { code: 'PROVIDER_TIMEOUT', statusCode: 504 })
  t.match([...documents.values()][0]?.control.garbage, [{ marker: 'test|doc-1|op-1|1' }])
})

t.test('a change makes the new room first, switches, then deletes the old one', async (t) => {
  const { ports, context, documents, vendor, quiet } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  vendor.hooks.create = async (make) => {
    t.ok(vendor.rooms.has('room-1'), 'the old room stands')
    t.same(documents.get(id)?.content.participants.map(({ userExternalId }) => userExternalId), ['doctor', 'patient'], 'and the old content')
    return make()
  }
  await changeTeleconsultation(ports, id, async () => (OTHERS), {}, context)
  await quiet()
  t.same([...vendor.rooms.keys()], ['room-2'])
  t.same(documents.get(id)?.content.participants.map(({ userExternalId }) => userExternalId), ['doctor', 'other'])
  t.same(documents.get(id)?.control.garbage, [])
})

t.test('a change whose room cannot be made leaves room and content as they were', async (t) => {
  const { ports, context, documents, vendor } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  const before = structuredClone(documents.get(id)?.content)
  vendor.hooks.create = async () => { throw new ProviderUnavailable() }
  await t.rejects(changeTeleconsultation(ports, id, async () => (OTHERS), {}, context), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
  t.same(documents.get(id)?.content, before)
  t.match(documents.get(id)?.control, { phase: 'READY', operation: undefined, room: { providerRoomId: 'room-1' } })
  t.ok(vendor.rooms.has('room-1'))
})

t.test('new dates alone touch no room where the call is without limit, and replace it where it is limited', async (t) => {
  for (const unlimited of [true, false]) {
    const { ports, context, vendor, quiet } = world({ unlimited })
    const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
    await changeTeleconsultation(ports, id, undefined, { duration_in_seconds: 3600 }, context)
    await quiet()
    t.same([...vendor.rooms.keys()], [unlimited ? 'room-1' : 'room-2'])
  }
})

t.test('the participant who completes the list brings the room', async (t) => {
  const { ports, context, documents, vendor } = world()
  const { id } = await createTeleconsultation(ports, async () => ({ number: 2, people: [person('doctor', 'plus')] }), DATES, context)
  await addParticipant(ports, id, person('patient'), context)
  t.equal(vendor.rooms.size, 1)
  t.match(documents.get(id)?.control, { phase: 'READY', room: { providerRoomId: 'room-1' } })
})

t.test('two changes at once never leave a room that no document names', async (t) => {
  const { ports, context, documents, vendor, quiet } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  const outcomes = await Promise.allSettled([
    changeTeleconsultation(ports, id, async () => (OTHERS), {}, context),
    changeTeleconsultation(ports, id, async () => ({ number: 2, people: [person('doctor', 'plus'), person('third')] }), {}, context)
  ])
  await quiet()
  t.ok(outcomes.some(({ status }) => status === 'fulfilled'))
  for (const outcome of outcomes) if (outcome.status === 'rejected') t.match(outcome.reason, { code: 'OPERATION_IN_PROGRESS', statusCode: 409 })
  t.same([...vendor.rooms.keys()], [documents.get(id)?.control.room?.providerRoomId])
})

t.test('an operation whose lease ran out is set aside, its room with it', async (t) => {
  const { ports, context, documents, vendor, time, fail, quiet } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  // The process dies between making the room and publishing it: neither commit nor read-back comes to pass.
  vendor.hooks.create = async (make) => {
    const room = make()
    fail('replaceIfUnchanged', new StorageTimeout())
    fail('get', new StorageTimeout())
    return room
  }
  await t.rejects(changeTeleconsultation(ports, id, async () => (OTHERS), {}, context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  t.equal(vendor.rooms.size, 2)
  delete vendor.hooks.create
  await t.rejects(changeTeleconsultation(ports, id, async () => (OTHERS), {}, context), { code: 'OPERATION_IN_PROGRESS', statusCode: 409 }, 'the lease holds')
  time.now = new Date(NOON.getTime() + 31_000)
  await changeTeleconsultation(ports, id, async () => (OTHERS), {}, context)
  await quiet()
  t.same([...vendor.rooms.keys()], [documents.get(id)?.control.room?.providerRoomId])
  t.equal(documents.get(id)?.control.epoch, 3)
})

t.test('a commit whose answer was lost counts when it reads back', async (t) => {
  const { ports, context, vendor, fail, documents } = world()
  vendor.hooks.create = async (make) => { fail('replaceIfUnchanged', new StorageTimeout(), true); return make() }
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  t.match(documents.get(id)?.control, { phase: 'READY', room: { providerRoomId: 'room-1' } })
})

t.test('a room that comes after its document was deleted is deleted too', async (t) => {
  const { ports, context, vendor, quiet } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  vendor.hooks.create = async (make) => {
    await removeTeleconsultation(ports, id, context)
    return make()
  }
  await t.rejects(changeTeleconsultation(ports, id, async () => (OTHERS), {}, context), { code: 'CONCURRENT_CHANGE', statusCode: 409 })
  await quiet()
  t.equal(vendor.rooms.size, 0)
})

t.test('the first link seals: later changes are refused whatever the clock says', async (t) => {
  const { ports, context, time, documents } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  time.now = after(NOON, 61)
  const { access } = await accessGiver(ports).giveAccess(id, 'patient', {}, context)
  t.equal(access?.url, 'https://vendor.example/room-1/usr_patient')
  t.equal(documents.get(id)?.control.sealed, true)
  time.now = NOON
  await t.rejects(changeTeleconsultation(ports, id, async () => (OTHERS), {}, context), { code: 'IMMUTABLE_PERIOD', statusCode: 409 })
})

t.test('a change that is under way when the window opens does not give a link that dies', async (t) => {
  const { ports, context, time, vendor, documents } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  time.now = after(NOON, 59.9)
  vendor.hooks.create = async (make) => {
    time.now = after(NOON, 60)
    const { access } = await accessGiver(ports).giveAccess(id, 'doctor', {}, context)
    t.equal(access, null, 'not while the room may still be replaced')
    return make()
  }
  await changeTeleconsultation(ports, id, async () => (OTHERS), {}, context)
  const { access } = await accessGiver(ports).giveAccess(id, 'doctor', {}, context)
  t.equal(access?.url, `https://vendor.example/${documents.get(id)?.control.room?.providerRoomId}/usr_doctor`)
})

t.test('what cannot be deleted at the provider now stays decided, and another DELETE finishes it', async (t) => {
  const { ports, context, vendor, documents } = world()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  vendor.hooks.remove = async () => { throw new ProviderUnavailable() }
  await removeTeleconsultation(ports, id, context)
  await t.rejects(accessGiver(ports).giveAccess(id, 'doctor', {}, context), { code: 'TELECONSULTATION_NOT_FOUND', statusCode: 404 })
  delete vendor.hooks.remove
  await removeTeleconsultation(ports, id, context)
  t.equal(vendor.rooms.size, 0)
  t.equal(documents.get(id)?.trashed, true)
})
