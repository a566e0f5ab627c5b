import { once } from 'node:events'
import type { Page } from 'playwright-core'
import t from 'tap'
import { WebSocket } from 'ws'
import type { Invited, Ruled, SessionView } from '../../schemas/session.ts'
import { CLOSE_CODES } from '../../schemas/signalling.ts'
import { callOf, hears, inState, openWeb, pictureMoves, sayRaw } from '../support/browser.ts'
import { DOCTOR, PATIENT, type Teardown } from '../support/service.ts'

const web = await openWeb(t)
const PATIENT_PATH = `participants/${PATIENT.userExternalId}`

/** The way into the room that stands in an address. */
const tokenOf = (address: string) => new URL(address).hash.slice(1)

async function startSessions (t: Teardown) {
  const { origin } = await web.startService(t)
  const call = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${origin}/sessions${path}`, {
      method,
      headers: { ...headers, ...body === undefined ? {} : { 'content-type': 'application/json' } },
      ...body === undefined ? {} : { body: JSON.stringify(body) }
    })
    return { status: answer.status, body: await answer.json() as unknown }
  }
  return {
    call,
    /** A session of both that begins now, created by the doctor, and the personal link of each. */
    async book () {
      const asDoctor = { miauserid: DOCTOR.userExternalId }
      const created = await call('POST', '', {
        kind: 'televisit', participants: { number: 2, data: [DOCTOR, PATIENT] }, start_date: new Date().toISOString(), duration_in_seconds: 1800
      }, asDoctor)
      if (created.status !== 201) throw new Error(`not created: ${created.status} ${JSON.stringify(created.body)}`)
      const { id, mediaUrl: doctorLink } = created.body as SessionView
      const read = await call('GET', `/${id}`, undefined, { miauserid: PATIENT.userExternalId })
      const { mediaUrl: patientLink } = read.body as SessionView
      if (doctorLink === null || patientLink === null) throw new Error('both take part')
      return { id, doctorLink, patientLink }
    },
    /** What a personal link's token is answered. */
    async byLink (link: string) {
      const answer = await fetch(`${origin}/personal-link`, { headers: { authorization: `Bearer ${tokenOf(link)}` } })
      return { status: answer.status, code: (await answer.json() as { code?: string }).code }
    }
  }
}

/** Says `join` with a token past any page. @returns what the server says first, or the code with which it closes the connection */
async function joinRaw (t: Teardown, room: string, token: string): Promise<string | number> {
  const address = new URL(room)
  const socket = new WebSocket(`ws://${address.host}${address.pathname}/signalling`)
  t.teardown(() => { socket.terminate() })
  await once(socket, 'open')
  const said = Promise.race([
    once(socket, 'message').then(([data]) => (JSON.parse(String(data)) as { type: string }).type),
    once(socket, 'close').then(([code]) => code as number)
  ])
  socket.send(JSON.stringify({ type: 'join', token }))
  return await said
}

async function cardOf (page: Page) {
  return { title: await page.locator('h1').innerText(), text: await page.locator('.card p').first().innerText() }
}

t.test('what the owner takes from the patient while the call runs is gone at once, and who is removed stays out until he is invited anew', async (t) => {
  const { call, book, byLink } = await startSessions(t)
  const { id, doctorLink, patientLink } = await book()
  const [doctorPage, patientPage] = await Promise.all([web.visit(t, doctorLink), web.visit(t, patientLink)])
  const [doctor, patient] = await Promise.all([callOf(doctorPage), callOf(patientPage)])
  const firstWay = patient.url()
  const screen = doctor.locator('video-tile[data-kind=screen]')
  await patient.getByTestId('screen').click()
  await pictureMoves(doctor, screen)

  const revoked = await call('PATCH', `/${id}/${PATIENT_PATH}`, { permissions: { canScreenShare: false } })
  t.equal(revoked.status, 200)
  const { takesEffect, participant } = revoked.body as Ruled
  t.equal(takesEffect, 'now')
  t.match(participant?.permissions, { canScreenShare: false, canChat: true, canUploadFiles: true })
  await Promise.all([screen.waitFor({ state: 'detached' }), patient.getByTestId('screen').waitFor({ state: 'detached' })])
  await patient.getByRole('log').filter({ hasText: 'Your screen is no longer shared' }).waitFor()
  await sayRaw(patient, { type: 'screen', on: true, stream: 'past-the-buttons' })
  t.match(await hears(patient, 'refused', 1), [{ re: 'screen', code: 'TOOL_NOT_ALLOWED' }])
  await pictureMoves(doctor, doctor.getByTestId('tile'))
  const secondWay = patient.url()
  t.not(tokenOf(secondWay), tokenOf(firstWay), 'he has a newer way in')
  t.equal(await joinRaw(t, firstWay, tokenOf(firstWay)), CLOSE_CODES.refused, 'the one that allowed the screen is worth nothing')
  t.strictSame(await byLink(patientLink), { status: 200, code: undefined }, 'his personal link stays')

  const removed = await call('DELETE', `/${id}/${PATIENT_PATH}`)
  t.strictSame(removed, { status: 200, body: { takesEffect: 'now' } })
  await Promise.all([inState(patientPage, 'ended'), inState(doctor, 'alone')])
  t.strictSame(await cardOf(patientPage), {
    title: 'You were removed from this call', text: 'Whoever holds the call took you off it. The others can no longer see or hear you.'
  })
  t.equal(await patientPage.getByTestId('rejoin').count(), 0, 'nothing leads back')

  t.strictSame(await byLink(patientLink), { status: 401, code: 'UNAUTHORIZED_USER' })
  for (const way of [firstWay, secondWay]) t.equal(await joinRaw(t, way, tokenOf(way)), CLOSE_CODES.refused)
  const [byPersonalLink, byProviderLink] = await Promise.all([web.visit(t, patientLink), web.visit(t, secondWay)])
  await Promise.all([inState(byPersonalLink, 'invalid'), inState(byProviderLink, 'refused')])
  await patientPage.reload()
  await inState(patientPage, 'invalid')
  await inState(doctor, 'alone')

  const invited = await call('POST', `/${id}/participants`, PATIENT)
  t.equal(invited.status, 201)
  const { mediaUrl } = invited.body as Invited
  t.not(mediaUrl, patientLink)
  t.strictSame(await byLink(patientLink), { status: 401, code: 'INVALID_PERSONAL_LINK' }, 'the earlier link stays void')
  t.strictSame(await byLink(mediaUrl), { status: 200, code: undefined })
  const back = await callOf(await web.visit(t, mediaUrl))
  await Promise.all([inState(doctor, 'in-call'), pictureMoves(back, back.getByTestId('tile'))])
  for (const way of [firstWay, secondWay]) t.equal(await joinRaw(t, way, tokenOf(way)), CLOSE_CODES.refused, 'earlier ways in stay void')
})

t.test('the pages keep to their own security policy', async (t) => {
  t.strictSame(web.violations, [])
  t.strictSame(web.strangers(), [])
})
