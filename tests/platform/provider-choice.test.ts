import t from 'tap'
import { follow, linksOf, startProviderWorld } from '../support/providers-world.ts'
import { after, book, booking, DOCTOR, NOON, PATIENT, type Service } from '../support/service.ts'

const START = after(NOON, 10)
const SURGEON = { userExternalId: 'doctor-2', groups: ['surgeon'], fullName: 'Ada Rossi' }
const post = (service: Service, changes: object = {}) => service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ ...changes }) })

t.test('the group of who holds the call chooses the provider, a participant’s group does not', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { VIDEO_PROVIDERS_ALSO: 'bandyer,livekit' }, { videoProviders: { byGroup: { surgeon: 'bandyer', patient: 'livekit' } } })
  await book(service, booking({ participants: { number: 2, data: [SURGEON, PATIENT] } }))
  await book(service)
  t.same((await world.documents()).map(({ service: { provider } }) => provider), ['bandyer', 'daily'])
})

t.test('of several groups the first in the configuration counts', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { VIDEO_PROVIDERS_ALSO: 'bandyer,livekit' }, { videoProviders: { byGroup: { surgeon: 'livekit', doctor: 'bandyer' } } })
  await book(service, booking({ participants: { number: 2, data: [{ ...SURGEON, groups: ['doctor', 'surgeon'] }, PATIENT] } }))
  t.equal((await world.documents())[0]?.service.provider, 'livekit')
})

t.test('a booking chooses its provider where that is allowed, before any group', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { VIDEO_PROVIDERS_ALSO: 'jitsi,bandyer' }, { videoProviders: { perRequest: true, byGroup: { doctor: 'bandyer' } } })
  t.equal((await post(service, { videoProvider: 'jitsi' })).statusCode, 201)
  t.match((await world.documents())[0]?.service, { provider: 'jitsi', chosen: 'jitsi' })
  // Those who come and go do not change what was chosen.
  const [document] = await world.documents()
  const data = [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }]
  t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${document?._id ?? ''}`, payload: { participants: { number: 2, data } } })).statusCode, 204)
  t.equal((await world.documents())[0]?.service.provider, 'jitsi')
})

t.test('a choice that is not allowed or not in use is 422, one that does not exist 400, and nothing is written', async (t) => {
  const world = await startProviderWorld(t)
  const strict = await world.start('daily', { VIDEO_PROVIDERS_ALSO: 'jitsi' })
  const free = await world.start('daily', { VIDEO_PROVIDERS_ALSO: 'jitsi' }, { videoProviders: { perRequest: true } })
  const refusals = [
    [await post(strict, { videoProvider: 'jitsi' }), 422, 'CAPABILITY_LIMIT', /perRequest/],
    [await post(free, { videoProvider: 'livekit' }), 422, 'CAPABILITY_LIMIT', /not in use/],
    [await post(free, { videoProvider: 'zoom' }), 400, 'FST_ERR_VALIDATION', /videoProvider/]
  ] as const
  for (const [answer, status, code, message] of refusals) {
    t.equal(answer.statusCode, status)
    t.equal(answer.json().code, code)
    t.match(answer.json().message, message)
  }
  t.same(await world.documents(), [])
})

t.test('a teleconsultation remembers its provider, whatever the default becomes, and people have the ids of that one', async (t) => {
  const world = await startProviderWorld(t)
  const first = await world.start('bandyer')
  const roomId = await book(first)
  const [booked] = await world.documents()
  const links = await linksOf(first, roomId)
  await first.app.close()
  const second = await world.start('livekit', { VIDEO_PROVIDERS_ALSO: 'bandyer' })
  t.same(await linksOf(second, roomId), links)
  world.setClock(after(START, 1))
  for (const link of Object.values(links)) {
    const { accessLinkURL, bandyerUserId } = (await follow(second, link)).json<{ accessLinkURL: string, bandyerUserId: string }>()
    t.ok(world.fakes.bandyer.users.has(bandyerUserId))
    t.same(await world.fakes.enter('bandyer', accessLinkURL), { providerRoomId: booked?.bandyerRoomId, providerUserId: bandyerUserId })
  }
  t.match((await world.documents())[0]?.service, { provider: 'bandyer', sealed: true })
})

t.test('whoever is named by a list at another provider than the default has an id of that provider', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { VIDEO_PROVIDERS_ALSO: 'bandyer', ROOM_CREATION: 'eager' }, { videoProviders: { perRequest: true } })
  const { roomId } = (await post(service, { videoProvider: 'bandyer' })).json<{ roomId: string }>()
  const [first] = await world.documents()
  const data = [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }]
  const changed = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { participants: { number: 3, data } } })
  t.equal(changed.statusCode, 204)
  const added = await service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: { ...PATIENT, userExternalId: 'patient-3' } })
  t.equal(added.statusCode, 201)
  const [document] = await world.documents()
  t.equal(document?.service.provider, 'bandyer')
  t.equal(document?.participants.length, 3)
  t.ok(document?.participants.every(({ userBandyerId }) => world.fakes.bandyer.users.has(String(userBandyerId))))
  t.equal(document?.participants[0]?.['userBandyerId'], first?.participants[0]?.['userBandyerId'])
})

t.test('the check-up tells of each provider in use, and one that refuses the key leaves the others alone', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { VIDEO_PROVIDERS_ALSO: 'bandyer,livekit,jitsi' }, { videoProviders: { perRequest: true } })
  world.fakes.livekit.switches.autoCreate = true
  const well = await service.inject({ url: '/-/check-up' })
  t.equal(well.statusCode, 200)
  t.match(well.json(), { video: 'daily', videoAnswers: true, videoProviders: { daily: true, bandyer: true, livekit: true, jitsi: true } })
  world.fakes.fail('bandyer', 'wrong key')
  const ill = await service.inject({ url: '/-/check-up' })
  t.equal(ill.statusCode, 503)
  t.match(ill.json(), { videoAnswers: false, videoProviders: { daily: true, bandyer: false, livekit: true, jitsi: true } })
  for (const videoProvider of ['daily', 'livekit', 'jitsi']) t.equal((await post(service, { videoProvider })).statusCode, 201, videoProvider)
  t.equal((await service.inject({ url: '/-/ready' })).statusCode, 200)
})

t.test('a tool, a recording or a number of people that the provider cannot give is 422 by its name, and nothing is written or asked', async (t) => {
  const world = await startProviderWorld(t)
  const withTool = { privileges: { basic: { groups: ['patient'], tools: { chat: true } }, plus: { groups: ['doctor'], tools: { chat: true, whiteboard: true } } } }
  const people = (number: number) => ({ number, data: [DOCTOR, ...Array.from({ length: number - 1 }, (_, index) => ({ ...PATIENT, userExternalId: `patient-${index}` }))] })
  const refusals: Array<[string, Record<string, string>, object | undefined, object, RegExp]> = [
    ['daily', {}, withTool, {}, /tool whiteboard/],
    ['livekit', { DEFAULT_RECORDING_TYPE: 'automatic' }, undefined, {}, /recording automatic/],
    ['embedded', {}, undefined, { participants: people(7) }, /7 participants: it takes 2 to 6/]
  ]
  for (const [provider, variables, configuration, changes, message] of refusals) {
    const service = await world.start(provider, variables, configuration)
    const asked = world.fakes.daily.requests.length
    const answer = await post(service, changes)
    t.equal(answer.statusCode, 422, provider)
    t.equal(answer.json().code, 'CAPABILITY_LIMIT')
    t.match(answer.json().message, message)
    t.equal(world.fakes.daily.requests.length, asked)
  }
  t.same(await world.documents(), [])
})

t.test('where that is accepted, it is booked, and the answer names what is missing', async (t) => {
  const world = await startProviderWorld(t)
  const tools = { chat: true, whiteboard: true }
  const service = await world.start('livekit', { UNSUPPORTED_WISHES: 'accept', DEFAULT_RECORDING_TYPE: 'manual', VIDEO_PROVIDERS_ALSO: 'bandyer' }, {
    videoProviders: { perRequest: true }, privileges: { basic: { groups: ['patient'] }, plus: { groups: ['doctor'], tools } }
  })
  const answer = await post(service)
  t.equal(answer.statusCode, 201)
  t.same(answer.json<{ unsupported: string[] }>().unsupported, ['tool whiteboard', 'recording manual'])
  const able = await post(service, { videoProvider: 'bandyer' })
  t.equal(able.statusCode, 201)
  t.notHas(able.json(), { unsupported: [] })
})

t.test('without a configured list of tools nobody insists on any', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('livekit')
  const answer = await post(service)
  t.equal(answer.statusCode, 201)
  t.notHas(answer.json(), { unsupported: [] })
})
