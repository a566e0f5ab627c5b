import t from 'tap'
import { startPlatform } from '../support/platform.ts'
import { book, booking, DOCTOR, open, PATIENT } from '../support/service.ts'

t.test('people of an incomplete list are registered though nobody waits for it, and once', async (t) => {
  const { service, vendor, rows } = await startPlatform(t)
  const roomId = await book(service, booking({ participants: { number: 3, data: [DOCTOR, PATIENT] } }))
  const seen = (await open(service, roomId)).json<{ bandyerUserId: string, participantsBandyerCall: Array<{ bandyerUserId: string }> }>()
  t.match(seen.bandyerUserId, /^usr_/)
  t.ok(seen.participantsBandyerCall.every(({ bandyerUserId }) => vendor.users.has(bandyerUserId)))
  t.equal(vendor.users.size, 2)
  await service.app.close()
  const [document] = await rows('bk-ts-teleconsultations')
  t.same((document?.['participants'] as Array<{ userBandyerId: string }>).map(({ userBandyerId }) => userBandyerId), seen.participantsBandyerCall.map(({ bandyerUserId }) => bandyerUserId))
})

t.test('an outsider who asks registers nobody', async (t) => {
  const { service, vendor } = await startPlatform(t)
  vendor.fail('failing', { on: /users/ })
  const roomId = await book(service, booking({ participants: { number: 3, data: [DOCTOR] } }))
  const asked = vendor.requests.length
  const answer = await open(service, roomId, 'stranger')
  t.equal(answer.statusCode, 401)
  t.equal(answer.json().code, 'UNAUTHORIZED_USER')
  t.notOk(vendor.requests.slice(asked).some(({ path }) => path.includes('rooms')))
})

t.test('two first uses at once register a person once', async (t) => {
  const { service, vendor } = await startPlatform(t)
  const answers = await Promise.all(Array.from({ length: 6 }, () => service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })))
  t.ok(answers.every(({ statusCode }) => statusCode === 201))
  t.equal(vendor.users.size, 2)
})

t.test('a change of names keeps room, ids and links; one of the people who stays keeps his id', async (t) => {
  const { service, vendor, rows } = await startPlatform(t)
  const roomId = await book(service)
  const participants = async () => (await rows('bk-ts-teleconsultations'))[0]?.['participants'] as Array<{ userBandyerId: string, accessLinkURL: string | null, fullName: string }>
  const before = await participants()
  await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { participants: { number: 2, data: [{ ...DOCTOR, fullName: 'Dr. Ada' }, PATIENT] } } })
  const renamed = await participants()
  t.equal(vendor.rooms.length, 1)
  t.same(renamed.map(({ userBandyerId, accessLinkURL }) => [userBandyerId, accessLinkURL]), before.map(({ userBandyerId, accessLinkURL }) => [userBandyerId, accessLinkURL]))
  t.equal(renamed[0]?.fullName, 'Dr. Ada')
  await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { participants: { number: 3, data: [DOCTOR, { ...PATIENT, userExternalId: 'patient-9' }] } } })
  await service.app.close()
  const incomplete = await participants()
  t.equal(incomplete[0]?.userBandyerId, before[0]?.userBandyerId)
  t.match(incomplete[1]?.userBandyerId, /^usr_/)
  t.same(incomplete.map(({ accessLinkURL }) => accessLinkURL), [null, null])
  t.ok(vendor.rooms.every(({ deleted }) => deleted), 'the room of the complete list is gone')
})
