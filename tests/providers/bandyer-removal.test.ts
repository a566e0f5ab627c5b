import t, { type Test } from 'tap'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { roomSpec } from '../support/vendor-rooms.ts'
import { recordedPause } from '../support/vendor-subject.ts'

const signal = AbortSignal.timeout(60_000)

async function subject (t: Test) {
  const vendor = await startFakeBandyer(t)
  const { pause } = recordedPause()
  const provider = bandyerProvider({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 2000, userIdSecret: 'only for tests', pause })
  t.teardown(() => provider.close())
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  const linkOfPatient = room.links?.[spec.patient.providerUserId] ?? ''
  vendor.requests.length = 0
  const sent = () => vendor.requests.map(({ method, path }) => `${method} ${path.replace(/[^/]+$/, '…')}`)
  return { vendor, provider, spec, room, linkOfPatient, sent }
}

t.test('a removal is one request, with the token that the kept link ends with', async (t) => {
  const { vendor, provider, spec, room, linkOfPatient } = await subject(t)
  await provider.removeParticipant(room, spec.patient, signal)
  t.same(vendor.requests.map(({ method, path }) => [method, path]), [['DELETE', `/token/delete/${linkOfPatient.split('/').at(-1)}`]])
})

t.test('a link that is not kept is read from the room', async (t) => {
  const { vendor, provider, spec, room, linkOfPatient, sent } = await subject(t)
  await provider.removeParticipant({ providerRoomId: room.providerRoomId }, spec.patient, signal)
  t.same(sent(), ['GET /room/info/…', 'DELETE /token/delete/…'])
  t.equal(vendor.enter(linkOfPatient), false)
})

t.test('who has no seat in the room has nothing to lose; a room whose links cannot be found is an error', async (t) => {
  const { vendor, provider, spec, room, sent } = await subject(t)
  const bare = { providerRoomId: room.providerRoomId }
  await t.resolves(provider.removeParticipant(bare, { ...spec.patient, providerUserId: 'usr_never_there' }, signal))
  t.same(sent(), ['GET /room/info/…'])
  vendor.switches.linkKey = 'unheard_of'
  await t.rejects(provider.removeParticipant(bare, spec.patient, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('a token that the vendor does not know is asked about once, and fine, however the vendor says so', async (t) => {
  for (const missing of [400, 404, 'closed'] as const) {
    const { vendor, provider, spec, room, sent } = await subject(t)
    vendor.switches.missing = missing
    await provider.removeParticipant(room, spec.patient, signal)
    vendor.requests.length = 0
    await t.resolves(provider.removeParticipant(room, spec.patient, signal), String(missing))
    t.same(sent(), ['DELETE /token/delete/…', 'GET /token/check/…'])
    await provider.deleteRoom(room, signal)
    await t.resolves(provider.removeParticipant(room, spec.patient, signal), `${missing}, the room is gone`)
  }
})

t.test('a refusal that leaves the link alive is an error', async (t) => {
  for (const [fault, message] of [['refused', 'delete link: 400 operation_failed'], ['nowhere', 'delete link: 404']] as const) {
    const { vendor, provider, spec, room, linkOfPatient } = await subject(t)
    vendor.fail(fault, { on: /^DELETE \/token/ })
    await t.rejects(provider.removeParticipant(room, spec.patient, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message } })
    t.equal(vendor.enter(linkOfPatient), true)
  }
})

t.test('where the vendor does not know the question either, only the end of the room is a removal', async (t) => {
  const { vendor, provider, spec, room } = await subject(t)
  vendor.fail('nowhere', { on: /\/token\// })
  await t.rejects(provider.removeParticipant(room, spec.patient, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'delete link: 404' } })
  await provider.deleteRoom(room, signal)
  await t.resolves(provider.removeParticipant(room, spec.patient, signal))
})

t.test('a busy vendor is asked again', async (t) => {
  const { vendor, provider, spec, room, linkOfPatient, sent } = await subject(t)
  vendor.fail('busy', { times: 2 })
  await provider.removeParticipant(room, spec.patient, signal)
  t.equal(sent().length, 3)
  t.equal(vendor.enter(linkOfPatient), false)
})

t.test('no error tells the token', async (t) => {
  for (const fault of ['refused', 'failing', 'wrong key', 'malformed', 'dropped', 'busy', 'moved'] as const) {
    const { vendor, provider, spec, room, linkOfPatient } = await subject(t)
    vendor.fail(fault)
    const error: unknown = await provider.removeParticipant(room, spec.patient, signal).catch((error: unknown) => error)
    t.match(error, { code: /^PROVIDER_/ }, fault)
    const told: string[] = []
    for (let one = error; one instanceof Error; one = one.cause) told.push(one.message, one.stack ?? '', JSON.stringify(one))
    t.notMatch(told.join(), linkOfPatient.split('/').at(-1), fault)
  }
})
