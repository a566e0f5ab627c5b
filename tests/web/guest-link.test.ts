import type { Page } from 'playwright-core'
import t from 'tap'
import type { GuestLink } from '../../schemas/session.ts'
import { callOf, inState, openWeb, pictureMoves, type Service } from '../support/browser.ts'
import type { Teardown } from '../support/service.ts'

const web = await openWeb(t)

declare const localStorage: { key (index: number): string | null, getItem (key: string): string | null, setItem (key: string, value: string): void, length: number }

const cardOf = async (page: Page) => ({ title: await page.locator('h1').innerText(), text: await page.locator('.card p').first().innerText() })
const kept = (page: Page) => page.evaluate(() => Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? '').map((key) => [key, localStorage.getItem(key) ?? ''] as const))
const seatsIn = async (page: Page) => (await kept(page)).filter(([key]) => key.startsWith('seat:'))
const unverified = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { room: string, sub: string, exp: number }

/** A visit that begins now, and the one-time link of a guest. */
async function withGuest (t: Teardown, options: Parameters<Service['book']>[0] = {}) {
  const service = await web.startService(t)
  const booked = await service.book(options)
  const answer = await fetch(`${service.origin}/sessions/${booked.roomId}/guest-links`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ fullName: 'Dora Gatti', language: 'en' })
  })
  if (answer.status !== 201) throw new Error(`no guest: ${answer.status}`)
  return { service, ...booked, guestLink: (await answer.json() as GuestLink).link }
}

t.test('a guest comes into the call by his link, again after a reload, and nobody by it on another device', async (t) => {
  const { doctorLink, guestLink, roomId } = await withGuest(t)
  const guest = await web.visit(t, guestLink)
  const doctor = await callOf(await web.visit(t, doctorLink))
  await pictureMoves(doctor, doctor.getByTestId('tile'))
  const [[key, seat] = ['', '']] = await seatsIn(guest)
  const { room, sub } = unverified(guestLink.split('#')[1] ?? '')
  t.equal(key, `seat:${roomId}:${sub}`)
  t.equal(room, roomId)
  t.match(unverified(seat), { room, sub })

  const other = await web.visit(t, guestLink)
  await inState(other, 'used')
  t.strictSame(await cardOf(other), {
    title: 'This link was already opened on another device', text: 'It works only there, and in the same browser. Go on where you opened it first, or ask whoever sent it for another link.'
  })
  t.equal(await other.getByTestId('call').count(), 0)
  const italian = await web.visit(t, guestLink, { locale: 'it-IT' })
  await inState(italian, 'used')
  t.match(await italian.locator('h1').innerText(), 'già stato aperto su un altro dispositivo')

  await guest.reload()
  await callOf(guest)
  await other.getByTestId('try-again').click()
  await inState(other, 'used')
})

t.test('while somebody is in the call, his link waits on another device, and opens there as soon as he has left', async (t) => {
  const service = await web.startService(t)
  const { doctorLink, patientLink } = await service.book()
  const patient = await web.visit(t, patientLink)
  const doctor = await callOf(await web.visit(t, doctorLink))
  await callOf(patient)
  const other = await web.visit(t, patientLink)
  await inState(other, 'elsewhere')
  t.strictSame(await cardOf(other), {
    title: 'You are in this call on another device or in another window already', text: 'Leave the call there: then it opens here by itself. If that is not you, tell whoever invited you.'
  })
  t.equal(await other.locator('.card').getAttribute('aria-live'), 'polite')
  await patient.reload()
  await callOf(patient)
  await inState(other, 'elsewhere')

  await patient.getByTestId('leave-call').click()
  await inState(patient, 'ended')
  await callOf(other)
  await pictureMoves(doctor, doctor.getByTestId('tile'))
})

t.test('two windows of one browser that open a guest’s link at once are one device', async (t) => {
  const { guestLink } = await withGuest(t, { startsInMs: 600_000 })
  const first = await web.visit(t, 'about:blank')
  const second = await first.context().newPage()
  await Promise.all([first.goto(guestLink), second.goto(guestLink)])
  await Promise.all([inState(first, 'waiting'), inState(second, 'waiting')])
  t.equal((await seatsIn(first)).length, 1)
})

t.test('a page that is loaded beforehand opens nothing until it is shown', async (t) => {
  const { guestLink } = await withGuest(t, { startsInMs: 600_000 })
  const page = await web.visit(t, 'about:blank')
  await page.addInitScript("Object.defineProperty(document, 'prerendering', { configurable: true, value: true })")
  let asked = 0
  page.on('request', (request) => { if (request.url().endsWith('/personal-link')) asked++ })
  await page.goto(guestLink, { waitUntil: 'networkidle' })
  await inState(page, 'loading')
  t.equal(asked, 0)
  await page.evaluate("Object.defineProperty(document, 'prerendering', { value: false }); document.dispatchEvent(new Event('prerenderingchange'))")
  await inState(page, 'waiting')
})

t.test('a first answer that never arrives locks nobody out', async (t) => {
  const { guestLink } = await withGuest(t, { startsInMs: 600_000 })
  const page = await web.visit(t, 'about:blank')
  let lost = 0
  await page.route('**/personal-link', async (route) => {
    await route.fetch()
    lost++
    await route.abort()
  }, { times: 1 })
  await page.goto(guestLink)
  await page.getByTestId('trouble').waitFor()
  await inState(page, 'waiting')
  t.equal(lost, 1)
})

t.test('seats that are over go, those of others stay, and a link of everybody’s leaves none before the call', async (t) => {
  const service = await web.startService(t)
  const { patientLink, doctorLink } = await service.book({ startsInMs: 600_000 })
  const page = await web.visit(t, patientLink)
  await inState(page, 'waiting')
  t.strictSame(await seatsIn(page), [])
  const token = (exp: number) => `e30.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.x`
  const [over, good] = [token(1), token(4_000_000_000)]
  await page.evaluate(([over, good]) => {
    localStorage.setItem('seat:a:b', over ?? '')
    localStorage.setItem('seat:c:d', good ?? '')
    localStorage.setItem('other', 'stays')
  }, [over, good])
  await page.goto(doctorLink)
  await page.reload()
  await inState(page, 'waiting')
  t.strictSame((await kept(page)).toSorted(), [['other', 'stays'], ['seat:c:d', good]])
})

t.test('the pages keep to their own security policy', async (t) => {
  t.strictSame(web.violations, [])
  t.strictSame(web.strangers(), [])
})
