import t from 'tap'
import type { ClinicOutbox, ClinicOverview } from '../../schemas/pages.ts'
import { AGENDA_FEEDS, ORGANISATION_MEMBERS, OUTBOX, TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, startService, type Service } from '../support/service.ts'

const SMTP = { SMTP_URL: 'smtp://127.0.0.1:9', MAIL_FROM: 'visits@clinic.example', MAIL_EVERY_SEC: '3600' }
const reachable = (...emails: string[]) => booking({ participants: { number: 2, data: [DOCTOR, PATIENT].map((person, i) => ({ ...person, ...(emails[i] === undefined ? {} : { email: emails[i] }) })) } })

const outboxOf = async (service: Service, query = '') => (await service.inject({ url: `/clinic/outbox${query}` })).json<ClinicOutbox>()
const mailOf = async (service: Service) => (await service.inject({ url: '/clinic/overview' })).json<ClinicOverview>().mail

t.test('without an SMTP server the clinic reads what people would have been sent, each with his own personal link', async (t) => {
  const service = await startService(t)
  t.equal(await mailOf(service), 'outbox')
  t.same(await outboxOf(service), { inUse: true, messages: [], next: null })

  await book(service, reachable('ada@clinic.example', 'bruno@home.example'))
  await service.app.telling.run()
  const answer = await service.inject({ url: '/clinic/outbox' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['cache-control'], 'no-store')
  const { messages, next } = answer.json<ClinicOutbox>()
  t.equal(next, null)
  t.same(messages.map(({ to }) => to).sort(), ['ada@clinic.example', 'bruno@home.example'])
  const { teleconsultations } = (await service.inject({ url: '/clinic/teleconsultations' })).json<{ teleconsultations: Array<{ participants: Array<{ personalLink: string }> }> }>()
  const [his, hers] = ['bruno@home.example', 'ada@clinic.example'].map((address) => messages.find(({ to }) => to === address))
  const [doctorLink = 'none', patientLink = 'none'] = teleconsultations[0]?.participants.map(({ personalLink }) => personalLink) ?? []
  t.ok(his?.text.includes(patientLink) === true && !his.text.includes(doctorLink), 'his link and no other')
  t.ok(hers?.text.includes(doctorLink) === true && !hers.text.includes(patientLink), 'her link and no other')
  t.equal(his?.at, NOON.toISOString())
  t.match(his?.subject, 'Video appointment')
  t.same(Object.keys(messages[0] ?? {}).sort(), ['at', 'id', 'subject', 'text', 'to'])
})

t.test('who has no address is written no message', async (t) => {
  const service = await startService(t)
  await book(service, reachable('ada@clinic.example'))
  await service.app.telling.run()
  t.same((await outboxOf(service)).messages.map(({ to }) => to), ['ada@clinic.example'])
})

t.test('the outbox is read page by page, the latest first and each message once', async (t) => {
  const service = await startService(t, { MAIL_REMINDERS_MIN: '' })
  for (let i = 0; i < 27; i++) {
    service.setClock(new Date(NOON.getTime() + i * 1000))
    await book(service, { ...reachable('ada@clinic.example'), start_date: after(NOON, 60 + i).toISOString() })
    await service.app.telling.run()
  }
  const first = await outboxOf(service)
  t.equal(first.messages.length, 25)
  t.equal(first.next, 25)
  const second = await outboxOf(service, `?skip=${first.next}`)
  t.equal(second.next, null)
  const all = [...first.messages, ...second.messages]
  t.equal(new Set(all.map(({ id }) => id)).size, 27)
  t.same(all.map(({ at }) => at), all.map(({ at }) => at).sort().reverse())
})

t.test('only the clinic reads the outbox', async (t) => {
  const service = await startService(t)
  for (const foreign of [{ remoteAddress: '203.0.113.7' }, { headers: { host: 'rebound.example' } }]) {
    const answer = await service.inject({ url: '/clinic/outbox', ...foreign })
    t.equal(answer.statusCode, 403)
    t.equal(answer.json<{ code: string }>().code, 'NOT_THE_CLINIC')
  }
  const gateway = await startService(t, { AUTHORIZATION: 'gateway' })
  t.equal((await gateway.inject({ url: '/clinic/outbox' })).statusCode, 404)
})

t.test('where a server sends the messages, or nobody writes any, the outbox says that it is not in use', async (t) => {
  const unused = { inUse: false, messages: [], next: null }
  const sending = await startService(t, SMTP)
  t.equal(await mailOf(sending), 'smtp')
  t.same(await outboxOf(sending), unused)
  const { variables } = await flakyCrud(t)
  const platform = await startService(t, variables)
  t.equal(await mailOf(platform), 'none')
  t.same(await outboxOf(platform), unused)
})

t.test('the outbox is read in the name of the request, and no longer than that may take', async (t) => {
  const crud = await flakyCrud(t, [TELECONSULTATIONS, USER_ID_MAPS, ORGANISATION_MEMBERS, AGENDA_FEEDS, OUTBOX])
  const service = await startService(t, { AUTHORIZATION: 'local', STORAGE_TIMEOUT_MS: '60000', REQUEST_TIMEOUT_MS: '1000' }, { storedAt: crud.url })
  const read = () => service.inject({ url: '/clinic/outbox', headers: { 'x-request-id': 'of-the-page' } })
  t.equal((await read()).statusCode, 200)
  t.match(crud.seen.at(-1), { path: /^\/outbox\//, headers: { 'x-request-id': 'of-the-page' } })
  crud.state.mode = 'hang'
  const answer = await read()
  t.equal(answer.statusCode, 504)
  t.equal(answer.json<{ code: string }>().code, 'STORAGE_TIMEOUT')
})
