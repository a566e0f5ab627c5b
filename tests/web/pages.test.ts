import { readFileSync } from 'node:fs'
import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import { callOf, inState, openWeb, pictureMoves, type Service } from '../support/browser.ts'
import type { Teardown } from '../support/service.ts'

const web = await openWeb(t)
const TEN_MINUTES_MS = 600_000

declare const getComputedStyle: (element: unknown) => Record<string, string>

/** Both people in a call that has begun. */
async function meet (t: Teardown, service: Service) {
  const { doctorLink, patientLink } = await service.book()
  const [doctorPage, patientPage] = await Promise.all([web.visit(t, doctorLink), web.visit(t, patientLink)])
  const [doctor, patient] = await Promise.all([callOf(doctorPage), callOf(patientPage)])
  return { doctorPage, patientPage, doctor, patient }
}

/** What a page's download link saves. */
async function saved (page: Page, link: Locator) {
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()])
  return { name: download.suggestedFilename(), content: readFileSync(await download.path()) }
}

t.test('who comes early waits with a countdown and without a way in, and the call opens by itself', async (t) => {
  const service = await web.startService(t)
  const { doctorLink, patientLink } = await service.book({ startsInMs: TEN_MINUTES_MS })
  const patient = await web.visit(t, patientLink)
  await inState(patient, 'waiting')
  t.match(await patient.getByTestId('countdown').innerText(), /^(10|0?9):\d\d$/)
  t.match(await patient.getByTestId('people').innerText(), /Ada Rossi/)
  t.equal(await patient.getByTestId('call').count(), 0, 'no call is shown')
  const told = await fetch(`${service.origin}/personal-link`, { headers: { authorization: `Bearer ${new URL(patientLink).hash.slice(1)}` } })
  t.equal(told.status, 200)
  t.equal((await told.json() as { accessLinkURL: string | null }).accessLinkURL, null, 'no way in leaves the service')

  service.advance(TEN_MINUTES_MS + 1000)
  const [atPatient] = await Promise.all([callOf(patient), web.visit(t, doctorLink).then(callOf)])
  await pictureMoves(atPatient, atPatient.getByTestId('tile'))
})

t.test('a shared screen is a second picture on the other side, until it is taken back', async (t) => {
  const { doctor, patient } = await meet(t, await web.startService(t))
  const screen = patient.locator('video-tile[data-kind=screen]')
  t.equal(await screen.count(), 0)
  await doctor.getByTestId('screen').click()
  await screen.waitFor()
  await pictureMoves(patient, screen)
  await pictureMoves(patient, patient.locator('video-tile[data-kind=camera]'))
  await doctor.getByTestId('screen').click()
  await screen.waitFor({ state: 'detached' })
})

t.test('a file and a picture of the other person cross whole', async (t) => {
  const { doctorPage, doctor, patient } = await meet(t, await web.startService(t))
  const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => i * 7919 % 251))
  await patient.getByTestId('file-input').setInputFiles({ name: 'referto & <x>.pdf', mimeType: 'application/pdf', buffer: content })
  await doctor.getByTestId('panel').click()
  const file = await saved(doctorPage, doctor.getByTestId('download'))
  t.match(file.name, /^referto .*\.pdf$/)
  t.ok(file.content.equals(content), 'byte by byte')

  await pictureMoves(doctor, doctor.getByTestId('tile'))
  await doctor.getByTestId('snapshot').click()
  await patient.getByTestId('notices').getByText('takes a picture of your camera').waitFor()
  const picture = await saved(doctorPage, doctor.getByTestId('download').nth(1))
  t.match(picture.name, /\.jpg$/)
  t.equal(picture.content.subarray(0, 3).toString('hex'), 'ffd8ff', 'a JPEG')
})

t.test('who leaves can come back', async (t) => {
  const { patientPage, doctor, patient } = await meet(t, await web.startService(t))
  await patient.getByTestId('leave').click()
  await inState(patientPage, 'ended')
  t.match(await patientPage.locator('h1').innerText(), 'The call has ended')
  await inState(doctor, 'alone')
  await patientPage.getByTestId('rejoin').click()
  const again = await callOf(patientPage)
  await pictureMoves(again, again.getByTestId('tile'))
  await inState(doctor, 'in-call')
})

t.test('the colours of the configuration apply, by day and by night', async (t) => {
  const service = await web.startService(t, {
    privileges: { basic: { groups: ['patient'] }, plus: { groups: ['doctor'] } },
    theme: { light: { primaryColor: '#112233', accentColor: '#ffffff' }, dark: { primaryColor: '#ddeeff', accentColor: '#000000' } }
  })
  const page = await web.visit(t, `${service.origin}/`)
  const button = page.getByTestId('create')
  await button.waitFor()
  const colours = () => button.evaluate((element) => {
    const { backgroundColor, color } = getComputedStyle(element)
    return { backgroundColor, color }
  })
  await page.emulateMedia({ colorScheme: 'light' })
  const day = await colours()
  t.equal(day.backgroundColor, 'rgb(17, 34, 51)')
  await page.emulateMedia({ colorScheme: 'dark' })
  const night = await colours()
  t.equal(night.backgroundColor, 'rgb(221, 238, 255)')
  t.not(night.color, day.color, 'what stands on the colour stays readable')
})

t.test('nothing of that asked anybody but the service, or broke the pages’ security policy', async (t) => {
  t.ok(web.asked.size > 0)
  t.strictSame(web.strangers(), [])
  t.strictSame(web.violations, [])
})
