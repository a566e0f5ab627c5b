import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import type { ClinicTeleconsultations } from '../../schemas/pages.ts'
import { inState, openWeb, type Service } from '../support/browser.ts'
import { startFakeSmtp } from '../support/fake-smtp.ts'
import { DOCTOR, PATIENT } from '../support/service.ts'

const web = await openWeb(t)
const HOUR_MS = 3600_000
const NURSE = { userExternalId: 'nurse-1', groups: ['patient'], fullName: 'Carla Neri' }
const HERS = { ...DOCTOR, email: 'ada@clinic.example' }
const HIS = { ...PATIENT, email: 'bruno@home.example' }

const line = (page: Page | Locator, name: string) => page.locator('person-line').filter({ hasText: name })
const linkIn = async (scope: Locator) => await scope.getByTestId('link').inputValue()
const isFocused = (field: Locator) => field.evaluate((element) => (element as unknown as { matches (selector: string): boolean }).matches(':focus'))

/** What the holder of a link is answered. */
async function byLink ({ origin }: Service, link: string): Promise<number> {
  const answer = await fetch(`${origin}/personal-link`, { headers: { authorization: `Bearer ${new URL(link).hash.slice(1)}` } })
  await answer.body?.cancel()
  return answer.status
}

/** Until it is written down of everybody with an address what became of the e-mail to him. */
async function untilTold ({ origin }: Pick<Service, 'origin'>): Promise<void> {
  const answer = await fetch(`${origin}/clinic/teleconsultations`)
  const { teleconsultations } = await answer.json() as ClinicTeleconsultations
  if (teleconsultations.some(({ participants }) => participants.some(({ hasAddress, mail }) => hasAddress && mail === undefined))) await untilTold({ origin })
}

async function change ({ origin }: Service, method: string, path: string): Promise<void> {
  const answer = await fetch(`${origin}${path}`, { method })
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`${method} ${answer.status}`)
}

t.test('a refused e-mail is a warning on its recipient, until it is sent again and taken', async (t) => {
  const smtp = await startFakeSmtp(t)
  smtp.answerTo((address) => address === HIS.email ? 550 : undefined)
  const service = await web.startService(t, undefined, { SMTP_URL: smtp.url, MAIL_FROM: 'visits@clinic.example' })
  await service.book({ startsInMs: HOUR_MS, people: [HERS, HIS, NURSE] })
  await untilTold(service)
  const clinic = await web.visit(t, `${service.origin}/`)
  const his = line(clinic, 'Bruno Verdi')
  await his.getByTestId('mail-state').getByText('Could not be delivered: the e-mail was refused (550)').waitFor()
  t.match(await line(clinic, 'Ada Rossi').getByTestId('mail-state').innerText(), /^E-mail sent \d/)
  t.equal(await line(clinic, 'Carla Neri').getByTestId('send-again').count(), 0, 'nothing is sent to who has no address')

  smtp.answerTo(() => undefined)
  await his.getByRole('button', { name: 'Send again to Bruno Verdi' }).click()
  await his.getByTestId('mail-state').getByText('E-mail sent').waitFor()
  t.equal(smtp.to(HIS.email).length, 1)
  await line(clinic, 'Ada Rossi').getByTestId('send-again').press('Enter')
  await smtp.reached(3)
  t.equal(smtp.to(HERS.email).length, 2, 'also who was sent it before')
})

t.test('an e-mail that came back says so, and one that is tried again is no warning', async (t) => {
  const service = await web.startService(t)
  await service.book({ startsInMs: HOUR_MS, people: [HERS, HIS] })
  const clinic = await web.visit(t, `${service.origin}/`)
  await line(clinic, 'Ada Rossi').waitFor()
  const failure = (bounced: boolean) => ({ failure: { code: bounced ? '5.1.1' : 'ECONNREFUSED', at: new Date().toISOString(), refused: bounced, bounced } })
  await clinic.route('**/clinic/teleconsultations*', async (route) => {
    const answer = await route.fetch()
    const { teleconsultations: [row], next } = await answer.json() as { teleconsultations: [{ participants: object[] }], next: null }
    await route.fulfill({ response: answer, json: { teleconsultations: [{ ...row, participants: row.participants.map((person, i) => ({ ...person, mail: failure(i === 0) })) }], next } })
  })
  await clinic.getByTestId('refresh').click()
  const hers = line(clinic, 'Ada Rossi').getByTestId('mail-state')
  await hers.getByText('the e-mail came back (5.1.1)').waitFor()
  t.match(await hers.getAttribute('class'), /warning/)
  const his = line(clinic, 'Bruno Verdi').getByTestId('mail-state')
  t.match(await his.innerText(), /could not be sent yet \(ECONNREFUSED/)
  t.notMatch(await his.getAttribute('class'), /warning/)
})

t.test('where nobody sends e-mails, sending again puts another message into the outbox', async (t) => {
  const service = await web.startService(t)
  await service.book({ startsInMs: HOUR_MS, people: [HERS, PATIENT] })
  await untilTold(service)
  const clinic = await web.visit(t, `${service.origin}/`)
  await clinic.getByTestId('message').waitFor()
  await line(clinic, 'Ada Rossi').getByTestId('mail-state').getByText('E-mail put into the outbox').waitFor()
  await line(clinic, 'Ada Rossi').getByTestId('send-again').click()
  await clinic.getByTestId('message').nth(1).waitFor()
  t.equal(await clinic.getByTestId('message').filter({ hasText: HERS.email }).count(), 2)
})

t.test('a new link is asked about first, and shown to copy; the earlier one opens nothing then', async (t) => {
  const service = await web.startService(t)
  const { patientLink } = await service.book({ startsInMs: HOUR_MS })
  const clinic = await web.visit(t, `${service.origin}/`)
  const his = line(clinic, 'Bruno Verdi')
  const button = his.getByRole('button', { name: 'New link for Bruno Verdi' })
  for (const refuse of [() => his.getByTestId('keep').click(), () => clinic.keyboard.press('Escape')]) {
    await button.click()
    await his.getByRole('dialog', { name: 'Make a new link?' }).getByText('The link that Bruno Verdi has stops working at once').waitFor()
    t.ok(await isFocused(his.getByTestId('keep')), 'what changes nothing is focused')
    await refuse()
    await his.getByRole('dialog').waitFor({ state: 'hidden' })
    t.ok(await isFocused(button), 'and the button again, after it')
    t.equal(await byLink(service, patientLink), 200, 'the link is the same')
  }
  t.equal(await his.getByTestId('link').count(), 0)

  await button.click()
  await his.getByTestId('confirm-new-link').click()
  await his.getByTestId('person-said').getByText('The earlier one opens nothing any more').waitFor()
  const link = await linkIn(his)
  t.not(link, patientLink)
  t.equal(await byLink(service, patientLink), 401)
  t.equal(await byLink(service, link), 200)
  t.equal(await his.getByTestId('open-link').getAttribute('href'), link, 'the other ways to it are the same link')
  await clinic.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await his.getByTestId('copy-link').click()
  await his.getByTestId('copy-link').getByText('Copied').waitFor()
  t.equal(await clinic.evaluate('navigator.clipboard.readText()'), link)
  for (const told of [await clinic.title(), clinic.url()]) t.notMatch(told, /Bruno|eyJ|join/, 'neither title nor address tell')
})

t.test('a guest gets a one-time link that is shown to copy, and the clinic does not open it by mistake', async (t) => {
  const service = await web.startService(t)
  await service.book({ startsInMs: HOUR_MS })
  const clinic = await web.visit(t, `${service.origin}/`)
  await clinic.getByRole('button', { name: /^Invite a guest to the teleconsultation of/ }).press('Enter')
  t.ok(await isFocused(clinic.getByTestId('guest-name')), 'who opens the form can type')
  await clinic.getByTestId('guest-name').fill('   ')
  await clinic.getByTestId('make-guest-link').click()
  t.equal(await clinic.getByTestId('guest-link').count(), 0, 'a name is needed')
  await clinic.getByTestId('guest-name').fill('Zio Piero')
  await clinic.getByTestId('guest-email').fill('piero@home')
  await clinic.getByTestId('make-guest-link').click()
  t.match(await clinic.getByTestId('guest-error').innerText(), 'INVALID_ADDRESS')
  t.equal(await clinic.getByTestId('guest-name').inputValue(), 'Zio Piero', 'what was typed stays')
  await clinic.getByTestId('guest-email').fill('piero@home.example')
  await clinic.getByTestId('guest-email').press('Enter')
  const made = clinic.getByTestId('guest-link')
  await made.waitFor()
  t.match(await made.getByTestId('opens-once').innerText(), 'The link opens once, on one device')
  const link = await linkIn(made)
  t.match(link, `${service.origin}/join#`)
  t.ok(await isFocused(made.getByTestId('link')), 'the link is focused, and selected')

  const guest = line(clinic, 'Zio Piero')
  await guest.getByText('takes part · one-time link', { exact: true }).waitFor()
  t.equal(await guest.getByTestId('open-link').count(), 0)
  await clinic.getByTestId('message').filter({ hasText: 'piero@home.example' }).waitFor()
  await clinic.getByTestId('guest-done').click()
  t.ok(await isFocused(clinic.getByTestId('invite-guest')))

  await inState(await web.visit(t, link), 'waiting')
  await clinic.getByTestId('refresh').click()
  await guest.getByText('takes part · one-time link, opened already', { exact: true }).waitFor()
})

t.test('a guest whose answer gets lost is not made a second time', async (t) => {
  const service = await web.startService(t)
  await service.book({ startsInMs: HOUR_MS })
  const clinic = await web.visit(t, `${service.origin}/`)
  let lost = 0
  await clinic.route('**/guest-links', async (route) => {
    const answer = await route.fetch()
    await (lost++ === 0 ? route.abort() : route.fulfill({ response: answer }))
  })
  await clinic.getByTestId('invite-guest').click()
  await clinic.getByTestId('guest-name').fill('Zio Piero')
  await clinic.getByTestId('make-guest-link').click()
  await clinic.getByTestId('guest-error').getByText('The service does not answer').waitFor()
  await clinic.getByTestId('make-guest-link').click()
  await clinic.getByTestId('guest-link').waitFor()
  await clinic.getByTestId('refresh').click()
  await clinic.waitForFunction('document.querySelector("clinic-page").shadowRoot.querySelector("teleconsultation-list").loading === false')
  t.equal(await line(clinic, 'Zio Piero').count(), 1)
})

t.test('about what is not confirmed yet nothing can be sent again, and a new link is told to nobody', async (t) => {
  const service = await web.startService(t)
  const answer = await fetch(`${service.origin}/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status: 'requested', participants: { number: 2, data: [HERS, HIS] }, start_date: new Date(Date.now() + HOUR_MS).toISOString(), duration_in_seconds: 1800 })
  })
  t.equal(answer.status, 201)
  const clinic = await web.visit(t, `${service.origin}/`)
  await clinic.getByTestId('requested').getByText('Not confirmed yet').waitFor()
  t.equal(await clinic.getByTestId('send-again').count(), 0)
  await line(clinic, 'Bruno Verdi').getByTestId('new-link').click()
  await clinic.getByRole('dialog').getByText('Copy the new one and pass it on').waitFor()
})

t.test('what the service refuses stands beside the person, with its code', async (t) => {
  const service = await web.startService(t)
  const { roomId } = await service.book({ startsInMs: HOUR_MS, people: [HERS, PATIENT] })
  const clinic = await web.visit(t, `${service.origin}/`)
  const hers = line(clinic, 'Ada Rossi')
  await hers.getByTestId('send-again').waitFor()
  await change(service, 'POST', `/sessions/${roomId}/end`)
  await hers.getByTestId('send-again').click()
  await hers.getByRole('alert').getByText('SESSION_ENDED').waitFor()
})

t.test('of what is over nobody is expected, and nothing is sent or made any more', async (t) => {
  const service = await web.startService(t)
  const ended = await service.book({ people: [HERS, PATIENT, NURSE] })
  await change(service, 'DELETE', `/sessions/${ended.roomId}/participants/${NURSE.userExternalId}`)
  const clinic = await web.visit(t, `${service.origin}/`)
  const card = clinic.locator('teleconsultation-card')
  await line(card, 'Ada Rossi').waitFor()
  t.equal(await line(card, 'Carla Neri').count(), 0)
  t.equal(await card.getByTestId('missing').count(), 0, 'nobody is expected in the place of who was removed')
  t.equal(await card.getByTestId('invite-guest').count(), 1)
  await change(service, 'POST', `/sessions/${ended.roomId}/end`)
  await clinic.getByTestId('refresh').click()
  await card.getByText('Over', { exact: true }).waitFor()
  for (const gone of ['missing', 'invite-guest', 'new-link', 'send-again']) t.equal(await card.getByTestId(gone).count(), 0, gone)
  t.equal(await line(card, 'Ada Rossi').getByTestId('copy-link').count(), 1)
})

t.test('on a narrow screen and in Italian all of it fits, and speaks Italian', async (t) => {
  const service = await web.startService(t)
  await service.book({ startsInMs: HOUR_MS, people: [{ ...HERS, fullName: 'Maximiliana Wolfeschlegelsteinhausenbergerdorff' }, PATIENT] })
  const clinic = await web.visit(t, `${service.origin}/`, { locale: 'it-IT', viewport: { width: 320, height: 740 } })
  await clinic.getByTestId('send-again').getByText('Invia di nuovo').waitFor()
  await clinic.getByTestId('new-link').first().click()
  await clinic.getByRole('dialog', { name: 'Creare un nuovo link?' }).getByTestId('confirm-new-link').click()
  await clinic.getByTestId('person-said').getByText('Quello di prima non apre più niente').waitFor()
  await clinic.getByTestId('invite-guest').click()
  await clinic.getByTestId('guest-name').fill('Zio Piero')
  await clinic.getByTestId('make-guest-link').click()
  t.match(await clinic.getByTestId('opens-once').innerText(), 'Il link si apre una volta sola, su un solo dispositivo')
  const { scrolls, fits } = await clinic.evaluate('({ scrolls: document.documentElement.scrollWidth, fits: innerWidth })') as { scrolls: number, fits: number }
  t.ok(scrolls <= fits, `${scrolls} of ${fits}`)
})

t.test('nothing of that asked anybody but the service, or broke the pages’ security policy', async (t) => {
  t.ok(web.asked.size > 0)
  t.strictSame(web.strangers(), [])
  t.strictSame(web.violations, [])
})
