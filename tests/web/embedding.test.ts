import t from 'tap'
import { callOf, frameOf, inState, mediaArrives, mediaOf, openWeb, pictureMoves } from '../support/browser.ts'

const web = await openWeb(t)
const ALLOW = 'camera; microphone; display-capture; autoplay; fullscreen'

t.test('a call works inside a frame of another site that passes camera and microphone on', async (t) => {
  const service = await web.startService(t)
  const { doctorLink, patientLink } = await service.book()
  const hosts = await Promise.all([doctorLink, patientLink].map((link) => web.startHostPage(t, link, ALLOW)))
  const rooms = await Promise.all(hosts.map(async (host) => {
    const page = await web.visit(t, host)
    t.not(new URL(page.url()).hostname, new URL(service.origin).hostname, 'the page around it is of another site')
    return await callOf(await frameOf(page.locator('iframe')))
  }))
  for (const received of await Promise.all(rooms.map(mediaArrives))) {
    t.ok(received.videoFrames > 0, 'pictures are decoded')
    t.ok(received.audioEnergy > 0, 'sound is heard')
  }
  await Promise.all(rooms.map((room) => pictureMoves(room, room.getByTestId('tile'))))
})

t.test('inside a frame that passes nothing on, the page says who has to allow the camera, and sends nothing', async (t) => {
  const service = await web.startService(t)
  const { doctorLink, patientLink } = await service.book()
  const doctorPage = await web.visit(t, doctorLink)
  const doctor = await frameOf(doctorPage.getByTestId('call'))
  await inState(doctor, 'alone')
  const host = await web.visit(t, await web.startHostPage(t, patientLink, ''))
  const patient = await frameOf((await frameOf(host.locator('iframe'))).getByTestId('call'))

  await inState(patient, 'camera-refused')
  const trouble = patient.getByTestId('media-error')
  t.equal(await trouble.getAttribute('data-error'), 'NotAllowedError')
  t.match(await trouble.innerText(), 'that page must allow camera and microphone too')
  t.equal(await doctor.getByTestId('tile').count(), 0, 'the other side sees nobody')

  await patient.getByTestId('join-without').click()
  await Promise.all([doctor, patient].map((room) => inState(room, 'in-call')))
  await pictureMoves(patient, patient.getByTestId('tile'))
  const { videoFrames, audioEnergy } = await mediaOf(doctor)
  t.strictSame({ videoFrames, audioEnergy }, { videoFrames: 0, audioEnergy: 0 }, 'who comes without devices sees and is not seen')
})

t.test('inside another site’s frame too, the pages ask nobody but the service, and keep to their own security policy', async (t) => {
  t.ok(web.asked.size > 0)
  t.strictSame(web.strangers(), [])
  t.strictSame(web.violations, [])
})
