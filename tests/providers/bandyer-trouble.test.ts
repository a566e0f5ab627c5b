import t, { type Test } from 'tap'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { VENDOR_KEY, type VendorFault } from '../support/fake-vendor.ts'
import { roomSpec } from '../support/vendor-rooms.ts'
import { recordedPause } from '../support/vendor-subject.ts'

const signal = AbortSignal.timeout(60_000)

async function subject (t: Test, { apiKey = VENDOR_KEY, timeoutMs = 2000 } = {}) {
  const vendor = await startFakeBandyer(t)
  const { pause, pauses } = recordedPause()
  const provider = bandyerProvider({ baseUrl: vendor.baseUrl, apiKey, timeoutMs, userIdSecret: 'only for tests', pause })
  t.teardown(() => provider.close())
  return { vendor, provider, pauses }
}

const doctor = { externalId: 'doctor-1', privilege: 'plus' as const }

t.test('each way of the vendor to fail has its own error', async (t) => {
  const errors: Array<[VendorFault, string, number]> = [
    ['wrong key', 'PROVIDER_REFUSED_KEY', 502],
    ['wrong key as 400', 'PROVIDER_REFUSED_KEY', 502],
    ['forbidden', 'PROVIDER_REFUSED_KEY', 502],
    ['refused', 'PROVIDER_BAD_ANSWER', 502],
    ['moved', 'PROVIDER_BAD_ANSWER', 502],
    ['malformed', 'PROVIDER_BAD_ANSWER', 502],
    ['busy', 'PROVIDER_BUSY', 503],
    ['failing', 'PROVIDER_UNAVAILABLE', 503],
    ['dropped', 'PROVIDER_UNAVAILABLE', 503],
    ['silent', 'PROVIDER_TIMEOUT', 504]
  ]
  for (const [fault, code, statusCode] of errors) {
    const { vendor, provider } = await subject(t, { timeoutMs: fault === 'silent' ? 200 : 2000 })
    const room = { providerRoomId: 'room_1' }
    vendor.fail(fault)
    await t.rejects(provider.check(signal), { code, statusCode }, fault)
    await t.rejects(provider.deleteRoom(room, signal), { code, statusCode }, `${fault}, to a deletion`)
    await t.rejects(provider.listUploads(room, signal), { code, statusCode }, `${fault}, to a list`)
  }
})

t.test('a wrong key is told by a check', async (t) => {
  const { provider } = await subject(t, { apiKey: 'ak_wrong' })
  await t.rejects(provider.check(signal), { code: 'PROVIDER_REFUSED_KEY', statusCode: 502, cause: { message: 'check: 401 invalid_api_key' } })
})

t.test('no error holds the key, the vendor’s own words, or anybody’s id', async (t) => {
  const { vendor, provider } = await subject(t)
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  const calls = [
    () => provider.createRoom(spec, signal),
    () => provider.getRoom(room, signal),
    () => provider.credentials(spec.doctor.providerUserId, 3600, signal),
    () => provider.deleteUpload({ key: 'folder/usr_a/1' }, signal)
  ]
  for (const fault of ['wrong key', 'busy', 'failing', 'malformed', 'dropped', 'refused'] as const) {
    vendor.fail(fault)
    for (const call of calls) {
      const error = await call().then(() => undefined, (found: unknown) => found)
      t.match(error, { code: /^PROVIDER_/ }, fault)
      t.notMatch(messagesOf(error).join(), /ak_|usr_|secret-link|clinic|\/connect\//, fault)
    }
    vendor.recover()
  }
})

const messagesOf = (error: unknown): string[] => error instanceof Error ? [error.message, ...messagesOf(error.cause)] : []

t.test('a busy vendor is asked again where that is harmless, after the time it names', async (t) => {
  const { vendor, provider, pauses } = await subject(t)
  vendor.fail('busy', { times: 2, on: /room\/list/ })
  await t.resolves(provider.check(signal))
  t.same(pauses, [500, 1000])
  vendor.fail('busy', { times: 1, on: /user\/create/, retryAfter: '1' })
  await t.resolves(provider.ensureUser(doctor, signal))
  t.same(pauses, [500, 1000, 1000])
})

t.test('a vendor that stays busy, or names a time beyond ours, is given up', async (t) => {
  const { vendor, provider, pauses } = await subject(t)
  vendor.fail('busy', { times: 3 })
  await t.rejects(provider.check(signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
  t.same([vendor.requests.length, pauses], [3, [500, 1000]])
  vendor.fail('busy', { times: 1, retryAfter: '60' })
  await t.rejects(provider.check(signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
  t.same([vendor.requests.length, pauses.length], [4, 2])
})

t.test('a room, a deletion and credentials are never asked for twice', async (t) => {
  const { vendor, provider, pauses } = await subject(t)
  const spec = await roomSpec(provider)
  vendor.requests.length = 0
  vendor.fail('busy', { times: 3, retryAfter: '0' })
  await t.rejects(provider.createRoom(spec, signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
  await t.rejects(provider.deleteRoom({ providerRoomId: 'room_1' }, signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
  await t.rejects(provider.credentials(spec.doctor.providerUserId, 3600, signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
  t.same([vendor.requests.length, pauses], [3, []])
})

t.test('a signal ends a pause', async (t) => {
  const vendor = await startFakeBandyer(t)
  const provider = bandyerProvider({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 60_000, userIdSecret: 'only for tests' })
  t.teardown(() => provider.close())
  vendor.fail('busy', { retryAfter: '59' })
  const controller = new AbortController()
  const checked = provider.check(controller.signal)
  while (vendor.requests.length === 0) await new Promise(setImmediate)
  controller.abort()
  await t.rejects(checked, { code: /^PROVIDER_(BUSY|TIMEOUT)$/ })
  t.equal(vendor.requests.length, 1)
})
