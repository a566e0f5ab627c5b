import t from 'tap'
import { ProviderTimeout, ProviderUnavailable, StorageTimeout } from '../../lib/errors.ts'
import { changeTeleconsultation } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { accessGiver } from '../../lib/teleconsultations/give-access.ts'
import { reconcile } from '../../lib/teleconsultations/reconcile.ts'
import { removeTeleconsultation } from '../../lib/teleconsultations/remove.ts'
import type { Settings } from '../../lib/teleconsultations/ports.ts'
import { after, NOON } from '../support/service.ts'
import { DATES, PAIR, person, world } from '../support/operations.ts'

const OTHERS = async () => ({ number: 2, people: [person('doctor', 'plus'), person('other')] })
const NOTHING = { deletionsFinished: 0, operationsFinished: 0, operationsUndone: 0, garbageDeleted: 0, told: 0, orphansDeleted: 0, failed: 0, backlog: 0 }

/** A booked teleconsultation, and a switch that makes the process die after its next room is made. */
async function booked (settings: Partial<Settings> = {}) {
  const parts = world(settings)
  const { id } = await createTeleconsultation(parts.ports, async () => PAIR, DATES, parts.context)
  return {
    ...parts,
    id,
    dieWithRoom: () => {
      parts.vendor.hooks.create = async (make) => {
        const room = make()
        for (const method of ['replaceIfUnchanged', 'get'] as const) parts.fail(method, new StorageTimeout())
        delete parts.vendor.hooks.create
        return room
      }
    }
  }
}

t.test('where everything is at rest nothing is done', async (t) => {
  const { ports, context, vendor } = await booked()
  t.same(await reconcile(ports, context), NOTHING)
  t.equal(vendor.rooms.size, 1)
})

t.test('a change that died is undone after its lease: content and room of before stay, the new room goes', async (t) => {
  const { ports, context, vendor, id, dieWithRoom, time, documents } = await booked()
  const before = structuredClone(documents.get(id)?.content)
  dieWithRoom()
  await t.rejects(changeTeleconsultation(ports, id, OTHERS, {}, context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  t.same(await reconcile(ports, context), NOTHING, 'its lease holds')
  time.now = new Date(NOON.getTime() + 31_000)
  t.match(await reconcile(ports, context), { operationsUndone: 1, failed: 0 })
  t.same([...vendor.rooms.keys()], ['room-1'])
  t.same(documents.get(id)?.content, before)
  t.match(documents.get(id)?.control, { phase: 'READY', operation: undefined, garbage: [] })
  t.same(await reconcile(ports, context), NOTHING)
})

t.test('a booking that died before its answer is deleted with its room', async (t) => {
  const { ports, context, vendor, time, documents, fail } = world()
  vendor.hooks.create = async (make) => {
    const room = make()
    for (const method of ['replaceIfUnchanged', 'get'] as const) fail(method, new StorageTimeout())
    return room
  }
  await t.rejects(createTeleconsultation(ports, async () => PAIR, DATES, context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  time.now = new Date(NOON.getTime() + 31_000)
  t.match(await reconcile(ports, context), { operationsUndone: 1, failed: 0 })
  t.equal(vendor.rooms.size, 0)
  t.ok([...documents.values()].every(({ trashed }) => trashed))
})

t.test('an opening that died is finished: whoever asks next finds the room', async (t) => {
  const { ports, context, vendor, id, dieWithRoom, time, quiet } = await booked({ roomCreation: 'late' })
  time.now = after(NOON, 61)
  dieWithRoom()
  await t.rejects(accessGiver(ports).giveAccess(id, 'patient', {}, context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  time.now = after(NOON, 62)
  t.match(await reconcile(ports, context), { operationsFinished: 1, failed: 0 })
  await quiet()
  t.same([...vendor.rooms.keys()], ['room-2'])
  t.match((await accessGiver(ports).giveAccess(id, 'patient', {}, context)).access?.url, /room-2/)
})

t.test('a deletion that the provider refused is finished later', async (t) => {
  const { ports, context, vendor, id, documents } = await booked()
  vendor.hooks.remove = async () => { throw new ProviderUnavailable() }
  await removeTeleconsultation(ports, id, context)
  t.match(await reconcile(ports, context), { deletionsFinished: 0, failed: 1, backlog: 1 }, 'still refused')
  delete vendor.hooks.remove
  t.match(await reconcile(ports, context), { deletionsFinished: 1, failed: 0 })
  t.equal(vendor.rooms.size, 0)
  t.equal(documents.get(id)?.trashed, true)
})

t.test('a replaced room that could not be deleted is deleted later', async (t) => {
  const { ports, context, vendor, id, quiet } = await booked()
  vendor.hooks.remove = async () => { throw new ProviderTimeout() }
  await changeTeleconsultation(ports, id, OTHERS, {}, context)
  await quiet()
  t.equal(vendor.rooms.size, 2)
  delete vendor.hooks.remove
  t.match(await reconcile(ports, context), { garbageDeleted: 1, failed: 0 })
  t.same([...vendor.rooms.keys()], ['room-2'])
})

t.test('a room of ours that no document owns is deleted, a foreign or pending one is not', async (t) => {
  const { ports, context, vendor, id, time } = await booked()
  const plant = (providerRoomId: string, marker: string) => { vendor.rooms.set(providerRoomId, { providerRoomId, marker }) }
  plant('orphan', `test|${id}|op-of-long-ago|1`)
  plant('of a deleted document', 'test|doc-99|op-1|1')
  plant('foreign', 'staging|doc-1|op-1|1')
  plant('odd', 'test|doc-1')
  vendor.hooks.create = async (make) => {
    const room = make()
    t.match(await reconcile(ports, context), { orphansDeleted: 2, failed: 0 })
    t.ok(vendor.rooms.has(room.providerRoomId), 'the room of an operation under way')
    return room
  }
  await changeTeleconsultation(ports, id, OTHERS, {}, context)
  t.ok(['foreign', 'odd'].every((name) => vendor.rooms.has(name)))
  t.notOk(vendor.rooms.has('orphan'))
  time.now = after(NOON, 1)
  t.match(await reconcile(ports, context), { orphansDeleted: 0 })
})

t.test('without a name of its own a deployment looks for no orphans', async (t) => {
  const { ports, context, vendor } = await booked({ deletesOrphans: false })
  vendor.rooms.set('orphan', { providerRoomId: 'orphan', marker: 'test|doc-99|op-1|1' })
  t.same(await reconcile(ports, context), NOTHING)
  t.ok(vendor.rooms.has('orphan'))
})

t.test('three replicas that reconcile at once settle each thing, and nothing twice', async (t) => {
  const { ports, context, vendor, id, dieWithRoom, time, documents, quiet } = await booked()
  dieWithRoom()
  await t.rejects(changeTeleconsultation(ports, id, OTHERS, {}, context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  time.now = new Date(NOON.getTime() + 31_000)
  const runs = await Promise.all([1, 2, 3].map(() => reconcile(ports, context)))
  await quiet()
  t.equal(runs.reduce((sum, { operationsUndone }) => sum + operationsUndone, 0), 1)
  t.same([...vendor.rooms.keys()], [documents.get(id)?.control.room?.providerRoomId])
})

t.test('while the storage does not answer nothing is touched at the provider', async (t) => {
  const { ports, context, vendor, fail } = await booked()
  vendor.rooms.set('orphan', { providerRoomId: 'orphan', marker: 'test|doc-99|op-1|1' })
  fail('findUnsettled', new StorageTimeout())
  await t.rejects(reconcile(ports, context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  t.ok(vendor.rooms.has('orphan'))
})
