import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Content, Control } from '../../lib/domain/teleconsultation.ts'
import { httpClient } from '../../lib/http/client.ts'
import { fieldCipher } from '../../lib/privacy/field-cipher.ts'
import { ORGANISATION_MEMBERS, TELECONSULTATIONS } from '../../lib/storage/collections.ts'
import { crudCollection, type CrudCollection, type CrudFilter } from '../../lib/storage/crud-client.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { memberStore } from '../../lib/storage/member-store.ts'
import { PERSONAL_IN_MEMBERSHIPS, PERSONAL_IN_TELECONSULTATIONS, protectedCollection, rotate } from '../../lib/storage/protected-collection.ts'
import type { Layout } from '../../lib/storage/stored-teleconsultation.ts'
import { teleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import { OFFICIAL_TELECONSULTATIONS } from '../support/collections.ts'
import { after, NOON, temporaryFolder, type Teardown } from '../support/service.ts'

const OLD = { id: 'old', key: Buffer.alloc(32, 1) }
const NEW = { id: 'new', key: Buffer.alloc(32, 2) }
const BEFORE = fieldCipher({ keys: [OLD] })
const AFTER = fieldCipher({ keys: [NEW, OLD] })
const HEADERS = { miauserid: 'tester' }
const CONTEXT = { headers: HEADERS }
const LOST = { code: 'PII_KEY_LOST', statusCode: 500 }
const EVERYWHERE = ['PUBLIC', 'DRAFT', 'TRASH', 'DELETED'] as const

async function open (t: Teardown, { layout = 'declared', file = ':memory:', clock = () => NOON }: { layout?: Layout, file?: string, clock?: () => Date } = {}) {
  const crud = await startEmbeddedCrud({ file, collections: [layout === 'declared' ? TELECONSULTATIONS : OFFICIAL_TELECONSULTATIONS, ORGANISATION_MEMBERS], userIdHeaderKey: 'miauserid', clock })
  const http = httpClient({ baseUrl: crud.origin, timeoutMs: 30_000 })
  let closing: Promise<void> | undefined
  const close = async () => await (closing ??= http.close().then(async () => await crud.close()))
  t.teardown(close)
  const stored = crudCollection(http, '/teleconsultations')
  const asSeen = (cipher = BEFORE) => protectedCollection(stored, cipher, PERSONAL_IN_TELECONSULTATIONS)
  return { stored, asSeen, storeOf: (cipher = BEFORE) => teleconsultationStore(asSeen(cipher), async () => layout, 'embedded'), members: crudCollection(http, ORGANISATION_MEMBERS.endpointBasePath), close }
}

const person = (fullName: string, userExternalId = fullName) => ({ userExternalId, userBandyerId: `usr_${userExternalId.length}`, accessLinkURL: null, fullName })
const FIELDS = { bandyerRoomId: '', participantsNumber: 2, startDate: NOON.toISOString(), teleconsultationState: 'INCOMPLETE' }
const CONTENT: Content = { number: 2, participants: [person('Ada')], startAt: NOON, endAt: after(NOON, 30) }
const CONTROL: Control = { phase: 'INCOMPLETE', sealed: false, epoch: 1, applied: ['op-1'], garbage: [], provider: 'embedded' }
const CHANGE = { id: 'op-2', kind: 'change' as const, epoch: 2, leaseUntil: 5, startedAt: 1 }

async function added (collection: CrudCollection, fields: Record<string, unknown>): Promise<string> {
  const id = await collection.insert({ ...FIELDS, ...fields }, HEADERS)
  if (id === 'duplicate') throw new Error('nothing else is there')
  return id
}

t.test('what is inserted, set and pushed is sealed in the storage and read as it was', async (t) => {
  const { stored, asSeen } = await open(t)
  const seen = asSeen()
  const service = { phase: 'INCOMPLETE', session: { title: 'Visit', description: '', kind: 'televisit' }, operation: { content: { participants: [{ ...person('Eve'), email: 'eve@example.org' }] }, session: { title: 'Next visit' } } }
  const id = await added(seen, { participants: [{ ...person('Ada'), email: 'ada@example.org' }, { userExternalId: 'b' }], service })
  const read = await seen.get(id, HEADERS)
  t.match(read, { ...FIELDS, participants: [{ ...person('Ada'), email: 'ada@example.org' }, { userExternalId: 'b' }], service })
  t.notOk(Object.hasOwn((read?.['participants'] as object[])[1] ?? {}, 'fullName'), 'what is missing stays missing')

  const $set = { participants: [person('Zoë Quux', 'z')], 'service.session': { title: 'Changed visit' }, 'service.operation.content.participants': [person('Bob Quux', 'b')] }
  const patched = await seen.patch(id, {}, { $set, $push: {} }, HEADERS)
  t.match(patched, { participants: [person('Zoë Quux', 'z')], service: { session: { title: 'Changed visit' }, operation: { content: { participants: [person('Bob Quux', 'b')] }, session: { title: 'Next visit' } } } })
  await seen.patch(id, {}, { $push: { participants: person('Carla Quux', 'c') } }, HEADERS)
  const [listed] = await seen.list({ limit: 5, filter: { 'participants.userExternalId': 'c' } }, HEADERS)
  t.match(listed, { participants: [person('Zoë Quux', 'z'), person('Carla Quux', 'c')] })
  t.same(await seen.get(id, HEADERS), listed)
  t.equal(await seen.count({ 'service.session.title': { $exists: true } }, HEADERS), 1, 'presence can be asked for')
  t.equal(await seen.count({ 'service.session.title': 'Changed visit' }, HEADERS), 0, 'the text cannot')

  const sealed = JSON.stringify(await stored.get(id, HEADERS))
  t.equal(sealed.match(/"enc:v1:old:[\w-]+"/g)?.length, 5)
  t.notMatch(sealed, / Quux| visit/)
})

t.test('reading gives the same frozen object as long as it does not change, opened once', async (t) => {
  const { stored, asSeen } = await open(t)
  let opened = 0
  const seen = asSeen({ ...BEFORE, open (text, place) { opened++; return BEFORE.open(text, place) } })
  const id = await added(seen, { participants: [person('Ada'), person('Eve')] })
  const first = await seen.get(id, HEADERS)
  t.equal(await seen.get(id, HEADERS), first)
  t.equal(opened, 2)
  t.ok(Object.isFrozen((first?.['participants'] as object[])[0]))
  await stored.patch(id, {}, { $set: { participantsNumber: 3 } }, HEADERS)
  const changed = await seen.get(id, HEADERS)
  t.not(changed, first)
  t.match(changed, { participantsNumber: 3, participants: [person('Ada'), person('Eve')] })
})

t.test('documents from before are read as they are, also beside sealed ones', async (t) => {
  const { stored, asSeen } = await open(t)
  const id = await added(stored, { participants: [person('Ada'), { fullName: 7 }] })
  const seen = asSeen()
  t.equal(await seen.get(id, HEADERS), await stored.get(id, HEADERS), 'the very same object')
  await seen.patch(id, {}, { $push: { participants: person('Eve') } }, HEADERS)
  t.match(await seen.get(id, HEADERS), { participants: [person('Ada'), { fullName: 7 }, person('Eve')] })
})

t.test('without its key a document is an error, and others are read', async (t) => {
  const { asSeen } = await open(t)
  const id = await added(asSeen(), { participants: [person('Ada')] })
  const other = await added(asSeen(fieldCipher({ keys: [NEW] })), { participants: [person('Eve')] })
  const seen = asSeen(fieldCipher({ keys: [NEW] }))
  await t.rejects(seen.get(id, HEADERS), LOST)
  await t.rejects(seen.list({ limit: 5 }, HEADERS), LOST)
  await t.rejects(asSeen(fieldCipher({ keys: [] })).get(id, HEADERS), LOST, 'also with encryption off')
  t.match(await seen.get(other, HEADERS), { participants: [person('Eve')] })
})

t.test('a list of what is readable leaves out what is lost, however much of it comes before', async (t) => {
  const { asSeen } = await open(t)
  const seen = asSeen(fieldCipher({ keys: [NEW] }))
  for (let number = 0; number < 7; number++) await added(asSeen(), { participants: [person('Ada')], participantsNumber: 1 })
  for (let number = 0; number < 3; number++) await added(seen, { participants: [person(`Eve ${number}`)], participantsNumber: 2 })
  const names = async (limit: number, filter: CrudFilter = {}) => (await seen.list({ limit, filter, sort: 'participantsNumber', readableOnly: true }, HEADERS)).map((document) => (document['participants'] as Array<{ fullName: string }>)[0]?.fullName)
  t.same((await names(2)).length, 2)
  t.same((await names(5)).sort(), ['Eve 0', 'Eve 1', 'Eve 2'])
  t.same(await names(5, { participantsNumber: 1 }), [])
})

t.test('a membership keeps its name sealed', async (t) => {
  const { members } = await open(t)
  const store = memberStore(protectedCollection(members, BEFORE, PERSONAL_IN_MEMBERSHIPS))
  await store.invite({ organisation: 'ward', userId: 'ada', state: 'INVITED', roles: new Set(['STANDARD']), fullName: 'Ada' }, CONTEXT)
  t.match(await store.get('ward', 'ada', CONTEXT), { fullName: 'Ada' })
  t.match(await members.list({ limit: 5 }, HEADERS), [{ userId: 'ada', fullName: /^enc:v1:old:/ }])
})

t.test('a collection of the original compares its record whatever key sealed it', async (t) => {
  const { stored, storeOf } = await open(t, { layout: 'official' })
  const control: Control = { ...CONTROL, operation: { ...CHANGE, content: { ...CONTENT, participants: [person('Secret Name', 's')] } } }
  const before = await storeOf().insert(CONTENT, control, CONTEXT)
  if (before === 'duplicate') throw new Error('nothing else is there')
  const state = (await stored.get(before.id, HEADERS))?.['teleconsultationState']
  t.match(state, /^INCOMPLETE;.*"fullName":"enc:v1:old:/)

  const known = await storeOf(AFTER).get(before.id, CONTEXT)
  t.match(known?.control.operation?.content?.participants, [person('Secret Name', 's')])
  t.same(known?.version, { ...before.version, updatedAt: NOON.toISOString() }, 'the text is the one that was written')
  const next: Control = { ...control, epoch: 3 }
  // A store that has read nothing knows no form, and names them all.
  const written = await storeOf(AFTER).replaceIfUnchanged(before, { control: next }, CONTEXT)
  t.match(written, { control: { epoch: 3, operation: { content: { participants: [person('Secret Name', 's')] } } } })
  t.match((await stored.get(before.id, HEADERS))?.['teleconsultationState'], /"fullName":"enc:v1:new:/)
  t.equal(await storeOf(AFTER).replaceIfUnchanged(before, { control }, CONTEXT), 'changed', 'the old version is over')

  const plain = await added(stored, { participants: [], teleconsultationState: `READY;${JSON.stringify(control)}` })
  const found = await storeOf(AFTER).get(plain, CONTEXT)
  if (found === undefined) throw new Error('it is there')
  t.match(await storeOf(AFTER).replaceIfUnchanged(found, { control: next }, CONTEXT), { control: { epoch: 3 } }, 'also a record in plain')
})

t.test('a record that was read is compared in the one form that it is stored in', async (t) => {
  const { stored } = await open(t, { layout: 'official' })
  const filters: CrudFilter[] = []
  const seen = protectedCollection({ ...stored, patch: async (id, filter, ...more) => { filters.push(filter); return await stored.patch(id, filter, ...more) } }, AFTER, PERSONAL_IN_TELECONSULTATIONS)
  const store = teleconsultationStore(seen, async () => 'official', 'embedded')
  const read = await store.insert(CONTENT, { ...CONTROL, operation: { ...CHANGE, content: CONTENT } }, CONTEXT)
  if (read === 'duplicate') throw new Error('nothing else is there')
  t.match(await store.replaceIfUnchanged(read, { control: CONTROL }, CONTEXT), { control: CONTROL })
  t.match(filters, [{ teleconsultationState: /"enc:v1:new:/ }])
})

t.test('a rotation brings documents in every state under the first key, and goes on where it stopped', async (t) => {
  const { stored, asSeen } = await open(t)
  const ids: string[] = []
  for (const name of ['Ada', 'Bob', 'Carla', 'Dora', 'Eve', 'Fay']) ids.push(await added(name === 'Fay' ? stored : asSeen(), { participants: [person(name)], revision: 4, service: { phase: 'INCOMPLETE', session: { title: `Of ${name}` } } }))
  const [, bob = '', carla = '', dora = '', , fay = ''] = ids
  await stored.moveTo(bob, 'DRAFT', HEADERS)
  await stored.moveTo(carla, 'TRASH', HEADERS)
  for (const state of ['TRASH', 'DELETED'] as const) await stored.moveTo(dora, state, HEADERS)
  const told: string[] = []
  t.same(await rotate(stored, AFTER, PERSONAL_IN_TELECONSULTATIONS, { batch: 2, headers: HEADERS, onProgress: ({ after }) => told.push(after) }), { seen: 6, rewritten: 5, contended: 0, lost: 0 })
  t.same(told, [ids[1], ids[3], ids[5]])
  const names = async (cipher = fieldCipher({ keys: [NEW] })) =>
    (await asSeen(cipher).list({ limit: 20, sort: '_id', states: EVERYWHERE }, HEADERS)).map(({ participants }) => (participants as Array<{ fullName: string }>)[0]?.fullName)
  t.same(await names(), ['Ada', 'Bob', 'Carla', 'Dora', 'Eve', 'Fay'], 'the old key is needed no more')
  t.match(await stored.get(fay, HEADERS), { participants: [person('Fay')], service: { session: { title: 'Of Fay' } } })
  t.match(await stored.list({ limit: 20, states: EVERYWHERE }, HEADERS), ids.map(() => ({ revision: 4 })), 'nobody else’s write is refused for it')
  t.same(await rotate(stored, AFTER, PERSONAL_IN_TELECONSULTATIONS), { seen: 6, rewritten: 0, contended: 0, lost: 0 })
  t.same(await rotate(stored, AFTER, PERSONAL_IN_TELECONSULTATIONS, { plain: true, after: carla }), { seen: 3, rewritten: 1, contended: 0, lost: 0 })
  t.match(await stored.get(fay, HEADERS), { participants: [{ fullName: /^enc:v1:new:/ }], service: { session: { title: /^enc:v1:new:/ } } })
})

t.test('a rotation counts and names what no key opens, and does the rest', async (t) => {
  const { stored, asSeen } = await open(t)
  const lost = await added(asSeen(fieldCipher({ keys: [{ id: 'gone', key: Buffer.alloc(32, 9) }] })), { participants: [person('Ada')] })
  await added(asSeen(), { participants: [person('Eve')] })
  const before = await stored.get(lost, HEADERS)
  const ids: string[] = []
  t.same(await rotate(stored, AFTER, PERSONAL_IN_TELECONSULTATIONS, { plain: true, onLost: (id) => ids.push(id) }), { seen: 2, rewritten: 1, contended: 0, lost: 1 })
  t.same(ids, [lost])
  t.equal(await stored.get(lost, HEADERS), before)
  await t.rejects(rotate(stored, fieldCipher({ keys: [] }), PERSONAL_IN_TELECONSULTATIONS), /no key/)
})

for (const layout of ['declared', 'official'] as const) {
  t.test(`a rotation gives way to a write between its read and its own, ${layout} layout`, async (t) => {
    const { stored, storeOf } = await open(t, { layout })
    const read = await storeOf().insert(CONTENT, { ...CONTROL, operation: { ...CHANGE, content: CONTENT } }, CONTEXT)
    if (read === 'duplicate') throw new Error('nothing else is there')
    let writes = 0
    const disturbed: CrudCollection = {
      ...stored,
      async patch (...given) {
        // By a process that has the old key first still.
        if (writes++ === 0) await storeOf().replaceIfUnchanged(read, { content: { ...CONTENT, participants: [person('Grace')] }, control: CONTROL }, CONTEXT)
        return await stored.patch(...given)
      }
    }
    t.same(await rotate(disturbed, AFTER, PERSONAL_IN_TELECONSULTATIONS), { seen: 1, rewritten: 1, contended: 0, lost: 0 })
    t.match((await storeOf(fieldCipher({ keys: [NEW] })).get(read.id, CONTEXT))?.content.participants, [person('Grace')])
    t.equal(writes, 2)
  })
}

t.test('a rotation leaves alone what others write each time, and says so', async (t) => {
  const { stored, asSeen } = await open(t)
  await added(asSeen(), { participants: [person('Ada')] })
  t.match(await rotate({ ...stored, patch: async () => undefined }, AFTER, PERSONAL_IN_TELECONSULTATIONS), { seen: 1, rewritten: 0, contended: 1 })
})

t.test('no write is lost to a rotation at the same time', async (t) => {
  const { stored, storeOf } = await open(t)
  const DOCUMENTS = 30
  const ids: string[] = []
  for (let index = 0; index < DOCUMENTS; index++) {
    const written = await storeOf().insert({ ...CONTENT, participants: [person(`${index} 0`, 'doctor')], number: 99 }, { ...CONTROL, applied: [`op-${index}`] }, CONTEXT)
    if (written !== 'duplicate') ids.push(written.id)
  }
  const last = new Map<string, string>()
  let refused = 0
  // Half of the writers run with the new key first, half have not been restarted yet.
  const write = async (id: string, index: number) => {
    const store = storeOf(index % 2 === 0 ? AFTER : fieldCipher({ keys: [OLD, NEW] }))
    for (let round = 1; round <= 5; round++) {
      const read = await store.get(id, CONTEXT)
      if (read === undefined) throw new Error('it is there')
      const name = `${index} ${round}`
      const outcome = await store.replaceIfUnchanged(read, { content: { ...read.content, participants: [person(name, 'doctor')] }, control: read.control }, CONTEXT)
      if (outcome === 'changed') refused++
      else last.set(id, name)
    }
  }
  const rotateOften = async () => { for (let round = 0; round < 4; round++) await rotate(stored, AFTER, PERSONAL_IN_TELECONSULTATIONS, { batch: 7 }) }
  await Promise.all([rotateOften(), ...ids.map(write)])
  t.match(await rotate(stored, AFTER, PERSONAL_IN_TELECONSULTATIONS), { seen: DOCUMENTS, contended: 0, lost: 0 })
  t.equal(refused, 0, 'a rotation is no reason to refuse a write')
  const store = storeOf(fieldCipher({ keys: [NEW] }))
  for (const id of ids) {
    const read = await store.get(id, CONTEXT)
    t.equal(read?.content.participants[0]?.fullName, last.get(id))
    t.same(read?.version, { revision: 6 })
  }
})

t.test('the bytes of the database files hold none of the names', async (t) => {
  const NAMES = Array.from({ length: 20 }, (_, index) => `Name${index}-Quetzalcoatl${index}`)
  for (const layout of ['declared', 'official'] as const) {
    const folder = temporaryFolder(t)
    const { storeOf, members, close } = await open(t, { layout, file: join(folder, 'storage.sqlite') })
    const store = storeOf()
    const memberships = memberStore(protectedCollection(members, BEFORE, PERSONAL_IN_MEMBERSHIPS))
    const nameAt = (index: number) => NAMES[index % NAMES.length] ?? ''
    for (const [index, name] of NAMES.entries()) {
      const people = [name, nameAt(index + 1)].map((each, place) => person(each, `u${index}-${place}`))
      const session = layout === 'declared' ? { session: { title: `Visit of ${name}`, description: name } } : {}
      const read = await store.insert({ ...CONTENT, number: 5, participants: people }, { ...CONTROL, ...session }, CONTEXT)
      if (read === 'duplicate') throw new Error('nothing else is there')
      await store.replaceIfUnchanged(read, { control: { ...CONTROL, ...session, operation: { ...CHANGE, content: { ...CONTENT, participants: people }, ...session } } }, CONTEXT)
      await store.appendWhileIncomplete(read.id, person(nameAt(index + 2), `v${index}`), CONTEXT)
      await memberships.invite({ organisation: 'ward', userId: `w${index}`, state: 'INVITED', roles: new Set(['STANDARD']), fullName: name }, CONTEXT)
    }
    const holding = () => readdirSync(folder).flatMap((file) => {
      const bytes = readFileSync(join(folder, file))
      return NAMES.filter((name) => bytes.includes(name) || bytes.includes(Buffer.from(name, 'utf16le')) || bytes.includes(Buffer.from(name).toString('base64url').slice(0, 16))).map((name) => `${file}: ${name}`)
    })
    t.ok(readdirSync(folder).includes('storage.sqlite-wal'), 'what is not yet in the file itself is looked at too')
    t.same(holding(), [], `${layout}, while it is open`)
    await close()
    t.same(holding(), [], `${layout}, closed`)
    t.ok(readFileSync(join(folder, 'storage.sqlite')).includes('enc:v1:old:'))
  }
})
