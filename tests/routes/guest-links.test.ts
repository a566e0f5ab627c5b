import t from 'tap'
import type { PersonalLinkView } from '../../schemas/pages.ts'
import type { GuestLink, InvitationSent, SessionParticipants } from '../../schemas/session.ts'
import { seatTokens } from '../../lib/identity/seat-tokens.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { LINK_SECRET } from '../support/providers-world.ts'
import { as, bearer, DOCTOR_TOKEN, OWNER, PATIENT_TOKEN, startSessions, type Headers, type SessionService } from '../support/session-callers.ts'
import { after, NOON, PATIENT } from '../support/service.ts'

const DAUGHTER = { fullName: 'Dora Gatti', language: 'it' }
/** What a device makes up before its first answer. */
const PHONE = 'the-phone-0123456789abcdef'
const TABLET = 'the-tablet-0123456789abcdef'

const tokenIn = (link: string | null | undefined) => link?.split('#')[1] ?? ''
const guest = async ({ call }: SessionService, id: string, body: object = DAUGHTER, caller: Headers = OWNER) => await call<GuestLink>(caller, 'POST', `/sessions/${id}/guest-links`, body)
const renewed = async ({ call }: SessionService, id: string, who: string, caller: Headers = OWNER) =>
  await call<InvitationSent>(caller, 'POST', `/sessions/${id}/participants/${who}/invitation`, { newLink: true })

/** What a device is told that opens a link. */
const opening = async ({ call }: SessionService, link: string | null | undefined, seat?: string, more: Headers = {}) =>
  await call<PersonalLinkView>({ ...bearer(tokenIn(link)), ...seat === undefined ? {} : { 'x-seat': seat }, ...more }, 'GET', '/personal-link')

const outcome = ({ status, code }: { status: number, code: string | undefined }) => code === undefined ? String(status) : `${status} ${code}`

async function startWithGuest (t: Parameters<typeof startSessions>[0], variables: Record<string, string> = {}) {
  const sessions = await startSessions(t, { LINK_SECRET, ...variables })
  const { id } = await sessions.create(OWNER)
  const { status, body } = await guest(sessions, id)
  if (status !== 201) throw new Error(`no guest: ${JSON.stringify(body)}`)
  return { sessions, id, link: body.link, guestId: body.participant.userExternalId }
}

t.test('a guest takes part with a link of his own, under an id that nobody chose, and as little more as anybody', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const made = await guest(sessions, id, { ...DAUGHTER, email: 'dora@example.com', timeZone: 'Europe/Rome' })
  t.equal(made.status, 201)
  t.match(made.body.participant, { userExternalId: /^guest-[0-9a-f-]{36}$/, fullName: 'Dora Gatti', privilege: 'basic', guest: true, oneTime: true, permissions: { canEndSession: false, canInviteParticipants: false } })
  t.match(made.body.link, /\/join#ey/)
  const listed = (await sessions.call<SessionParticipants>(OWNER, 'GET', `/sessions/${id}/participants`)).body.participants
  t.same(listed.map(({ oneTime }) => oneTime), [undefined, undefined, true])
  const another = await guest(sessions, id, { fullName: 'Dora Gatti' })
  t.not(another.body.participant.userExternalId, made.body.participant.userExternalId, 'two of one name are two')
})

t.test('who opens it first has it: from then on it opens on that device only, waiting and in the call', async (t) => {
  const { sessions, link } = await startWithGuest(t)
  const first = await opening(sessions, link)
  t.equal(first.status, 200)
  t.equal(first.body.accessLinkURL, null, 'it is early')
  const { seat } = first.body
  t.equal(outcome(await opening(sessions, link)), '410 GUEST_LINK_USED')
  t.equal(outcome(await opening(sessions, link, TABLET)), '410 GUEST_LINK_USED')
  t.equal(outcome(await opening(sessions, link, 'not a seat')), '410 GUEST_LINK_USED')
  t.equal(outcome(await opening(sessions, link, seat)), '200')
  sessions.service.setClock(after(NOON, 11))
  t.equal(outcome(await opening(sessions, link)), '410 GUEST_LINK_USED')
  const inside = await opening(sessions, link, seat)
  t.match(inside.body.accessLinkURL, /\/telecons-room\//)
  t.equal(outcome(await opening(sessions, link, inside.body.seat)), '200', 'every seat of that device is good')
})

t.test('an answer that got lost locks nobody out whose device told who it is', async (t) => {
  const { sessions, link } = await startWithGuest(t)
  t.same((await Promise.all(Array.from({ length: 4 }, () => opening(sessions, link, PHONE)))).map(outcome), ['200', '200', '200', '200'], 'nor where it asks several times at once')
  const again = await opening(sessions, link, PHONE)
  t.equal(outcome(again), '200')
  t.equal(outcome(await opening(sessions, link, again.body.seat)), '200')
  t.equal(outcome(await opening(sessions, link, TABLET)), '410 GUEST_LINK_USED')
})

t.test('of many who open it at once exactly one has it', async (t) => {
  for (const runs of [false, true]) {
    const { sessions, link } = await startWithGuest(t)
    if (runs) sessions.service.setClock(after(NOON, 11))
    const answers = await Promise.all(Array.from({ length: 8 }, () => opening(sessions, link)))
    t.same(answers.map(outcome).sort(), ['200', ...Array.from({ length: 7 }, () => '410 GUEST_LINK_USED')])
    const [winner] = answers.filter(({ status }) => status === 200)
    t.equal(outcome(await opening(sessions, link, winner?.body.seat)), '200')
  }
})

t.test('of two replicas that are asked at once exactly one gives it away', async (t) => {
  const crud = await flakyCrud(t)
  const [one, other] = [await startSessions(t, { ...crud.variables, LINK_SECRET, STORAGE_TIMEOUT_MS: '10000' }), await startSessions(t, { ...crud.variables, LINK_SECRET, STORAGE_TIMEOUT_MS: '10000' })]
  for (let round = 0; round < 5; round++) {
    const { id } = await one.create(OWNER)
    const { body: { link } } = await guest(one, id)
    const answers = await Promise.all([opening(one, link, PHONE), opening(other, link, TABLET)])
    t.same(answers.map(outcome).sort(), ['200', '410 GUEST_LINK_USED'])
    const winner = answers[0]?.status === 200 ? PHONE : TABLET
    for (const replica of [one, other]) t.equal(outcome(await opening(replica, link, winner)), '200')
  }
})

t.test('what a browser loads beforehand, and a method that only looks, opens nothing', async (t) => {
  const { sessions, link } = await startWithGuest(t)
  for (const header of ['sec-purpose', 'purpose']) t.equal(outcome(await opening(sessions, link, undefined, { [header]: 'prefetch;prerender' })), '401 INVALID_PERSONAL_LINK')
  t.equal((await sessions.service.inject({ method: 'HEAD', url: '/personal-link', headers: bearer(tokenIn(link)) })).statusCode, 404)
  t.equal((await sessions.service.inject({ url: `/join/${tokenIn(link)}` })).statusCode, 302)
  t.equal(outcome(await opening(sessions, link, PHONE)), '200')
})

t.test('as a proof of who somebody is it counts on its own device only, and not before it was opened', async (t) => {
  const { sessions, id, link } = await startWithGuest(t)
  const reading = async (seat?: string) => await sessions.call({ ...bearer(tokenIn(link)), ...seat === undefined ? {} : { 'x-seat': seat } }, 'GET', `/sessions/${id}`)
  t.equal(outcome(await reading()), '401 INVALID_PERSONAL_LINK')
  t.equal(outcome(await reading(PHONE)), '401 INVALID_PERSONAL_LINK', 'only the page opens it')
  const { seat } = (await opening(sessions, link, PHONE)).body
  for (const proof of [PHONE, seat]) t.equal(outcome(await reading(proof)), '200')
  for (const proof of [undefined, TABLET, `${seat}x`, 'x'.repeat(5000)]) t.equal(outcome(await reading(proof)), '401 INVALID_PERSONAL_LINK')
  sessions.service.setClock(after(NOON, 11))
  const dropIn = async (proof?: string) => await sessions.call<{ accessLinkURL: string | null }>({ ...bearer(tokenIn(link)), ...proof === undefined ? {} : { 'x-seat': proof } }, 'GET', `/teleconsultation/${id}`)
  t.equal(outcome(await dropIn()), '401 INVALID_PERSONAL_LINK')
  t.match((await dropIn(seat)).body.accessLinkURL, /\/telecons-room\//)
})

t.test('a seat of another link, of another session or of another kind opens nothing', async (t) => {
  const { sessions, id, link } = await startWithGuest(t)
  const second = (await guest(sessions, id)).body.link
  const { id: other } = await sessions.create(OWNER)
  const third = (await guest(sessions, other)).body.link
  const seats = await Promise.all([second, third].map(async (one) => (await opening(sessions, one)).body.seat))
  t.equal(outcome(await opening(sessions, link, PHONE)), '200')
  const made = seatTokens(sessions.service.app.tokens.seat, () => 'made-elsewhere')
  const [, claims = ''] = tokenIn(link).split('.')
  const { room, sub } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { room: string, sub: string }
  const expired = made.tokenFor({ room, sub }, PHONE, after(NOON, -1))
  for (const seat of [...seats, tokenIn(link), tokenIn(second), expired, made.tokenFor({ room, sub }, 'another-nonce', after(NOON, 60)), made.tokenFor({ room, sub, link: 1 }, PHONE, after(NOON, 60))]) {
    t.equal(outcome(await opening(sessions, link, seat)), '410 GUEST_LINK_USED')
  }
  t.equal(outcome(await opening(sessions, link, made.tokenFor({ room, sub }, PHONE, after(NOON, 60)))), '200', 'all else was right')
})

t.test('a link in the place of one that was used opens on one device once more, and the one before on none', async (t) => {
  for (const runs of [false, true]) {
    const { sessions, id, link, guestId } = await startWithGuest(t)
    if (runs) sessions.service.setClock(after(NOON, 11))
    const { seat } = (await opening(sessions, link)).body
    const given = await renewed(sessions, id, guestId)
    t.equal(given.status, 200)
    t.match(given.body.participant, { userExternalId: guestId, oneTime: true })
    t.not(tokenIn(given.body.mediaUrl), tokenIn(link))
    for (const proof of [undefined, seat]) t.equal(outcome(await opening(sessions, link, proof)), '401 INVALID_PERSONAL_LINK')
    t.equal(outcome(await opening(sessions, given.body.mediaUrl, TABLET)), '200')
    t.equal(outcome(await opening(sessions, given.body.mediaUrl, seat)), '410 GUEST_LINK_USED', 'the seat was of the other link')
  }
})

t.test('a guest who was removed is outside on his own device as well, and comes back by a new link only', async (t) => {
  const { sessions, id, link, guestId } = await startWithGuest(t)
  const { seat } = (await opening(sessions, link)).body
  t.equal((await sessions.call(OWNER, 'DELETE', `/sessions/${id}/participants/${guestId}`)).status, 200)
  t.match(outcome(await opening(sessions, link, seat)), /^401 /)
  t.equal(outcome(await renewed(sessions, id, guestId)), '404 PARTICIPANT_NOT_FOUND')
  const back = await sessions.call<{ mediaUrl: string, participant: { oneTime?: boolean } }>(OWNER, 'POST', `/sessions/${id}/participants`, { userExternalId: guestId, groups: ['patient'], fullName: 'Dora Gatti' })
  t.equal(back.status, 201)
  t.equal(back.body.participant.oneTime, true, 'he stays what he was')
  t.match(outcome(await opening(sessions, link, seat)), /^401 /)
  t.equal(outcome(await opening(sessions, back.body.mediaUrl, TABLET)), '200')
  t.equal(outcome(await opening(sessions, back.body.mediaUrl, PHONE)), '410 GUEST_LINK_USED')
})

t.test('dates that move after it was opened leave the guest his seat', async (t) => {
  const { sessions, id, link } = await startWithGuest(t)
  const { seat } = (await opening(sessions, link)).body
  const later = after(NOON, 30 * 24 * 60)
  t.equal((await sessions.call(OWNER, 'PATCH', `/sessions/${id}`, { start_date: later.toISOString(), duration_in_seconds: 1800 })).status, 200)
  sessions.service.setClock(after(later, 1))
  const open = await opening(sessions, link, seat)
  t.equal(open.status, 200)
  t.match(open.body.accessLinkURL, /\/telecons-room\//)
})

t.test('a request that is repeated with its key is one guest; with another body it is refused', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const keyed = { ...OWNER, 'idempotency-key': 'a-key' }
  const [first, second] = [await guest(sessions, id, DAUGHTER, keyed), await guest(sessions, id, DAUGHTER, keyed)]
  t.same([first.status, second.status], [201, 201])
  t.same(second.body, first.body)
  t.equal(outcome(await guest(sessions, id, { fullName: 'Somebody Else' }, keyed)), '422 IDEMPOTENCY_KEY_REUSED')
  t.equal((await sessions.read(OWNER, id)).body.participantsNumber, 3)
})

t.test('what is no guest is refused, and nobody is added', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  for (const [body, refusal] of [
    [{}, '400 FST_ERR_VALIDATION'], [{ fullName: '' }, '400 FST_ERR_VALIDATION'], [{ fullName: 'x'.repeat(257) }, '400 FST_ERR_VALIDATION'], [{ fullName: 'Dora\u0000' }, '400 FST_ERR_VALIDATION'],
    [{ fullName: 'Dora\nBcc: x' }, '400 FST_ERR_VALIDATION'], [{ fullName: '\ud800' }, '400 FST_ERR_VALIDATION'], [{ fullName: 7 }, '400 FST_ERR_VALIDATION'],
    [{ ...DAUGHTER, userExternalId: 'doctor-1' }, '400 FST_ERR_VALIDATION'], [{ ...DAUGHTER, groups: ['doctor'] }, '400 FST_ERR_VALIDATION'], [{ ...DAUGHTER, permissions: { canEndSession: true } }, '400 FST_ERR_VALIDATION'],
    [{ ...DAUGHTER, language: 'no language' }, '400 FST_ERR_VALIDATION'], [{ ...DAUGHTER, email: 'Dora <dora@example.com>' }, '422 INVALID_ADDRESS'], [{ ...DAUGHTER, timeZone: 'Mars' }, '400 UNKNOWN_TIME_ZONE']
  ] as const) t.equal(outcome(await guest(sessions, id, body)), refusal, JSON.stringify(body).slice(0, 80))
  t.equal((await sessions.read(OWNER, id)).body.participantsNumber, 2)
})

t.test('it takes the permission to invite, and a session that has not ended', async (t) => {
  const { sessions, id } = await startWithGuest(t)
  t.equal(outcome(await guest(sessions, id, DAUGHTER, DOCTOR_TOKEN)), '403 NOT_PERMITTED')
  t.equal(outcome(await guest(sessions, id, DAUGHTER, await as('stranger'))), '404 TELECONSULTATION_NOT_FOUND')
  await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/doctor-1`, { permissions: { canInviteParticipants: true } })
  t.equal((await guest(sessions, id, DAUGHTER, DOCTOR_TOKEN)).status, 201)
  sessions.service.setClock(after(NOON, 11))
  t.equal((await guest(sessions, id)).status, 201, 'also while the call runs')
  await sessions.call(OWNER, 'POST', `/sessions/${id}/end`)
  t.equal(outcome(await guest(sessions, id)), '409 SESSION_ENDED')
})

t.test('everybody else’s link opens everywhere as before, without a write', async (t) => {
  const { sessions, id } = await startWithGuest(t)
  const { mediaUrl } = (await sessions.read(PATIENT_TOKEN, id)).body
  for (const seat of [undefined, PHONE, TABLET]) {
    const waiting = await opening(sessions, mediaUrl, seat)
    t.equal(waiting.status, 200)
    t.notOk('seat' in waiting.body, 'a seat comes with the way in')
  }
  sessions.service.setClock(after(NOON, 11))
  t.match((await opening(sessions, mediaUrl)).body, { accessLinkURL: /\/telecons-room\//, seat: /^ey/, fullName: PATIENT.fullName })
})

t.test('no seat, link or name of a guest is in the log of all this', async (t) => {
  const { sessions, id, link, guestId } = await startWithGuest(t)
  const { seat = '' } = (await opening(sessions, link, PHONE)).body
  await opening(sessions, link, TABLET)
  await renewed(sessions, id, guestId)
  const log = sessions.service.log.join('')
  t.match(log, /guest-links/)
  for (const secret of [seat, PHONE, TABLET, tokenIn(link), 'Dora', guestId]) t.notOk(log.includes(secret))
})
