import t from 'tap'
import { languageOf } from '../../lib/providers/daily/languages.ts'
import { dailySubject } from '../support/fake-daily.ts'
import { accessWindow, roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)
const seconds = (date: string) => Date.parse(date) / 1000
const AFTER_START_MS = 3600_000 + 60_000

t.test('a way in is the room’s page with a token of its own for each', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, { durationSeconds: 1800 })
  const room = await provider.createRoom(spec, signal)
  const { url } = await provider.accessFor(room, spec.doctor, accessWindow, signal)
  const { url: other } = await provider.accessFor(room, spec.patient, accessWindow, signal)
  daily.advance(AFTER_START_MS)
  const claims = { r: room.providerRoomId, nbf: seconds('2026-11-21T09:55:00Z'), exp: seconds('2026-11-21T11:00:00Z') }
  t.match(await daily.claimsOf(url), { ...claims, ud: spec.doctor.providerUserId, u: 'Ada Rossi', o: true, uil: 'it', ss: true, p: { hasPresence: true, canSend: ['video', 'audio', 'screenVideo', 'screenAudio'] } })
  t.match(await daily.claimsOf(other), { ...claims, ud: spec.patient.providerUserId, u: 'Bruno Verdi', o: false, uil: 'user', ss: true, p: { hasPresence: true, canSend: ['video', 'audio'], canAdmin: false } })
  t.match(new URL(url), { pathname: `/${room.providerRoomId}` })
  t.notMatch(url, /Rossi/)
})

t.test('who may not share his screen cannot, and may be allowed to while he is inside unless he is an owner', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  const claimsOf = async (who: typeof spec.doctor) => {
    await provider.accessFor(room, { ...who, tools: new Set(['chat']) }, accessWindow, signal)
    return daily.requests.at(-1)?.body['properties']
  }
  const permissions = { canSend: ['video', 'audio'] }
  t.match(await claimsOf(spec.patient), { is_owner: false, enable_screenshare: true, permissions })
  t.match(await claimsOf(spec.doctor), { is_owner: true, enable_screenshare: false, permissions })
})

t.test('no token outlives its time, opens another room, or sets the room’s end aside', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, { durationSeconds: 1800 })
  const room = await provider.createRoom(spec, signal)
  const other = await provider.createRoom({ ...spec, marker: 'clinic|doc-2|op-1|1' }, signal)
  const { url } = await provider.accessFor(room, spec.patient, accessWindow, signal)
  await t.rejects(daily.enter(url), /nbf/, 'not before its time')
  daily.advance(AFTER_START_MS)
  await t.rejects(daily.enter(url.replace(room.providerRoomId, other.providerRoomId)), /of another room/)
  await daily.enter(url)
  t.equal(daily.rooms[0]?.inside.size, 1)
  daily.advance(1800_000)
  t.equal(daily.rooms[0]?.inside.size, 0, 'put out at the room’s end')
  await t.rejects(daily.enter(url), /not now/, 'the room is over, though the token is not')
  daily.advance(3600_000)
  await t.rejects(daily.enter(url), /exp/)
  for (const { path, body } of daily.requests) if (path === '/meeting-tokens') t.notMatch(JSON.stringify(body), /eject/)
})

t.test('who comes again takes his own seat', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  daily.advance(AFTER_START_MS)
  for (const who of [spec.doctor, spec.patient, spec.patient, spec.doctor]) await daily.enter((await provider.accessFor(room, who, accessWindow, signal)).url)
  t.equal(daily.rooms[0]?.inside.size, 2)
})

t.test('another process finds the room’s address once, and a missing room out', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider)
  const { name } = daily.plantRoom({ name: 'tcn-made-elsewhere', privacy: 'private' })
  for (let i = 0; i < 3; i++) t.match((await provider.accessFor({ providerRoomId: name }, spec.doctor, accessWindow, signal)).url, /\/tcn-made-elsewhere\?t=ey/)
  t.same(daily.requests.map(({ method }) => method), ['GET', 'POST', 'POST', 'POST'])
  const { provider: fresh } = await dailySubject(t)
  await t.rejects(fresh.accessFor({ providerRoomId: 'tcn-gone' }, spec.doctor, accessWindow, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'read room: 404' } })
  await t.rejects(provider.accessFor({ providerRoomId: '../x' }, spec.doctor, accessWindow, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('only owners of a recorded room may record, and only there', async (t) => {
  const { daily, provider } = await dailySubject(t, { transcribe: true, language: 'it', transcriptionGeo: 'eu' })
  const said = async (recording: 'none' | 'manual' | 'automatic') => {
    const spec = await roomSpec(provider, { recording, marker: `clinic|${recording}|op-1|1` })
    const room = await provider.createRoom(spec, signal)
    t.match(await provider.getRoom(room, signal), { recording })
    for (const who of [spec.doctor, spec.patient]) await provider.accessFor({ providerRoomId: room.providerRoomId }, who, accessWindow, signal)
    const [doctor, patient] = daily.requests.slice(-2).map(({ body }) => body['properties'] as Record<string, unknown>)
    t.match(patient, { enable_recording_ui: false, enable_recording: undefined, start_cloud_recording: undefined, auto_start_transcription: undefined })
    return { doctor, given: daily.rooms.at(-1)?.given }
  }
  t.match(await said('none'), { doctor: { enable_recording_ui: false, enable_recording: undefined, start_cloud_recording: undefined, auto_start_transcription: undefined }, given: { enable_transcription_storage: undefined, enable_recording: undefined } })
  const given = { enable_transcription_storage: true, auto_transcription_settings: { language: 'it', transcription_geo: 'eu' }, enable_recording: undefined }
  t.match(await said('manual'), { doctor: { enable_recording_ui: true, enable_recording: 'cloud', start_cloud_recording: undefined, auto_start_transcription: true }, given })
  t.match(await said('automatic'), { doctor: { enable_recording_ui: true, enable_recording: 'cloud', start_cloud_recording: true, auto_start_transcription: true }, given })
})

t.test('without transcriptions nothing is written down', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, { recording: 'automatic' })
  await provider.accessFor(await provider.createRoom(spec, signal), spec.doctor, accessWindow, signal)
  t.notMatch(JSON.stringify(daily.requests.map(({ body }) => body)), /transcription/)
})

t.test('a room that its account lets everybody record says so', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const room = await provider.createRoom(await roomSpec(provider), signal)
  Object.assign(daily.rooms[0]!.given, { enable_recording: 'cloud' })
  t.match(await provider.getRoom(room, signal), { recording: 'manual' })
})

t.test('the page speaks the language that is asked for, the participant’s, the configured or the browser’s', async (t) => {
  const { daily, provider } = await dailySubject(t, { language: 'fr' })
  const spec = await roomSpec(provider)
  const room = await provider.createRoom(spec, signal)
  const spoken = async (who: typeof spec.doctor, language?: string) => {
    await provider.accessFor(room, who, { ...accessWindow, language }, signal)
    return (daily.requests.at(-1)?.body['properties'] as { lang: string }).lang
  }
  t.same([await spoken(spec.doctor, 'de-CH'), await spoken(spec.doctor), await spoken(spec.patient), await spoken(spec.patient, 'el')], ['de', 'it', 'fr', 'user'])
  const words = { 'pt-BR': 'pt-BR', 'pt-PT': 'pt', 'PT-br': 'pt-BR', ja: 'jp', 'nb-NO': 'no', nn: 'no', EN: 'en', user: 'user', xx: 'user', '': 'user' }
  for (const [tag, word] of Object.entries(words)) t.equal(languageOf(tag), word, tag)
})

t.test('people have ids that say nothing of them and fit, and long names still make a short token', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider)
  t.match(spec.doctor.providerUserId, /^usr_[A-Za-z0-9_-]{32}$/)
  t.equal(provider.accountOf({ externalId: 'doctor-1', privilege: 'basic' }), spec.doctor.providerUserId)
  const room = await provider.createRoom(spec, signal)
  const { url } = await provider.accessFor(room, { ...spec.doctor, fullName: '𝄞é"'.repeat(200) }, accessWindow, signal)
  t.ok((new URL(url).searchParams.get('t') ?? '').length < 2048)
  await provider.accessFor(room, { ...spec.doctor, fullName: undefined }, accessWindow, signal)
  t.notOk('user_name' in (daily.requests.at(-1)?.body['properties'] as object))
})
