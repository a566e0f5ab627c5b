import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import type { ToolName } from '../../schemas/tools.ts'
import { inState, openWeb } from '../support/browser.ts'
import { addSignalling, type SignalledVisit } from '../support/fake-livekit-signalling.ts'
import { startLivekitPages } from '../support/livekit-page.ts'
import { HOUR_MS, livekitSubject, person, signal } from '../support/livekit-provider.ts'

const web = await openWeb(t)
const [CAMERA, SCREEN] = [1, 3] as const

/** Ada in a call, by her page. */
async function adaInside (t: Test, tools: readonly ToolName[]) {
  let origin = ''
  const subject = await livekitSubject(t, { publicUrl: () => origin }, new Date())
  origin = await startLivekitPages(t, web.webRoot, subject.fake.origin.replace('http', 'ws'))
  const { visits } = await addSignalling(t, subject.fake, await web.visit(t, 'about:blank'))
  const room = await subject.provider.createRoom(subject.spec(), signal)
  const ada = (has: readonly ToolName[], revocations = 0) => ({ ...person(subject.provider, 'ada', has), revocations })
  const way = async (who: ReturnType<typeof ada>) =>
    (await subject.provider.accessFor(room, who, { notBefore: new Date(Date.now() - HOUR_MS), expiresAt: new Date(Date.now() + HOUR_MS), language: 'en' }, signal)).url
  const page = await web.visit(t, await way(ada(tools)))
  await inState(page, 'alone')
  const [visit] = visits as [SignalledVisit]
  const buttons = async () => ({ chat: await page.getByTestId('panel').count(), screen: await page.getByTestId('screen').count() })
  return { ...subject, room, ada, way, page, visit, buttons }
}

const says = async (page: Page, text: string) => { await page.getByTestId('notices').getByText(text).waitFor() }

t.test('a screen that may not be shared any more is shared no more, and the page says so and stays in the call', async (t) => {
  const { provider, room, ada, page, visit, buttons } = await adaInside(t, ['chat', 'screen_sharing'])
  await page.getByTestId('screen').click()
  while (!visit.sends.has(SCREEN)) await page.evaluate('new Promise(requestAnimationFrame)')
  await provider.setPermissions(room, ada(['chat'], 1), signal)
  await says(page, 'Your screen is no longer shared')
  t.same(await buttons(), { chat: 1, screen: 0 })
  await inState(page, 'alone')
  t.same([visit.sends.has(CAMERA), visit.sends.has(SCREEN)], [true, false])
  t.equal(await page.getByTestId('notices').getByText('may no longer use').count(), 0, 'it is said once')
})

t.test('buttons go and come with what is taken and given, and the page says which', async (t) => {
  const { provider, room, ada, page, buttons } = await adaInside(t, ['chat'])
  await provider.setPermissions(room, ada([], 1), signal)
  await says(page, 'In this call you may no longer use: Write to everyone')
  t.same(await buttons(), { chat: 0, screen: 0 })
  await provider.setPermissions(room, ada(['chat', 'screen_sharing'], 1), signal)
  await says(page, 'In this call you may now use: Write to everyone, Share the screen')
  t.same(await buttons(), { chat: 1, screen: 1 })
  await page.getByTestId('screen').click()
  await page.locator('[data-testid=screen].active').waitFor()
})

t.test('who is removed is told that he is out, and is offered no way back', async (t) => {
  const { provider, room, ada, page } = await adaInside(t, [])
  await provider.removeParticipant(room, ada([]), signal)
  await inState(page, 'putOut')
  await page.getByRole('heading', { name: 'You were put out of the call' }).waitFor()
  t.equal(await page.getByTestId('rejoin').count(), 0)
})
