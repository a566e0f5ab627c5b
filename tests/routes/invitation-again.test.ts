import t from 'tap'
import type { PersonalLinkView } from '../../schemas/pages.ts'
import type { InvitationSent, SessionParticipants } from '../../schemas/session.ts'
import { eventOf, linkIn, startFakeSmtp } from '../support/fake-smtp.ts'
import { flakyCrud } from '../support/flaky-crud.ts'
import { ADMIN, as, bearer, DOCTOR_TOKEN, holding, OWNER, PATIENT_TOKEN, startSessions, STRANGER, type Headers, type SessionService } from '../support/session-callers.ts'
import { after, DOCTOR, NOON, PATIENT, type Teardown } from '../support/service.ts'

const START = after(NOON, 3 * 24 * 60)
const ADA = { ...DOCTOR, email: 'ada@example.com' }
const BEN = { ...PATIENT, email: 'ben@example.com' }

const outcome = ({ status, code }: { status: number, code: string | undefined }) => code === undefined ? String(status) : `${status} ${code}`
const again = async ({ call }: SessionService, id: string, body: object | undefined, { who = 'patient-1', caller = OWNER }: { who?: string, caller?: Headers } = {}) =>
  await call<InvitationSent>(caller, 'POST', `/sessions/${id}/participants/${who}/invitation`, body)
const opens = async ({ call }: SessionService, link: string | null | undefined) =>
  outcome(await call<PersonalLinkView>(bearer(link?.split('#')[1] ?? ''), 'GET', '/personal-link'))

async function start (t: Teardown, { people = [ADA, BEN] as object[], variables = {} as Record<string, string> } = {}) {
  const smtp = await startFakeSmtp(t)
  const sessions = await startSessions(t, { SMTP_URL: smtp.url, MAIL_FROM: 'visits@clinic.example', MAIL_EVERY_SEC: '3600', ...variables })
  /** Everything that is due by now: a look that was under way may have begun before. */
  const tell = async () => {
    await sessions.service.app.telling.run()
    await sessions.service.app.telling.run()
  }
  const { id } = await sessions.create(OWNER, { start_date: START.toISOString(), participants: { number: people.length, data: people } })
  await tell()
  return { smtp, sessions, id, tell, hisMail: () => smtp.to('ben@example.com') }
}

t.test('who is sent his invitation once more gets what he has: the same link, the same event', async (t) => {
  const { sessions, id, smtp, tell, hisMail } = await start(t)
  sessions.service.setClock(after(NOON, 5))
  const sent = await again(sessions, id, {})
  t.equal(sent.status, 200)
  t.match(sent.body.participant, { userExternalId: 'patient-1', mail: { toldAt: NOON.toISOString() } })
  t.notOk('mediaUrl' in sent.body)
  await tell()
  const [first, second, ...more] = hisMail()
  t.same(more, [])
  t.ok(first !== undefined && second !== undefined && linkIn(first) === linkIn(second) && first.messageId !== second.messageId)
  t.same([first, second].map((message) => message === undefined ? undefined : eventOf(message)?.sequence), [0, 0], 'nothing has changed')
  t.equal(smtp.to('ada@example.com').length, 1, 'nobody else')
  sessions.service.setClock(after(NOON, 6))
  for (const body of [undefined, {}, { newLink: false }]) {
    t.equal((await again(sessions, id, body)).status, 200)
    await tell()
  }
  t.equal(hisMail().length, 5, 'as often as it is asked for')
})

t.test('what was refused for good is tried again at once', async (t) => {
  const { sessions, smtp, tell, hisMail } = await start(t, { people: [ADA, { ...PATIENT, userExternalId: 'patient-2' }] })
  smtp.answerTo((address) => address === 'ben@example.com' ? 550 : undefined)
  const { id } = await sessions.create(OWNER, { start_date: START.toISOString(), participants: { number: 2, data: [ADA, BEN] } })
  await tell()
  const mailOf = async () => (await sessions.call<SessionParticipants>(OWNER, 'GET', `/sessions/${id}/participants`)).body.participants[1]?.mail
  t.match(await mailOf(), { failure: { code: '550', refused: true } })
  smtp.answerTo(() => undefined)
  await tell()
  t.same(hisMail(), [], 'by itself it is not')
  t.notOk('failure' in ((await again(sessions, id, {})).body.participant.mail ?? {}))
  await tell()
  t.equal(hisMail().length, 1)
  t.same(await mailOf(), { toldAt: NOON.toISOString() })
})

t.test('with a new link the earlier one opens nothing, and he is sent the one that does', async (t) => {
  const { sessions, id, tell, hisMail } = await start(t)
  const before = (await sessions.read(PATIENT_TOKEN, id)).body.mediaUrl
  const given = await again(sessions, id, { newLink: true })
  t.equal(given.status, 200)
  t.not(given.body.mediaUrl?.split('#')[1], before?.split('#')[1])
  t.equal(await opens(sessions, before), '401 INVALID_PERSONAL_LINK')
  t.equal(outcome(await sessions.read(holding(before), id)), '401 INVALID_PERSONAL_LINK')
  t.equal(await opens(sessions, given.body.mediaUrl), '200')
  t.equal((await sessions.read(PATIENT_TOKEN, id)).body.mediaUrl, given.body.mediaUrl)
  await tell()
  t.equal(hisMail().length, 2)
  t.equal(hisMail().map(linkIn).at(-1)?.split('#')[1], given.body.mediaUrl?.split('#')[1])
  const third = await again(sessions, id, { newLink: true })
  t.same([await opens(sessions, before), await opens(sessions, given.body.mediaUrl), await opens(sessions, third.body.mediaUrl)], ['401 INVALID_PERSONAL_LINK', '401 INVALID_PERSONAL_LINK', '200'])
})

t.test('a new link needs no address, and is given while the call runs as well', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  sessions.service.setClock(after(NOON, 11))
  const before = (await sessions.read(PATIENT_TOKEN, id)).body.mediaUrl
  t.equal(await opens(sessions, before), '200')
  const given = await again(sessions, id, { newLink: true })
  t.equal(outcome(given), '200')
  t.same([await opens(sessions, before), await opens(sessions, given.body.mediaUrl)], ['401 INVALID_PERSONAL_LINK', '200'])
})

t.test('of many new links at once one opens, and it is the one that he has', async (t) => {
  const { sessions, id } = await start(t)
  const given = await Promise.all(Array.from({ length: 4 }, () => again(sessions, id, { newLink: true })))
  const links = given.flatMap(({ body: { mediaUrl } }) => mediaUrl ?? [])
  const { mediaUrl } = (await sessions.read(PATIENT_TOKEN, id)).body
  const opened = await Promise.all([...new Set([...links, mediaUrl])].map(async (link) => [link, await opens(sessions, link)]))
  t.same(opened.filter(([, told]) => told === '200'), [[mediaUrl, '200']])
})

t.test('who may invite has it sent; another’s new link is for those in charge, and his own for everybody who proved who he is', async (t) => {
  const { sessions, id } = await start(t)
  const link = holding((await sessions.read(PATIENT_TOKEN, id)).body.mediaUrl)
  const table: Array<[Headers, object, string, string]> = [
    [OWNER, {}, 'patient-1', '200'], [ADMIN, { newLink: true }, 'doctor-1', '200'],
    [DOCTOR_TOKEN, {}, 'patient-1', '403 NOT_PERMITTED'], [DOCTOR_TOKEN, { newLink: true }, 'patient-1', '403 NOT_PERMITTED'],
    [DOCTOR_TOKEN, {}, 'doctor-1', '200'], [DOCTOR_TOKEN, { newLink: true }, 'doctor-1', '200'],
    [link, {}, 'patient-1', '403 NOT_PERMITTED'], [link, { newLink: true }, 'patient-1', '403 NOT_PERMITTED'],
    [STRANGER, {}, 'patient-1', '404 TELECONSULTATION_NOT_FOUND'], [await as('somebody'), { newLink: true }, 'somebody', '404 TELECONSULTATION_NOT_FOUND']
  ]
  for (const [caller, body, who, expected] of table) t.equal(outcome(await again(sessions, id, body, { who, caller })), expected, `${who} ${JSON.stringify(body)}`)
  await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/doctor-1`, { permissions: { canInviteParticipants: true } })
  await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/patient-1`, { permissions: { canInviteParticipants: true } })
  t.equal(outcome(await again(sessions, id, {}, { caller: DOCTOR_TOKEN })), '200')
  t.equal(outcome(await again(sessions, id, { newLink: true }, { caller: DOCTOR_TOKEN })), '403 NOT_PERMITTED', 'with it he could be the patient')
  t.equal(outcome(await again(sessions, id, {}, { caller: link })), '200')
  t.equal(outcome(await again(sessions, id, { newLink: true }, { caller: link })), '403 NOT_PERMITTED', 'nor does a link replace itself')
})

t.test('without an address, for nobody, or after the end there is nothing to send', async (t) => {
  const { sessions, id, tell, hisMail } = await start(t, { people: [ADA, BEN, { ...PATIENT, userExternalId: 'patient-2' }] })
  t.equal(outcome(await again(sessions, id, {}, { who: 'patient-2' })), '409 NO_ADDRESS')
  t.equal(outcome(await again(sessions, id, {}, { who: 'nobody' })), '404 PARTICIPANT_NOT_FOUND')
  t.equal(outcome(await again(sessions, id, { newLink: true }, { who: 'nobody' })), '404 PARTICIPANT_NOT_FOUND')
  for (const body of [{ newLink: 'yes' }, { other: true }, []]) t.equal(outcome(await again(sessions, id, body)), '400 FST_ERR_VALIDATION')
  const { id: over } = await sessions.create(OWNER, { participants: { number: 2, data: [ADA, BEN] } })
  await sessions.call(OWNER, 'DELETE', `/sessions/${id}/participants/patient-1`)
  await tell()
  const before = hisMail().length
  for (const body of [{}, { newLink: true }]) t.equal(outcome(await again(sessions, id, body)), '404 PARTICIPANT_NOT_FOUND', 'he was removed')
  sessions.service.setClock(after(NOON, 41))
  t.equal(outcome(await again(sessions, over, {})), '409 SESSION_ENDED')
  await sessions.call(OWNER, 'POST', `/sessions/${id}/end`)
  t.equal(outcome(await again(sessions, id, {}, { who: 'doctor-1' })), '409 SESSION_ENDED')
  await tell()
  t.equal(hisMail().length, before)
})

t.test('a session that is not confirmed tells nobody, however often it is asked to', async (t) => {
  const { sessions, tell, hisMail } = await start(t)
  const { id } = await sessions.create(OWNER, { start_date: START.toISOString(), participants: { number: 2, data: [ADA, BEN] }, status: 'requested' })
  const before = hisMail().length
  t.equal(outcome(await again(sessions, id, {})), '200')
  await tell()
  t.equal(hisMail().length, before)
  await sessions.call(OWNER, 'PATCH', `/sessions/${id}`, { status: 'confirmed' })
  await tell()
  t.equal(hisMail().length, before + 1, 'once')
})

t.test('where nobody is sent e-mails that is said, and a new link is given all the same', async (t) => {
  const crud = await flakyCrud(t)
  const sessions = await startSessions(t, { ...crud.variables, STORAGE_TIMEOUT_MS: '10000' })
  const { id } = await sessions.create(OWNER, { participants: { number: 2, data: [ADA, BEN] } })
  t.equal(outcome(await again(sessions, id, {})), '501 MAIL_NOT_CONFIGURED')
  t.equal(outcome(await again(sessions, id, { newLink: true })), '200')
})
