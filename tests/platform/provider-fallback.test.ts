import t from 'tap'
import { follow, linksOf, startProviderWorld, type CommonFault } from '../support/providers-world.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, type Service } from '../support/service.ts'

const START = after(NOON, 10)
const EAGER = { ROOM_CREATION: 'eager', PROVIDER_TIMEOUT_MS: '400' }

const fallbacks = async (service: Service) => (await service.inject({ url: '/-/metrics' })).body.split('\n').filter((line) => line.startsWith('video_fallbacks_total{'))

for (const fault of ['wrong key', 'failing', 'malformed', 'dropped', 'silent'] satisfies CommonFault[]) {
  t.test(`where the provider is ${fault}, the other one makes the room, visibly, and everybody gets in`, async (t) => {
    const world = await startProviderWorld(t)
    const service = await world.start('livekit', { ...EAGER, VIDEO_FALLBACK: 'daily' })
    world.fakes.fail('livekit', fault)
    const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
    t.equal(answer.statusCode, 201)
    const { roomId } = answer.json<{ roomId: string }>()
    const [document] = await world.documents()
    t.match(document?.service, { provider: 'daily', fellBackFrom: 'livekit' })
    t.same(await fallbacks(service), ['video_fallbacks_total{from="livekit",to="daily"} 1'])
    world.fakes.recover()
    await service.app.reconciler.run()
    t.same(world.fakes.rooms(), [`daily ${document?.bandyerRoomId}`], 'the room stays when what is unknown is cleared away')
    world.setClock(after(START, 1))
    for (const link of Object.values(await linksOf(service, roomId))) {
      const opened = await follow(service, link)
      t.equal(opened.statusCode, 200)
      const { accessLinkURL, bandyerUserId } = opened.json<{ accessLinkURL: string, bandyerUserId: string }>()
      t.same(await world.fakes.enter('daily', accessLinkURL), { providerRoomId: document?.bandyerRoomId, providerUserId: bandyerUserId })
    }
  })
}

t.test('a fallback that lacks what is configured ends the start, naming it, unless that is accepted', async (t) => {
  const world = await startProviderWorld(t)
  const tools = { privileges: { basic: { groups: ['patient'] }, plus: { groups: ['doctor'], tools: { chat: true, whiteboard: true } } } }
  await t.rejects(world.start('bandyer', { VIDEO_FALLBACK: 'daily' }, tools), { name: 'ConfigurationError', message: /VIDEO_FALLBACK names a provider without tool whiteboard, .*UNSUPPORTED_WISHES/ })
  await t.rejects(world.start('daily', { VIDEO_FALLBACK: 'livekit', DEFAULT_RECORDING_TYPE: 'automatic' }), /VIDEO_FALLBACK .* recording automatic/)
  await t.resolves(world.start('bandyer', { VIDEO_FALLBACK: 'daily', UNSUPPORTED_WISHES: 'accept' }, tools))
})

t.test('a room that the failed provider made all the same is deleted', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { ...EAGER, VIDEO_FALLBACK: 'livekit', DEPLOYMENT_ID: '' })
  // Made, but its answer cannot be used, and nothing can be asked any more.
  world.fakes.daily.switches.distortRoom = () => ({})
  await book(service)
  const [document] = await world.documents()
  t.match(document?.service, { provider: 'livekit', fellBackFrom: 'daily' })
  t.equal(world.fakes.daily.rooms.length, 1)
  world.fakes.daily.switches.distortRoom = (room) => room
  await service.app.reconciler.run()
  t.same(world.fakes.rooms(), [`livekit ${document?.bandyerRoomId}`])
  t.same((await world.documents())[0]?.service.garbage, [])
})

t.test('where both fail, the answer is what the first said, and nothing is left behind', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('livekit', { ...EAGER, VIDEO_FALLBACK: 'daily', DEPLOYMENT_ID: '' })
  world.fakes.fail('livekit', 'wrong key')
  world.fakes.fail('daily', 'failing')
  const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
  t.equal(answer.statusCode, 502)
  t.equal(answer.json().code, 'PROVIDER_REFUSED_KEY')
  t.same(await fallbacks(service), [])
  world.fakes.recover()
  await service.app.reconciler.run()
  t.same(await world.documents(), [])
  t.same(world.fakes.rooms(), [])
})

t.test('a fallback that registers people gets them registered, and theirs are the ids that are shown', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { ...EAGER, VIDEO_FALLBACK: 'bandyer' })
  world.fakes.fail('daily', 'failing')
  const roomId = await book(service)
  const [document] = await world.documents()
  t.equal(document?.service.provider, 'bandyer')
  t.same(new Set(document?.participants.map(({ userBandyerId }) => userBandyerId)), new Set(world.fakes.bandyer.users.keys()))
  world.setClock(after(START, 1))
  for (const link of Object.values(await linksOf(service, roomId))) {
    const { accessLinkURL, bandyerUserId } = (await follow(service, link)).json<{ accessLinkURL: string, bandyerUserId: string }>()
    t.equal((await world.fakes.enter('bandyer', accessLinkURL)).providerUserId, bandyerUserId)
  }
})

t.test('where the provider cannot register people, the fallback makes the room without', async (t) => {
  const world = await startProviderWorld(t)
  for (const roomCreation of ['eager', 'late']) {
    const service = await world.start('bandyer', { ROOM_CREATION: roomCreation, VIDEO_FALLBACK: 'jitsi' })
    world.setClock(NOON)
    world.fakes.fail('bandyer', 'failing')
    const roomId = await book(service)
    const links = Object.values(await linksOf(service, roomId))
    for (const link of links) t.equal((await follow(service, link)).statusCode, 200, 'the waiting room is open')
    world.setClock(after(START, 1))
    for (const link of links) {
      const opened = await follow(service, link)
      t.equal(opened.statusCode, 200, roomCreation)
      const { accessLinkURL, bandyerUserId } = opened.json<{ accessLinkURL: string, bandyerUserId: string }>()
      t.equal((await world.fakes.enter('jitsi', accessLinkURL)).providerUserId, bandyerUserId)
    }
    world.fakes.recover()
  }
})

t.test('a change that meant to move to another provider and falls back to where it was keeps the people’s ids there', async (t) => {
  const world = await startProviderWorld(t)
  const first = await world.start('bandyer', EAGER)
  const roomId = await book(first)
  const second = await world.start('daily', { ...EAGER, VIDEO_FALLBACK: 'bandyer' })
  world.fakes.fail('daily', 'failing')
  const data = [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }]
  const changed = await second.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { participants: { number: 2, data } } })
  t.equal(changed.statusCode, 204)
  const [document] = await world.documents()
  t.match(document?.service, { provider: 'bandyer', fellBackFrom: 'daily' })
  t.ok(document?.participants.every(({ userBandyerId }) => world.fakes.bandyer.users.has(String(userBandyerId))))
  world.fakes.recover()
  await second.app.reconciler.run()
  t.same(world.fakes.rooms(), [`bandyer ${document?.bandyerRoomId}`])
})

t.test('a fallback that cannot hold so many people is not asked', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('livekit', { ...EAGER, VIDEO_FALLBACK: 'embedded' })
  world.fakes.fail('livekit', 'failing')
  const patients = Array.from({ length: 6 }, (_, index) => ({ ...PATIENT, userExternalId: `patient-${index}` }))
  const answer = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ participants: { number: 7, data: [DOCTOR, ...patients] } }) })
  t.equal(answer.statusCode, 503)
  t.equal(answer.json().code, 'PROVIDER_UNAVAILABLE')
  const roomId = await book(service, booking({ participants: { number: 6, data: [DOCTOR, ...patients.slice(1)] } }))
  t.match((await world.documents()).find(({ _id: id }) => id === roomId)?.service, { provider: 'embedded', fellBackFrom: 'livekit' })
})

t.test('with a healthy provider nobody asks the fallback, and without one its failure is the answer', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { ...EAGER, VIDEO_FALLBACK: 'livekit' })
  await book(service)
  t.equal((await world.documents())[0]?.service.provider, 'daily')
  t.notOk(world.fakes.livekit.requests.some(({ path }) => path.endsWith('CreateRoom')))
  const alone = await world.start('livekit', EAGER)
  world.fakes.fail('livekit', 'failing')
  const answer = await alone.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
  t.equal(answer.statusCode, 503)
  t.equal(answer.json().code, 'PROVIDER_UNAVAILABLE')
})
