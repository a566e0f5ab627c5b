import t from 'tap'
import { DAILY_KEY, dailySubject, type DailyFault } from '../support/fake-daily.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)

t.test('each way of Daily to fail has its own error', async (t) => {
  const errors: Array<[DailyFault, string, number]> = [
    ['wrong key', 'PROVIDER_REFUSED_KEY', 502],
    ['bad header', 'PROVIDER_REFUSED_KEY', 502],
    ['forbidden', 'PROVIDER_REFUSED_KEY', 502],
    ['refused', 'PROVIDER_BAD_ANSWER', 502],
    ['moved', 'PROVIDER_BAD_ANSWER', 502],
    ['malformed', 'PROVIDER_BAD_ANSWER', 502],
    ['empty', 'PROVIDER_BAD_ANSWER', 502],
    ['busy', 'PROVIDER_BUSY', 503],
    ['failing', 'PROVIDER_UNAVAILABLE', 503],
    ['dropped', 'PROVIDER_UNAVAILABLE', 503],
    ['silent', 'PROVIDER_TIMEOUT', 504]
  ]
  for (const [fault, code, statusCode] of errors) {
    const { daily, provider } = await dailySubject(t, { timeoutMs: fault === 'silent' ? 200 : 2000 })
    const spec = await roomSpec(provider)
    const room = { providerRoomId: 'tcn-room' }
    daily.fail(fault)
    await t.rejects(provider.check(signal), { code, statusCode }, fault)
    await t.rejects(provider.deleteRoom(room, signal), { code, statusCode }, `${fault}, to a deletion`)
    await t.rejects(provider.createRoom(spec, signal), { code, statusCode }, `${fault}, to a room`)
    await t.rejects(provider.accessFor(room, spec.doctor, accessWindow, signal), { code, statusCode }, `${fault}, to a way in`)
    await t.rejects(provider.findRooms('clinic', new Date(0), signal), { code, statusCode }, `${fault}, to a list`)
  }
})

t.test('a wrong key is told by a check', async (t) => {
  const { provider } = await dailySubject(t, { apiKey: 'wrong' })
  await t.rejects(provider.check(signal), { code: 'PROVIDER_REFUSED_KEY', statusCode: 502, cause: { message: 'check: 401 authentication-error' } })
  const { provider: none } = await dailySubject(t, { apiKey: '' })
  await t.rejects(none.check(signal), { code: 'PROVIDER_REFUSED_KEY', statusCode: 502 })
})

t.test('Daily’s own address is where it is asked, unless another is given', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const { provider: slashed } = await dailySubject(t, { baseUrl: `${daily.baseUrl}//` })
  await t.resolves(provider.check(signal))
  await t.resolves(slashed.check(signal))
  t.same(daily.requests.map(({ path, headers }) => [path, headers.authorization]), [['/', `Bearer ${DAILY_KEY}`], ['/', `Bearer ${DAILY_KEY}`]])
})

t.test('no error holds the key, Daily’s own words, a room, or anybody', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  const calls = [
    () => provider.createRoom(spec, signal),
    () => provider.getRoom(room, signal),
    () => provider.changeRoom(room, spec, signal),
    () => provider.accessFor(room, spec.doctor, accessWindow, signal),
    () => provider.endCall(room, signal),
    () => provider.findRooms('clinic', new Date(0), signal),
    () => provider.transcription(room, 'mtg-1', signal)
  ]
  for (const fault of ['wrong key', 'forbidden', 'busy', 'failing', 'malformed', 'empty', 'dropped', 'moved'] as const) {
    daily.fail(fault)
    for (const call of calls) {
      const error = await call().then(() => undefined, (found: unknown) => found)
      t.match(error, { code: /^PROVIDER_/ }, fault)
      t.notMatch(messagesOf(error).join(), /daily_fake_key|usr_|tcn-|secret-link|clinic|Rossi|Zoë|eyJ/, fault)
    }
    daily.recover()
  }
})

const messagesOf = (error: unknown): string[] => error instanceof Error ? [error.message, ...messagesOf(error.cause)] : []

t.test('a token that is none is not handed on', async (t) => {
  for (const token of ['', 'a.b', 'a.b.c&x=1', `a.b.${'c'.repeat(3000)}`, 42]) {
    const { daily, provider } = await dailySubject(t)
    const spec = await roomSpec(provider)
    const room = await provider.createRoom(spec, signal)
    daily.switches.token = token
    await t.rejects(provider.accessFor(room, spec.doctor, accessWindow, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
  }
})
