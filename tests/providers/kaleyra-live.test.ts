import t, { type Test } from 'tap'
import { kaleyraProvider } from '../../lib/providers/kaleyra/provider.ts'
import type { RecordingKind } from '../../lib/providers/provider.ts'
import { startFakeKaleyra } from '../support/fake-kaleyra.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { roomSpec } from '../support/vendor-rooms.ts'
import { recordedPause } from '../support/vendor-subject.ts'

const signal = AbortSignal.timeout(60_000)

/** A room; people go in with `begin`. */
async function subject (t: Test, { recording = 'manual' }: { recording?: RecordingKind } = {}) {
  const vendor = await startFakeKaleyra(t)
  const { pause } = recordedPause()
  const provider = kaleyraProvider({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 2000, userIdSecret: 'only for tests', pause })
  t.teardown(() => provider.close())
  const spec = await roomSpec(provider, { recording })
  const room = await provider.createRoom(spec, signal)
  const begin = () => { for (const link of Object.values(room.links ?? {})) vendor.enter(link) }
  vendor.requests.length = 0
  const sent = () => vendor.requests.map(({ method, path }) => `${method} ${path}`)
  return { vendor, provider, spec, room, begin, sent, at: `/v2/rooms/${room.providerRoomId}` }
}

t.test('a removal is one request', async (t) => {
  const { provider, spec, room, sent, at } = await subject(t)
  await provider.removeParticipant(room, spec.patient, signal)
  t.same(sent(), [`DELETE ${at}/participants/${spec.patient.providerUserId}`])
})

t.test('who is not in the room, or whose room is gone, is removed', async (t) => {
  for (const missing of [400, 404, 'closed'] as const) {
    const { vendor, provider, spec, room, sent, at } = await subject(t)
    vendor.switches.missing = missing
    const nobody = { ...spec.patient, providerUserId: 'usr_never_there' }
    await t.resolves(provider.removeParticipant(room, nobody, signal), String(missing))
    t.same(sent(), [`DELETE ${at}/participants/usr_never_there`, `GET ${at}`], 'the room shows that he is not in it')
    await provider.deleteRoom(room, signal)
    await t.resolves(provider.removeParticipant(room, spec.patient, signal), `${missing}, the room is gone`)
  }
})

t.test('a vendor that lets nobody out of a room of two is an error, and so is an address that it does not know', async (t) => {
  const { vendor, provider, spec, room } = await subject(t)
  vendor.switches.staysTwo = true
  await t.rejects(provider.removeParticipant(room, spec.patient, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'delete participant: 422 validation_error' } })
  vendor.switches.staysTwo = false
  vendor.fail('nowhere', { on: /^DELETE .*participants/ })
  await t.rejects(provider.removeParticipant(room, spec.patient, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'delete participant: 404' } })
})

t.test('a recording is asked for with one request, and so is its end', async (t) => {
  const { provider, room, begin, sent, at } = await subject(t)
  begin()
  await provider.startRecording(room, signal)
  await provider.stopRecording(room, signal)
  t.same(sent(), [`POST ${at}/start-recording`, `POST ${at}/stop-recording`])
})

t.test('a call whose room was made without recording cannot be recorded', async (t) => {
  const { provider, room, begin } = await subject(t, { recording: 'none' })
  begin()
  await t.rejects(provider.startRecording(room, signal), {
    code: 'CAPABILITY_LIMIT', statusCode: 422, message: 'The configured video provider does not allow a recording of a call whose room was made without'
  })
  await t.resolves(provider.stopRecording(room, signal))
})

t.test('where nothing tells that it is so already, a refusal is an error', async (t) => {
  const { vendor, provider, room, begin } = await subject(t)
  begin()
  vendor.switches.errorBody = 'none'
  await t.rejects(provider.stopRecording(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'stop recording: 400' } })
  await provider.startRecording(room, signal)
  await t.rejects(provider.startRecording(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'start recording: 400' } })
})

t.test('a room that does not tell whether it runs is not taken for one that stands', async (t) => {
  const { vendor, provider, room, begin } = await subject(t)
  begin()
  await provider.startRecording(room, signal)
  vendor.switches.statusKey = ''
  vendor.fail('refused', { on: /-recording$/ })
  await t.rejects(provider.stopRecording(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
  await t.rejects(provider.startRecording(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('a room without an id is a missing one', async (t) => {
  const { provider, spec, sent } = await subject(t)
  const none = { providerRoomId: '' }
  await t.resolves(provider.removeParticipant(none, spec.patient, signal))
  await t.resolves(provider.stopRecording(none, signal))
  await t.rejects(provider.startRecording(none, signal), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  t.same(sent(), [])
})
