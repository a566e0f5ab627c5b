import t from 'tap'
import type { Invited, Ruled, SessionParticipants, SessionView } from '../../schemas/session.ts'
import { ADMIN, as, DOCTOR_TOKEN, holding, OWNER, PATIENT_TOKEN, startSessions, STRANGER, type Headers, type SessionService } from '../support/session-callers.ts'
import { follow } from '../support/providers-world.ts'
import { after, DOCTOR, NOON, PATIENT } from '../support/service.ts'

const NURSE = { userExternalId: 'nurse-1', groups: ['patient'], fullName: 'Carla Neri', language: 'de' }
const NURSE_TOKEN = await as('nurse-1')
const tokenIn = (link: string | null | undefined) => link?.split('#')[1] ?? ''

const names = (participants: ReadonlyArray<{ userExternalId: string }>) => participants.map(({ userExternalId }) => userExternalId)
const inviting = async ({ call }: SessionService, id: string, changes: object = {}, caller: Headers = OWNER) => await call<Invited>(caller, 'POST', `/sessions/${id}/participants`, { ...NURSE, ...changes })
const removing = async ({ call }: SessionService, id: string, who: string, caller: Headers = OWNER) => await call<Ruled>(caller, 'DELETE', `/sessions/${id}/participants/${who}`)

/** What the page behind a link is told: the way in, nothing yet, or why not. */
async function opens ({ service }: SessionService, link: string | null | undefined): Promise<string> {
  const answer = await follow(service, link ?? '')
  const { accessLinkURL, code } = answer.json<{ accessLinkURL?: string | null, code?: string }>()
  return answer.statusCode === 200 ? accessLinkURL == null ? 'waits' : 'is in' : `${answer.statusCode} ${code}`
}

t.test('who is invited before the links are given takes part, with a link of his own', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const invited = await inviting(sessions, id)
  t.equal(invited.status, 201)
  t.match(invited.body, { participant: { userExternalId: 'nurse-1', fullName: 'Carla Neri', privilege: 'basic', guest: false, permissions: { canChat: true, canEndSession: false } } })
  t.match((await sessions.read(OWNER, id)).body, { participantsNumber: 3, participants: [{ userExternalId: 'doctor-1' }, { userExternalId: 'patient-1' }, { userExternalId: 'nurse-1' }] })
  t.equal((await sessions.read(NURSE_TOKEN, id)).body.mediaUrl, invited.body.mediaUrl)
  t.equal((await sessions.list(NURSE_TOKEN)).body.sessions.length, 1)
  sessions.service.setClock(after(NOON, 11))
  t.equal(await opens(sessions, invited.body.mediaUrl), 'is in')
})

t.test('an empty place is filled, and nobody more is expected', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER, { participants: { number: 3, data: [DOCTOR, PATIENT] } })
  t.equal((await sessions.read(OWNER, id)).body.state, 'incomplete')
  t.equal((await inviting(sessions, id)).status, 201)
  t.match((await sessions.read(OWNER, id)).body, { participantsNumber: 3, state: 'planned' })
})

t.test('who was removed takes no place that the provider has for somebody else', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  // Embedded rooms take six.
  for (let number = 1; number <= 6; number++) {
    const userExternalId = `guest-${number}`
    t.equal((await inviting(sessions, id, { userExternalId })).status, 201, userExternalId)
    if (number <= 4) t.equal((await removing(sessions, id, userExternalId)).status, 200)
  }
  t.equal((await inviting(sessions, id)).status, 201)
  for (const userExternalId of ['guest-7', 'guest-8']) {
    const { status, code } = await inviting(sessions, id, { userExternalId })
    t.same([status, code], userExternalId === 'guest-7' ? [201, undefined] : [422, 'CAPABILITY_LIMIT'])
  }
})

t.test('who is invited while the call runs comes in', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  sessions.service.setClock(after(NOON, 11))
  t.equal(await opens(sessions, (await sessions.read(DOCTOR_TOKEN, id)).body.mediaUrl), 'is in')
  const invited = await inviting(sessions, id)
  t.equal(invited.status, 201)
  t.equal(await opens(sessions, invited.body.mediaUrl), 'is in')
  t.match((await sessions.read(OWNER, id)).body, { state: 'open', participantsNumber: 3 })
})

t.test('a guest is of another organisation, and permissions come with the invitation of those in charge alone', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const invited = await inviting(sessions, id, { organisation: 'umbrella', permissions: { canEndSession: true, canChat: false } })
  t.equal(invited.status, 201)
  t.match(invited.body.participant, { guest: true, permissions: { canEndSession: true, canChat: false, canEditSession: false } })
  t.match((await sessions.read(await as('nurse-1', { organisation: 'umbrella', roles: ['ADMIN'] }), id)).status, 200)
  t.equal((await sessions.read(STRANGER, id)).status, 404, 'his organisation sees nothing of it')
  t.equal((await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/doctor-1`, { permissions: { canInviteParticipants: true } })).status, 200)
  const withGrants = await inviting(sessions, id, { userExternalId: 'nurse-2', permissions: { canEndSession: true } }, DOCTOR_TOKEN)
  t.same([withGrants.status, withGrants.code], [403, 'NOT_PERMITTED'])
  t.notOk(names((await sessions.read(OWNER, id)).body.participants).includes('nurse-2'))
  const plain = await inviting(sessions, id, { userExternalId: 'nurse-2' }, DOCTOR_TOKEN)
  t.equal(plain.status, 201)
  t.notOk('permissions' in plain.body.participant, 'of others only those in charge know')
})

t.test('who takes part already, is nobody’s group or is one too many is refused, and nothing changes', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER, { participants: { number: 6, data: [DOCTOR, PATIENT, ...[1, 2, 3, 4].map((index) => ({ ...PATIENT, userExternalId: `patient-1${index}` }))] } })
  const before = (await sessions.read(OWNER, id)).body
  for (const [changes, status, code] of [
    [{ userExternalId: 'patient-1' }, 400, 'DUPLICATE_PARTICIPANT'], [{ groups: ['nobody'] }, 400, 'UNKNOWN_GROUP'], [{}, 422, 'CAPABILITY_LIMIT'],
    [{ permissions: {} }, 400, 'FST_ERR_VALIDATION'], [{ permissions: { canFly: true } }, 400, 'FST_ERR_VALIDATION'], [{ permissions: { canChat: null } }, 400, 'FST_ERR_VALIDATION'], [{ owner: true }, 400, 'FST_ERR_VALIDATION'], [{ userExternalId: 'a\u0000b' }, 400, 'FST_ERR_VALIDATION']
  ] as const) {
    const refused = await inviting(sessions, id, changes)
    t.same([refused.status, refused.code], [status, code], JSON.stringify(changes))
  }
  sessions.service.setClock(after(NOON, 11))
  const late = await inviting(sessions, id)
  t.same([late.status, late.code], [422, 'CAPABILITY_LIMIT'])
  t.same({ ...(await sessions.read(OWNER, id)).body, state: '' }, { ...before, state: '' })
})

t.test('an invitation that is repeated with its key is the same one; with another body it is refused', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const keyed = { ...OWNER, 'idempotency-key': 'a-key' }
  const [first, second] = [await inviting(sessions, id, {}, keyed), await inviting(sessions, id, {}, keyed)]
  t.same([first.status, second.status], [201, 201])
  t.same(second.body, first.body)
  const other = await inviting(sessions, id, { userExternalId: 'nurse-2' }, keyed)
  t.same([other.status, other.code], [422, 'IDEMPOTENCY_KEY_REUSED'])
  t.equal((await sessions.read(OWNER, id)).body.participantsNumber, 3)
})

t.test('who was removed is in no list, reads nothing, and no link of his opens anything', async (t) => {
  for (const runs of [false, true]) {
    const sessions = await startSessions(t)
    const { id } = await sessions.create(OWNER)
    const { mediaUrl } = (await sessions.read(PATIENT_TOKEN, id)).body
    if (runs) sessions.service.setClock(after(NOON, 11))
    t.equal(await opens(sessions, mediaUrl), runs ? 'is in' : 'waits')
    const removed = await removing(sessions, id, 'patient-1')
    t.equal(removed.status, 200)
    t.equal(removed.body.takesEffect, 'now')
    t.match(await opens(sessions, mediaUrl), /^401 (UNAUTHORIZED_USER|INVALID_PERSONAL_LINK)$/)
    const read = await sessions.read(PATIENT_TOKEN, id)
    t.same([read.status, read.code], [404, 'TELECONSULTATION_NOT_FOUND'])
    const byLink = await sessions.read(holding(mediaUrl), id)
    t.same([byLink.status, byLink.code], [401, 'INVALID_PERSONAL_LINK'])
    const dropIn = await sessions.call({ ...PATIENT_TOKEN }, 'GET', `/teleconsultation/${id}`)
    t.same([dropIn.status, dropIn.code], [404, 'TELECONSULTATION_NOT_FOUND'])
    t.same((await sessions.list(PATIENT_TOKEN)).body.sessions, [])
    t.same(names((await sessions.read(OWNER, id)).body.participants), ['doctor-1'])
    t.same(names((await sessions.call<SessionParticipants>(OWNER, 'GET', `/sessions/${id}/participants`)).body.participants), ['doctor-1'])
    const again = await removing(sessions, id, 'patient-1')
    t.same([again.status, again.code], [404, 'PARTICIPANT_NOT_FOUND'])
    sessions.service.setClock(after(NOON, 11))
    t.equal(await opens(sessions, (await sessions.read(DOCTOR_TOKEN, id)).body.mediaUrl), 'is in', 'the others stay')
  }
})

t.test('who was removed and is invited again has a new link, without his old permissions, and the old link stays dead', async (t) => {
  for (const runs of [false, true]) {
    const sessions = await startSessions(t)
    const { id } = await sessions.create(OWNER)
    const before = (await sessions.read(PATIENT_TOKEN, id)).body.mediaUrl
    await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/patient-1`, { permissions: { canEndSession: true, canChat: false } })
    if (runs) sessions.service.setClock(after(NOON, 11))
    await opens(sessions, before)
    await removing(sessions, id, 'patient-1')
    const invited = await inviting(sessions, id, PATIENT)
    t.equal(invited.status, 201)
    t.match(invited.body.participant.permissions, { canEndSession: false, canChat: true })
    t.not(tokenIn(invited.body.mediaUrl), tokenIn(before))
    t.equal((await sessions.read(PATIENT_TOKEN, id)).body.mediaUrl, invited.body.mediaUrl)
    t.equal(await opens(sessions, before), '401 INVALID_PERSONAL_LINK')
    t.equal((await sessions.read(holding(before), id)).code, 'INVALID_PERSONAL_LINK')
    t.equal((await sessions.read(OWNER, id)).body.participantsNumber, 2)
    sessions.service.setClock(after(NOON, 11))
    t.equal(await opens(sessions, invited.body.mediaUrl), 'is in')
    t.equal((await sessions.read(holding(invited.body.mediaUrl), id)).status, 200)
  }
})

t.test('a participant may leave, and remove nobody else; a stranger learns nothing', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  for (const [caller, who, status, code] of [[PATIENT_TOKEN, 'doctor-1', 403, 'NOT_PERMITTED'], [PATIENT_TOKEN, 'nobody', 403, 'NOT_PERMITTED'], [STRANGER, 'patient-1', 404, 'TELECONSULTATION_NOT_FOUND'], [STRANGER, 'stranger', 404, 'TELECONSULTATION_NOT_FOUND'], [OWNER, 'nobody', 404, 'PARTICIPANT_NOT_FOUND']] as const) {
    const refused = await removing(sessions, id, who, caller)
    t.same([refused.status, refused.code], [status, code])
  }
  t.equal((await removing(sessions, id, 'patient-1', PATIENT_TOKEN)).status, 200)
  t.same(names((await sessions.read(OWNER, id)).body.participants), ['doctor-1'])
})

t.test('the owner cannot be removed, by himself or by an administrator', async (t) => {
  const sessions = await startSessions(t)
  const doctor = await as('doctor-1', { organisation: 'acme', roles: ['STANDARD'] })
  const { id } = await sessions.create(doctor)
  for (const caller of [doctor, ADMIN]) {
    const refused = await removing(sessions, id, 'doctor-1', caller)
    t.same([refused.status, refused.code], [409, 'LAST_OWNER'])
  }
  t.same(names((await sessions.read(doctor, id)).body.participants), ['doctor-1', 'patient-1'])
})

t.test('somebody who was removed is back when the whole list is set with him, and then has a new link', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  const before = (await sessions.read(PATIENT_TOKEN, id)).body.mediaUrl
  await removing(sessions, id, 'patient-1')
  const changed = await sessions.call<SessionView>(OWNER, 'PATCH', `/sessions/${id}`, { participants: { number: 2, data: [DOCTOR, PATIENT] } })
  t.equal(changed.status, 200)
  t.same(names(changed.body.participants), ['doctor-1', 'patient-1'])
  const read = await sessions.read(PATIENT_TOKEN, id)
  t.equal(read.status, 200)
  t.not(tokenIn(read.body.mediaUrl), tokenIn(before))
  t.match(await opens(sessions, before), /^401 /)
})

t.test('odd ids in the path are refused, and reach nobody', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  for (const [who, status, code] of [['%00', 400, 'FST_ERR_VALIDATION'], ['a%0ab', 400, 'FST_ERR_VALIDATION'], ['x'.repeat(257), 400, 'FST_ERR_VALIDATION'], ['__proto__', 404, 'PARTICIPANT_NOT_FOUND'], ['constructor', 404, 'PARTICIPANT_NOT_FOUND'], ['patient-1%20', 404, 'PARTICIPANT_NOT_FOUND'], ['PATIENT-1', 404, 'PARTICIPANT_NOT_FOUND']] as const) {
    const removed = await removing(sessions, id, who)
    t.same([removed.status, removed.code], [status, code], who.slice(0, 20))
    const ruled = await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/${who}`, { permissions: { canChat: false } })
    t.same([ruled.status, ruled.code], [status, code], who.slice(0, 20))
  }
  for (const session of ['0', '../x', 'a'.repeat(65), '%00', '{"$ne":1}', '$where'].map(encodeURIComponent)) {
    const refused = await sessions.read(OWNER, session)
    t.same([refused.status, refused.code], [404, 'TELECONSULTATION_NOT_FOUND'], session)
  }
  t.same(names((await sessions.read(OWNER, id)).body.participants), ['doctor-1', 'patient-1'])
})

t.test('who it is about, and what is looked for, stands in no line of the log', async (t) => {
  const sessions = await startSessions(t)
  const { id } = await sessions.create(OWNER)
  await inviting(sessions, id)
  await sessions.call(OWNER, 'PATCH', `/sessions/${id}/participants/nurse-1`, { permissions: { canChat: false } })
  await removing(sessions, id, 'nurse-1')
  await sessions.list(OWNER, '?participant=nurse-1&limit=5&text=Neri')
  await sessions.call(OWNER, 'DELETE', '/organisations/acme/members/nurse-1')
  const log = sessions.service.log.join('')
  for (const secret of ['nurse-1', 'Neri']) t.notOk(log.includes(secret), secret)
  t.match(log, `/sessions/${id}/participants/[REDACTED]`)
  t.match(log, '/sessions?participant=[REDACTED]&limit=5&text=[REDACTED]')
})
