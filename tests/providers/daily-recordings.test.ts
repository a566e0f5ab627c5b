import t, { type Test } from 'tap'
import type { RecordingKind } from '../../lib/providers/provider.ts'
import { dailySubject } from '../support/fake-daily.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)

async function subject (t: Test, recording: RecordingKind = 'manual') {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, { recording })
  const room = await provider.createRoom(spec, signal)
  const { url } = await provider.accessFor(room, spec.doctor, accessWindow, signal)
  daily.advance(3600_000)
  await daily.enter(url)
  daily.requests.length = 0
  return { daily, provider, room, given: () => daily.rooms[0]!.given, recordings: () => daily.rooms[0]!.recordings }
}

t.test('a recording is made in Daily’s cloud, which the room is made to allow first', async (t) => {
  for (const kind of ['none', 'manual', 'automatic'] as const) {
    const { daily, provider, room, given, recordings } = await subject(t, kind)
    await provider.startRecording(room, signal)
    t.equal(given()['enable_recording'], 'cloud')
    t.same(recordings(), ['running'])
    t.same(daily.requests.at(-1)?.body, { type: 'cloud' })
    t.match(await provider.getRoom(room, signal), { recording: kind === 'none' ? 'manual' : kind })
    await provider.stopRecording(room, signal)
    t.same(recordings(), ['ended'])
  }
})

t.test('what the room allows already is not said again', async (t) => {
  const { daily, provider, room, given } = await subject(t)
  Object.assign(given(), { enable_recording: 'cloud' })
  await provider.startRecording(room, signal)
  t.same(daily.requests.filter(({ method }) => method === 'POST').map(({ path }) => path.split('/').at(-1)), ['start'])
})

t.test('that a recording runs already is understood by Daily’s words, or else by its list', async (t) => {
  for (const info of ['the room has an active stream', 'in other words']) {
    const { daily, provider, room, recordings } = await subject(t)
    daily.switches.activeRecordingInfo = info
    await provider.startRecording(room, signal)
    await t.resolves(provider.startRecording(room, signal))
    t.same(recordings(), ['running'])
  }
})

t.test('a refused start of a recording that does not run is an error', async (t) => {
  const { daily, provider, room } = await subject(t)
  daily.fail('refused', { on: /recordings\/start$/ })
  await t.rejects(provider.startRecording(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'start recording: 400 invalid-request-error' } })
})

t.test('an end that Daily does not confirm is an error', async (t) => {
  const { daily, provider, room } = await subject(t)
  await provider.startRecording(room, signal)
  daily.fail('empty', { times: 1, on: /recordings\/stop$/ })
  await t.rejects(provider.stopRecording(room, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
  daily.fail('failing', { times: 1, on: /recordings\/stop$/ })
  await t.rejects(provider.stopRecording(room, signal), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
})

t.test('nothing is changed and recorded where nobody is inside, or all left meanwhile', async (t) => {
  const { daily, provider, room, given, recordings } = await subject(t)
  const empty = () => { daily.rooms[0]!.inside.clear() }
  daily.before(/recordings\/start$/, empty)
  for (let i = 0; i < 2; i++) await t.rejects(provider.startRecording(room, signal), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  await t.resolves(provider.stopRecording(room, signal))
  t.same(recordings(), [])

  const other = await subject(t)
  other.daily.rooms[0]!.inside.clear()
  await t.rejects(other.provider.startRecording(other.room, signal), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  t.equal(other.given()['enable_recording'], undefined)
  await t.rejects(provider.startRecording({ providerRoomId: '../x' }, signal), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  t.equal(given()['enable_recording'], 'cloud')
})

t.test('a call that Daily has not noticed yet is a moment to wait for', async (t) => {
  const { daily, provider, room } = await subject(t)
  daily.switches.callLags = true
  await t.rejects(provider.startRecording(room, signal), { code: 'PROVIDER_BUSY', statusCode: 503, cause: { message: 'start recording: 404 not-found' } })
})
