import type { Page } from 'playwright-core'
import t from 'tap'
import { callOf, mediaArrives, openWeb } from '../support/browser.ts'
import { linkIn, startFakeSmtp } from '../support/fake-smtp.ts'
import { linkedText } from '../../web/src/clinic/linked-text.ts'

const web = await openWeb(t)

interface Typed { name: string, email?: string }

/** Books on the clinic's page, for now as the form proposes it, or for a time of its own. */
async function bookOn (clinic: Page, people: readonly [Typed, Typed], start?: string) {
  if (start !== undefined) await clinic.getByTestId('start').fill(start)
  for (const [i, { name, email = '' }] of people.entries()) {
    await clinic.getByTestId(`name-${i + 1}`).fill(name)
    await clinic.getByTestId(`email-${i + 1}`).fill(email)
  }
  await clinic.getByTestId('create').click()
}

const messageTo = (clinic: Page, address: string) => clinic.getByTestId('message').filter({ hasText: address })

/** The page that the link of a message opens. */
async function follow (clinic: Page, address: string): Promise<Page> {
  const message = messageTo(clinic, address)
  await message.locator('summary').click()
  const [opened] = await Promise.all([clinic.context().waitForEvent('page'), message.getByRole('link').click()])
  return opened
}

t.test('who is booked with an address gets a message, and its link opens the waiting room and the call', async (t) => {
  const service = await web.startService(t)
  const clinic = await web.visit(t, `${service.origin}/`, { timezoneId: 'Europe/Rome' })
  await clinic.locator('teleconsultation-list .card').waitFor()
  t.equal(await clinic.getByTestId('outbox').count(), 0, 'no outbox before there is a message')
  await clinic.getByTestId('name-1').waitFor()
  t.equal(await clinic.getByTestId('email-1').getAttribute('type'), 'email')
  await bookOn(clinic, [{ name: 'Ada Rossi', email: 'ada@clinic.example' }, { name: 'Bruno Verdi', email: 'bruno@home.example' }])
  await Promise.all(['ada@clinic.example', 'bruno@home.example'].map((address) => messageTo(clinic, address).waitFor()))
  t.equal(await clinic.getByTestId('message').count(), 2)

  const doctorPage = await follow(clinic, 'ada@clinic.example')
  const patientPage = await follow(clinic, 'bruno@home.example')
  t.not(doctorPage.url(), patientPage.url(), 'everybody has a link of their own')
  for (const page of [doctorPage, patientPage]) t.match(page.url(), `${service.origin}/join`)
  t.match(await messageTo(clinic, 'bruno@home.example').locator('.text').innerText(), /Europe\/Rome/, 'dates in the zone in which they were typed')

  const [doctor, patient] = await Promise.all([callOf(doctorPage), callOf(patientPage)])
  const received = await Promise.all([mediaArrives(doctor), mediaArrives(patient)])
  for (const { videoFrames, audioEnergy } of received) t.ok(videoFrames > 0 && audioEnergy > 0, 'seen and heard')
  t.equal(await doctor.getByTestId('tile').locator('.name').innerText(), 'Bruno Verdi')
})

t.test('a link out of an e-mail that a mail server received leads into the call', async (t) => {
  const smtp = await startFakeSmtp(t)
  const service = await web.startService(t, undefined, { SMTP_URL: smtp.url, MAIL_FROM: '"Clinic" <visits@clinic.example>' })
  const clinic = await web.visit(t, `${service.origin}/`)
  await clinic.getByTestId('name-1').waitFor()
  await bookOn(clinic, [{ name: 'Ada Rossi', email: 'ada@clinic.example' }, { name: 'Bruno Verdi', email: 'bruno@home.example' }])
  await smtp.reached(2)
  const links = ['ada@clinic.example', 'bruno@home.example'].map((address) => linkIn(smtp.to(address)[0] ?? t.fail('nothing arrived') as never) ?? '')
  for (const link of links) t.match(link, new RegExp(`^${service.origin}/join#.+`))

  const [doctorPage, patientPage] = await Promise.all(links.map((link) => web.visit(t, link))) as [Page, Page]
  const [doctor, patient] = await Promise.all([callOf(doctorPage), callOf(patientPage)])
  for (const { videoFrames, audioEnergy } of await Promise.all([mediaArrives(doctor), mediaArrives(patient)])) t.ok(videoFrames > 0 && audioEnergy > 0, 'seen and heard')
  t.equal(await patient.getByTestId('tile').locator('.name').innerText(), 'Ada Rossi')
})

t.test('a message that comes later is shown before the earlier ones, also in Italian and on a narrow screen', async (t) => {
  const service = await web.startService(t)
  const clinic = await web.visit(t, `${service.origin}/`, { locale: 'it-IT', viewport: { width: 360, height: 740 } })
  await clinic.getByTestId('name-1').waitFor()
  const tomorrow = new Date(Date.now() + 24 * 3600_000).toISOString().slice(0, 16)
  await bookOn(clinic, [{ name: 'Ada Rossi' }, { name: 'Bruno Verdi', email: 'bruno@home.example' }], tomorrow)
  await messageTo(clinic, 'bruno@home.example').waitFor()
  t.equal(await clinic.getByTestId('message').count(), 1, 'who has no address is written nothing')
  t.equal(await clinic.getByTestId('outbox').getByRole('heading').innerText(), 'Posta in uscita')
  t.match(await messageTo(clinic, 'bruno@home.example').locator('summary').innerText(), 'A bruno@home.example')
  const { scrolls, fits } = await clinic.evaluate('({ scrolls: document.documentElement.scrollWidth, fits: innerWidth })') as { scrolls: number, fits: number }
  t.ok(scrolls <= fits, 'nothing is wider than a narrow screen')

  await clinic.getByTestId('delete').click()
  await clinic.getByTestId('confirm-delete').click()
  await clinic.getByTestId('message').nth(1).waitFor()
  t.match(await clinic.getByTestId('message').first().locator('summary').innerText(), 'Cancelled', 'the newest first')
  await clinic.getByTestId('message').first().locator('summary').click()
  t.equal(await clinic.getByTestId('message').first().getByRole('link').count(), 0, 'a cancellation leads nowhere')
})

t.test('what is no address is not booked, and the field says so', async (t) => {
  const service = await web.startService(t)
  const clinic = await web.visit(t, `${service.origin}/`)
  await clinic.getByTestId('name-1').waitFor()
  await bookOn(clinic, [{ name: 'Ada Rossi' }, { name: 'Bruno Verdi', email: 'bruno at home' }])
  t.equal(await clinic.getByTestId('email-2').evaluate((field) => (field as { matches (selector: string): boolean }).matches(':focus')), true, 'the field is shown')
  await bookOn(clinic, [{ name: 'Ada Rossi' }, { name: 'Bruno Verdi', email: 'bruno@home' }])
  t.match(await clinic.getByTestId('form-error').innerText(), 'INVALID_ADDRESS')
  t.equal(await clinic.locator('teleconsultation-card').count(), 0)
})

t.test('an address in a message that is not of this service stays text', async (t) => {
  const service = await web.startService(t)
  const clinic = await web.visit(t, `${service.origin}/`)
  await clinic.getByTestId('name-1').waitFor()
  await bookOn(clinic, [{ name: 'Ada Rossi' }, { name: 'https://elsewhere.example/<b>join</b>', email: 'bruno@home.example' }])
  const message = messageTo(clinic, 'bruno@home.example')
  await message.locator('summary').click()
  t.match(await message.locator('.text').innerText(), 'https://elsewhere.example/<b>join</b>')
  const links = await message.getByRole('link').evaluateAll((anchors) => anchors.map((anchor) => (anchor as { href: string }).href))
  t.equal(links.length, 1)
  t.match(links[0], `${service.origin}/join#`)
})

t.test('links are found in a text with what stands around them left out', async (t) => {
  const origins = ['https://clinic.example']
  const links = (text: string) => linkedText(text, origins).flatMap(({ href }) => href ?? [])
  t.same(linkedText('Open https://clinic.example/join#a.b-c.\nBye', origins), [
    { text: 'Open ' }, { text: 'https://clinic.example/join#a.b-c', href: 'https://clinic.example/join#a.b-c' }, { text: '.\nBye' }
  ])
  t.same(links('(https://clinic.example/join#a), <https://clinic.example/b>'), ['https://clinic.example/join#a', 'https://clinic.example/b'])
  t.same(links('http://clinic.example/ https://clinic.example.evil.example/ https://clinic.example@evil.example/ https://clinic.example:8443/ javascript:alert(1) https://'), [])
  t.same(linkedText('nothing', origins), [{ text: 'nothing' }])
  t.same(linkedText('', origins), [])
})

t.test('nothing of that asked anybody but the service, or broke the pages’ security policy', async (t) => {
  t.ok(web.asked.size > 0)
  t.strictSame(web.strangers(), [])
  t.strictSame(web.violations, [])
})
