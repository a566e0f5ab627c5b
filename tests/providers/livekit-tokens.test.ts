import { TokenVerifier } from 'livekit-server-sdk'
import t from 'tap'
import { LIVEKIT_KEY, LIVEKIT_SECRET, wayOf } from '../support/fake-livekit.ts'
import { HOUR_MS, livekitSubject, person, signal } from '../support/livekit-provider.ts'

// The vendor's own verifier reads the machine's clock.
const verifier = new TokenVerifier(LIVEKIT_KEY, LIVEKIT_SECRET)
const now = () => new Date()

t.test('the vendor’s own verifier takes a participant’s token, which grants his room and his tools alone', async (t) => {
  const { fake, provider, spec } = await livekitSubject(t, {}, now())
  const room = await provider.createRoom(spec(), signal)
  const expiresAt = new Date(Date.now() + HOUR_MS)
  const granted = async (tools: Parameters<typeof person>[2], notBefore = new Date(Date.now() - HOUR_MS)) => {
    const { url } = await provider.accessFor(room, person(provider, 'ada', tools), { notBefore, expiresAt }, signal)
    return await verifier.verify(wayOf(url).token)
  }
  const least = { roomJoin: true, room: room.providerRoomId, canSubscribe: true, canPublish: true, canUpdateOwnMetadata: false }
  t.strictSame(await granted([]), {
    iss: LIVEKIT_KEY,
    sub: person(provider, 'ada').providerUserId,
    name: 'Zoë ada',
    // When it was made: what is older can be told from it.
    nbf: Math.floor(fake.time.now.getTime() / 1000),
    exp: Math.floor(expiresAt.getTime() / 1000),
    attributes: { revocations: '0', room: fake.rooms.get(room.providerRoomId)?.sid },
    video: { ...least, canPublishSources: ['camera', 'microphone'], canPublishData: false }
  })
  t.strictSame((await granted(['chat'])).video, { ...least, canPublishSources: ['camera', 'microphone'], canPublishData: true })
  t.strictSame((await granted(['screen_sharing', 'whiteboard'])).video, { ...least, canPublishSources: ['camera', 'microphone', 'screen_share'], canPublishData: false })
})

t.test('no token of a participant makes, lists or administers rooms', async (t) => {
  const { fake, provider, spec, tokenFor } = await livekitSubject(t)
  const room = await provider.createRoom(spec(), signal)
  const token = await tokenFor(room, 'ada', ['chat', 'screen_sharing'])
  for (const method of ['CreateRoom', 'ListRooms', 'DeleteRoom', 'ListParticipants', 'RemoveParticipant', 'UpdateParticipant']) {
    const body = method === 'CreateRoom' ? { name: room.providerRoomId } : method === 'ListRooms' ? {} : { room: room.providerRoomId }
    const answer = await fetch(`${fake.origin}/twirp/livekit.RoomService/${method}`, {
      method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body)
    })
    t.equal(answer.status, 401, method)
    t.equal((await answer.json() as { code: string }).code, 'unauthenticated', method)
  }
})

t.test('each call of the server’s API carries a token of two minutes with the one grant that it needs', async (t) => {
  const { fake, provider, spec, tokenFor } = await livekitSubject(t)
  const room = await provider.createRoom(spec(), signal)
  fake.join(await tokenFor(room))
  await provider.getRoom(room, signal)
  await provider.endCall(room, signal)
  await provider.deleteRoom(room, signal)
  const grants: Record<string, object> = {
    CreateRoom: { roomCreate: true },
    ListRooms: { roomList: true },
    DeleteRoom: { roomCreate: true },
    ListParticipants: { roomAdmin: true, room: room.providerRoomId },
    RemoveParticipant: { roomAdmin: true, room: room.providerRoomId }
  }
  const calls = fake.requests.map(({ path, claims }) => ({ method: path.split('/').at(-1) ?? '', claims }))
  t.same(new Set(calls.map(({ method }) => method)), new Set(Object.keys(grants)))
  for (const { method, claims } of calls) {
    t.strictSame(claims?.video, grants[method], method)
    t.equal((claims?.exp ?? 0) - (claims?.nbf ?? 0), 120)
  }
})

t.test('a way in keeps server, token and everything else in the fragment', async (t) => {
  const { provider, spec } = await livekitSubject(t, { url: 'wss://calls.example/', startsOff: ['camera'] })
  const { startAt, endAt } = spec()
  const room = { providerRoomId: 'tc_x/y' }
  const { url } = await provider.accessFor(room, person(provider, 'ada'), { notBefore: startAt, expiresAt: endAt, language: 'en' }, signal)
  const { origin, pathname, search, hash } = new URL(url)
  t.strictSame([origin, pathname, search], ['https://clinic.example', '/video/livekit-room/tc_x%2Fy', ''])
  const { token, ...rest } = Object.fromEntries(new URLSearchParams(hash.slice(1)))
  t.strictSame(rest, { server: 'wss://calls.example', language: 'en', off: 'camera' })
  t.match(token, /^eyJ/)
})

t.test('browsers may have another address of the server than this service', async (t) => {
  const { fake, provider, spec } = await livekitSubject(t, { browserUrl: 'https://calls.example' })
  const room = await provider.createRoom(spec(), signal)
  const { url } = await provider.accessFor(room, person(provider, 'ada'), { notBefore: fake.time.now, expiresAt: spec().endAt }, signal)
  t.equal(wayOf(url).server, 'wss://calls.example')
})
