import { once } from 'node:events'
import t from 'tap'
import { WebSocket } from 'ws'
import type { PersonalLinkView } from '../../schemas/pages.ts'
import type { GuestLink } from '../../schemas/session.ts'
import type { TeleconsultationAccess } from '../../schemas/teleconsultation.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { bearer, DOCTOR_TOKEN, OWNER, PATIENT_TOKEN, startSessions, type Headers } from '../support/session-callers.ts'
import { after, NOON, type Teardown } from '../support/service.ts'

/** A session whose links are given, in a service that listens. */
async function start (t: Teardown, variables: Record<string, string> = {}) {
  const sessions = await startSessions(t, variables)
  await sessions.service.app.listen({ host: '127.0.0.1', port: 0 })
  const { id } = await sessions.create(OWNER)
  const linkOf = async (caller: Headers) => (await sessions.read(caller, id)).body.mediaUrl ?? ''
  const [doctor, patient] = [await linkOf(DOCTOR_TOKEN), await linkOf(PATIENT_TOKEN)]
  let at = after(NOON, 11)
  sessions.service.setClock(at)
  return {
    sessions,
    id,
    doctor,
    patient,
    /** What the provider told is known for a second. */
    later () {
      at = new Date(at.getTime() + 2000)
      sessions.service.setClock(at)
    },
    async opens (link: string, seat?: string) {
      const { status, body } = await sessions.call<PersonalLinkView>({ ...bearer(link.split('#')[1] ?? ''), ...seat === undefined ? {} : { 'x-seat': seat } }, 'GET', '/personal-link')
      if (status !== 200) throw new Error(`not opened: ${JSON.stringify(body)}`)
      return body
    },
    /** Comes into the embedded call as its page does. @returns how to leave it */
    async enter (way: string | null) {
      const { host, pathname, hash } = new URL(way ?? '')
      const socket = new WebSocket(`ws://${host}${pathname}/signalling`)
      t.teardown(() => { socket.terminate() })
      await once(socket, 'open')
      const [welcome] = await Promise.all([once(socket, 'message'), socket.send(JSON.stringify({ type: 'join', token: hash.slice(1) }))])
      if (!String(welcome).includes('welcome')) throw new Error('not let in')
      return async () => {
        socket.send(JSON.stringify({ type: 'leave' }))
        await once(socket, 'close')
      }
    }
  }
}

t.test('while somebody is in the call his link gives no way in to who was not let in before, and afterwards it does', async (t) => {
  const { opens, enter, later, patient, doctor } = await start(t)
  const his = await opens(patient)
  const leave = await enter(his.accessLinkURL)
  later()
  const other = await opens(patient)
  t.match(other, { accessLinkURL: null, elsewhere: true })
  t.notOk('seat' in other)
  t.match(await opens(patient, 'made-up-by-another-device'), { accessLinkURL: null, elsewhere: true })
  const same = await opens(patient, his.seat)
  t.match(same.accessLinkURL, /\/telecons-room\//, 'a reload comes in')
  t.notOk('elsewhere' in same)
  const hers = await opens(doctor)
  t.match(hers.accessLinkURL, /\/telecons-room\//, 'it is about him alone')
  t.match(await opens(patient, hers.seat), { accessLinkURL: null, elsewhere: true }, 'her seat is not his')
  await leave()
  later()
  const free = await opens(patient)
  t.match(free, { accessLinkURL: /\/telecons-room\//, seat: /^ey/ })
  t.notOk('elsewhere' in free)
})

t.test('a seat of another session, or of the link that was replaced, is none', async (t) => {
  const { sessions, id, opens, enter, later, patient } = await start(t)
  const { id: other } = await sessions.create(OWNER, { start_date: after(NOON, 11).toISOString() })
  later()
  const { mediaUrl: ofOther } = (await sessions.call<{ mediaUrl?: string }>(OWNER, 'POST', `/sessions/${other}/participants/patient-1/invitation`, { newLink: true })).body
  const seats = [(await opens(ofOther ?? '')).seat, (await opens(patient)).seat]
  t.ok(seats.every((seat) => seat !== undefined))
  const { mediaUrl = '' } = (await sessions.call<{ mediaUrl?: string }>(OWNER, 'POST', `/sessions/${id}/participants/patient-1/invitation`, { newLink: true })).body
  await enter((await opens(mediaUrl)).accessLinkURL)
  later()
  for (const seat of [...seats, patient.split('#')[1]]) t.match(await opens(mediaUrl, seat), { accessLinkURL: null, elsewhere: true })
})

t.test('the link as a bearer token opens no more than its page does, and whoever proves who he is comes in as ever', async (t) => {
  const { sessions, id, opens, enter, later, patient } = await start(t)
  const dropIn = async (headers: Headers) => (await sessions.call<TeleconsultationAccess>(headers, 'GET', `/teleconsultation/${id}`)).body.accessLinkURL
  const byLink = bearer(patient.split('#')[1] ?? '')
  t.match(await dropIn(byLink), /\/telecons-room\//)
  const { accessLinkURL, seat = '' } = await opens(patient)
  await enter(accessLinkURL)
  later()
  t.equal(await dropIn(byLink), null)
  t.match(await dropIn({ ...byLink, 'x-seat': seat }), /\/telecons-room\//)
  t.match(await dropIn(PATIENT_TOKEN), /\/telecons-room\//)
})

t.test('where the provider does not tell who is inside, nothing is kept back', async (t) => {
  const { opens, enter, later, patient } = await start(t, { DETAILS_BUDGET_MS: '0' })
  await enter((await opens(patient)).accessLinkURL)
  later()
  const other = await opens(patient)
  t.match(other.accessLinkURL, /\/telecons-room\//)
  t.notOk('elsewhere' in other)
})

t.test('a guest who is inside comes in again on his own device, and nobody on another one', async (t) => {
  const { sessions, id, opens, enter, later } = await start(t)
  const { link } = (await sessions.call<GuestLink>(OWNER, 'POST', `/sessions/${id}/guest-links`, { fullName: 'Dora Gatti' })).body
  const own = 'the-phone-0123456789abcdef'
  const first = await opens(link, own)
  await enter(first.accessLinkURL)
  later()
  for (const seat of [own, first.seat]) t.match((await opens(link, seat)).accessLinkURL, /\/telecons-room\//)
  t.equal((await sessions.call(bearer(link.split('#')[1] ?? ''), 'GET', '/personal-link')).code, 'GUEST_LINK_USED')
})

t.test('seats cost the storage nothing: of everybody’s link one read and no write', async (t) => {
  const crud = await flakyCrud(t)
  const { opens, patient } = await start(t, { ...crud.variables, STORAGE_TIMEOUT_MS: '10000' })
  const { seat } = await opens(patient)
  for (const proof of [undefined, seat, 'made-up-by-another-device']) {
    crud.seen.length = 0
    await opens(patient, proof)
    t.same(crud.seen.map(({ method }) => method), ['GET'])
  }
})
