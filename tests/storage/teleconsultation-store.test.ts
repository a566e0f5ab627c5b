import t from 'tap'
import type { Content, Control, Teleconsultation } from '../../lib/domain/teleconsultation.ts'
import { httpClient } from '../../lib/http/client.ts'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { crudCollection } from '../../lib/storage/crud-client.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import type { Layout } from '../../lib/storage/stored-teleconsultation.ts'
import { teleconsultationStore, type TeleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import { OFFICIAL_TELECONSULTATIONS } from '../support/collections.ts'
import { after, NOON, type Teardown } from '../support/service.ts'

const CONTENT: Content = {
  number: 2,
  participants: [{ userExternalId: 'doctor', userBandyerId: 'usr_1', accessLinkURL: null, groups: ['doctor'], fullName: 'Ada', privilege: 'plus' }],
  startAt: NOON,
  endAt: after(NOON, 30)
}
const CONTROL: Control = { phase: 'INCOMPLETE', sealed: false, epoch: 1, applied: ['op-1'], garbage: [], provider: 'embedded' }
const CONTEXT = { headers: { miauserid: 'tester' } }

async function open (t: Teardown, layout: Layout) {
  // Every write of this test happens in one and the same millisecond: the hardest case for a stamp.
  const crud = await startEmbeddedCrud({
    file: ':memory:', collections: [layout === 'declared' ? TELECONSULTATIONS : OFFICIAL_TELECONSULTATIONS, USER_ID_MAPS], userIdHeaderKey: 'miauserid', clock: () => NOON
  })
  const http = httpClient({ baseUrl: crud.origin, timeoutMs: 2000 })
  t.teardown(async () => { await http.close(); await crud.close() })
  const collection = crudCollection(http, '/teleconsultations')
  return { collection, store: teleconsultationStore(collection, async () => layout, 'embedded') }
}

async function inserted (store: TeleconsultationStore, control: Control): Promise<Teleconsultation> {
  const outcome = await store.insert(CONTENT, control, CONTEXT)
  if (outcome === 'duplicate') throw new Error('nothing else is there')
  return outcome
}

for (const layout of ['declared', 'official'] as const) {
  t.test(`${layout} layout`, async (t) => {
    t.test('what was written is read back, instants and record included', async (t) => {
      const { store } = await open(t, layout)
      const pending = { id: 'op-2', kind: 'change' as const, epoch: 2, leaseUntil: 5, startedAt: 1, content: { ...CONTENT, startAt: after(NOON, 5) } }
      const control: Control = { ...CONTROL, operation: pending, garbage: [{ providerRoomId: 'old' }, { marker: 'd|1|o|1', since: 3 }], room: { providerRoomId: 'room', marker: 'm' } }
      const written = await inserted(store, control)
      const read = await store.get(written.id, CONTEXT)
      t.match(read?.content, CONTENT)
      t.match(read?.control, control)
      t.same(read?.control.operation?.content?.startAt, after(NOON, 5))
    })

    t.test('of two writes on one version one is made', async (t) => {
      const { store } = await open(t, layout)
      const read = await inserted(store, CONTROL)
      const write = (id: string) => store.replaceIfUnchanged(read, { control: { ...CONTROL, applied: ['op-1', id] } }, CONTEXT)
      const outcomes = await Promise.all([write('a'), write('b')])
      t.equal(outcomes.filter((outcome) => outcome === 'changed').length, 1)
      const winner = outcomes.find((outcome) => outcome !== 'changed')
      t.same((await store.get(read.id, CONTEXT))?.control.applied, typeof winner === 'object' ? winner.control.applied : [])
      t.equal(await write('c'), 'changed', 'the old version is over')
    })

    t.test('a document of the original is at rest, with either spelling of a person’s id', async (t) => {
      const { store, collection } = await open(t, layout)
      const id = await collection.insert({
        bandyerRoomId: 'room_legacy',
        participants: [{ userBandyerId: 'usr_a', accessLinkURL: 'https://vendor.example/a' }, { bandyerId: 'usr_b', accessLinkURL: 'https://vendor.example/b', fullName: 'B' }],
        participantsNumber: 2,
        startDate: NOON.toISOString(),
        endDate: after(NOON, 30).toISOString()
      }, {})
      const read = await store.get(id, CONTEXT)
      t.match(read, {
        content: { number: 2, participants: [{ userBandyerId: 'usr_a', accessLinkURL: 'https://vendor.example/a' }, { userBandyerId: 'usr_b', fullName: 'B' }], endAt: after(NOON, 30) },
        control: { phase: 'READY', sealed: false, epoch: 0, room: { providerRoomId: 'room_legacy' } }
      })
      if (read === undefined) return
      const sealed = await store.replaceIfUnchanged(read, { control: { ...read.control, sealed: true } }, CONTEXT)
      t.match(sealed, { control: { sealed: true, room: { providerRoomId: 'room_legacy' } } })
      t.equal(await store.replaceIfUnchanged(read, { control: read.control }, CONTEXT), 'changed')
    })

    t.test('a document without an end lasts its duration, or a day', async (t) => {
      const { store, collection } = await open(t, layout)
      const insert = async (more: object) => await collection.insert({ bandyerRoomId: '', participants: [], participantsNumber: 2, startDate: NOON.toISOString(), ...more }, {})
      t.same((await store.get(await insert({ duration: 600 }), CONTEXT))?.content.endAt, after(NOON, 10))
      t.same((await store.get(await insert({}), CONTEXT))?.content.endAt, after(NOON, 24 * 60))
    })

    t.test('somebody else’s teleconsultationState is left to them to read as rest', async (t) => {
      const { store, collection } = await open(t, layout)
      const id = await collection.insert({ bandyerRoomId: '', participants: [], participantsNumber: 2, startDate: NOON.toISOString(), teleconsultationState: 'OPEN; for business' }, {})
      t.match((await store.get(id, CONTEXT))?.control, { phase: 'INCOMPLETE', sealed: false })
    })

    t.test('what is in the trash is gone', async (t) => {
      const { store } = await open(t, layout)
      const { id } = await inserted(store, CONTROL)
      await store.trash(id, CONTEXT)
      await store.trash(id, CONTEXT)
      t.equal(await store.get(id, CONTEXT), undefined)
    })

    t.test('a consumer that knows the original’s fields finds them', async (t) => {
      const { store, collection } = await open(t, layout)
      const { id } = await inserted(store, CONTROL)
      t.match(await collection.get(id, {}), {
        bandyerRoomId: '',
        participantsNumber: 2,
        participants: [{ userBandyerId: 'usr_1', accessLinkURL: null, fullName: 'Ada', groups: ['doctor'], userExternalId: 'doctor', privilege: 'plus' }],
        startDate: NOON.toISOString(),
        endDate: after(NOON, 30).toISOString(),
        duration: 1800,
        creatorId: 'tester'
      })
    })
  })
}

t.test('a record that was begun before the fields were declared is not lost when they are', async (t) => {
  const { collection, store } = await open(t, 'declared')
  const before = teleconsultationStore(collection, async () => 'official', 'embedded')
  const { id } = await inserted(before, { ...CONTROL, phase: 'READY', sealed: true, room: { providerRoomId: 'r', marker: 'm' } })
  const read = await store.get(id, CONTEXT)
  t.match(read?.control, { sealed: true, applied: ['op-1'], room: { providerRoomId: 'r', marker: 'm' } })
  if (read === undefined) return
  t.match(await store.replaceIfUnchanged(read, { control: { ...read.control, phase: 'DELETING' } }, CONTEXT), { control: { phase: 'DELETING', sealed: true }, version: { revision: 1 } })
})

t.test('an accepted operation is found where the record is declared', async (t) => {
  const { store } = await open(t, 'declared')
  const { id } = await inserted(store, CONTROL)
  t.equal((await store.findApplied('op-1', CONTEXT))?.id, id)
  t.equal(await store.findApplied('op-2', CONTEXT), undefined)
})

t.test('a record that cannot be understood is an error, not a document at rest', async (t) => {
  const { store, collection } = await open(t, 'declared')
  const id = await collection.insert({ bandyerRoomId: 'r', participants: [], participantsNumber: 2, startDate: NOON.toISOString(), service: { phase: 'UNHEARD_OF' } }, {})
  await t.rejects(store.get(id, CONTEXT), { code: 'STORAGE_BAD_ANSWER', statusCode: 502 })
})
