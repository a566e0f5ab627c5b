import t from 'tap'
import type { SessionView } from '../../schemas/session.ts'
import { ACME, ADMIN, as, DOCTOR_TOKEN, OWNER, PATIENT_TOKEN, startSessions, STRANGER } from '../support/session-callers.ts'
import { after, booking, NOON, PATIENT } from '../support/service.ts'

const DESCRIPTION = {
  kind: 'televisit',
  title: 'Second opinion',
  description: 'Images of last week\nand the report.',
  types: ['Cardiology', 'General Medicine'],
  access: 'Invited',
  estimatedDuration: 'Less than 1 hour',
  timeZone: 'Europe/Rome',
  references: { appointmentId: 'appointment 17', bookingCode: 'BC-0042' }
}

/** What somebody reads of a session that a change may touch. */
const partsOf = ({ startAt, endAt, title, description, types, access, estimatedDuration, timeZone, references, kind, participants }: SessionView) =>
  ({ startAt, endAt, title, description, types, access, estimatedDuration, timeZone, references, kind, people: participants.map(({ userExternalId }) => userExternalId) })

t.test('a session has the description, the owner and the organisation that it was created with', async (t) => {
  const { call, read } = await startSessions(t)
  const created = await call<SessionView>(OWNER, 'POST', '/sessions', booking(DESCRIPTION))
  t.equal(created.status, 201)
  t.equal(created.headers['cache-control'], 'no-store')
  t.match(created.body, { ...DESCRIPTION, owner: 'owner-of-it', organisation: ACME, state: 'planned', streamStatus: 'Not Started', mediaUrl: null, videoProvider: 'embedded', participantsNumber: 2 })
  t.equal(created.body.startAt, after(NOON, 10).toISOString())
  const again = await read(OWNER, created.body.id)
  t.equal(again.status, 200)
  t.same(again.body, created.body)
  t.equal(again.headers['etag'], created.headers['etag'])
})

t.test('a session of which nothing is said has dates, people and an owner, and no empty fields', async (t) => {
  const { create } = await startSessions(t)
  t.same(Object.keys(await create(OWNER)).sort(), ['endAt', 'id', 'mediaUrl', 'organisation', 'owner', 'participants', 'participantsNumber', 'startAt', 'state', 'status', 'streamStatus', 'videoProvider'])
})

t.test('everybody reads his own mediaUrl, which is the same whenever it is read', async (t) => {
  const { create, read } = await startSessions(t)
  const { id } = await create(OWNER)
  const mine = async (caller: Record<string, string>) => (await read(caller, id)).body.mediaUrl
  const [doctor, patient] = await Promise.all([mine(DOCTOR_TOKEN), mine(PATIENT_TOKEN)])
  t.match(doctor, /\/join#/)
  t.match(patient, /\/join#/)
  t.not(doctor, patient)
  t.equal(await mine(DOCTOR_TOKEN), doctor)
  t.equal(await mine(ADMIN), null, 'who takes no part has none')
})

t.test('who is member of several organisations says in which he creates; one that is not his is refused', async (t) => {
  const { call, create } = await startSessions(t)
  const both = await as('two-hats', { organisation: { acme: ['STANDARD'], umbrella: ['ADMIN'] } })
  const refused = await call(both, 'POST', '/sessions', booking())
  t.same([refused.status, refused.code], [400, 'ORGANISATION_NEEDED'])
  const foreign = await call(both, 'POST', '/sessions', booking({ organisation: 'elsewhere' }))
  t.same([foreign.status, foreign.code], [403, 'NOT_PERMITTED'])
  t.equal((await create(both, { organisation: 'umbrella' })).organisation, 'umbrella')
  const nobody = await call(DOCTOR_TOKEN, 'POST', '/sessions', booking())
  t.same([nobody.status, nobody.code], [403, 'NOT_PERMITTED'], 'who is member of none creates nothing')
})

t.test('an unknown taxonomy value is answered 422 with the allowed ones, and nothing is created or changed', async (t) => {
  const { call, create, list, read } = await startSessions(t)
  const wrong = [[{ types: ['Cardiology', 'Astrology'] }, /types\/1 is not in the taxonomy; allowed are: .*Neurosurgery/], [{ access: 'public' }, /access .*Public, Organisation, Invited/], [{ estimatedDuration: 'long' }, /estimatedDuration .*Less than 1 hour/]] as const
  for (const [fields, sentence] of wrong) {
    const answer = await call(OWNER, 'POST', '/sessions', booking(fields))
    t.same([answer.status, answer.code], [422, 'UNKNOWN_TAXONOMY_VALUE'])
    t.match(answer.body['message'], sentence)
    t.notMatch(answer.body['message'], /Astrology|"public"|\blong\b/, 'what was sent is not repeated')
  }
  t.same((await list(OWNER)).body.sessions, [])
  const session = await create(OWNER, DESCRIPTION)
  for (const [fields] of wrong) {
    const answer = await call(OWNER, 'PATCH', `/sessions/${session.id}`, { title: 'changed', ...fields })
    t.same([answer.status, answer.code], [422, 'UNKNOWN_TAXONOMY_VALUE'])
  }
  t.same((await read(OWNER, session.id)).body, session)
})

t.test('a taxonomy value in odd Unicode is either the one that is meant, as it is spelled, or 422', async (t) => {
  const { call, create } = await startSessions(t)
  for (const value of ['Cardiology\u200b', '\ufeffCardiology', 'Cardiology ', 'cardiology', 'Сardiology', 'Cardiolog\u0443', '\u202eygoloidraC', 'constructor', '__proto__']) {
    const answer = await call(OWNER, 'POST', '/sessions', booking({ types: [value] }))
    t.same([answer.status, answer.code], [422, 'UNKNOWN_TAXONOMY_VALUE'], JSON.stringify(value))
  }
  const unpaired = await call(OWNER, 'POST', '/sessions', booking({ title: 'a\ud800b' }))
  t.same([unpaired.status, unpaired.code], [400, 'FST_ERR_VALIDATION'])
  const control = await call(OWNER, 'POST', '/sessions', booking({ title: 'a\u0000b' }))
  t.same([control.status, control.code], [400, 'FST_ERR_VALIDATION'])
  const title = 'Zoë’s 👩‍⚕️ visit \u202b ספר'
  t.equal((await create(OWNER, { title })).title, title)
})

t.test('a time zone is the name of a place that exists', async (t) => {
  const { call, create } = await startSessions(t)
  for (const timeZone of ['Europe/Rome', 'America/Argentina/Buenos_Aires', 'UTC', 'Etc/GMT+5']) t.equal((await create(OWNER, { timeZone })).timeZone, timeZone)
  for (const timeZone of ['Europe/Atlantis', '+02:00', '-05', '__proto__', 'Europe Rome', '']) {
    const answer = await call(OWNER, 'POST', '/sessions', booking({ timeZone }))
    t.equal(answer.status, 400, timeZone)
    t.match(answer.code, /^(UNKNOWN_TIME_ZONE|FST_ERR_VALIDATION)$/)
  }
  const unknown = await call(OWNER, 'POST', '/sessions', booking({ timeZone: 'Europe/Atlantis' }))
  t.equal(unknown.code, 'UNKNOWN_TIME_ZONE')
})

t.test('what a change leaves out stays, and null takes a field away', async (t) => {
  const { call, create, read } = await startSessions(t)
  const { id } = await create(OWNER, DESCRIPTION)
  const changed = await call<SessionView>(OWNER, 'PATCH', `/sessions/${id}`, { title: 'Third opinion', description: null, types: null, references: { bookingCode: 'BC-0043' } })
  t.equal(changed.status, 200)
  const { description: _gone, types: _too, ...stays } = DESCRIPTION
  t.match(changed.body, { ...stays, title: 'Third opinion', references: { bookingCode: 'BC-0043' } })
  t.notOk('description' in changed.body || 'types' in changed.body)
  t.notOk('appointmentId' in (changed.body.references ?? {}), 'references are replaced as a whole')
  t.same((await read(OWNER, id)).body, changed.body)
  const cleared = await call<SessionView>(OWNER, 'PATCH', `/sessions/${id}`, Object.fromEntries(Object.keys(DESCRIPTION).map((name) => [name, null])))
  t.equal(cleared.status, 200)
  t.same(Object.keys(cleared.body).filter((name) => name in DESCRIPTION), [])
  t.equal(cleared.body.owner, 'owner-of-it')
})

t.test('dates, people and description change in one write, or none of them', async (t) => {
  for (const ROOM_CREATION of ['late', 'eager']) {
    const { call, create, read } = await startSessions(t, { ROOM_CREATION })
    const session = await create(OWNER, DESCRIPTION)
    const startAt = after(NOON, 120)
    const wish = { title: 'moved', types: null, start_date: startAt.toISOString(), duration_in_seconds: 600 }
    const people = { number: 2, data: [booking().participants.data[0], { ...PATIENT, userExternalId: 'patient-2' }] }
    for (const [more, status, code] of [
      [{ start_date: 'nowhere' }, 400, 'FST_ERR_VALIDATION'], [{ duration_in_seconds: undefined, end_date: after(startAt, 4).toISOString() }, 400, 'INVALID_SPAN'], [{ end_date: after(NOON, 130).toISOString() }, 400, 'END_OR_DURATION'],
      [{ participants: { number: 2, data: [PATIENT, PATIENT] } }, 400, 'DUPLICATE_PARTICIPANT'], [{ participants: { number: 9, data: [] } }, 422, 'CAPABILITY_LIMIT'], [{ access: 'nobody' }, 422, 'UNKNOWN_TAXONOMY_VALUE'], [{ timeZone: 'Mars' }, 400, 'UNKNOWN_TIME_ZONE']
    ] as const) {
      const refused = await call(OWNER, 'PATCH', `/sessions/${session.id}`, { ...wish, ...more })
      t.same([refused.status, refused.code], [status, code])
      t.same(partsOf((await read(OWNER, session.id)).body), partsOf(session))
    }
    const changed = await call<SessionView>(OWNER, 'PATCH', `/sessions/${session.id}`, { ...wish, participants: people })
    t.equal(changed.status, 200)
    t.match(partsOf(changed.body), { title: 'moved', types: undefined, startAt: startAt.toISOString(), endAt: after(startAt, 10).toISOString(), people: ['doctor-1', 'patient-2'], access: 'Invited' })
    t.same(partsOf((await read(OWNER, session.id)).body), partsOf(changed.body))
  }
})

t.test('once links are given the description still changes, and with dates or people it is refused as a whole', async (t) => {
  const { call, create, read, service } = await startSessions(t)
  const { id } = await create(OWNER, DESCRIPTION)
  service.setClock(after(NOON, 11))
  const refused = await call(OWNER, 'PATCH', `/sessions/${id}`, { title: 'moved', duration_in_seconds: 600 })
  t.same([refused.status, refused.code], [409, 'IMMUTABLE_PERIOD'])
  t.equal((await read(OWNER, id)).body.title, DESCRIPTION.title)
  const changed = await call<SessionView>(OWNER, 'PATCH', `/sessions/${id}`, { title: 'runs' })
  t.equal(changed.status, 200)
  t.match(changed.body, { title: 'runs', state: 'open' })
})

t.test('a change that is not of what was read is refused, also of the description alone', async (t) => {
  const { call, create, read } = await startSessions(t)
  const { id } = await create(OWNER, DESCRIPTION)
  const tag = String((await read(OWNER, id)).headers['etag'])
  t.equal((await call({ ...OWNER, 'if-match': tag }, 'PATCH', `/sessions/${id}`, { title: 'once', duration_in_seconds: 600 })).status, 200)
  for (const change of [{ title: 'twice' }, { duration_in_seconds: 900 }]) {
    const stale = await call({ ...OWNER, 'if-match': tag }, 'PATCH', `/sessions/${id}`, change)
    t.same([stale.status, stale.code], [412, 'PRECONDITION_FAILED'])
  }
  t.equal((await read(OWNER, id)).body.title, 'once')
})

t.test('a body with unknown, empty or far too long fields is refused, and owner and organisation are no fields of a change', async (t) => {
  const { call, create, read } = await startSessions(t)
  const session = await create(OWNER, DESCRIPTION)
  for (const body of [{}, { owner: 'stranger' }, { organisation: 'umbrella' }, { endedAt: null }, { title: '' }, { title: 'x'.repeat(257) }, { types: [] }, { types: ['Cardiology', 'Cardiology'] }, { types: Array.from({ length: 17 }, (_, index) => String(index)) }, { references: { other: 'x' } }, { kind: 'party' }, { participants: null }, { title: 7 }]) {
    const refused = await call(OWNER, 'PATCH', `/sessions/${session.id}`, body)
    t.same([refused.status, refused.code], [400, 'FST_ERR_VALIDATION'], JSON.stringify(body).slice(0, 60))
  }
  t.same((await read(OWNER, session.id)).body, session)
})

t.test('a repeated creation with the same key creates once; with another body it is refused, and another caller has keys of his own', async (t) => {
  const { call, list } = await startSessions(t)
  const send = async (caller: Record<string, string>, changes = {}) => await call<SessionView>({ ...caller, 'idempotency-key': 'a-key' }, 'POST', '/sessions', booking({ ...DESCRIPTION, ...changes }))
  const [first, second] = [await send(OWNER), await send(OWNER)]
  t.same([first.status, second.status], [201, 201])
  t.same(second.body, first.body)
  const other = await send(OWNER, { title: 'another' })
  t.same([other.status, other.code], [422, 'IDEMPOTENCY_KEY_REUSED'])
  t.not((await send(ADMIN)).body.id, first.body.id)
  t.equal((await list(ADMIN)).body.sessions.length, 2)
})

t.test('a session is changed and deleted by its owner and the organisation’s administrators; for strangers it is not there', async (t) => {
  const { call, create, read } = await startSessions(t)
  const { id } = await create(OWNER, DESCRIPTION)
  for (const [method, payload] of [['PATCH', { title: 'x' }], ['DELETE', undefined]] as const) {
    const stranger = await call(STRANGER, method, `/sessions/${id}`, payload)
    const missing = await call(STRANGER, method, '/sessions/0123456789abcdef01234567', payload)
    t.same([stranger.status, stranger.code], [404, 'TELECONSULTATION_NOT_FOUND'])
    t.same({ ...stranger.body, message: '', error: '' }, { ...missing.body, message: '', error: '' })
    const participant = await call(DOCTOR_TOKEN, method, `/sessions/${id}`, payload)
    t.same([participant.status, participant.code], [403, 'NOT_PERMITTED'])
  }
  t.match((await read(OWNER, id)).body, { title: DESCRIPTION.title })
  t.equal((await call(ADMIN, 'PATCH', `/sessions/${id}`, { title: 'by the administrator' })).status, 200)
  t.equal((await call(ADMIN, 'DELETE', `/sessions/${id}`)).status, 204)
  const gone = await read(OWNER, id)
  t.same([gone.status, gone.code], [404, 'TELECONSULTATION_NOT_FOUND'])
})
