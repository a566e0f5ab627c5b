import t from 'tap'
import { startFakeSmtp } from '../support/fake-smtp.ts'
import { ask, runService } from '../support/process.ts'
import { after, booking, DOCTOR, PATIENT, startService, temporaryFolder } from '../support/service.ts'

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
