import t from 'tap'
import { startFakeSmtp } from '../support/fake-smtp.ts'
import { ask, runService } from '../support/process.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, startService, temporaryFolder } from '../support/service.ts'

const later = (minutes: number) => after(new Date(), minutes)
const visit = (name: string) => booking({
  start_date: later(180).toISOString(),
  participants: { number: 2, data: [{ ...DOCTOR, email: `doctor-${name}@example.com` }, { ...PATIENT, email: `patient-${name}@example.com` }] }
})
const both = (name: string) => [`doctor-${name}@example.com`, `patient-${name}@example.com`]

t.test('kill -9 between a write and its e-mails, or amid them, loses none', async (t) => {
  const smtp = await startFakeSmtp(t)
  // The link's address is part of a message and must not depend on the port.
  const variables = { DATA_PATH: temporaryFolder(t), SMTP_URL: smtp.url, MAIL_FROM: 'visits@clinic.example', MAIL_EVERY_SEC: '1', PUBLIC_URL: 'http://clinic.example' }
  const book = async (origin: string, name: string) => (await ask(`${origin}/teleconsultation`, { method: 'POST', body: visit(name) })).status

  const first = await runService(t, variables)
  smtp.hold()
  t.equal(await book(first.origin, 'amid'), 201)
  await smtp.reached(2)
  // The server takes its time with those before: nobody has looked at this one yet.
  t.equal(await book(first.origin, 'between'), 201)
  first.child.kill('SIGKILL')
  await first.ended
  t.same(smtp.asked.sort(), both('amid'))
  smtp.release()
  t.equal(smtp.received.length, 2, 'the server had those that were under way, and nobody wrote that down')
  const earlier = smtp.received.map(({ messageId }) => messageId).sort()

  const second = await runService(t, variables)
  await smtp.reached(4)
  t.same(smtp.received.slice(2).map(({ to }) => to).sort(), both('between'), 'at once after the restart')
  t.equal(await book(second.origin, 'next'), 201)
  await smtp.reached(6)
  t.same(smtp.received.slice(4).map(({ to }) => to).sort(), both('next'), 'and no other')
  second.child.kill('SIGTERM')
  t.equal(await second.ended, 0)

  const third = await startService(t, { ...variables, MAIL_EVERY_SEC: '3600' }, { dataPath: variables.DATA_PATH })
  third.setClock(later(6))
  await third.app.telling.run()
  t.same(smtp.received.slice(6).map(({ to }) => to).sort(), both('amid'), 'those under way are sent once more when nobody can be at it')
  t.same(smtp.received.slice(6).map(({ messageId }) => messageId).sort(), earlier, 'as the same messages')
  third.setClock(later(20))
  await third.app.telling.run()
  t.equal(smtp.received.length, 8)
})

t.test('closing finishes the letters under way, remembers them, and leaves the others to the next process', async (t) => {
  const smtp = await startFakeSmtp(t)
  const variables = { DATA_PATH: temporaryFolder(t), SMTP_URL: smtp.url, MAIL_FROM: 'visits@clinic.example', MAIL_EVERY_SEC: '3600', PUBLIC_URL: 'http://clinic.example' }
  const start = async () => await startService(t, variables, { dataPath: variables.DATA_PATH })
  const visits = 8

  const first = await start()
  const closing = new Promise<void>((resolve) => { first.app.addHook('preClose', async () => { resolve() }) })
  // All are put off to one moment.
  smtp.answerTo(() => 450)
  for (let visit = 0; visit < visits; visit++) {
    await book(first, booking({ start_date: after(NOON, 180).toISOString(), participants: { number: 2, data: [DOCTOR, { ...PATIENT, email: `patient-${visit}@example.com` }] } }))
  }
  await first.app.telling.run()
  t.equal(smtp.asked.length, visits)
  smtp.answerTo(() => undefined)
  smtp.hold()
  first.setClock(after(NOON, 2))
  const running = first.app.telling.run()
  await smtp.reached(5)
  const closed = first.app.close()
  await closing
  smtp.release()
  await closed
  t.match(await running, { sent: 5 })
  t.equal(smtp.received.length, 5)

  const second = await start()
  second.setClock(after(NOON, 2))
  t.match(await second.app.telling.run(), { sent: visits - 5, failed: 0 })
  t.equal(new Set(smtp.received.map(({ messageId }) => messageId)).size, visits)
  t.equal(smtp.received.length, visits, 'none twice')
})
