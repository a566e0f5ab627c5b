import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadConfiguration } from '../../lib/config/load.ts'
import { rotatePersonalData } from '../../lib/rotate-personal-data.ts'
import { after, booking, DOCTOR, NOON, PATIENT, startService, temporaryFolder, type Service } from '../support/service.ts'

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`
const PEOPLE = Array.from({ length: 10 }, (_, index) => ({ fullName: `Seeded Person Nr${index}x`, email: `seeded.person${index}x@home.example` }))
const SEEDED = PEOPLE.flatMap(({ fullName, email }) => [fullName, email])
const START = after(NOON, 3 * 24 * 60)

/** Five sessions of two people each, who are all told of them. */
async function bookAll (service: Service): Promise<string[]> {
  const ids: string[] = []
  for (let pair = 0; pair < PEOPLE.length; pair += 2) {
    const participants = { number: 2, data: [{ ...DOCTOR, userExternalId: `d-${pair}`, ...PEOPLE[pair] }, { ...PATIENT, userExternalId: `p-${pair}`, ...PEOPLE[pair + 1] }] }
    const answer = await service.inject({ method: 'POST', url: '/sessions', payload: { ...booking({ participants, start_date: START.toISOString() }), title: 'A seeded title' } })
    ids.push(answer.json<{ id: string }>().id)
  }
  await service.app.telling.run()
  return ids
}

const bytesIn = (folder: string) => readdirSync(folder).map((file) => readFileSync(join(folder, file)).toString('latin1')).join('\n')
const found = (bytes: string) => [...SEEDED, 'A seeded title'].filter((text) => bytes.includes(text))

t.test('with encryption on, neither the database’s bytes, the outbox in it, nor the log holds a name, an address or a title', async (t) => {
  const service = await startService(t, { PII_ENCRYPTION_KEYS: key('a') })
  const [id = ''] = await bookAll(service)
  t.same(found(bytesIn(service.dataPath)), [])
  t.same(found(service.log.join('\n')), [])
  const session = await service.inject({ url: `/sessions/${id}` })
  t.equal(session.statusCode, 200)
  t.match(session.json(), { title: 'A seeded title', participants: [{ fullName: 'Seeded Person Nr0x' }, { fullName: 'Seeded Person Nr1x' }] })
})

t.test('without it they are stored readable, as the original did', async (t) => {
  const service = await startService(t)
  await bookAll(service)
  t.equal(found(bytesIn(service.dataPath)).length, SEEDED.length + 1)
})

t.test('a lost key is told as that, and what needs no such text is served', async (t) => {
  const dataPath = temporaryFolder(t)
  const first = await startService(t, { PII_ENCRYPTION_KEYS: key('a') }, { dataPath })
  const [id = ''] = await bookAll(first)
  await first.app.close()
  for (const variables of [{}, { PII_ENCRYPTION_KEYS: key('b') }]) {
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
  const readable = await startService(t, {}, { dataPath })
  const [id = ''] = await bookAll(readable)
  await readable.app.close()
  t.equal(await rotated(older, true), true)
  t.equal(await rotated(`${newer},${older}`, false), true)
  t.match(lines, ['teleconsultations: 5 seen, 5 rewritten, 0 contended, 0 lost', /^organisation_members/, 'outbox: 10 seen, 10 rewritten, 0 contended, 0 lost', 'teleconsultations: 5 seen, 5 rewritten, 0 contended, 0 lost'])
  const service = await startService(t, { PII_ENCRYPTION_KEYS: newer }, { dataPath })
  t.match((await service.inject({ url: `/sessions/${id}` })).json(), { title: 'A seeded title', participants: [{ fullName: 'Seeded Person Nr0x' }] })
  t.equal(await rotated(newer, false), true)
})

t.test('keys that are none end the start, and are not repeated', async (t) => {
  await t.rejects(startService(t, { PII_ENCRYPTION_KEYS: 'a:short' }), { name: 'ConfigurationError', message: /PII_ENCRYPTION_KEYS: entry 1 must be(?!.*short)/ })
})
