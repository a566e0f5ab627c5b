import t from 'tap'
import { after, book, booking, NOON, open, startService } from '../support/service.ts'

const START = after(NOON, 10)

t.test('an outsider gets 401 and no link, before and inside the window', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  for (const at of [NOON, after(START, 1)]) {
    service.setClock(at)
    const answer = await open(service, roomId, 'stranger')
    t.equal(answer.statusCode, 401)
    t.same(answer.json(), { statusCode: 401, error: 'Unauthorized user', message: 'Unauthorized user', code: 'UNAUTHORIZED_USER' })
  }
})

t.test('a request that names nobody is 401', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const answer = await service.inject({ url: `/teleconsultation/${roomId}` })
  t.equal(answer.statusCode, 401)
  t.equal(answer.json().error, 'Unauthorized user')
})

t.test('an unknown teleconsultation is 404 with the documented sentence', async (t) => {
  const service = await startService(t)
  for (const id of ['0123456789abcdef01234567', 'nothing', 'a b', '$where', 'ü', 'x'.repeat(200)]) {
    const answer = await open(service, encodeURIComponent(id))
    t.equal(answer.statusCode, 404, id)
    t.match(answer.json().error, /^Room with id .* not found on CRUD$/)
    t.equal(answer.json().code, 'TELECONSULTATION_NOT_FOUND')
  }
})

t.test('before the window the link is null', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  const answer = await open(service, roomId)
  t.equal(answer.statusCode, 200)
  const body = answer.json()
  t.equal(body.accessLinkURL, null)
  t.match(body.bandyerUserId, /^usr_/)
  t.same(body.participantsBandyerCall.map(({ fullName }: { fullName: string }) => fullName), ['Ada Rossi', 'Bruno Verdi'])
  t.notOk('details' in body, 'no details while there is no room')
})

t.test('inside the window everybody gets a link of his own, and the same room', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  service.setClock(after(START, 1))
  const [doctor, patient] = [await open(service, roomId, 'doctor-1'), await open(service, roomId, 'patient-1')]
  const links = [doctor.json().accessLinkURL, patient.json().accessLinkURL] as string[]
  t.not(links[0], links[1])
  const rooms = links.map((link) => new URL(link).pathname)
  t.equal(rooms[0], rooms[1])
  t.match(rooms[0], /^\/telecons-room\/room_/)
  t.match(doctor.json().details, { status: 'NOT_RUNNING', recording: 'none' })
  t.notOk(doctor.body.includes(links[1] as string), 'one answer holds one link')
})

t.test('the window opens with the immutable period', async (t) => {
  const service = await startService(t, { IMMUTABLE_PERIOD_MS: '300000' })
  const roomId = await book(service)
  const opensAt = after(START, -5)
  service.setClock(new Date(opensAt.getTime() - 1))
  t.equal((await open(service, roomId)).json().accessLinkURL, null)
  service.setClock(new Date(opensAt.getTime() + 250))
  t.match((await open(service, roomId)).json().accessLinkURL, /^http/)
})

t.test('inside the immutable period changes are 409, deleting is possible', async (t) => {
  const service = await startService(t, { IMMUTABLE_PERIOD_MS: '300000' })
  const roomId = await book(service)
  service.setClock(after(START, -4))
  const changed = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { start_date: after(START, 60).toISOString(), duration_in_seconds: 600 } })
  t.equal(changed.statusCode, 409)
  t.equal(changed.json().code, 'IMMUTABLE_PERIOD')
  const added = await service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: { userExternalId: 'x', groups: ['patient'], fullName: 'X' } })
  t.equal(added.statusCode, 409)
  t.equal(added.json().code, 'IMMUTABLE_PERIOD')
  t.equal((await service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` })).statusCode, 204)
})

t.test('what was shown stays closed to changes, even when the clock goes back', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  service.setClock(after(START, 1))
  const shown = (await open(service, roomId)).json().accessLinkURL as string
  service.setClock(NOON)
  const changed = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { start_date: after(START, 60).toISOString(), duration_in_seconds: 600 } })
  t.equal(changed.statusCode, 409)
  t.equal(changed.json().code, 'IMMUTABLE_PERIOD')
  service.setClock(after(START, 1))
  t.equal(new URL((await open(service, roomId)).json().accessLinkURL).pathname, new URL(shown).pathname)
})

t.test('while somebody is not known yet nobody gets a link, and participants can be added after the start', async (t) => {
  const service = await startService(t)
  const roomId = await book(service, booking({ participants: { number: 2, data: [{ userExternalId: 'doctor-1', groups: ['doctor'], fullName: 'Ada Rossi' }] } }))
  service.setClock(after(START, 5))
  t.equal((await open(service, roomId)).json().accessLinkURL, null)
  const added = await service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: { userExternalId: 'patient-1', groups: ['patient'], fullName: 'Bruno Verdi' } })
  t.equal(added.statusCode, 201)
  t.match((await open(service, roomId)).json().accessLinkURL, /^http/)
})

t.test('twenty who open at once are led into one room', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  service.setClock(after(START, 1))
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => open(service, roomId, index % 2 === 0 ? 'doctor-1' : 'patient-1')))
  const rooms = new Set(answers.map((answer) => new URL(answer.json().accessLinkURL).pathname))
  t.equal(rooms.size, 1)
  t.ok(answers.every(({ statusCode }) => statusCode === 200))
})

t.test('the caller is found where userIdPathInRequest says', async (t) => {
  const { writeFileSync } = await import('node:fs')
  const { temporaryFolder } = await import('../support/service.ts')
  const path = `${temporaryFolder(t)}/service.json`
  writeFileSync(path, JSON.stringify({
    privileges: { basic: { groups: ['patient'] }, plus: { groups: ['doctor'] } },
    userIdPathInRequest: [{ from: 'object', extract: 'headers' }, { from: 'object', extract: 'miauserproperties' }, { from: 'json', extract: 'customUserId' }]
  }))
  const service = await startService(t, { TELECONSULTATION_SERVICE_CONFIG_PATH: path })
  const roomId = await book(service)
  const ask = (headers: Record<string, string>) => service.inject({ url: `/teleconsultation/${roomId}`, headers })
  t.equal((await ask({ miauserproperties: '{"customUserId":"doctor-1"}' })).statusCode, 200)
  t.equal((await ask({ miauserid: 'doctor-1' })).statusCode, 401)
  t.equal((await ask({ miauserproperties: 'no json' })).statusCode, 401)
  t.equal((await ask({ miauserproperties: '{"__proto__":{"customUserId":"doctor-1"}}' })).statusCode, 401)
})

t.test('useBackground and language are read from the query, and nonsense there is 400', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  t.equal((await open(service, roomId, 'doctor-1', '?useBackground=true&language=it')).statusCode, 200)
  for (const query of ['?useBackground=perhaps', '?language=it%20it', '?language=']) {
    const answer = await open(service, roomId, 'doctor-1', query)
    t.equal(answer.statusCode, 400, query)
    t.equal(answer.json().code, 'FST_ERR_VALIDATION')
  }
})
