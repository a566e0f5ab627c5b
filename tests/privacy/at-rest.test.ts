import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfiguration } from '../../lib/config/load.ts'
import { rotatePersonalData } from '../../lib/rotate-personal-data.ts'
import { after, booking, DOCTOR, NOON, PATIENT, startService, temporaryFolder, type Service } from '../support/service.ts'

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const PEOPLE = Array.from({ length: 10 }, (_, index) => ({ fullName: `Seeded Person Nr${index}x`, email: `seeded.person${index}x@home.example` }))
const SEEDED = PEOPLE.flatMap(({ fullName, email }) => [fullName, email])
const NONE = { PII_ENCRYPTION_KEYS: 'none' }
const START = after(NOON, 3 * 24 * 60)

/** Five sessions of two people each, who are all told of them, but where nobody is to be told yet. */
async function bookAll (service: Service, { tells = true } = {}): Promise<string[]> {
  const ids: string[] = []
  for (let pair = 0; pair < PEOPLE.length; pair += 2) {
    const participants = { number: 2, data: [{ ...DOCTOR, userExternalId: `d-${pair}`, ...PEOPLE[pair] }, { ...PATIENT, userExternalId: `p-${pair}`, ...PEOPLE[pair + 1] }] }
    const answer = await service.inject({ method: 'POST', url: '/sessions', payload: { ...booking({ participants, start_date: START.toISOString() }), title: 'A seeded title' } })
    ids.push(answer.json<{ id: string }>().id)
  }
  if (tells) await service.app.telling.run()
  return ids
}

const bytesIn = (folder: string) => readdirSync(folder).map((file) => readFileSync(join(folder, file)).toString('latin1')).join('\n')
const found = (bytes: string) => [...SEEDED, 'A seeded title'].filter((text) => bytes.includes(text))

/** The log's lines about a key that is missing. */
const missed = (service: Service) => service.log.map((line) => JSON.parse(line) as { level: number, msg: string }).filter(({ level, msg }) => level === 50 && msg.startsWith('Personal data are stored that no key here decrypts'))

for (const [title, variables] of [['with nothing configured', {}], ['with a key', { PII_ENCRYPTION_KEYS: key('a') }]] as const) {
  t.test(`${title}, neither the database’s bytes, the outbox in it, nor the log holds a name, an address or a title`, async (t) => {
    const service = await startService(t, variables)
    const [id = ''] = await bookAll(service)
    t.equal(existsSync(join(service.dataPath, 'pii-keys')), title === 'with nothing configured')
    t.same(found(bytesIn(service.dataPath)), [])
    t.same(found(service.log.join('\n')), [])
    const session = await service.inject({ url: `/sessions/${id}` })
    t.equal(session.statusCode, 200)
    t.match(session.json(), { title: 'A seeded title', participants: [{ fullName: 'Seeded Person Nr0x' }, { fullName: 'Seeded Person Nr1x' }] })
    t.equal(missed(service).length, 0)
  })
}

t.test('with none they are stored readable, as the original did, and no key is made', async (t) => {
  const service = await startService(t, NONE)
  await bookAll(service)
  t.equal(found(bytesIn(service.dataPath)).length, SEEDED.length + 1)
  t.notOk(existsSync(join(service.dataPath, 'pii-keys')))
})

t.test('what a generated key encrypted is read under another choice as well, and that key encrypts nothing more', async (t) => {
  const dataPath = temporaryFolder(t)
  const first = await startService(t, {}, { dataPath })
  const [id = ''] = await bookAll(first)
  await first.app.close()
  for (const [variables, written] of [[NONE, 'A seeded description'], [{ PII_ENCRYPTION_KEYS: key('b') }, 'enc:v1:b:']] as const) {
    const service = await startService(t, variables, { dataPath })
    t.equal((await service.inject({ url: `/sessions/${id}` })).json().title, 'A seeded title')
    t.equal(missed(service).length, 0)
    const changed = await service.inject({ method: 'PATCH', url: `/sessions/${id}`, payload: { description: 'A seeded description' } })
    t.equal(changed.statusCode, 200)
    await service.app.close()
    t.ok(bytesIn(dataPath).includes(written))
  }
})

t.test('a key file that got lost is told once at the start and at check-up, and others are read and written', async (t) => {
  const dataPath = temporaryFolder(t)
  const [file, copy] = [join(dataPath, 'pii-keys'), join(temporaryFolder(t), 'copy')]
  const first = await startService(t, {}, { dataPath })
  const [lost = ''] = await bookAll(first, { tells: false })
  t.notOk('personalDataKeyMissing' in (await first.inject({ url: '/-/check-up' })).json<object>())
  await first.app.close()
  renameSync(file, copy)
  const service = await startService(t, {}, { dataPath })
  t.equal(missed(service).length, 1)
  const checked = await service.inject({ url: '/-/check-up' })
  t.equal(checked.statusCode, 200)
  t.equal(checked.json().personalDataKeyMissing, true)
  const answer = await service.inject({ url: `/sessions/${lost}` })
  t.equal(answer.statusCode, 500)
  t.equal(answer.json().code, 'PII_KEY_LOST')
  const [id = ''] = await bookAll(service)
  t.match((await service.inject({ url: `/sessions/${id}` })).json(), { title: 'A seeded title', participants: [{ mail: { toldAt: String } }, { mail: { toldAt: String } }] }, 'others are told, though those before can’t be')
  t.same(found(service.log.join('\n')), [])
  await service.app.close()
  // As the documentation says: the copy goes behind the one that was made since.
  const made = readFileSync(file, 'utf8').trim()
  writeFileSync(file, `${made},${readFileSync(copy, 'utf8')}`)
  const mended = await startService(t, {}, { dataPath })
  t.equal(missed(mended).length, 0)
  for (const one of [lost, id]) t.equal((await mended.inject({ url: `/sessions/${one}` })).json().title, 'A seeded title')
})

t.test('a key that is missing is found among the oldest and among the latest', async (t) => {
  for (const order of [['a', 'b'], ['b', 'a']] as const) {
    const dataPath = temporaryFolder(t)
    const keys = { a: key('a'), b: key('b') }
    for (const name of order) {
      const service = await startService(t, { PII_ENCRYPTION_KEYS: keys[name] }, { dataPath })
      // Ids follow time.
      if (name === order[1]) service.setClock(after(NOON, 1))
      for (let times = 0; times < 5; times++) await bookAll(service)
      await service.app.close()
    }
    t.equal(missed(await startService(t, { PII_ENCRYPTION_KEYS: keys.b }, { dataPath })).length, 1)
  }
})

t.test('a lost key is told as that, and what needs no such text is served', async (t) => {
  const dataPath = temporaryFolder(t)
  const first = await startService(t, { PII_ENCRYPTION_KEYS: key('a') }, { dataPath })
  const [id = ''] = await bookAll(first)
  await first.app.close()
  for (const variables of [NONE, {}, { PII_ENCRYPTION_KEYS: key('b') }]) {
    const service = await startService(t, variables, { dataPath })
    const answer = await service.inject({ url: `/sessions/${id}` })
    t.equal(answer.statusCode, 500)
    t.equal(answer.json().code, 'PII_KEY_LOST')
    t.equal((await service.inject({ url: '/-/ready' })).statusCode, 200)
    t.equal((await service.inject({ url: '/taxonomies' })).statusCode, 200)
    await service.app.close()
  }
})

t.test('a rotation encrypts what was readable and brings all under the first key, after which the other one can go', async (t) => {
  const dataPath = temporaryFolder(t)
  const [older, newer] = [key('older'), key('newer')]
  const lines: string[] = []
  const rotated = (keys: string, plain: boolean) => rotatePersonalData(loadConfiguration({ DATA_PATH: dataPath, PII_ENCRYPTION_KEYS: keys }), { plain, print: (line) => { lines.push(line) } })
  const readable = await startService(t, NONE, { dataPath })
  const [id = ''] = await bookAll(readable)
  await readable.app.close()
  t.equal(await rotated(older, true), true)
  t.equal(await rotated(`${newer},${older}`, false), true)
  t.match(lines, [
    'teleconsultations: 5 seen, 5 rewritten, 0 contended, 0 lost', /^organisation_members/, 'outbox: 10 seen, 10 rewritten, 0 contended, 0 lost', 'database file: rewritten without what it held before',
    'teleconsultations: 5 seen, 5 rewritten, 0 contended, 0 lost'
  ])
  const service = await startService(t, { PII_ENCRYPTION_KEYS: newer }, { dataPath })
  t.match((await service.inject({ url: `/sessions/${id}` })).json(), { title: 'A seeded title', participants: [{ fullName: 'Seeded Person Nr0x' }] })
  t.equal(await rotated(newer, false), true)
})

t.test('after a rotation of what was readable the files’ bytes hold nothing of it, also while the service runs', async (t) => {
  const dataPath = temporaryFolder(t)
  const readable = await startService(t, NONE, { dataPath })
  const [id = ''] = await bookAll(readable)
  await readable.inject({ method: 'DELETE', url: `/sessions/${(await bookAll(readable))[0] ?? ''}` })
  await readable.app.close()
  t.equal(found(bytesIn(dataPath)).length, SEEDED.length + 1)
  const service = await startService(t, {}, { dataPath })
  const lines: string[] = []
  t.equal(await rotatePersonalData(loadConfiguration({ DATA_PATH: dataPath }), { plain: true, print: (line) => { lines.push(line) } }), true)
  t.match(lines, ['teleconsultations: 10 seen, 10 rewritten, 0 contended, 0 lost'])
  t.same(found(bytesIn(dataPath)), [])
  t.match((await service.inject({ url: `/sessions/${id}` })).json(), { title: 'A seeded title', participants: [{ fullName: 'Seeded Person Nr0x' }] })
})

t.test('a rotation to none stores readable what a generated key encrypted, after which its file can go', async (t) => {
  const dataPath = temporaryFolder(t)
  const sealed = await startService(t, {}, { dataPath })
  const [id = ''] = await bookAll(sealed)
  await sealed.app.close()
  const lines: string[] = []
  const rotated = () => rotatePersonalData(loadConfiguration({ DATA_PATH: dataPath, ...NONE }), { plain: false, print: (line) => { lines.push(line) } })
  t.equal(await rotated(), true)
  t.match(lines, ['teleconsultations: 5 seen, 5 rewritten, 0 contended, 0 lost'])
  rmSync(join(dataPath, 'pii-keys'))
  const service = await startService(t, NONE, { dataPath })
  t.equal(missed(service).length, 0)
  t.match((await service.inject({ url: `/sessions/${id}` })).json(), { title: 'A seeded title', participants: [{ fullName: 'Seeded Person Nr0x' }] })
  t.notOk(bytesIn(dataPath).includes('"enc:v1:'))
  await t.rejects(rotated(), /no key/)
})

t.test('keys that are none end the start, and are not repeated', async (t) => {
  await t.rejects(startService(t, { PII_ENCRYPTION_KEYS: 'a:short' }), { name: 'ConfigurationError', message: /PII_ENCRYPTION_KEYS: entry 1 must be(?!.*short)/ })
})
