import type { Page } from 'playwright-core'
import t from 'tap'
import { callOf, heardBy, hears, inState, mediaArrives, openWeb, pictureMoves, sayRaw } from '../support/browser.ts'

const web = await openWeb(t)

const PATIENTS_SEND_FILES_ONLY = {
  privileges: {
    basic: { groups: ['patient'], tools: { file_upload: true } },
    plus: { groups: ['doctor'] }
  }
}

t.test('a clinic books on its page, and both people meet over their personal links', async (t) => {
  const service = await web.startService(t)
  const clinic = await web.visit(t, `${service.origin}/`)
  await clinic.getByTestId('start').fill(new Date().toISOString().slice(0, 16))
  await clinic.getByTestId('duration').fill('45')
  await clinic.getByTestId('name-1').fill('Ada Rossi')
  await clinic.getByTestId('name-2').fill('Bruno Verdi')
  await clinic.getByTestId('create').click()

  const card = clinic.locator('teleconsultation-card')
  await card.waitFor()
  t.equal(await card.locator('.state').innerText(), 'Open', 'the row says that it has begun')
  const links = await card.getByTestId('open-link').evaluateAll((anchors) => anchors.map((anchor) => (anchor as { href: string }).href))
  t.equal(links.length, 2)
  t.equal(new Set(links).size, 2, 'everybody has a link of their own')
  for (const link of links) t.match(link, new RegExp(`^${service.origin}/join#.+`))

  const [doctorPage, patientPage] = await Promise.all(links.map((link) => web.visit(t, link))) as [Page, Page]
  const [doctor, patient] = await Promise.all([callOf(doctorPage), callOf(patientPage)])
  const [atDoctor, atPatient] = await Promise.all([mediaArrives(doctor), mediaArrives(patient)])
  for (const received of [atDoctor, atPatient]) {
    t.ok(received.videoFrames > 0, 'pictures are decoded')
    t.ok(received.audioEnergy > 0, 'sound is heard')
  }
  await Promise.all([doctor, patient].map((room) => pictureMoves(room, room.getByTestId('tile'))))
  t.equal(await doctor.getByTestId('tile').locator('.name').innerText(), 'Bruno Verdi')
  t.equal(await patient.getByTestId('tile').locator('.name').innerText(), 'Ada Rossi')

  await doctor.getByTestId('panel').click()
  await doctor.getByTestId('chat-input').fill('Buongiorno <b>Bruno</b>')
  await doctor.getByTestId('chat-send').click()
  await patient.getByTestId('unread').waitFor()
  await patient.getByTestId('panel').click()
  t.equal(await patient.getByTestId('chat-message').innerText(), 'Buongiorno <b>Bruno</b>', 'what is written arrives, as text')
})

t.test('a tool that a privilege lacks has no button, and the server refuses it', async (t) => {
  const service = await web.startService(t, PATIENTS_SEND_FILES_ONLY)
  const { doctorLink, patientLink } = await service.book()
  const [doctorPage, patientPage] = await Promise.all([web.visit(t, doctorLink), web.visit(t, patientLink)])
  const [doctor, patient] = await Promise.all([callOf(doctorPage), callOf(patientPage)])

  t.equal(await doctor.getByTestId('screen').count(), 1)
  t.equal(await doctor.getByTestId('snapshot').count(), 1)
  for (const button of ['screen', 'snapshot', 'present']) t.equal(await patient.getByTestId(button).count(), 0, `no ${button} button`)
  await patient.getByTestId('panel').click()
  t.equal(await patient.getByTestId('chat-input').count(), 0, 'no field to write in')

  await sayRaw(patient, { type: 'chat', text: 'past the buttons' })
  await sayRaw(patient, { type: 'screen', on: true, stream: 'a-screen' })
  t.strictSame(await hears(patient, 'refused', 2), [
    { type: 'refused', re: 'chat', code: 'TOOL_NOT_ALLOWED', tool: 'chat' },
    { type: 'refused', re: 'screen', code: 'TOOL_NOT_ALLOWED', tool: 'screen_sharing' }
  ])

  // The server says things in order: once the doctor knows of the microphone, whatever was said before has come too.
  await patient.getByTestId('microphone').click()
  await doctor.getByTestId('muted').waitFor()
  const told = await heardBy(doctor)
  t.strictSame(told.filter(({ type }) => type === 'chat'), [], 'nothing was written to the doctor')
  t.strictSame(told.filter((message) => message.type === 'person' && message.person.screen !== null), [], 'no screen was announced')
})

t.test('deleting ends the call at once, and no old link gets in again', async (t) => {
  const service = await web.startService(t)
  const { roomId, doctorLink, patientLink } = await service.book()
  const [doctorPage, patientPage] = await Promise.all([web.visit(t, doctorLink), web.visit(t, patientLink)])
  const [doctor, patient] = await Promise.all([callOf(doctorPage), callOf(patientPage)])
  const direct = await web.visit(t, patient.url())
  await inState(direct, 'in-call')
  await inState(patientPage, 'ended')
  t.match(await patientPage.locator('h1').innerText(), 'goes on elsewhere', 'one person has one place in a call')
  const callAddress = doctor.url()

  const { status } = await fetch(`${service.origin}/teleconsultation/${roomId}`, { method: 'DELETE' })
  t.equal(status, 204)
  await Promise.all([inState(direct, 'closed'), inState(doctorPage, 'deleted')])
  t.match(await direct.locator('h1').innerText(), 'call is over')
  t.match(await doctorPage.locator('h1').innerText(), 'non esiste più', 'in the language of the person')

  await patientPage.getByTestId('rejoin').click()
  await inState(patientPage, 'deleted')
  await doctorPage.reload()
  await inState(doctorPage, 'deleted')
  t.equal(await doctorPage.getByTestId('call').count(), 0, 'no call is shown')
  const again = await web.visit(t, callAddress)
  await inState(again, 'closed')
  t.strictSame(await heardBy(again.mainFrame()), [], 'the room tells nothing to who comes with an old link')
})

t.test('the pages ask nobody but the service, and keep to their own security policy', async (t) => {
  t.ok(web.asked.size > 0)
  t.strictSame(web.strangers(), [])
  t.strictSame(web.violations, [])
})
