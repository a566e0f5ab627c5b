import t from 'tap'
import { after, book, booking, DOCTOR, NOON, open, PATIENT, startService } from '../support/service.ts'

t.test('POST /teleconsultation books and answers the document’s id', async (t) => {
  const service = await startService(t)
  const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
  t.equal(answer.statusCode, 201)
  t.match(answer.json(), { roomId: /^[0-9a-f]{24}$/ })
  t.equal(answer.headers['cache-control'], 'no-store')
})

t.test('the same routes answer below /api/v1/telecons-be', async (t) => {
  const service = await startService(t)
  const answer = await service.inject({ method: 'POST', url: '/api/v1/telecons-be/teleconsultation', payload: booking() })
  t.equal(answer.statusCode, 201)
  const { roomId } = answer.json<{ roomId: string }>()
  const seen = await service.inject({ method: 'GET', url: `/api/v1/telecons-be/teleconsultation/${roomId}`, headers: { miauserid: 'doctor-1' } })
  t.equal(seen.statusCode, 200)
})

t.test('the routes stand below SERVICE_PREFIX, the status ones do not', async (t) => {
  const service = await startService(t, { SERVICE_PREFIX: '/telecons/' })
  t.equal((await service.inject({ method: 'POST', url: '/telecons/teleconsultation', payload: booking() })).statusCode, 201)
  t.equal((await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })).statusCode, 404)
  t.equal((await service.inject({ url: '/-/healthz' })).statusCode, 200)
})

t.test('an end date does instead of a duration', async (t) => {
  const service = await startService(t)
  const roomId = await book(service, booking({ duration_in_seconds: undefined, end_date: after(NOON, 40).toISOString() }))
  t.match(roomId, /^[0-9a-f]{24}$/)
})

t.test('`group` does instead of `groups`', async (t) => {
  const service = await startService(t)
  const { groups, ...doctor } = DOCTOR
  await book(service, booking({ participants: { number: 2, data: [{ ...doctor, group: 'doctor' }, PATIENT] } }))
})

t.test('a complete list without a plus user is 400 with the documented sentence', async (t) => {
  const service = await startService(t)
  const patients = { number: 2, data: [PATIENT, { ...PATIENT, userExternalId: 'patient-2' }] }
  const posted = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ participants: patients }) })
  t.equal(posted.statusCode, 400)
  t.same(posted.json(), {
    statusCode: 400,
    error: 'Failed POST /teleconsultation: no plus user in room',
    message: 'Failed POST /teleconsultation: no plus user in room',
    code: 'NO_PLUS_USER'
  })

  const roomId = await book(service)
  const patched = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { participants: patients } })
  t.equal(patched.statusCode, 400)
  t.equal(patched.json().error, 'Failed PATCH /teleconsultation: no plus user in room')
  t.equal((await open(service, roomId)).statusCode, 200, 'what was booked stays')

  const incomplete = await book(service, booking({ participants: { number: 2, data: [PATIENT] } }))
  const added = await service.inject({ method: 'POST', url: `/teleconsultation/${incomplete}/participants/data`, payload: { ...PATIENT, userExternalId: 'patient-2' } })
  t.equal(added.statusCode, 400)
  t.equal(added.json().error, `Failed POST /teleconsultation/${incomplete}/participants/data: no plus user in room`)
  t.equal((await open(service, incomplete, 'patient-2')).statusCode, 401, 'nobody was added')
})

t.test('somebody with several groups gets the higher privilege', async (t) => {
  const service = await startService(t)
  await book(service, booking({ participants: { number: 2, data: [{ ...DOCTOR, groups: ['patient', 'doctor'] }, PATIENT] } }))
})

t.test('more people than the embedded rooms hold is 422 naming the limit', async (t) => {
  const service = await startService(t)
  const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ participants: { number: 7, data: [] } }) })
  t.equal(answer.statusCode, 422)
  t.equal(answer.json().code, 'CAPABILITY_LIMIT')
  t.match(answer.json().message, /2 to 6/)
})

t.test('PATCH changes what it names and keeps the rest', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const change = async (payload: object) => {
    const answer = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload })
    t.equal(answer.statusCode, 204)
    t.equal(answer.body, '')
  }
  await change({ start_date: after(NOON, 20).toISOString() })
  const listed = async () => (await service.inject({ url: '/clinic/teleconsultations' })).json().teleconsultations[0]
  t.match(await listed(), { startAt: after(NOON, 20).toISOString(), endAt: after(NOON, 40).toISOString() }, 'the start alone keeps the stored end')
  await change({ duration_in_seconds: 600 })
  t.match(await listed(), { startAt: after(NOON, 20).toISOString(), endAt: after(NOON, 30).toISOString() }, 'a duration alone counts from the stored start')
  await change({ participants: { number: 2, data: [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }] } })
  t.equal((await open(service, roomId, 'patient-1')).statusCode, 401, 'participants replace the list')
  t.equal((await open(service, roomId, 'patient-2')).statusCode, 200)
  t.match(await listed(), { endAt: after(NOON, 30).toISOString() })
})

t.test('the span rule holds for what a change leads to', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const answer = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { start_date: after(NOON, 38).toISOString() } })
  t.equal(answer.statusCode, 400)
  t.equal(answer.json().code, 'INVALID_SPAN')
})

t.test('the last of several participants completes the list', async (t) => {
  const service = await startService(t)
  const roomId = await book(service, booking({ participants: { number: 2, data: [PATIENT] } }))
  const added = await service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: DOCTOR })
  t.equal(added.statusCode, 201)
  t.equal(added.body, '')
  const again = await service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: DOCTOR })
  t.equal(again.statusCode, 400)
  t.equal(again.json().code, 'DUPLICATE_PARTICIPANT')
  const third = await service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: { ...PATIENT, userExternalId: 'patient-2' } })
  t.equal(third.statusCode, 400)
  t.equal(third.json().code, 'TOO_MANY_PARTICIPANTS')
})

t.test('two who are added at once are both there', async (t) => {
  const service = await startService(t)
  const roomId = await book(service, booking({ participants: { number: 6, data: [DOCTOR] } }))
  const ids = ['a', 'b', 'c', 'd']
  const answers = await Promise.all(ids.map((userExternalId) =>
    service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: { ...PATIENT, userExternalId } })))
  t.same(answers.map(({ statusCode }) => statusCode), [201, 201, 201, 201])
  for (const id of ids) t.equal((await open(service, roomId, id)).statusCode, 200)
})

t.test('DELETE answers 204, and afterwards the teleconsultation is not there', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const answer = await service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` })
  t.equal(answer.statusCode, 204)
  t.equal(answer.body, '')
  const refused = [
    await open(service, roomId),
    await service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` }),
    await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { duration_in_seconds: 600 } }),
    await service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: PATIENT })
  ]
  for (const { statusCode, json } of refused) {
    t.equal(statusCode, 404)
    t.equal(json().error, `Room with id ${roomId} not found on CRUD`)
  }
})

t.test('a DELETE with an empty body of any type is taken', async (t) => {
  const service = await startService(t)
  for (const type of ['text/html', 'application/json']) {
    const roomId = await book(service)
    const answer = await service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}`, headers: { 'content-type': type, 'content-length': '0' } })
    t.equal(answer.statusCode, 204, type)
  }
})
