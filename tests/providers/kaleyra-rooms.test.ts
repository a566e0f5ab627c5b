import t, { type Test } from 'tap'
import { readRoom } from '../../lib/providers/kaleyra-common/answers.ts'
import { linksOf } from '../../lib/providers/kaleyra-common/links.ts'
import { kaleyraProvider } from '../../lib/providers/kaleyra/provider.ts'
import { startFakeKaleyra } from '../support/fake-kaleyra.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)

async function subject (t: Test, { transcribe = false, path = '' } = {}) {
  const vendor = await startFakeKaleyra(t)
  const provider = kaleyraProvider({ baseUrl: vendor.baseUrl + path, apiKey: VENDOR_KEY, timeoutMs: 2000, userIdSecret: 'only for tests', transcribe })
  t.teardown(() => provider.close())
  return { vendor, provider }
}

t.test('a room is asked for in the words of the second generation', async (t) => {
  const { vendor, provider } = await subject(t, { path: '/v2/' })
  const spec = await roomSpec(provider, { recording: 'manual', durationSeconds: 1800, live: false })
  const room = await provider.createRoom(spec, signal)
  const { participants, ...rest } = vendor.rooms[0]?.body ?? {}
  t.same(rest, { description: 'clinic|doc-1|op-1|1', live: false, call_type: 'audio_video', duration: 1800, recording: 'manual' })
  t.match(participants, [{ user_id: spec.doctor.providerUserId, is_admin: true }, { user_id: spec.patient.providerUserId, is_admin: false, tools: { chat: true, whiteboard: false } }])
  t.same(await provider.getRoom(room, signal), {
    status: 'NOT_RUNNING', creationDate: vendor.time.now, durationInSeconds: 1800, live: false, recording: 'manual', callType: 'audio_video'
  })
})

t.test('what is said is written down in recorded rooms, where that is wished for', async (t) => {
  for (const transcribe of [true, false]) {
    const { vendor, provider } = await subject(t, { transcribe })
    for (const recording of ['none', 'automatic'] as const) {
      await provider.createRoom(await roomSpec(provider, { recording }), signal)
      t.equal(vendor.rooms.at(-1)?.body['offline_transcription'], transcribe && recording === 'automatic' ? true : undefined)
    }
  }
})

t.test('a room that does not record says null or none', async (t) => {
  const { vendor, provider } = await subject(t)
  const room = await provider.createRoom(await roomSpec(provider), signal)
  t.equal(vendor.rooms[0]?.body['recording'], 'none')
  t.match(await provider.getRoom(room, signal), { recording: 'none' })
})

t.test('a link is found under any of the names it may have', async (t) => {
  for (const linkKey of ['access_link', 'access_link_url', 'accessLink', 'url', 'link']) {
    const { vendor, provider } = await subject(t)
    vendor.switches.linkKey = linkKey
    const spec = await roomSpec(provider)
    const { links = {} } = await provider.createRoom(spec, signal)
    t.same(Object.keys(links), [spec.doctor.providerUserId, spec.patient.providerUserId], linkKey)
  }
})

t.test('a user is found under any of the names he may have', async (t) => {
  const url = 'https://acme.bandyer.com/eu/direct-rest-call-handler/6c1f'
  for (const user of [{ user_id: 'usr_a' }, { user: 'usr_a' }, { id: 'usr_a' }, { user: { id: 'usr_a' } }, { user: { user_id: 'usr_a' } }]) {
    for (const list of ['participants', 'user_urls']) {
      const room = { id: 'room_1', [list]: [{ ...user, url }] }
      t.same(linksOf(readRoom(room)), { usr_a: url }, JSON.stringify(room))
      t.same(linksOf(readRoom({ room })), { usr_a: url }, 'wrapped')
    }
  }
})

t.test('links that do not come with the room are read from it', async (t) => {
  const { vendor, provider } = await subject(t)
  vendor.switches.linksWithCreate = false
  const spec = await roomSpec(provider)
  const { links = {} } = await provider.createRoom(spec, signal)
  t.same(Object.keys(links), [spec.doctor.providerUserId, spec.patient.providerUserId])
})

t.test('a room without links at all fails with the keys received', async (t) => {
  const { vendor, provider } = await subject(t)
  vendor.switches.linkKey = ''
  await t.rejects(provider.createRoom(await roomSpec(provider), signal), {
    code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: /keys received: \{id, .*participants \[\{user_id, is_admin, tools/ }
  })
})

t.test('an answer that is no room is none', async (t) => {
  for (const body of [undefined, null, [], {}, { room: {} }, { id: 7 }, { id: '' }, { id: 'a', live: 'yes' }, { id: 'a', participants: {} }]) {
    t.throws(() => readRoom(body), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 }, JSON.stringify(body))
  }
})

t.test('names in an error’s cause are names, never what may be a value', async (t) => {
  const link = 'https://acme.bandyer.com/eu/direct-rest-call-handler/6c1f'
  const received = { links: { usr_4f: link, [link]: 1 }, name: 'Ada Rossi' }
  t.throws(() => readRoom(received), { cause: { message: 'The answer cannot be used: a room without an id; keys received: {links {?, ?}, name}' } })
  t.throws(() => readRoom({ id: 1, ...received }), { cause: { message: 'The answer cannot be used: a room; keys received: {id, links {?, ?}, name}' } })
})

t.test('other rooms’ uploads do not get in where the vendor overlooks the filter', async (t) => {
  const { vendor, provider } = await subject(t)
  vendor.switches.listed.ignoresFilter = true
  const room = { providerRoomId: vendor.plantRoom({}).id }
  vendor.uploads.push({ key: 'a/1', roomId: 'room_other', userId: 'u' }, { key: 'a/2', roomId: null, userId: 'u' }, { key: 'a/3', roomId: room.providerRoomId, userId: 'u' })
  t.same(await provider.listUploads(room, signal), [{ key: 'a/3', kind: 'snapshot' }])
  vendor.switches.listed.omit = ['room_id']
  await t.rejects(provider.listUploads(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: /does not say its room; keys received: \{key, upload_type/ } })
})

t.test('an upload’s key is one part of the path, slashes and all', async (t) => {
  const { vendor, provider } = await subject(t)
  vendor.uploads.push({ key: 'sandbox/cmpny x/usr?/1', roomId: 'room_1', userId: 'u' })
  await provider.deleteUpload({ key: 'sandbox/cmpny x/usr?/1' }, signal)
  t.equal(vendor.uploads.length, 0)
  await t.rejects(provider.deleteUpload({ key: '' }, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('what the vendor does not say of the company is null', async (t) => {
  const { provider } = await subject(t)
  const background = await provider.uploadBackground({ data: Buffer.from('image'), mime: 'image/jpeg', filename: 'a.jpg' }, signal)
  t.same(await provider.updateCompany({ backgroundAlias: background.alias }, signal), {
    name: 'Clinic', defaultLanguage: null, defaultBackground: background, endCallRedirectUrl: null, userDetailsProviderUrl: null, endCallRedirectTimeoutMs: null
  })
})
