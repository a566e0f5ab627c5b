import t from 'tap'
import { follow, linksOf, startProviderWorld } from '../support/providers-world.ts'
import { after, book, booking, DOCTOR, NOON, open, PATIENT } from '../support/service.ts'

const START = after(NOON, 10)
const EAGER = { ROOM_CREATION: 'eager' }
const OTHERS = [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }]

t.test('a future teleconsultation moves to the new default with its next change of people; its links stay the same text', async (t) => {
  const world = await startProviderWorld(t)
  const first = await world.start('bandyer', EAGER)
  const roomId = await book(first)
  const links = await linksOf(first, roomId)
  await first.app.close()
  const second = await world.start('livekit', { ...EAGER, VIDEO_PROVIDERS_ALSO: 'bandyer' })
  t.equal((await second.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { start_date: after(NOON, 60).toISOString(), duration_in_seconds: 1800 } })).statusCode, 204)
  t.equal((await world.documents())[0]?.service.provider, 'bandyer', 'dates alone leave it where it is')
  t.equal((await second.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { participants: { number: 2, data: OTHERS } } })).statusCode, 204)
  await second.app.reconciler.run()
  const [document] = await world.documents()
  t.equal(document?.service.provider, 'livekit')
  t.same(world.fakes.rooms(), [`livekit ${document?.bandyerRoomId}`])
  const now = await linksOf(second, roomId)
  t.equal(now['doctor-1'], links['doctor-1'])
  const gone = await follow(second, links['patient-1'])
  t.equal(gone.statusCode, 401)
  t.equal(gone.json().code, 'UNAUTHORIZED_USER')
  world.setClock(after(NOON, 61))
  for (const link of Object.values(now)) {
    const { accessLinkURL, bandyerUserId } = (await follow(second, link)).json<{ accessLinkURL: string, bandyerUserId: string }>()
    t.same(await world.fakes.enter('livekit', accessLinkURL), { providerRoomId: document?.bandyerRoomId, providerUserId: bandyerUserId })
  }
})

t.test('where its provider is not in use any more, the click makes a room at the new one, and the log warns of the old room', async (t) => {
  const world = await startProviderWorld(t)
  for (const [before, now] of [['bandyer', 'livekit'], ['livekit', 'bandyer'], ['daily', 'jitsi']] as const) {
    world.setClock(NOON)
    const first = await world.start(before, EAGER)
    const roomId = await book(first)
    const links = Object.values(await linksOf(first, roomId))
    await first.app.close()
    const second = await world.start(now, EAGER)
    for (const link of links) t.equal((await follow(second, link)).statusCode, 200, 'the waiting room is open')
    world.setClock(after(START, 1))
    for (const link of links) {
      const opened = await follow(second, link)
      t.equal(opened.statusCode, 200)
      const { accessLinkURL, bandyerUserId } = opened.json<{ accessLinkURL: string, bandyerUserId: string }>()
      t.equal((await world.fakes.enter(now, accessLinkURL)).providerUserId, bandyerUserId, `${before} to ${now}`)
    }
    await second.app.close()
    t.ok(second.log.some((line) => line.includes('A room stays at a provider that is not in use any more') && line.includes(before)))
  }
})

t.test('a request moves a future teleconsultation to another provider; its links stay the same text', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { ...EAGER, VIDEO_PROVIDERS_ALSO: 'livekit' }, { videoProviders: { perRequest: true } })
  const roomId = await book(service)
  const links = await linksOf(service, roomId)
  t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { videoProvider: 'livekit' } })).statusCode, 204)
  await service.app.reconciler.run()
  const [document] = await world.documents()
  t.match(document?.service, { provider: 'livekit', chosen: 'livekit' })
  t.same(world.fakes.rooms(), [`livekit ${document?.bandyerRoomId}`], 'the old room is deleted')
  t.same(await linksOf(service, roomId), links)
  world.setClock(after(START, 1))
  for (const link of Object.values(links)) {
    const { accessLinkURL, bandyerUserId } = (await follow(service, link)).json<{ accessLinkURL: string, bandyerUserId: string }>()
    t.same(await world.fakes.enter('livekit', accessLinkURL), { providerRoomId: document?.bandyerRoomId, providerUserId: bandyerUserId })
  }
})

t.test('a move to where the teleconsultation is already leaves its room', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', EAGER, { videoProviders: { perRequest: true } })
  const roomId = await book(service)
  const before = world.fakes.rooms()
  t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { videoProvider: 'daily' } })).statusCode, 204)
  t.same(world.fakes.rooms(), before)
  t.match((await world.documents())[0]?.service, { provider: 'daily', chosen: 'daily' })
})

t.test('a move that fails, is not allowed, or goes to who cannot give what is wanted leaves everything as it was', async (t) => {
  const world = await startProviderWorld(t)
  const whiteboard = { privileges: { basic: { groups: ['patient'] }, plus: { groups: ['doctor'], tools: { whiteboard: true } } } }
  const service = await world.start('jitsi', { ...EAGER, VIDEO_PROVIDERS_ALSO: 'bandyer,daily' }, { ...whiteboard, videoProviders: { perRequest: true } })
  const strict = await world.start('jitsi', { ...EAGER, VIDEO_PROVIDERS_ALSO: 'bandyer' }, whiteboard)
  const roomId = await book(service)
  const { room, provider } = (await world.documents())[0]?.service as Record<string, unknown>
  const move = (videoProvider: string, by = service) => by.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { videoProvider } })
  world.fakes.fail('bandyer', 'failing')
  const refusals = [[await move('bandyer'), 503, 'PROVIDER_UNAVAILABLE'], [await move('daily'), 422, 'CAPABILITY_LIMIT'], [await move('livekit'), 422, 'CAPABILITY_LIMIT'], [await move('bandyer', strict), 422, 'CAPABILITY_LIMIT']] as const
  for (const [answer, status, code] of refusals) {
    t.equal(answer.statusCode, status)
    t.equal(answer.json().code, code)
    t.match((await world.documents())[0]?.service, { room, provider })
  }
})

t.test('a reschedule keeps the room where the provider changes rooms, and whoever opens his link is in it at the new time', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { ...EAGER, UNLIMITED_TELECONSULTATION: 'false' })
  const roomId = await book(service)
  const links = await linksOf(service, roomId)
  const before = world.fakes.rooms()
  const startAt = after(NOON, 180)
  const data = [DOCTOR, { ...PATIENT, userExternalId: 'patient-2' }]
  const payload = { start_date: startAt.toISOString(), duration_in_seconds: 1800, participants: { number: 2, data } }
  t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload })).statusCode, 204)
  await service.app.reconciler.run()
  t.same(world.fakes.rooms(), before)
  t.match(world.fakes.daily.rooms[0]?.given, { nbf: startAt.getTime() / 1000, exp: startAt.getTime() / 1000 + 1800 })
  t.equal((await linksOf(service, roomId))['doctor-1'], links['doctor-1'])
  world.setClock(after(startAt, 1))
  for (const link of Object.values(await linksOf(service, roomId))) {
    const { accessLinkURL, bandyerUserId } = (await follow(service, link)).json<{ accessLinkURL: string, bandyerUserId: string }>()
    t.equal((await world.fakes.enter('daily', accessLinkURL)).providerUserId, bandyerUserId)
  }
})

t.test('a room of which nobody knows whether it took a change is not used any more, and the content stays', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('daily', { ...EAGER, UNLIMITED_TELECONSULTATION: 'false', PROVIDER_TIMEOUT_MS: '400' })
  const roomId = await book(service)
  const doubtful = String((await world.documents())[0]?.bandyerRoomId)
  const links = await linksOf(service, roomId)
  world.fakes.fail('daily', 'silent')
  const answer = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { duration_in_seconds: 600 } })
  t.equal(answer.statusCode, 504)
  t.equal(answer.json().code, 'PROVIDER_TIMEOUT')
  world.fakes.recover()
  await service.app.reconciler.run()
  t.notOk(world.fakes.rooms().some((room) => room.includes(doubtful)))
  world.setClock(after(START, 1))
  for (const link of Object.values(links)) t.ok((await follow(service, link)).json<{ accessLinkURL: string }>().accessLinkURL)
  t.match((await world.documents())[0]?.service, { phase: 'READY', sealed: true })
  t.match(world.fakes.daily.rooms.at(-1)?.given, { exp: START.getTime() / 1000 + 1800 })
})

t.test('a link that was shown stays in its room while the old provider is in use', async (t) => {
  const world = await startProviderWorld(t)
  const first = await world.start('daily')
  const roomId = await book(first)
  const links = Object.values(await linksOf(first, roomId))
  world.setClock(after(START, 1))
  for (const link of links) t.equal((await follow(first, link)).statusCode, 200)
  const [sealed] = await world.documents()
  const second = await world.start('bandyer', { VIDEO_PROVIDERS_ALSO: 'daily' })
  for (const link of links) {
    const { accessLinkURL } = (await follow(second, link)).json<{ accessLinkURL: string }>()
    t.equal((await world.fakes.enter('daily', accessLinkURL)).providerRoomId, sealed?.bandyerRoomId)
  }
  t.same(world.fakes.bandyer.rooms, [])
})

t.test('a room whose name has its dates follows them, whether or not the call is limited', async (t) => {
  const world = await startProviderWorld(t)
  for (const provider of ['livekit', 'jitsi', 'daily', 'bandyer']) {
    for (const UNLIMITED_TELECONSULTATION of ['true', 'false']) {
      world.setClock(NOON)
      const service = await world.start(provider, { ...EAGER, UNLIMITED_TELECONSULTATION })
      const roomId = await book(service)
      const moved = after(NOON, 3 * 24 * 60)
      t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { start_date: moved.toISOString(), duration_in_seconds: 1800 } })).statusCode, 204)
      world.setClock(after(moved, 1))
      for (const link of Object.values(await linksOf(service, roomId))) {
        const { accessLinkURL, bandyerUserId } = (await follow(service, link)).json<{ accessLinkURL: string, bandyerUserId: string }>()
        t.equal((await world.fakes.enter(provider, accessLinkURL)).providerUserId, bandyerUserId, `${provider} ${UNLIMITED_TELECONSULTATION}`)
      }
      await service.app.close()
    }
  }
})

t.test('who was added while another provider was the default has the ids of where the room is made in the end', async (t) => {
  const world = await startProviderWorld(t)
  const late = { ROOM_CREATION: 'late' }
  const first = await world.start('bandyer', { ...late, VIDEO_PROVIDERS_ALSO: 'daily' })
  const second = await world.start('daily', { ...late, VIDEO_PROVIDERS_ALSO: 'bandyer' })
  const roomId = await book(first, booking({ participants: { number: 4, data: [DOCTOR, PATIENT] } }))
  for (const [service, userExternalId] of [[second, 'patient-2'], [first, 'patient-3']] as const) {
    const added = await service.inject({ method: 'POST', url: `/teleconsultation/${roomId}/participants/data`, payload: { ...PATIENT, userExternalId } })
    t.equal(added.statusCode, 201)
    // What nobody waits for shall be done.
    await service.app.close()
  }
  const third = await world.start('bandyer', { ...late, VIDEO_PROVIDERS_ALSO: 'daily' })
  world.setClock(after(START, 1))
  for (const link of Object.values(await linksOf(third, roomId))) {
    const opened = await follow(third, link)
    t.equal(opened.statusCode, 200)
    const { accessLinkURL, bandyerUserId } = opened.json<{ accessLinkURL: string, bandyerUserId: string }>()
    t.equal((await world.fakes.enter('bandyer', accessLinkURL)).providerUserId, bandyerUserId)
  }
})

async function plantOriginal (world: Awaited<ReturnType<typeof startProviderWorld>>) {
  const { bandyer } = world.fakes
  for (const [id, role] of [['usr_doc', 'plus'], ['usr_pat', 'basic']] as const) bandyer.users.set(id, { id, role, active: true })
  const room = bandyer.plantRoom({ seats: [{ userId: 'usr_doc', isAdmin: true, tools: {}, token: 'aaaa1' }, { userId: 'usr_pat', isAdmin: false, tools: {}, token: 'bbbb2' }] })
  const json = { 'content-type': 'application/json' }
  const inserted = await fetch(`${world.crud.origin}/teleconsultations/`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({
      __STATE__: 'PUBLIC',
      bandyerRoomId: room.id,
      participantsNumber: 2,
      participants: [{ userBandyerId: 'usr_doc', accessLinkURL: `${bandyer.switches.linkBase}/direct-rest-call-handler/aaaa1` }, { userBandyerId: 'usr_pat', accessLinkURL: `${bandyer.switches.linkBase}/direct-rest-call-handler/bbbb2` }],
      startDate: START.toISOString(),
      endDate: after(START, 30).toISOString(),
      teleconsultationState: 'READY'
    })
  })
  const { _id: roomId } = await inserted.json() as { _id: string }
  await fetch(`${world.crud.origin}/maps/`, { method: 'POST', headers: json, body: JSON.stringify({ __STATE__: 'PUBLIC', receivedUserId: 'doctor-1', bandyerId: 'usr_doc' }) })
  return { roomId, room }
}

t.test('a document of the original stays at Bandyer', async (t) => {
  const world = await startProviderWorld(t)
  const { roomId, room } = await plantOriginal(world)
  const service = await world.start('livekit', { ...EAGER, VIDEO_PROVIDERS_ALSO: 'bandyer' })
  world.setClock(after(START, 1))
  const answer = await open(service, roomId)
  t.equal(answer.statusCode, 200)
  const { accessLinkURL, bandyerUserId } = answer.json<{ accessLinkURL: string, bandyerUserId: string }>()
  t.equal(bandyerUserId, 'usr_doc')
  t.same(await world.fakes.enter('bandyer', accessLinkURL), { providerRoomId: room.id, providerUserId: 'usr_doc' })
  t.match((await world.documents())[0]?.service, { provider: 'bandyer', sealed: true })
  t.same(world.fakes.livekit.rooms.size, 0)
})

t.test('a document of the original gets a room at the new provider where Bandyer is not in use any more', async (t) => {
  const world = await startProviderWorld(t)
  const { roomId } = await plantOriginal(world)
  const service = await world.start('livekit', EAGER)
  world.setClock(after(START, 1))
  const answer = await open(service, roomId)
  t.equal(answer.statusCode, 200)
  const { accessLinkURL, bandyerUserId } = answer.json<{ accessLinkURL: string, bandyerUserId: string }>()
  t.equal(bandyerUserId, 'usr_doc')
  t.equal((await world.fakes.enter('livekit', accessLinkURL)).providerUserId, 'usr_doc')
})

t.test('what many ask of a call within a second costs its provider one read, and a read that fails costs nobody his link', async (t) => {
  const world = await startProviderWorld(t)
  const service = await world.start('bandyer', { DETAILS_BUDGET_MS: '10000' })
  const roomId = await book(service)
  world.setClock(after(START, 1))
  const reads = () => world.fakes.bandyer.requests.filter(({ path }) => path.startsWith('/room/info/')).length
  t.equal((await open(service, roomId)).json().details?.status, 'NOT_RUNNING')
  t.equal(reads(), 1)
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => open(service, roomId, index % 2 === 0 ? 'doctor-1' : 'patient-1')))
  t.ok(answers.every((answer) => answer.statusCode === 200 && answer.json().details?.status === 'NOT_RUNNING'))
  t.equal(reads(), 1)
  world.setClock(new Date(after(START, 1).getTime() + 1000))
  world.fakes.fail('bandyer', 'failing', { on: /room\/info/ })
  const without = await open(service, roomId)
  t.equal(without.statusCode, 200)
  t.match(without.json().accessLinkURL, /rest-call-handler/)
  t.notHas(without.json(), { details: {} })
  t.equal(reads(), 2)
  await Promise.all(Array.from({ length: 20 }, () => open(service, roomId)))
  t.equal(reads(), 2, 'a failure is remembered for as long')
})
