import t from 'tap'
import { ProviderTimeout, StorageTimeout } from '../../lib/errors.ts'
import { addParticipant } from '../../lib/teleconsultations/change.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import type { Ports } from '../../lib/teleconsultations/ports.ts'
import type { Teleconsultation } from '../../lib/domain/teleconsultation.ts'
import { DATES, PAIR, person, world } from '../support/operations.ts'

t.test('a booking whose publication went unanswered keeps its room where the insert told no updatedAt: it may be published yet', async (t) => {
  const { ports, context, vendor } = world()
  const inserted = { bandyerRoomId: '', teleconsultationState: 'PENDING;{}' }
  let stored: Teleconsultation | undefined
  const store: Ports['store'] = {
    ...ports.store,
    insert: async (content, control) => {
      const document: Teleconsultation = { id: 'doc-1', content, control, version: { ...inserted, updatedAt: undefined } }
      stored = { ...document, version: { ...inserted, updatedAt: '2026-11-23T12:00:00.000Z' } }
      return document
    },
    get: async () => stored,
    replaceIfUnchanged: async () => { throw new StorageTimeout() }
  }
  await t.rejects(createTeleconsultation({ ...ports, store }, async () => PAIR, DATES, context), { code: 'STORAGE_TIMEOUT', statusCode: 504 })
  t.same([...vendor.rooms.keys()], ['room-1'])
})

t.test('a booking that fails because an answer of the provider got lost leaves no room behind, also where nobody looks for orphans', async (t) => {
  const { ports, context, vendor, documents, quiet } = world({ deletesOrphans: false })
  vendor.hooks.create = async (make) => {
    make()
    throw new ProviderTimeout()
  }
  await t.rejects(createTeleconsultation(ports, async () => PAIR, DATES, context), { code: 'PROVIDER_TIMEOUT', statusCode: 504 })
  await quiet()
  t.equal(vendor.rooms.size, 0)
  t.ok([...documents.values()].every(({ trashed }) => trashed))
})

t.test('somebody who is a participant already is refused, also when the answer to the first try got lost', async (t) => {
  const { ports, context, documents, fail } = world()
  const { id } = await createTeleconsultation(ports, async () => ({ number: 3, people: [person('doctor', 'plus')] }), DATES, context)
  fail('appendWhileIncomplete', new StorageTimeout())
  await t.rejects(addParticipant(ports, id, person('doctor', 'basic'), context), { code: 'DUPLICATE_PARTICIPANT', statusCode: 400 })
  t.match(documents.get(id)?.content.participants, [{ userExternalId: 'doctor', privilege: 'plus' }])
})

t.test('an addition whose answer got lost is acknowledged when it is there', async (t) => {
  const { ports, context, documents, fail } = world()
  const { id } = await createTeleconsultation(ports, async () => ({ number: 3, people: [person('doctor', 'plus')] }), DATES, context)
  fail('appendWhileIncomplete', new StorageTimeout(), true)
  await addParticipant(ports, id, person('patient'), context)
  t.match(documents.get(id)?.content.participants, [{ userExternalId: 'doctor' }, { userExternalId: 'patient' }])
})
