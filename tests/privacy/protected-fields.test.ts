import t from 'tap'
import { fieldCipher } from '../../lib/privacy/field-cipher.ts'
import { documentCipher } from '../../lib/privacy/protected-fields.ts'

const OLD = { id: 'old', key: Buffer.alloc(32, 1) }
const NEW = { id: 'new', key: Buffer.alloc(32, 2) }
const FIELDS = { collection: 'visits', paths: ['people[].name', 'people[].address', 'kept.title'], records: { state: ['people[].name', 'title'] } }
const cipher = fieldCipher({ keys: [NEW, OLD] })
const documents = documentCipher(FIELDS, cipher)
const SEALED = /^enc:v1:new:/

t.test('the named texts are sealed, and all else is the same object', async (t) => {
  const visit = { people: [{ name: 'Ada', id: 'a' }, { id: 'b' }], kept: { title: 'Visit', other: { name: 'stays' } }, name: 'stays', more: [1] }
  const sealed = documents.sealed(visit)
  t.match(sealed, { people: [{ name: SEALED, id: 'a' }, { id: 'b' }], kept: { title: SEALED, other: { name: 'stays' } }, name: 'stays' })
  t.equal(sealed.more, visit.more)
  t.equal(sealed.people[1], visit.people[1])
  t.equal(visit.people[0]?.name, 'Ada', 'what was given is not changed')
  t.same(documents.opened(sealed), visit)
  t.same(Object.keys(sealed), Object.keys(visit))
})

t.test('what is missing stays missing, and what is no text stays as it is', async (t) => {
  for (const odd of [{}, { people: null }, { people: 'Ada' }, { people: { name: 'Ada' } }, { people: [null, 'Ada', 7, []] }, { people: [{ name: null, address: 5 }] }, { kept: [] }, { kept: { title: { name: 'Ada' } } }, null, 'Ada', 5]) {
    t.equal(documents.sealed(odd), odd)
    t.equal(documents.opened(odd), odd)
  }
})

t.test('a document in plain is read as the same object', async (t) => {
  const visit = { people: [{ name: 'Ada' }], state: 'READY;{"title":"Visit"}' }
  t.equal(documents.opened(visit), visit)
})

t.test('a text that was moved to another field cannot be read', async (t) => {
  const { people: [ada], kept } = documents.sealed({ people: [{ name: 'Ada' }], kept: { title: 'Visit' } })
  t.throws(() => documents.opened({ people: [{ address: ada?.name }] }), { code: 'PII_KEY_LOST', statusCode: 500 })
  t.throws(() => documents.opened({ people: [{ name: kept.title }] }), { code: 'PII_KEY_LOST', statusCode: 500 })
  t.throws(() => documentCipher({ ...FIELDS, collection: 'others' }, cipher).opened({ people: [ada] }), { code: 'PII_KEY_LOST', statusCode: 500 })
})

t.test('what is set below a path is sealed like the whole', async (t) => {
  const opened = (path: string, value: unknown) => documents.opened(path === 'kept.title' ? { kept: { title: value } } : { people: [value] })
  t.same(documents.opened({ people: documents.sealedAt('people', [{ name: 'Ada' }]) }), { people: [{ name: 'Ada' }] })
  t.match(documents.sealedAt('kept', { title: 'Visit' }), { title: SEALED })
  t.same(opened('kept.title', documents.sealedAt('kept.title', 'Visit')), { kept: { title: 'Visit' } })
  for (const path of ['people.0', 'people.$.replace', 'people.$.merge', 'people.$']) {
    const sealed = documents.sealedAt(path, { name: 'Ada', id: 'a' })
    t.match(sealed, { name: SEALED, id: 'a' }, path)
    t.same(opened(path, sealed), { people: [{ name: 'Ada', id: 'a' }] }, path)
  }
  for (const path of ['people.0.name', 'people.$.name']) t.match(documents.sealedAt(path, 'Ada'), SEALED, path)
  for (const path of ['name', 'people.name', 'people.0.id', 'kept.other', 'kept.title.more', 'replace', 'state.title', '__proto__']) t.equal(documents.sealedAt(path, 'Ada'), 'Ada', path)
})

t.test('what is pushed is sealed, one or several', async (t) => {
  t.match(documents.sealedElement('people', { name: 'Ada' }), { name: SEALED })
  t.match(documents.sealedElement('people', { $each: [{ name: 'Ada' }, { name: 'Eve' }], $position: 0 }), { $each: [{ name: SEALED }, { name: SEALED }], $position: 0 })
  t.same(documents.sealedElement('tags', { name: 'Ada' }), { name: 'Ada' })
})

t.test('a record inside a text is sealed alike, and reads as it was written', async (t) => {
  const state = `READY;${JSON.stringify({ n: 1.5, people: [{ name: 'Ada; {"' }], title: 'Visit', when: null })}`
  const sealed = documents.sealed({ state })
  t.match(sealed.state, /^READY;\{"n":1\.5,"people":\[\{"name":"enc:v1:new:[\w-]+"\}\],"title":"enc:v1:new:[\w-]+","when":null\}$/)
  t.same(documents.sealed({ state }), sealed)
  t.same(documents.opened(sealed), { state })
  for (const other of ['READY', 'READY;', 'a;b', 'READY;{"title":', 'READY;{"n":1 }', '']) t.equal(documents.sealed({ state: other }).state, other)
})

t.test('every form of a record is known, and there is one where it holds nothing personal', async (t) => {
  const state = 'READY;{"title":"Visit"}'
  const old = documentCipher(FIELDS, fieldCipher({ keys: [OLD] })).sealed({ state }).state
  t.same(documents.formsOf('state', state), [documents.sealed({ state }).state, old, state])
  t.same(documents.formsOf('state', 'READY;{"n":1}'), ['READY;{"n":1}'])
  t.same(documents.formsOf('kept.title', 'Visit'), ['Visit'])
})

t.test('a rotation touches what another key sealed, and plain texts where it is told to', async (t) => {
  const before = documentCipher(FIELDS, fieldCipher({ keys: [OLD] }))
  const old = { ...before.sealed({ people: [{ name: 'Ada' }], state: 'READY;{"title":"Visit"}' }), kept: { title: 'plain' } }
  const rotated = documents.rotated(old, { plain: false })
  t.match(rotated, { people: [{ name: SEALED }], state: /^READY;\{"title":"enc:v1:new:/, kept: { title: 'plain' } })
  t.equal(documents.rotated(rotated, { plain: false }), rotated)
  const whole = documents.rotated(rotated, { plain: true })
  t.match(whole.kept.title, SEALED)
  t.equal(whole.people, rotated.people)
  t.equal(documents.rotated(whole, { plain: true }), whole)
  t.same(documents.opened(whole), { people: [{ name: 'Ada' }], state: 'READY;{"title":"Visit"}', kept: { title: 'plain' } })
})

t.test('what was kept behind its escape is sealed as itself', async (t) => {
  const kept = documentCipher(FIELDS, fieldCipher({ keys: [] })).sealed({ kept: { title: 'enc:v1:new:Visit' } })
  t.equal(kept.kept.title, 'enc:plain:enc:v1:new:Visit')
  t.same(documents.opened(documents.rotated(kept, { plain: true })), { kept: { title: 'enc:v1:new:Visit' } })
})
