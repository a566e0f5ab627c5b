import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import type { ToolName } from '../../schemas/tools.ts'
import { inState, openWeb } from '../support/browser.ts'
import { addSignalling, DisconnectReason, type SignalledVisit } from '../support/fake-livekit-signalling.ts'
import { startLivekitPages } from '../support/livekit-page.ts'
import { HOUR_MS, livekitSubject, person, signal } from '../support/livekit-provider.ts'
import type { LivekitProviderOptions } from '../../lib/providers/livekit/provider.ts'

const web = await openWeb(t)
const { webRoot } = web
const [MICROPHONE, CAMERA, SCREEN] = [2, 1, 3] as const

/** A server, the page, and one person's way in. */
async function subject (t: Test, { tools = [], durationSeconds, ...options }: { tools?: ToolName[], durationSeconds?: number } & Partial<LivekitProviderOptions> = {}) {
  let origin = ''
  const made = await livekitSubject(t, { publicUrl: () => origin, ...options }, new Date())
  origin = await startLivekitPages(t, webRoot, made.fake.origin.replace('http', 'ws'))
  const signalling = await addSignalling(t, made.fake, await web.visit(t, 'about:blank'))
  const room = await made.provider.createRoom(made.spec({ durationSeconds }), signal)
  const access = { notBefore: new Date(Date.now() - HOUR_MS), expiresAt: new Date(Date.now() + HOUR_MS) }
  const way = async (language = 'en') => (await made.provider.accessFor(room, person(made.provider, 'ada', tools), { ...access, language }, signal)).url
  return { ...made, ...signalling, room, origin, way }
}

async function until (holds: () => boolean, page: Page): Promise<void> {
  while (!holds()) await page.evaluate('new Promise(requestAnimationFrame)')
}

const sent = ({ sends }: SignalledVisit) => [...sends].map(([source, { muted }]) => ({ source, muted })).sort((a, b) => a.source - b.source)

t.test('the page comes in with its token, waits for the others, and sends camera and microphone', async (t) => {
  const { visits, somebody, way, room, provider } = await subject(t)
  const page = await web.visit(t, await way())
  await inState(page, 'alone')
  t.match(await page.locator('call-view .top').innerText(), 'Nobody else is here')
  const [visit] = visits as [SignalledVisit]
  t.match(visit.claims, { sub: person(provider, 'ada').providerUserId, video: { roomJoin: true, room: room.providerRoomId } })
  await until(() => visit.sends.size === 2, page)
  t.same(sent(visit), [{ source: CAMERA, muted: false }, { source: MICROPHONE, muted: false }])

  somebody(visit, 'Bruno Verdi', 'inside')
  await inState(page, 'in-call')
  t.equal(await page.getByTestId('tile').locator('.name').innerText(), 'Bruno Verdi')
  somebody(visit, 'Bruno Verdi', 'gone')
  await inState(page, 'alone')
  t.match(await page.getByTestId('notices').innerText(), 'Bruno Verdi left.')
})

t.test('buttons are those of the tools that the token grants', async (t) => {
  for (const [tools, chat, screen] of [[[], 0, 0], [['chat'], 1, 0], [['screen_sharing'], 0, 1], [['chat', 'screen_sharing'], 1, 1]] as const) {
    const { way } = await subject(t, { tools: [...tools] })
    const page = await web.visit(t, await way())
    await inState(page, 'alone')
    t.same([await page.getByTestId('panel').count(), await page.getByTestId('screen').count()], [chat, screen], tools.join())
    for (const other of ['send-file', 'snapshot', 'present']) t.equal(await page.getByTestId(other).count(), 0)
  }
})

t.test('microphone, camera and screen go off and on', async (t) => {
  const { visits, way } = await subject(t, { tools: ['screen_sharing'] })
  const page = await web.visit(t, await way())
  await inState(page, 'alone')
  const [visit] = visits as [SignalledVisit]
  await until(() => visit.sends.size === 2, page)
  await page.getByTestId('microphone').click()
  await until(() => visit.sends.get(MICROPHONE)?.muted === true, page)
  await page.getByTestId('microphone').click()
  await until(() => visit.sends.get(MICROPHONE)?.muted === false, page)
  await page.getByTestId('screen').click()
  await until(() => visit.sends.has(SCREEN), page)
  t.equal(visit.sends.get(SCREEN)?.muted, false)
})

t.test('devices that stay off at the beginning send nothing until they are turned on', async (t) => {
  const { visits, way } = await subject(t, { startsOff: ['camera', 'microphone'] })
  const page = await web.visit(t, await way())
  await inState(page, 'alone')
  const [visit] = visits as [SignalledVisit]
  t.equal(visit.sends.size, 0)
  await page.getByTestId('microphone').click()
  await until(() => visit.sends.has(MICROPHONE), page)
  t.same(sent(visit), [{ source: MICROPHONE, muted: false }])

  const half = await subject(t, { startsOff: ['microphone'] })
  const other = await web.visit(t, await half.way())
  await inState(other, 'alone')
  const [second] = half.visits as [SignalledVisit]
  await until(() => second.sends.has(CAMERA), other)
  t.equal(second.sends.get(CAMERA)?.muted, false)
  t.equal(second.sends.has(MICROPHONE), false)
})

t.test('who is put out is told why, and offered a way back only where that is right', async (t) => {
  const reasons = [
    [DisconnectReason.ROOM_DELETED, 'closed', 'The call is over', 0],
    [DisconnectReason.PARTICIPANT_REMOVED, 'putOut', 'put out of the call', 0],
    [DisconnectReason.DUPLICATE_IDENTITY, 'replaced', 'goes on elsewhere', 1],
    [DisconnectReason.SERVER_SHUTDOWN, 'interrupted', 'was interrupted', 1]
  ] as const
  const { visits, way } = await subject(t)
  for (const [reason, state, title, ways] of reasons) {
    const page = await web.visit(t, await way())
    await inState(page, 'alone')
    visits.at(-1)?.dismiss(reason)
    await inState(page, state)
    t.match(await page.locator('h1').innerText(), title)
    t.equal(await page.getByTestId('rejoin').count(), ways, state)
  }
  const page = await web.visit(t, await way('it'))
  await inState(page, 'alone')
  visits.at(-1)?.dismiss(DisconnectReason.ROOM_DELETED)
  await inState(page, 'closed')
  t.match(await page.locator('h1').innerText(), 'La chiamata è terminata', 'in the language of the person')
})

t.test('who comes to a room that is gone, or with a token that is not taken, is told so', async (t) => {
  const { fake, provider, room, visits, way } = await subject(t)
  fake.switches.autoCreate = false
  const address = await way()
  const forged = await web.visit(t, address.replace(/(token=[^&]+)\.[^.&]+/, '$1.AAAA'))
  await inState(forged, 'refused')
  t.match(await forged.locator('h1').innerText(), 'cannot come in')
  await provider.deleteRoom(room, signal)
  const late = await web.visit(t, address)
  await inState(late, 'closed')
  t.match(await late.locator('h1').innerText(), 'call is over')
  t.equal(await late.getByTestId('rejoin').count(), 0)
  const bare = await web.visit(t, address.split('#')[0] ?? '')
  await inState(bare, 'refused')
  t.equal(visits.length, 0)
})

t.test('a server that does not answer is told, and tried again when the person wants', async (t) => {
  const { fake, visits, way } = await subject(t)
  const address = await way()
  fake.fail('dropped', { on: /validate/ })
  const join = fake.join
  fake.join = () => 503
  const page = await web.visit(t, address)
  await inState(page, 'unreachable')
  t.match(await page.locator('h1').innerText(), 'does not answer')
  fake.recover()
  fake.join = join
  await page.getByTestId('rejoin').click()
  await inState(page, 'alone')
  t.equal(visits.length, 1)
})

t.test('who leaves can come back, and the page around is told', async (t) => {
  const { visits, way } = await subject(t)
  const host = await web.visit(t, await web.startHostPage(t, await way(), 'camera; microphone'))
  await host.evaluate('addEventListener("message", ({ data }) => { if (data.source === "teleconsultation-room") (window.said ??= []).push([data.type, data.reason]) })')
  const frame = host.frames()[1] ?? host.mainFrame()
  await inState(frame, 'alone')
  await frame.getByTestId('leave').click()
  await inState(frame, 'left')
  await frame.getByTestId('rejoin').click()
  await inState(frame, 'alone')
  visits.at(-1)?.dismiss(DisconnectReason.ROOM_DELETED)
  await inState(frame, 'closed')
  t.same((await host.evaluate('window.said') as string[][]).slice(-3), [['left', 'left'], ['joined', ''], ['closed', 'roomClosed']])
})

t.test('the end of a limited call is announced', async (t) => {
  const { way } = await subject(t, { durationSeconds: 240 })
  const page = await web.visit(t, await way())
  await inState(page, 'alone')
  t.match(await page.getByTestId('time-left').innerText(), /Ends in [34] min/)
})

t.test('the page keeps to its security policy, and no other page loads the vendor’s client', async (t) => {
  const { origin, fake, way } = await subject(t)
  const page = await web.visit(t, await way())
  await inState(page, 'alone')
  const loaded = async (page: Page) => (await page.evaluate('performance.getEntriesByType("resource").map(({ name }) => name)') as string[]).filter((name) => name.endsWith('.js'))
  t.equal((await loaded(page)).filter((name) => /livekit-call/.test(name)).length, 1)
  for (const path of ['/telecons-room/a', '/telecons-fe/teleconsultation/a']) {
    const other = await web.visit(t, `${origin}${path}#a`)
    t.notMatch((await loaded(other)).join(), /livekit/, path)
  }
  t.ok(web.asked.has(origin) && web.asked.has(fake.origin))
  t.strictSame(web.violations, [])
})
