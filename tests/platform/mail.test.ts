import { join } from 'node:path'
import t from 'tap'
import { openCipher } from '../../lib/compose-privacy.ts'
import { outbox } from '../../lib/mail/outbox.ts'
import { OUTBOX } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { openStorage } from '../../lib/storage/storage.ts'
import { eventOf, linkIn, startFakeSmtp, type FakeSmtp, type Received } from '../support/fake-smtp.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { startPlatform } from '../support/platform.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, startService, type Service, type Teardown } from '../support/service.ts'
import { OWNER, sessionCalls, TOKENS } from '../support/session-callers.ts'

const DAY = 24 * 60
const ADA = { ...DOCTOR, email: 'ada@example.com', timeZone: 'Europe/Rome' }
const BEN = { ...PATIENT, email: 'ben@example.com', timeZone: 'America/New_York' }
const CLEO = { userExternalId: 'patient-2', groups: ['patient'], fullName: 'Cleo', language: 'fr', email: 'cleo@example.com' }
// 15:00 in Rome, three days from now.
const START = new Date('2026-11-26T14:00:00.000Z')

const visit = (changes: Record<string, unknown> = {}) => booking({ start_date: START.toISOString(), participants: { number: 2, data: [ADA, BEN] }, ...changes })
const variables = ({ url }: FakeSmtp): Record<string, string> => ({ SMTP_URL: url, MAIL_FROM: '"Clinic of Rome" <visits@clinic.example>', MAIL_EVERY_SEC: '3600' })

/** Everything that is due by now: a look that was under way may have begun before. */
async function tell ({ app }: Service) {
  await app.telling.run()
  await app.telling.run()
}

async function start (t: Teardown, more: Record<string, string> = {}) {
  const smtp = await startFakeSmtp(t)
  const service = await startService(t, { ...variables(smtp), ...more })
  t.teardown(() => {
    if (/@example\.com|127\.0\.0\.1:\d+\/?"/.test(service.log.filter((line) => !line.includes('listening')).join(''))) throw new Error('The log holds an address')
  })
  const send = async (method: 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object) => {
    const { statusCode } = await service.inject({ method, url, ...payload === undefined ? {} : { payload } })
    await tell(service)
    return statusCode
  }
  return { smtp, service, send }
}

const course = (messages: Received[]) => messages.map((message) => {
  const event = eventOf(message)
  return event === undefined ? 'no event' : `${event.method} ${event.sequence} ${event.start}`
})

t.test('both parties get what they should over the whole course of a visit', async (t) => {
  const { smtp, service, send } = await start(t)
  const roomId = await book(service, visit())
  const url = `/teleconsultation/${roomId}`
  await tell(service)
  t.same(smtp.received.map(({ to }) => to).sort(), ['ada@example.com', 'ben@example.com'])

  const moved = after(START, 60)
  t.equal(await send('PATCH', url, { start_date: moved.toISOString(), duration_in_seconds: 1800 }), 204)
  t.equal(await send('PATCH', url, { participants: { number: 3, data: [ADA, BEN] } }), 204)
  t.equal(await send('POST', `${url}/participants/data`, CLEO), 201)
  t.equal(await send('PATCH', url, { participants: { number: 2, data: [ADA, CLEO] } }), 204)
  service.setClock(after(moved, -DAY))
  await tell(service)
  service.setClock(after(moved, -10))
  await tell(service)
  t.equal(await send('DELETE', url), 204)

  const [at, then] = ['2026-11-26T14:00:00Z', '2026-11-26T15:00:00Z']
  t.same(course(smtp.to('ada@example.com')), [`REQUEST 0 ${at}`, `REQUEST 1 ${then}`, 'no event', 'no event', `CANCEL 2 ${then}`])
  t.same(course(smtp.to('ben@example.com')), [`REQUEST 0 ${at}`, `REQUEST 1 ${then}`, `CANCEL 2 ${then}`])
  t.same(course(smtp.to('cleo@example.com')), [`REQUEST 0 ${then}`, 'no event', 'no event', `CANCEL 1 ${then}`])
  const events = smtp.received.flatMap((message) => eventOf(message) ?? [])
  t.equal(new Set(events.map(({ uid }) => uid)).size, 1, 'one event that moves')
  t.match(events[0]?.uid, roomId)
  t.same([...new Set(events.map(({ method, status }) => `${method} ${status}`))].sort(), ['CANCEL CANCELLED', 'REQUEST CONFIRMED'])
  t.equal(new Set(smtp.received.map(({ messageId }) => messageId)).size, smtp.received.length)
  t.match(smtp.received[0]?.mail.from?.text, '"Clinic of Rome" <visits@clinic.example>')
})

t.test('each is written to in his language and time', async (t) => {
  const { smtp, service } = await start(t)
  await book(service, visit({ participants: { number: 3, data: [ADA, BEN, CLEO] } }))
  await tell(service)
  const [ada, ben, cleo] = ['ada', 'ben', 'cleo'].map((name) => smtp.to(`${name}@example.com`)[0])
  t.match(ada?.subject, /^Appuntamento in video: giovedì 26 novembre 2026, 15:00 \(UTC\+1\)$/)
  t.match(ada?.text, 'Europe/Rome')
  t.match(ben?.subject, /26 November 2026, 09:00 \(UTC-5\)$/)
  t.match(cleo?.subject, /26 novembre 2026, 14:00 \(UTC\)$/)
})

t.test('the clocks of both sides of a change of time are told right', async (t) => {
  for (const [startAt, hour] of [['2026-10-25T00:30:00.000Z', '02:30 (UTC+2)'], ['2026-10-25T01:30:00.000Z', '02:30 (UTC+1)'], ['2027-03-28T00:30:00.000Z', '01:30 (UTC+1)'], ['2027-03-28T01:30:00.000Z', '03:30 (UTC+2)']] as const) {
    const { smtp, service } = await start(t)
    service.setClock(after(new Date(startAt), -3 * DAY))
    await book(service, visit({ start_date: startAt }))
    await tell(service)
    service.setClock(after(new Date(startAt), -DAY))
    await tell(service)
    const [invitation, reminder, ...more] = smtp.to('ada@example.com')
    t.same(more, [])
    t.ok(invitation?.subject.endsWith(hour), `invitation of ${startAt}`)
    t.ok(reminder?.subject.endsWith(hour), `reminder of ${startAt}`)
    t.equal(invitation === undefined ? '' : eventOf(invitation)?.start, startAt.replace('.000', ''))
  }
})

t.test('each message has one link, his own, which opens; a cancellation has none', async (t) => {
  const { smtp, service, send } = await start(t)
  const roomId = await book(service, visit())
  await tell(service)
  service.setClock(after(START, -10))
  await tell(service)
  await send('DELETE', `/teleconsultation/${roomId}`)
  const links = ['ada', 'ben'].map((name) => smtp.to(`${name}@example.com`).map(linkIn))
  for (const [invited, reminded, cancelled] of links) {
    t.ok(invited)
    t.equal(reminded, invited)
    t.equal(cancelled, undefined)
  }
  t.not(links[0]?.[0], links[1]?.[0])
})

t.test('the link of a message is that person’s way in', async (t) => {
  const { smtp, service } = await start(t)
  const roomId = await book(service, visit())
  await tell(service)
  for (const [to, fullName] of [['ada@example.com', 'Ada Rossi'], ['ben@example.com', 'Bruno Verdi']] as const) {
    const [message] = smtp.to(to)
    const token = message === undefined ? '' : linkIn(message)?.split('#')[1] ?? ''
    const answer = await service.inject({ url: '/personal-link', headers: { authorization: `Bearer ${token}` } })
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { roomId, fullName })
  }
})

t.test('who is removed from a session is told so, and who was ended before the start as well', async (t) => {
  const smtp = await startFakeSmtp(t)
  const { service, call, create } = sessionCalls(await startService(t, { ...TOKENS, ...variables(smtp) }))
  const { id } = await create(OWNER, { start_date: START.toISOString(), participants: { number: 2, data: [ADA, BEN] } })
  await tell(service)
  t.equal((await call(OWNER, 'POST', `/sessions/${id}/participants`, CLEO)).status, 201)
  await tell(service)
  t.equal((await call(OWNER, 'DELETE', `/sessions/${id}/participants/patient-1`)).status, 200)
  await tell(service)
  t.equal((await call(OWNER, 'POST', `/sessions/${id}/end`)).status, 200)
  await tell(service)
  const at = '2026-11-26T14:00:00Z'
  t.same(['ada', 'ben', 'cleo'].map((name) => course(smtp.to(`${name}@example.com`))), Array.from({ length: 3 }, () => [`REQUEST 0 ${at}`, `CANCEL 1 ${at}`]))
})

t.test('a visit that begins within a reminder’s time is not reminded of, nor one that was called off', async (t) => {
  const { smtp, service, send } = await start(t)
  await book(service, visit({ start_date: after(NOON, 10).toISOString() }))
  const roomId = await book(service, visit())
  await tell(service)
  t.equal(await send('DELETE', `/teleconsultation/${roomId}`), 204)
  const before = smtp.received.length
  for (const at of [after(NOON, 5), after(START, -DAY), after(START, -10), after(START, 5)]) {
    service.setClock(at)
    await tell(service)
  }
  t.equal(smtp.received.length, before)
})

t.test('an address that is none is refused by name, and nothing is booked or written', async (t) => {
  const { smtp, service } = await start(t)
  for (const email of ['ada', 'ada@', '@example.com', 'ada@example', 'a@b@example.com', 'ada@example.com\r\nBcc: eve@example.com', 'Ada <ada@example.com>', 'ada@example.com, eve@example.com', '"a b"@example.com']) {
    const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: visit({ participants: { number: 2, data: [ADA, { ...BEN, email }] } }) })
    t.equal(answer.statusCode, 422, encodeURIComponent(email))
    t.match(answer.json(), { code: 'INVALID_ADDRESS', message: /^body\/participants\/data\/1\/email / })
    t.notMatch(answer.body, /example|eve/)
  }
  const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: visit({ participants: { number: 2, data: [ADA, { ...BEN, timeZone: 'Mars/Base' }] } }) })
  t.match([answer.statusCode, answer.json()], [400, { code: 'UNKNOWN_TIME_ZONE', message: /participants\/data\/1\/timeZone/ }])
  await tell(service)
  t.same(smtp.asked, [])
})

t.test('line ends in a name are refused, and what else is in one stays a name', async (t) => {
  const { smtp, service } = await start(t)
  const named = (fullName: string) => visit({ participants: { number: 2, data: [ADA, { ...BEN, fullName }] } })
  for (const end of ['\r\n', '\n', '\r', '\0']) {
    const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: named(`Ben${end}Bcc: eve@example.com`) })
    t.match([answer.statusCode, answer.json()], [400, { code: 'FST_ERR_VALIDATION' }], encodeURIComponent(end))
  }
  await book(service, named('Ben\u2028Bcc: eve@example.com, "x" <eve@example.com>'))
  await tell(service)
  t.same(smtp.asked.sort(), ['ada@example.com', 'ben@example.com'])
  t.same(smtp.to('ben@example.com').map(({ mail }) => mail.bcc), [undefined])
})

t.test('a refused address is not tried again, the other one is told all the same', async (t) => {
  const { smtp, service, send } = await start(t)
  smtp.answerTo((address) => address === 'ben@example.com' ? 550 : undefined)
  const roomId = await book(service, visit())
  await tell(service)
  service.setClock(after(NOON, DAY))
  await tell(service)
  t.same(smtp.asked.filter((address) => address === 'ben@example.com').length, 1)
  t.equal(smtp.to('ada@example.com').length, 1)
  t.equal(await send('PATCH', `/teleconsultation/${roomId}`, { participants: { number: 2, data: [ADA, { ...BEN, email: 'ben@example.org' }] } }), 204)
  t.equal(smtp.to('ben@example.org').length, 1, 'another address is')
})

t.test('the link that went to the address before opens nothing any more, and nobody else’s changes', async (t) => {
  const { smtp, service, send } = await start(t)
  const roomId = await book(service, visit())
  await tell(service)
  const url = `/teleconsultation/${roomId}`
  const linkTo = (address: string) => linkIn(smtp.to(address).at(-1) ?? t.fail('no message') as never) ?? ''
  const opens = async (link: string) => (await service.inject({ url: '/personal-link', headers: { authorization: `Bearer ${link.split('#')[1]}` } })).statusCode
  const [bens, adas] = [linkTo('ben@example.com'), linkTo('ada@example.com')]
  t.same([await opens(bens), await opens(adas)], [200, 200])

  t.equal(await send('PATCH', url, { participants: { number: 2, data: [ADA, { ...BEN, email: 'ben@example.org' }] } }), 204)
  t.same([await opens(bens), await opens(adas), await opens(linkTo('ben@example.org'))], [401, 200, 200])
  t.equal(await send('PATCH', url, { participants: { number: 2, data: [ADA, { ...BEN, email: 'ben@example.org', fullName: 'Benjamin' }] } }), 204)
  t.equal(await opens(linkTo('ben@example.org')), 200, 'another name is no other address')
  const last = linkTo('ben@example.org')
  t.equal(await send('PATCH', url, { participants: { number: 2, data: [ADA, PATIENT] } }), 204)
  t.equal(await opens(last), 401, 'and no address is another one')
})

t.test('what sending notes down waits for no disk, and what somebody asked for does', async (t) => {
  const smtp = await startFakeSmtp(t)
  const crud = await flakyCrud(t)
  const service = await startService(t, { ...crud.variables, STORAGE_TIMEOUT_MS: '10000', ...variables(smtp) })
  const patches = () => crud.seen.splice(0).filter(({ method }) => method === 'PATCH').map(({ headers }) => headers['x-durability'])
  const roomId = await book(service, visit())
  await tell(service)
  t.equal(smtp.received.length, 2)
  t.same([...new Set(patches().filter((given) => given !== undefined))], ['process'])
  const again = await service.inject({ method: 'POST', url: `/sessions/${roomId}/participants/${BEN.userExternalId}/invitation` })
  t.equal(again.statusCode, 200)
  t.equal(patches()[0], undefined)
})

t.test('who is put off gets it later, once', async (t) => {
  const { smtp, service } = await start(t)
  smtp.answerTo(() => 450)
  await book(service, visit())
  await tell(service)
  t.same(smtp.received, [])
  smtp.answerTo(() => undefined)
  await tell(service)
  t.same(smtp.received, [], 'not at once')
  service.setClock(after(NOON, 1))
  await tell(service)
  t.same(smtp.received.map(({ to }) => to).sort(), ['ada@example.com', 'ben@example.com'])
})

t.test('a request waits for no SMTP server, and those after it are written to as well', async (t) => {
  const { smtp, service } = await start(t)
  smtp.hold()
  await book(service, visit())
  const running = service.app.telling.run()
  await smtp.reached(2)
  const roomId = await book(service, visit())
  t.equal((await service.inject({ url: `/teleconsultation/${roomId}`, headers: { miauserid: 'doctor-1' } })).statusCode, 200)
  smtp.release()
  await running
  await tell(service)
  t.equal(smtp.received.length, 4)
})

t.test('writes without a pause between them put nobody’s e-mail off', async (t) => {
  const { smtp, service } = await start(t)
  await book(service, visit())
  for (let i = 0; i < 2000 && smtp.received.length < 2; i++) await service.inject({ method: 'DELETE', url: '/teleconsultation/none' })
  t.ok(smtp.received.length >= 2)
})

t.test('two replicas at once send each message once, and the refusal is kept', async (t) => {
  const smtp = await startFakeSmtp(t)
  smtp.answerTo((address) => address === 'ben@example.com' ? 550 : undefined)
  const { service, replica, rows } = await startPlatform(t, { variables: variables(smtp) })
  const other = await replica()
  for (let i = 0; i < 10; i++) await book(i % 2 === 0 ? service : other, visit({ participants: { number: 2, data: [ADA, i === 0 ? BEN : { ...BEN, email: `ben-${i}@example.com` }] } }))
  await Promise.all([tell(service), tell(other)])
  for (const at of [after(START, -DAY), after(START, -10)]) {
    service.setClock(at)
    other.setClock(at)
    await Promise.all([tell(service), tell(other)])
  }
  t.equal(new Set(smtp.received.map(({ messageId }) => messageId)).size, smtp.received.length)
  t.equal(smtp.to('ada@example.com').length, 30)
  t.equal(smtp.received.length, 57)
  t.equal(smtp.asked.filter((address) => address === 'ben@example.com').length, 1)
  const refused = (await rows('bk-ts-teleconsultations')).flatMap(({ service: kept }) => (kept as { mail?: { failures?: object[] } }).mail?.failures ?? [])
  t.match(refused, [{ externalId: 'patient-1', code: '550', refused: true, count: 1 }])
})

t.test('without an SMTP server the outbox keeps what would have been sent', async (t) => {
  const service = await startService(t, { MAIL_EVERY_SEC: '3600' })
  const roomId = await book(service, visit())
  await tell(service)
  await service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` })
  await tell(service)
  await service.app.close()
  const crud = await startEmbeddedCrud({ file: join(service.dataPath, 'teleconsultations.sqlite'), collections: [OUTBOX], userIdHeaderKey: 'miauserid', clock: () => NOON })
  const cipher = openCipher({ personalDataKeys: 'generated', dataPath: service.dataPath })
  const storage = openStorage({ url: crud.origin, teleconsultations: '/outbox', userIdMaps: '/outbox', cipher, timeoutMs: 60_000, clock: () => NOON })
  t.teardown(async () => {
    await storage.close()
    await crud.close()
  })
  const kept = await outbox(storage.outbox, () => NOON).list({ limit: 10, skip: 0 }, { headers: {} })
  t.same(kept.map(({ to, text }) => `${to} ${text.includes('/join#')}`).sort(), ['ada@example.com false', 'ada@example.com true', 'ben@example.com false', 'ben@example.com true'])
})

t.test('reminders that are due at once, more than are read at once, are each sent once', async (t) => {
  const seen: string[] = []
  const smtp = await startFakeSmtp(t, {
    onData (stream, _session, done) {
      let text = ''
      stream.on('data', (chunk: Buffer) => { text += String(chunk) })
      stream.on('end', () => {
        seen.push(/^Message-ID:\s*(<.*>)$/mi.exec(text)?.[1] ?? 'none')
        done(null)
      })
    }
  })
  const service = await startService(t, { ...variables(smtp), LOG_LEVEL: 'warn' })
  for (let i = 0; i < 4; i++) await Promise.all(Array.from({ length: 15 }, () => book(service, visit())))
  await tell(service)
  t.equal(seen.splice(0).length, 120)
  service.setClock(after(START, -DAY))
  await tell(service)
  t.equal(seen.length, 120)
  t.equal(new Set(seen).size, 120)
  await tell(service)
  t.equal(seen.length, 120)
})
