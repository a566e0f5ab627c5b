import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { httpClient } from '../../lib/http/client.ts'
import { ERASURES } from '../../lib/storage/collections.ts'
import { crudCollection } from '../../lib/storage/crud-client.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { erasuresInMemory, erasureStore } from '../../lib/storage/erasure-store.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { startFakeSmtp } from '../support/fake-smtp.ts'
import { startPlatform } from '../support/platform.ts'
import { after, book, booking, DOCTOR, NOON, open, PATIENT, startService, type Service, type Teardown } from '../support/service.ts'
import { as, TOKENS } from '../support/session-callers.ts'

const ADA = { ...DOCTOR, email: 'ada@example.com' }
const BEN = { ...PATIENT, email: 'ben@example.com' }
const CARLA = { userExternalId: 'doctor-2', groups: ['doctor'], fullName: 'Carla Bianchi' }

/** How a gateway marks what comes from there. */
const BACK_OFFICE = { isbackoffice: '1' }

interface Report { erased: boolean, pseudonymised: number, cancelled: number, outstanding: Array<{ what: string, reason: string, count: number }> }
const erase = async (service: Service, id = 'patient-1') => {
  const answer = await service.inject({ method: 'DELETE', url: `/people/${id}`, headers: BACK_OFFICE })
  return { status: answer.statusCode, ...answer.json<Report>() }
}
const pending = async (service: Service, id = 'patient-1') => {
  const answer = await service.inject({ url: `/people/${id}/erasure`, headers: BACK_OFFICE })
  return { status: answer.statusCode, ...answer.json<{ code?: string, outstanding?: Report['outstanding'] }>() }
}
async function storedErasures (t: Teardown) {
  let now = NOON
  const clock = () => { now = after(now, 1); return now }
  const crud = await startEmbeddedCrud({ file: ':memory:', collections: [ERASURES], userIdHeaderKey: 'miauserid', clock })
  const http = httpClient({ baseUrl: crud.origin, timeoutMs: 10_000 })
  t.teardown(async () => { await http.close(); await crud.close() })
  return erasureStore(crudCollection(http, ERASURES.endpointBasePath), clock)
}

/** Everything in the storage, whatever its state. */
const kept = async (origin: string, ...names: string[]) =>
  (await Promise.all(names.map(async (name) => await (await fetch(`${origin}/${name}/?_l=200&_st=PUBLIC,DRAFT,TRASH,DELETED`)).text()))).join('\n')

async function start (t: Teardown, options: Parameters<typeof startPlatform>[1] = {}) {
  const platform = await startPlatform(t, options)
  const stored = async () => await kept(platform.crud.origin, 'bk-ts-teleconsultations', 'bk-ts-userid-maps')
  return { ...platform, stored }
}

t.test('nothing of a person is left, here and at the vendor', async (t) => {
  const { service, vendor, stored } = await start(t)
  const past = await book(service, booking({ start_date: after(NOON, 30).toISOString() }))
  const gone = await book(service, booking({ start_date: after(NOON, 200).toISOString() }))
  t.equal((await service.inject({ method: 'DELETE', url: `/teleconsultation/${gone}` })).statusCode, 204)
  service.setClock(after(NOON, 120))
  const others = await book(service, booking({ participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId: 'patient-2', fullName: 'Dora' }] }, start_date: after(NOON, 200).toISOString() }))
  const accounts = [...vendor.users.keys()]
  t.match(await stored(), /Bruno Verdi/)

  t.match(await erase(service), { status: 200, erased: true, pseudonymised: 2, cancelled: 0, outstanding: [] })
  t.notMatch(await stored(), /Bruno|patient-1/)
  t.ok([...vendor.users.keys()].length < accounts.length, 'his account is gone')
  t.match(await stored(), /Ada Rossi/, 'and nobody else’s')
  t.equal((await open(service, past, 'patient-1')).statusCode, 401)
  t.equal((await open(service, past)).statusCode, 200, 'who was with him finds the visit')
  t.equal((await open(service, others)).statusCode, 200)
  t.match(await pending(service), { status: 404, code: 'ERASURE_NOT_FOUND' })
  t.match(await erase(service), { status: 200, pseudonymised: 0 }, 'asking again finds nothing')
  t.match(await erase(service, 'nobody'), { status: 200, erased: true })
  t.notMatch(service.log.join(''), /patient-1/)
})

t.test('a visit that cannot take place without him is cancelled, which the other one is told', async (t) => {
  const smtp = await startFakeSmtp(t)
  const { service, vendor, stored } = await start(t, { variables: { SMTP_URL: smtp.url, MAIL_FROM: 'visits@clinic.example' } })
  const roomId = await book(service, booking({ participants: { number: 2, data: [ADA, BEN] }, start_date: after(NOON, 600).toISOString() }))
  await service.app.telling.run()
  t.match(await erase(service), { status: 200, pseudonymised: 1, cancelled: 1 })
  await service.app.telling.run()
  t.same(smtp.to('ada@example.com').map(({ mail }) => /METHOD:(\w+)/.exec(String(mail.attachments[0]?.content))?.[1]), ['REQUEST', 'CANCEL'])
  t.equal(smtp.to('ben@example.com').length, 1, 'he himself is written to no more')
  t.equal((await open(service, roomId)).statusCode, 404)
  t.ok(vendor.rooms.every(({ deleted }) => deleted), 'its room is gone')
  t.notMatch(await stored(), /Bruno|patient-1|ben@example/)
})

for (const declared of [true, false]) {
  t.test(`a visit goes on without him where two are left (${declared ? 'with' : 'without'} the optional fields)`, async (t) => {
    const { service, stored } = await start(t, { declared })
    const roomId = await book(service, booking({ participants: { number: 3, data: [DOCTOR, CARLA, PATIENT] }, start_date: after(NOON, 600).toISOString() }))
    t.match(await erase(service), { status: 200, cancelled: 0, outstanding: [] })
    t.notMatch(await stored(), /Bruno|patient-1/)
    service.setClock(after(NOON, 600))
    t.match((await open(service, roomId)).json<{ accessLinkURL: string }>().accessLinkURL, /^https?:/)
    t.match((await open(service, roomId, 'doctor-2')).json<{ accessLinkURL: string }>().accessLinkURL, /^https?:/)
    t.equal((await open(service, roomId, 'patient-1')).statusCode, 401)
  })
}

t.test('in documents of the original he is found by his account', async (t) => {
  const { service, crud, stored } = await start(t, { declared: false })
  await book(service)
  const [account] = (await (await fetch(`${crud.origin}/bk-ts-userid-maps/?receivedUserId=patient-1`)).json() as Array<{ bandyerId: string }>).map(({ bandyerId }) => bandyerId)
  const plant = async (bandyerRoomId: string, startDate: Date, key: 'bandyerId' | 'userBandyerId') => {
    const participants = [{ [key]: 'usr_other', accessLinkURL: 'https://vendor.example/other' }, { [key]: account, accessLinkURL: 'https://vendor.example/his' }]
    const answer = await fetch(`${crud.origin}/bk-ts-teleconsultations/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ bandyerRoomId, participants, participantsNumber: 2, startDate: startDate.toISOString(), endDate: after(startDate, 30).toISOString(), duration: 1800, teleconsultationState: 'READY' })
    })
    t.equal(answer.status, 200)
  }
  await plant('room_a', after(NOON, -900), 'bandyerId')
  await plant('room_b', after(NOON, -600), 'userBandyerId')
  service.setClock(after(NOON, 120))
  t.match(await erase(service), { status: 200, pseudonymised: 3, cancelled: 0 })
  t.notMatch(await stored(), /patient-1|Bruno|vendor\.example\/his/)
  t.notOk((await stored()).includes(String(account)))
  t.match(await stored(), /usr_other/)
})

t.test('whoever takes part in hundreds of visits is erased from all of them, whoever asks twice at once', async (t) => {
  const { service, crud, stored } = await start(t)
  const participants = [{ ...DOCTOR, userBandyerId: 'a', accessLinkURL: null }, { ...PATIENT, userBandyerId: 'b', accessLinkURL: null }]
  const visits = Array.from({ length: 450 }, (_, index) => ({ bandyerRoomId: '', participants, participantsNumber: 2, startDate: after(NOON, -100 - index).toISOString(), endDate: after(NOON, -90 - index).toISOString(), duration: 600, revision: 1 }))
  t.equal((await fetch(`${crud.origin}/bk-ts-teleconsultations/bulk`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(visits) })).status, 200)
  const [one, other] = await Promise.all([erase(service), erase(service)])
  t.match([one, other], [{ status: 200, pseudonymised: 450 }, { status: 200, pseudonymised: 450 }], 'one attempt, whose outcome both are told')
  t.notMatch(await stored(), /patient-1|Bruno/)
})

t.test('what a letter under way would leave of him is waited for', async (t) => {
  const smtp = await startFakeSmtp(t)
  const { service, stored } = await start(t, { variables: { SMTP_URL: smtp.url, MAIL_FROM: 'visits@clinic.example', MAIL_EVERY_SEC: '3600' } })
  smtp.hold()
  await book(service, booking({ participants: { number: 3, data: [ADA, CARLA, BEN] }, start_date: after(NOON, 600).toISOString() }))
  await smtp.reached(1)
  t.match(await erase(service), { status: 202, outstanding: [{ what: 'teleconsultations', reason: 'OPERATION_IN_PROGRESS' }] })
  smtp.release()
  await service.app.telling.run()
  await service.app.telling.run()
  await service.app.reconciler.run()
  t.match(await pending(service), { status: 404, code: 'ERASURE_NOT_FOUND' })
  t.notMatch(await stored(), /patient-1|Bruno|ben@example/)
})

t.test('an erasure that cannot be finished keeps no other from its turn', async (t) => {
  for (const store of [erasuresInMemory(() => NOON), await storedErasures(t)]) {
    for (const userId of ['stuck', 'waiting']) await store.begin(userId, { headers: {} })
    t.same((await store.list(1, { headers: {} })).map(({ userId }) => userId), ['stuck'])
    await store.note('stuck', [{ what: 'memberships', reason: 'LAST_ADMIN', count: 1 }], { headers: {} })
    t.same((await store.list(1, { headers: {} })).map(({ userId }) => userId), ['waiting'])
  }
})

t.test('a vendor that fails keeps nothing else from being erased, and is asked again until it is done', async (t) => {
  const { service, vendor, stored } = await start(t)
  await book(service, booking({ start_date: after(NOON, 10).toISOString() }))
  service.setClock(after(NOON, 120))
  vendor.fail('failing', { on: /^DELETE .*user/i })
  const report = await erase(service)
  t.match(report, { status: 202, erased: false, pseudonymised: 1, outstanding: [{ what: 'video provider', reason: /^PROVIDER_/ }] })
  t.notMatch(await stored(), /Bruno/, 'the name is gone already')
  t.match(await stored(), /patient-1/, 'the account is still to be found by it')
  t.match(await pending(service), { status: 200, outstanding: [{ what: 'video provider' }] })
  vendor.recover()
  await service.app.reconciler.run()
  t.match(await pending(service), { status: 404, code: 'ERASURE_NOT_FOUND' })
  t.notMatch(await stored(), /patient-1/)
})

t.test('another process goes on with what one could not finish', async (t) => {
  const folder: { dataPath?: string } = {}
  const first = await startService(t, {})
  folder.dataPath = first.dataPath
  const roomId = await book(first)
  await first.inject({ method: 'POST', url: '/organisations/default/members', payload: { userId: 'patient-1' } })
  // Somebody books while his erasure was noted down and no more: as a process leaves it that dies there.
  const { startOwnStorage } = await import('../../lib/compose-storage.ts')
  await first.app.close()
  const storage = await startOwnStorage({ dataPath: first.dataPath, headers: { userId: 'miauserid' } } as Parameters<typeof startOwnStorage>[0], () => NOON)
  await fetch(`${storage.origin}${ERASURES.endpointBasePath}/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ userId: 'patient-1', requestedAt: NOON.toISOString() }) })
  await storage.close()

  const second = await startService(t, {}, folder)
  t.match(await pending(second), { status: 200, outstanding: [] })
  await second.app.reconciler.run()
  t.match(await pending(second), { status: 404, code: 'ERASURE_NOT_FOUND' })
  t.equal((await open(second, roomId, 'patient-1')).statusCode, 404)
})

t.test('the last administrator of an organisation stays until there is another', async (t) => {
  const service = await startService(t, { ...TOKENS, AUTHORIZATION: 'local' })
  const url = '/organisations/default/members'
  const members = async () => (await service.inject({ url })).json<{ members: Array<{ userId: string }> }>().members.map(({ userId }) => userId)
  for (const userId of ['patient-1', 'doctor-2']) {
    t.equal((await service.inject({ method: 'POST', url, payload: { userId, roles: ['STANDARD', 'ADMIN'] } })).statusCode, 201)
    t.equal((await service.inject({ method: 'PATCH', url: `${url}/${userId}`, payload: { state: 'ACCEPTED' }, headers: await as(userId) })).statusCode, 200)
  }
  t.match(await erase(service), { status: 200, erased: true })
  t.same(await members(), ['doctor-2'])
  t.match(await erase(service, 'doctor-2'), { status: 202, outstanding: [{ what: 'memberships', reason: 'LAST_ADMIN', count: 1 }] })
  t.same(await members(), ['doctor-2'])
})

t.test('the bytes of the embedded storage’s files hold nothing of him, while the service runs', async (t) => {
  const service = await startService(t, { PII_ENCRYPTION_KEYS: 'none' })
  await book(service, booking({ participants: { number: 2, data: [ADA, BEN] }, start_date: after(NOON, 600).toISOString() }))
  await service.app.telling.run()
  const bytes = () => Buffer.concat(readdirSync(service.dataPath).map((name) => readFileSync(join(service.dataPath, name)))).toString('latin1')
  t.ok(/Bruno Verdi/.test(bytes()))
  t.match(await erase(service), { status: 200 })
  t.equal(/Bruno|patient-1|ben@example/.exec(bytes())?.[0], undefined)
  t.ok(/Ada Rossi/.test(bytes()))
})

t.test('a document whose key is lost is told, and keeps him from being erased nowhere else', async (t) => {
  const first = await startService(t)
  await book(first)
  await first.app.close()
  rmSync(join(first.dataPath, 'pii-keys'))
  const second = await startService(t, {}, { dataPath: first.dataPath })
  const roomId = await book(second, booking({ participants: { number: 3, data: [DOCTOR, CARLA, PATIENT] }, start_date: after(NOON, 600).toISOString() }))
  t.match(await erase(second), { status: 202, pseudonymised: 1, outstanding: [{ what: 'teleconsultations', reason: 'PII_KEY_LOST' }] })
  t.notMatch((await second.inject({ url: `/sessions/${roomId}` })).body, /Bruno|patient-1/)
})

t.test('messages to him leave the outbox', async (t) => {
  const service = await startService(t)
  await book(service, booking({ participants: { number: 2, data: [ADA, BEN] }, start_date: after(NOON, 600).toISOString() }))
  await service.app.telling.run()
  const recipients = async () => (await service.inject({ url: '/clinic/outbox' })).json<{ messages: Array<{ to: string }> }>().messages.map(({ to }) => to)
  t.same((await recipients()).sort(), ['ada@example.com', 'ben@example.com'])
  t.match(await erase(service), { status: 200, cancelled: 1 })
  await service.app.telling.run()
  t.same([...new Set(await recipients())], ['ada@example.com'])
})

t.test('a storage that fails begins nothing, or leaves the rest for the next attempt', async (t) => {
  const crud = await flakyCrud(t)
  const service = await startService(t, crud.variables)
  await book(service)
  crud.state.mode = 'fail'
  const answer = await service.inject({ method: 'DELETE', url: '/people/patient-1', headers: BACK_OFFICE })
  t.equal(answer.statusCode, 202, 'without a collection for erasures it is remembered by the process')
  t.match(answer.json<Report>().outstanding, [{ reason: 'STORAGE_UNAVAILABLE' }])
})

t.test('behind a gateway only the back office may', async (t) => {
  const { service, stored } = await start(t)
  await book(service)
  for (const headers of [{ miauserid: 'patient-2' }, { miauserid: 'patient-2', isbackoffice: '0' }]) {
    const answer = await service.inject({ method: 'DELETE', url: '/people/patient-1', headers })
    t.equal(answer.statusCode, 403)
    t.equal(answer.json<{ code: string }>().code, 'NOT_PERMITTED')
  }
  t.match(await stored(), /Bruno Verdi/)
})

t.test('only who administers the service may erase somebody', async (t) => {
  const service = await startService(t)
  const answer = await service.inject({ method: 'DELETE', url: '/people/patient-1', remoteAddress: '203.0.113.9' })
  t.equal(answer.statusCode, 403)
  t.equal(answer.json<{ code: string }>().code, 'NOT_THE_CLINIC')
  t.equal((await service.inject({ method: 'DELETE', url: '/people/%00' })).statusCode, 400)
})
