import t from 'tap'
import type { LivekitFault } from '../support/fake-livekit.ts'
import { livekitSubject, person, signal } from '../support/livekit-provider.ts'

t.test('each way of the server to fail has its own error', async (t) => {
  const errors: Array<[LivekitFault, string, number]> = [
    ['wrong key', 'PROVIDER_REFUSED_KEY', 502],
    ['forbidden', 'PROVIDER_REFUSED_KEY', 502],
    ['malformed', 'PROVIDER_BAD_ANSWER', 502],
    ['no object', 'PROVIDER_BAD_ANSWER', 502],
    ['wrong address', 'PROVIDER_BAD_ANSWER', 502],
    ['busy', 'PROVIDER_BUSY', 503],
    ['failing', 'PROVIDER_UNAVAILABLE', 503],
    ['dropped', 'PROVIDER_UNAVAILABLE', 503],
    ['silent', 'PROVIDER_TIMEOUT', 504]
  ]
  for (const [fault, code, statusCode] of errors) {
    const { fake, provider, spec } = await livekitSubject(t, { timeoutMs: fault === 'silent' ? 200 : 2000 })
    const room = { providerRoomId: 'tc_1' }
    fake.fail(fault)
    await t.rejects(provider.check(signal), { code, statusCode }, fault)
    await t.rejects(provider.createRoom(spec(), signal), { code, statusCode }, `${fault}, to a new room`)
    await t.rejects(provider.deleteRoom(room, signal), { code, statusCode }, `${fault}, to a deletion`)
    await t.rejects(provider.endCall(room, signal), { code, statusCode }, `${fault}, to an end`)
  }
})

t.test('a wrong key, a wrong secret and a wrong clock are told by a check', async (t) => {
  for (const options of [{ apiKey: 'APIwrong' }, { apiSecret: 'another secret that nobody at the server knows' }, { clock: () => new Date('2020-01-01') }]) {
    const { provider } = await livekitSubject(t, options)
    await t.rejects(provider.check(signal), { code: 'PROVIDER_REFUSED_KEY', statusCode: 502, cause: { message: 'ListRooms: 401' } })
  }
})

t.test('no error holds a secret, the server’s own words, or anybody’s id', async (t) => {
  const { fake, provider, spec } = await livekitSubject(t)
  const room = await provider.createRoom(spec(), signal)
  const calls = [
    () => provider.createRoom(spec(), signal),
    () => provider.getRoom(room, signal),
    () => provider.accessFor(room, person(provider, 'ada'), { notBefore: fake.time.now, expiresAt: spec().endAt }, signal),
    () => provider.deleteRoom(room, signal)
  ]
  for (const fault of ['wrong key', 'busy', 'failing', 'malformed', 'dropped', 'wrong address'] as const) {
    fake.fail(fault)
    for (const call of calls) {
      const error = await call().then(() => undefined, (found: unknown) => found)
      t.match(error, { code: /^PROVIDER_/ }, fault)
      t.notMatch(messagesOf(error).join(), /eyJ|tc_|usr_|Zoë|only-for-tests|APItests/, fault)
    }
    fake.recover()
  }
})

const messagesOf = (error: unknown): string[] => error instanceof Error ? [error.message, ...messagesOf(error.cause)] : []

t.test('a busy server is asked again, after the time it names, and given up when that is too long', async (t) => {
  const { fake, provider, spec, pauses } = await livekitSubject(t)
  fake.fail('busy', { times: 2, on: /CreateRoom/ })
  await t.resolves(provider.createRoom(spec(), signal))
  t.same(pauses, [500, 1000])
  fake.fail('busy', { times: 1, on: /ListRooms/, retryAfter: '1' })
  await t.resolves(provider.check(signal))
  t.same(pauses, [500, 1000, 1000])
  fake.fail('busy', { times: 1, retryAfter: '60' })
  await t.rejects(provider.check(signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
  t.equal(pauses.length, 3)
})

t.test('an answer that is no room is none', async (t) => {
  const { fake, provider, spec } = await livekitSubject(t)
  await provider.createRoom(spec(), signal)
  for (const room of fake.rooms.values()) Object.assign(room, { metadata: 7 })
  await t.rejects(provider.findRooms('d', fake.time.now, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: /keys received: \{rooms/ } })
})
