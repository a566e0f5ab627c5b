import t from 'tap'
import { ProviderUnavailable, StorageTimeout } from '../../lib/errors.ts'
import { addParticipant, changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { accessGiver } from '../../lib/teleconsultations/give-access.ts'
import { after, NOON } from '../support/service.ts'
import { DATES, PAIR, person, world } from '../support/operations.ts'

const late = () => world({ roomCreation: 'late' })
const patient = 'patient'

t.test('booking, changing and adding make no room', async (t) => {
  const { ports, context, vendor } = late()
  const { id } = await createTeleconsultation(ports, async () => ({ number: 3, people: PAIR.people }), DATES, context)
  await addParticipant(ports, id, person('third'), context)
  await changeTeleconsultation(ports, id, async () => (PAIR), { duration_in_seconds: 600 }, context)
  t.same(vendor.calls, [])
})

t.test('the first link makes the room, later ones find it', async (t) => {
  const { ports, context, vendor, time } = late()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  time.now = after(NOON, 61)
  const giver = accessGiver(ports)
  const links = await Promise.all(Array.from({ length: 10 }, () => giver.giveAccess(id, patient, {}, context)))
  t.same(new Set(links.map(({ access }) => access?.url)), new Set(['https://vendor.example/room-1/usr_patient']))
  t.same(vendor.calls, ['createRoom'])
})

t.test('two replicas that open at once make one room of record', async (t) => {
  const { ports, context, vendor, time, documents } = late()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  time.now = after(NOON, 61)
  await Promise.all([1, 2, 3].map(() => accessGiver(ports).giveAccess(id, patient, {}, context)))
  t.same([...vendor.rooms.keys()], [documents.get(id)?.control.room?.providerRoomId])
})

t.test('a provider that fails at the opening is an error now and a link at the next try', async (t) => {
  const { ports, context, vendor, time, documents, quiet } = late()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  time.now = after(NOON, 61)
  const giver = accessGiver(ports)
  vendor.hooks.create = async (make) => { make(); throw new ProviderUnavailable() }
  await t.rejects(giver.giveAccess(id, patient, {}, context), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
  t.equal(documents.get(id)?.control.sealed, true)
  delete vendor.hooks.create
  const { access } = await giver.giveAccess(id, patient, {}, context)
  await quiet()
  t.equal(access?.url, 'https://vendor.example/room-2/usr_patient')
  t.same([...vendor.rooms.keys()], ['room-2'], 'the room whose answer was lost is deleted')
})

t.test('a booking whose answer was lost is found again', async (t) => {
  const { ports, context, fail, documents } = late()
  fail('insert', new StorageTimeout(), true)
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  t.same([...documents.keys()], [id])
})

t.test('a change whose answer was lost is not made twice', async (t) => {
  const { ports, context, fail, documents } = late()
  const { id } = await createTeleconsultation(ports, async () => ({ number: 4, people: PAIR.people }), DATES, context)
  fail('appendWhileIncomplete', new StorageTimeout(), true)
  await addParticipant(ports, id, person('third'), context)
  t.equal(documents.get(id)?.content.participants.length, 3)
})

t.test('a write that certainly was not made is a time-out for the caller', async (t) => {
  const { ports, context, fail, documents } = late()
  const { id } = await createTeleconsultation(ports, async () => ({ number: 4, people: PAIR.people }), DATES, context)
  fail('appendWhileIncomplete', new StorageTimeout())
  await t.rejects(addParticipant(ports, id, person('third'), context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  t.equal(documents.get(id)?.content.participants.length, 2)
})

t.test('an opener that died is taken over when its lease is over', async (t) => {
  const { ports, context, vendor, time, fail, quiet } = late()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  time.now = after(NOON, 61)
  vendor.hooks.create = async (make) => {
    const room = make()
    fail('replaceIfUnchanged', new StorageTimeout())
    fail('get', new StorageTimeout())
    return room
  }
  const giver = accessGiver(ports)
  await t.rejects(giver.giveAccess(id, patient, {}, context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  delete vendor.hooks.create
  t.equal((await giver.giveAccess(id, patient, {}, context)).access, null, 'its lease holds')
  time.now = after(NOON, 62)
  t.equal((await giver.giveAccess(id, patient, {}, context)).access?.url, 'https://vendor.example/room-2/usr_patient')
  await quiet()
  t.same([...vendor.rooms.keys()], ['room-2'])
})

t.test('details that never come do not touch the link', async (t) => {
  const { ports, context, time } = late()
  const { id } = await createTeleconsultation(ports, async () => (PAIR), DATES, context)
  time.now = after(NOON, 61)
  ports.provider.getRoom = async () => await new Promise(() => {})
  const view = await accessGiver(ports).giveAccess(id, patient, {}, context)
  t.match(view.access?.url, /^https/)
  t.equal(view.details, undefined)
})
