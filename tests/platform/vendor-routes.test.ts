import t from 'tap'
import { startPlatform } from '../support/platform.ts'
import { play, USERS } from '../routes/vendor-statuses.ts'
import { after, booking, NOON, open } from '../support/service.ts'

t.test('a transcription comes as the provider has it, whole', async (t) => {
  const { service, id } = await play(t, {})
  const answer = await service.inject({ url: `/transcription/${id}/session-1` })
  t.equal(answer.statusCode, 200)
  t.equal(answer.body, 'what was said')
  t.match(answer.headers, { 'content-disposition': 'attachment', 'content-type': /./ })
})

t.test('a session of another room has no transcription here', async (t) => {
  const { service, id } = await play(t, { prepare: ({ vendor }) => { vendor.sessions.set('session-1', { roomId: 'another', transcription: 'not yours' }) } })
  const answer = await service.inject({ url: `/transcription/${id}/session-1` })
  t.equal(answer.statusCode, 404)
  t.equal(answer.json().code, 'TRANSCRIPTION_NOT_FOUND')
})

t.test('shared files are deleted, and what was left is tried again', async (t) => {
  const { service, id } = await play(t, {
    prepare: ({ vendor }) => {
      for (const key of ['d/e', 'f/g']) vendor.uploads.push({ key, roomId: vendor.rooms[0]?.id ?? '', userId: 'x' })
      vendor.fail('failing', { times: 1, on: /^DELETE/ })
    }
  })
  const first = await service.inject({ method: 'DELETE', url: `/teleconsultation/${id}/uploads` })
  t.same(first.json(), { total: 3, deleted: 2 })
  const second = await service.inject({ method: 'DELETE', url: `/teleconsultation/${id}/uploads` })
  t.same(second.json(), { total: 1, deleted: 1 })
})

t.test('somebody new gets credentials, is registered once and remembered', async (t) => {
  const { service, vendor, rows } = await startPlatform(t, { users: USERS })
  const ask = () => service.inject({ method: 'POST', url: '/credentials', payload: {}, headers: { miauserid: 'auth0|doctor' } })
  const first = await ask()
  t.equal(first.statusCode, 201)
  t.same(Object.keys(first.json()).sort(), ['accessToken', 'bandyerUserId', 'expiresAt'])
  t.match(first.json().expiresAt, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  const second = await ask()
  t.equal(second.json().bandyerUserId, first.json().bandyerUserId)
  t.equal(vendor.users.size, 1)
  t.match(await rows('bk-ts-userid-maps'), [{ receivedUserId: 'auth0|doctor', bandyerId: first.json().bandyerUserId }])
})

t.test('a background is uploaded and put to use', async (t) => {
  const { service, vendor } = await startPlatform(t)
  const boundary = 'edge'
  const uploaded = await service.inject({
    method: 'POST',
    url: '/settings/background-image',
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    payload: `--${boundary}\r\ncontent-disposition: form-data; name="virtual_background"; filename="wall.jpg"\r\ncontent-type: image/jpeg\r\n\r\npixels\r\n--${boundary}--\r\n`
  })
  t.equal(uploaded.statusCode, 200)
  const { background_alias: alias } = uploaded.json<{ virtual_background: { background_alias: string } }>().virtual_background
  const updated = await service.inject({ method: 'PATCH', url: '/settings/update', payload: { background_alias: alias } })
  t.equal(updated.statusCode, 200)
  t.equal(updated.json().company.default_background.alias, alias)
  t.equal(vendor.company.background, alias)
})

t.test('members of groupsWithBackgroundList, and who asks for it, join with the background', async (t) => {
  const { service } = await startPlatform(t, { configuration: { groupsWithBackgroundList: ['doctor'] } })
  const { roomId } = (await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })).json<{ roomId: string }>()
  service.setClock(after(NOON, 11))
  const link = async (caller: string, query = '') => (await open(service, roomId, caller, query)).json<{ accessLinkURL: string }>().accessLinkURL
  t.equal(new URL(await link('doctor-1')).searchParams.get('vb'), 'image')
  t.equal(new URL(await link('patient-1')).searchParams.get('vb'), null)
  t.equal(new URL(await link('patient-1', '?useBackground=true')).searchParams.get('vb'), 'image')
  t.equal(new URL(await link('patient-1', '?language=it')).searchParams.get('l'), 'it')
})

t.test('a doctor who was a patient first is registered with each privilege, and the map keeps one row', async (t) => {
  const { service, vendor, rows } = await startPlatform(t)
  const asPatient = { userExternalId: 'both', groups: ['patient'], fullName: 'Both' }
  const doctor = { userExternalId: 'doctor-1', groups: ['doctor'], fullName: 'Ada Rossi' }
  for (const data of [[doctor, asPatient], [{ ...asPatient, groups: ['doctor'] }, { ...doctor, groups: ['patient'] }]]) {
    const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ participants: { number: 2, data } }) })
    t.equal(answer.statusCode, 201)
  }
  t.same([...vendor.users.values()].map(({ role }) => role).sort(), ['basic', 'basic', 'plus', 'plus'])
  t.equal((await rows('bk-ts-userid-maps')).length, 2)
})

t.test('no header of a request reaches the vendor', async (t) => {
  const { service, vendor } = await startPlatform(t, { variables: { ADDITIONAL_HEADERS_TO_PROXY: 'cookie,x-forwarded-for' } })
  await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking(), headers: { cookie: 'sid=1', miauserid: 'u', 'x-forwarded-for': '1.2.3.4', authorization: 'Bearer x' } })
  t.ok(vendor.requests.length > 0)
  for (const { headers } of vendor.requests) for (const name of ['cookie', 'miauserid', 'x-forwarded-for', 'authorization', 'x-request-id']) t.notOk(headers[name], name)
})

t.test('a wrong key is told by check-up, and the service goes on', async (t) => {
  const { service, vendor } = await startPlatform(t)
  vendor.fail('wrong key')
  const checked = await service.inject({ url: '/-/check-up' })
  t.equal(checked.statusCode, 503)
  t.match(checked.json(), { status: 'KO', storageAnswers: true, videoAnswers: false })
  t.equal((await service.inject({ url: '/-/ready' })).statusCode, 200)
  const refused = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
  t.equal(refused.statusCode, 502)
  t.equal(refused.json().code, 'PROVIDER_REFUSED_KEY')
  await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
  const errors = service.log.map((line) => JSON.parse(line) as { level: number, msg: string }).filter(({ level, msg }) => level === 50 && /refuses the configured key/.test(msg))
  t.equal(errors.length, 1, 'said once at error level')
})
