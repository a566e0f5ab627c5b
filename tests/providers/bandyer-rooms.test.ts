import t, { type Test } from 'tap'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import { linkWith } from '../../lib/providers/kaleyra-common/links.ts'
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)

async function subject (t: Test) {
  const vendor = await startFakeBandyer(t)
  const provider = bandyerProvider({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 2000, userIdSecret: 'only for tests' })
  t.teardown(() => provider.close())
  return { vendor, provider }
}

t.test('a room is asked for in the words of the first generation, without a name', async (t) => {
  const { vendor, provider } = await subject(t)
  const spec = await roomSpec(provider)
  await provider.createRoom(spec, signal)
  const off = { screen_sharing: false, file_upload: false, whiteboard: false, snapshot: false, live_edit: false, live_pointer: false, present_to_everyone: false }
  t.same(vendor.rooms[0]?.body, {
    participants: [
      { user_id: spec.doctor.providerUserId, is_admin: true, tools: { chat: true, screen_sharing: true, file_upload: true, whiteboard: true, snapshot: true, live_edit: true, live_pointer: true, present_to_everyone: true } },
      { user_id: spec.patient.providerUserId, is_admin: false, tools: { chat: true, ...off } }
    ],
    description: 'clinic|doc-1|op-1|1',
    live: true,
    call_type: 'audio_video',
    directCall: true,
    recording: false
  })
  t.notMatch(vendor.everything(), /Rossi|Verdi|doctor-1|patient-1/)
})

t.test('a duration is sent when there is one, and refused below a minute', async (t) => {
  const { vendor, provider } = await subject(t)
  await provider.createRoom(await roomSpec(provider, { durationSeconds: 60 }), signal)
  t.match(vendor.rooms[0]?.body, { duration: 60 })
  await t.rejects(provider.createRoom(await roomSpec(provider, { durationSeconds: 59 }), signal), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  t.equal(vendor.rooms.length, 1)
})

t.test('recording is a switch and a kind, and is read back as one word', async (t) => {
  const { vendor, provider } = await subject(t)
  for (const [recording, sent] of [['none', { recording: false }], ['manual', { recording: true, recording_type: 'manual' }], ['automatic', { recording: true, recording_type: 'automatic' }]] as const) {
    const room = await provider.createRoom(await roomSpec(provider, { recording }), signal)
    t.match(vendor.rooms.at(-1)?.body, sent)
    t.match(await provider.getRoom(room, signal), { recording })
  }
})

t.test('details are those of the room, without our marker, and no limit is no number', async (t) => {
  const { vendor, provider } = await subject(t)
  const room = await provider.createRoom(await roomSpec(provider), signal)
  t.same(await provider.getRoom(room, signal), {
    status: 'NOT_RUNNING', durationUsedInSeconds: 0, live: true, recording: 'none', callType: 'audio_video'
  })
  const foreign = vendor.plantRoom({ description: 'Visit 42' })
  t.match(await provider.getRoom({ providerRoomId: foreign.id }, signal), { description: 'Visit 42' })
})

t.test('any 2xx is a success', async (t) => {
  const { vendor, provider } = await subject(t)
  vendor.switches.successStatus = 201
  const room = await provider.createRoom(await roomSpec(provider), signal)
  t.match(await provider.getRoom(room, signal), { status: 'NOT_RUNNING' })
  await t.resolves(provider.deleteRoom(room, signal))
})

t.test('a room that is gone is missing, and deleted, however the vendor says so', async (t) => {
  for (const missing of [400, 404, 'closed'] as const) {
    for (const deletedAgain of [200, 400, 404] as const) {
      const { vendor, provider } = await subject(t)
      Object.assign(vendor.switches, { missing, deletedAgain })
      const room = await provider.createRoom(await roomSpec(provider), signal)
      await provider.deleteRoom(room, signal)
      const read = await provider.getRoom(room, signal)
      t.equal(read === 'missing' ? read : read.status, missing === 'closed' ? 'CLOSED' : 'missing')
      await t.resolves(provider.deleteRoom(room, signal), `${missing}, then ${deletedAgain}`)
      t.same(await provider.findRooms('clinic', vendor.time.now, signal), [])
    }
  }
})

t.test('a refused deletion of a room that is still there is an error', async (t) => {
  const { vendor, provider } = await subject(t)
  const room = await provider.createRoom(await roomSpec(provider), signal)
  vendor.fail('refused', { on: /^DELETE/ })
  await t.rejects(provider.deleteRoom(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'delete room: 400 operation_failed' } })
})

t.test('the empty id of a document without a room reaches no room', async (t) => {
  const { vendor, provider } = await subject(t)
  const room = { providerRoomId: '' }
  t.equal(await provider.getRoom(room, signal), 'missing')
  await provider.deleteRoom(room, signal)
  t.same(await provider.listUploads(room, signal), [])
  t.equal(vendor.requests.length, 0)
  await t.rejects(provider.getRoom({ providerRoomId: '..' }, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('links come with the room, or from reading it', async (t) => {
  const { vendor, provider } = await subject(t)
  const spec = await roomSpec(provider)
  const withLinks = await provider.createRoom(spec, signal)
  t.match(withLinks.links?.[spec.doctor.providerUserId], /\/connect\/direct-rest-call-handler\/\w+$/)
  vendor.switches.linksWithCreate = false
  const later = await provider.createRoom(spec, signal)
  t.same(Object.keys(later.links ?? {}), [spec.doctor.providerUserId, spec.patient.providerUserId])
})

t.test('a room without a participant’s link fails with the keys received, and no values', async (t) => {
  const { vendor, provider } = await subject(t)
  const spec = await roomSpec(provider)
  vendor.switches.linkKey = 'way_in'
  const error = await provider.createRoom(spec, signal).then(() => undefined, (found: unknown) => found)
  t.match(error, { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: /a room without the link of a participant; keys received: .*user_urls \[\{user, way_in, tools/ } })
  t.notMatch(String((error as Error).cause), /127\.0\.0\.1|usr_|clinic\|/)
})

t.test('a link gets language and background, and keeps what it had', async (t) => {
  const { provider } = await subject(t)
  const spec = await roomSpec(provider)
  const room = { providerRoomId: 'room_1', links: { [spec.patient.providerUserId]: 'https://acme.bandyer.com/eu/direct-rest-call-handler/6c1f?t=dark', [spec.doctor.providerUserId]: 'https://acme.bandyer.com/eu/direct-rest-call-handler/77aa' } }
  const url = async (who: typeof spec.doctor, options = {}) => (await provider.accessFor(room, who, { ...accessWindow, ...options }, signal)).url
  t.equal(await url(spec.patient), 'https://acme.bandyer.com/eu/direct-rest-call-handler/6c1f?t=dark')
  t.equal(await url(spec.patient, { language: 'de-CH', background: true }), 'https://acme.bandyer.com/eu/direct-rest-call-handler/6c1f?t=dark&l=de&vb=image')
  t.equal(await url(spec.doctor), 'https://acme.bandyer.com/eu/direct-rest-call-handler/77aa?l=it', 'his own language, where none is asked for')
})

t.test('a link that was not stored is read from the room', async (t) => {
  const { provider } = await subject(t)
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  const read = await provider.accessFor({ providerRoomId: room.providerRoomId }, spec.patient, accessWindow, signal)
  t.equal(read.url, room.links?.[spec.patient.providerUserId])
  await t.rejects(provider.accessFor({ providerRoomId: 'room_999' }, spec.patient, accessWindow, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('only an address of a page is a link, and only https unless the vendor is a stand-in', async (t) => {
  for (const link of ['', 'room', 'javascript:alert(1)', 'ftp://a/b', 'https://user:pw@a/b']) {
    t.throws(() => linkWith(link, {}, false), { code: 'PROVIDER_BAD_ANSWER' }, link)
  }
  t.equal(linkWith('http://127.0.0.1/x', {}, false), 'http://127.0.0.1/x')
  t.throws(() => linkWith('http://127.0.0.1/x', {}, true), { code: 'PROVIDER_BAD_ANSWER' })
  const { vendor, provider } = await subject(t)
  vendor.switches.linkBase = 'javascript:alert'
  await t.rejects(provider.createRoom(await roomSpec(provider), signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})
