import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import type { RoomParticipant } from '../../lib/providers/provider.ts'
import type { ToolName } from '../../schemas/tools.ts'
import { hears, inState, openWeb, pictureMoves, sayRaw } from '../support/browser.ts'
import { startEmbeddedPages } from '../support/embedded-pages.ts'

const web = await openWeb(t)
const pages = await startEmbeddedPages(t, web.webRoot)

declare const shared: { readyState: string }[]
declare const kept: Video
interface Video { srcObject: { id: string } | null, getVideoPlaybackQuality (): { totalVideoFrames: number } }

async function meeting (t: Parameters<typeof web.visit>[0], ...names: [string, string]) {
  const { room, participants: [doctor, patient], ways: [doctorWay, patientWay] } = await pages.book(...names)
  if (!doctor || !patient || doctorWay === undefined || patientWay === undefined) throw new Error('two are booked')
  const [doctorPage, patientPage] = await Promise.all([web.visit(t, doctorWay), web.visit(t, patientWay)])
  await Promise.all([inState(doctorPage, 'in-call'), inState(patientPage, 'in-call')])
  const set = async (tools: readonly ToolName[], revocations: number) =>
    await pages.provider.setPermissions(room, { ...patient, tools: new Set(tools), revocations }, pages.signal)
  return { room, patient, patientWay, doctorPage, patientPage, set }
}

const without = ({ tools }: RoomParticipant, ...taken: ToolName[]) => [...tools].filter((tool) => !taken.includes(tool))
const screenAt = (page: Page) => page.locator('video-tile[data-kind=screen]')
const isGone = async (page: Page, button: string) => await page.getByTestId(button).waitFor({ state: 'detached' })
const told = (page: Page, text: string) => page.getByRole('log').filter({ hasText: text }).waitFor()
const streamAt = async (tile: Locator) => await tile.locator('video').evaluate((video) => (video as unknown as Video).srcObject?.id)
/** Whether the page itself holds a screen that the browser still reads. */
const screenIsRead = async (page: Page) => await page.evaluate(() => shared.some((track) => track.readyState === 'live'))

/** Keeps what the page takes of the screen, so that a test can tell whether it let go of it. */
const watchScreen = async (page: Page) => await page.evaluate(`
  window.shared = []
  const given = navigator.mediaDevices.getDisplayMedia
  navigator.mediaDevices.getDisplayMedia = async () => {
    const stream = await given()
    shared.push(...stream.getTracks())
    return stream
  }`)

t.test('a screen that may be shared no more leaves the others’ pages, and its button the sharer’s', async (t) => {
  const { patient, doctorPage, patientPage, patientWay, set } = await meeting(t, 'Ada Rossi', 'Bruno Verdi')
  await watchScreen(patientPage)
  await patientPage.getByTestId('screen').click()
  await pictureMoves(doctorPage.mainFrame(), screenAt(doctorPage))
  t.equal(await screenIsRead(patientPage), true)

  await set(without(patient, 'screen_sharing'), 1)
  await Promise.all([screenAt(doctorPage).waitFor({ state: 'detached' }), isGone(patientPage, 'screen'), told(patientPage, 'Your screen is no longer shared')])
  t.equal(await screenIsRead(patientPage), false, 'the page lets go of the screen')
  t.equal(await patientPage.getByTestId('send-file').count(), 1, 'what was not taken is there')
  await sayRaw(patientPage.mainFrame(), { type: 'screen', on: true, stream: 'past-the-buttons' })
  t.strictSame(await hears(patientPage.mainFrame(), 'refused', 1), [{ type: 'refused', re: 'screen', code: 'TOOL_NOT_ALLOWED', tool: 'screen_sharing' }])
  await pictureMoves(doctorPage.mainFrame(), doctorPage.getByTestId('tile'))

  await set(without(patient, 'chat', 'file_upload'), 2)
  await Promise.all(['panel', 'send-file'].map(async (button) => await isGone(patientPage, button)))
  await Promise.all([patientPage.getByTestId('screen').waitFor(), told(patientPage, 'you may no longer use: Write to everyone, Send a file'), told(patientPage, 'you may now use: Share the screen')])

  await patientPage.evaluate('sockets.at(-1).close()')
  await hears(patientPage.mainFrame(), 'welcome', 2)
  await inState(patientPage, 'in-call')
  t.not(patientPage.url(), patientWay, 'the address holds the newer way in')
  await patientPage.reload()
  await inState(patientPage, 'in-call')
  t.equal(await patientPage.getByTestId('send-file').count(), 0)
  const old = await web.visit(t, patientWay)
  await inState(old, 'refused')
})

t.test('a browser that goes on sending its screen past the rules is not shown', async (t) => {
  const { patient, doctorPage, patientPage, set } = await meeting(t, 'Carla Neri', 'Dino Bianchi')
  await patientPage.getByTestId('screen').click()
  await pictureMoves(doctorPage.mainFrame(), screenAt(doctorPage))
  const camera = await streamAt(doctorPage.getByTestId('tile').first())
  // The screen once more, in a picture that is not of the page: so the test sees what arrives, shown or not.
  await doctorPage.evaluate("window.kept = Object.assign(document.createElement('video'), { muted: true, autoplay: true })")
  await screenAt(doctorPage).locator('video').evaluate((video) => { kept.srcObject = (video as unknown as Video).srcObject })
  // From here on the page can end nothing: what was agreed on goes on from browser to browser.
  await patientPage.evaluate(`
    MediaStreamTrack.prototype.stop = () => {}
    RTCRtpSender.prototype.replaceTrack = async () => {}
    Object.defineProperty(RTCRtpTransceiver.prototype, 'direction', { get: () => 'sendrecv', set () {} })`)
  await set(without(patient, 'screen_sharing'), 1)
  await screenAt(doctorPage).waitFor({ state: 'detached' })
  const frames = await doctorPage.evaluate(() => kept.getVideoPlaybackQuality().totalVideoFrames)
  await doctorPage.waitForFunction((frames) => kept.getVideoPlaybackQuality().totalVideoFrames > frames + 20, frames)
  t.equal(await screenAt(doctorPage).count(), 0)
  t.equal(await doctorPage.getByTestId('tile').count(), 1)
  t.equal(await streamAt(doctorPage.getByTestId('tile')), camera, 'nor is it in the place of the camera')
})

t.test('who is removed reads so, does not come back by himself, and finds his old link closed', async (t) => {
  const { room, patient, patientWay, doctorPage, patientPage } = await meeting(t, 'Elio Conti', 'Fabia Russo')
  await pages.provider.removeParticipant(room, { ...patient, revocations: 1 }, pages.signal)
  await Promise.all([inState(patientPage, 'removed'), inState(doctorPage, 'alone')])
  t.equal(await patientPage.locator('h1').innerText(), 'You were removed from this call')
  t.equal(await patientPage.getByTestId('rejoin').count(), 0)
  const again = await web.visit(t, patientWay)
  await inState(again, 'refused')
  t.equal(await again.locator('h1').innerText(), 'You cannot come in')
})

t.test('the pages keep to their own security policy', async (t) => {
  t.strictSame(web.violations, [])
})
