import t from 'tap'
import { APP_SECRET, EntryRefused, JITSI_KEY, KEY_ID, headerOf } from '../support/fake-jitsi.ts'
import { checkLink } from '../support/jitsi-links.ts'
import { DOCTOR, HOUR_MS, PATIENT, after, jitsiWithProvider, signal, specOf, wayIn } from '../support/jitsi-provider.ts'

const JAAS_APP = 'vpaas-magic-cookie-0123456789abcdef'

t.test('who holds the call is a moderator, and nobody else', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  const spec = specOf(jitsi.time.now)
  const room = await provider.createRoom(spec, signal)
  t.equal((await jitsi.enter((await wayIn(provider, room, spec, DOCTOR)).url)).role, 'moderator')
  t.equal((await jitsi.enter((await wayIn(provider, room, spec, PATIENT)).url)).role, 'participant')
})

t.test('a way in holds from its beginning to its end, by Prosody’s clock', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  const { now } = jitsi.time
  const spec = specOf(after(now, HOUR_MS))
  const { url } = await wayIn(provider, await provider.createRoom(spec, signal), spec)
  const at = async (ms: number) => {
    jitsi.time.now = after(spec.startAt, ms)
    return await jitsi.enter(url).then(() => 'in', (error: unknown) => (error as EntryRefused).status)
  }
  t.equal(await at(-11_000), 401)
  t.equal(await at(-9_000), 'in', 'Prosody’s clock may be a little behind')
  t.equal(await at(2 * HOUR_MS - 1000), 'in')
  t.equal(await at(2 * HOUR_MS + 1000), 401)
})

t.test('a way into a call of limited duration ends with the call', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  const spec = specOf(jitsi.time.now, { durationSeconds: 3600 })
  const { url } = await wayIn(provider, await provider.createRoom(spec, signal), spec)
  t.equal((await jitsi.enter(url)).claims.exp, spec.endAt.getTime() / 1000)
})

t.test('a way into one room leads into no other', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  const spec = specOf(jitsi.time.now)
  const [one, other] = await Promise.all([provider.createRoom(spec, signal), provider.createRoom({ ...spec, marker: 'd|2|1|1' }, signal)])
  const { url } = await wayIn(provider, one, spec)
  await t.rejects(jitsi.enter(url.replace(one.providerRoomId, other.providerRoomId)), { status: 401, message: 'room' })
})

t.test('a server with another secret takes no way in', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t, { appSecret: `${APP_SECRET}, another one` })
  const spec = specOf(jitsi.time.now)
  await t.rejects(jitsi.enter((await wayIn(provider, await provider.createRoom(spec, signal), spec)).url), { status: 401, message: /signature/ })
})

t.test('the link shows what its holder may do, and the token says it too', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t, {}, { recording: true })
  const spec = specOf(jitsi.time.now, { recording: 'manual' })
  const room = await provider.createRoom(spec, signal)
  const [doctor, patient] = await Promise.all([DOCTOR, PATIENT].map(async one => await jitsi.enter((await wayIn(provider, room, spec, one)).url)))
  const has = ['chat', 'desktop', 'whiteboard', 'recording', 'mute-everyone']
  t.strictSame(has.filter(button => (doctor?.config['toolbarButtons'] as string[]).includes(button)), has)
  t.strictSame(has.filter(button => (patient?.config['toolbarButtons'] as string[]).includes(button)), [])
  t.match(patient?.config, { disablePolls: true, 'whiteboard.enabled': false })
  t.match(doctor?.claims, { context: { features: { recording: 'true', 'send-groupchat': 'true', 'screen-sharing': 'true', 'file-upload': 'true', livestreaming: 'false' } } })
  t.match(patient?.claims, { context: { features: { recording: 'false', 'send-groupchat': 'false', 'screen-sharing': 'false', 'file-upload': 'false' } } })
})

t.test('nobody records where it was not asked for, or the server cannot', async t => {
  for (const [recording, wish] of [[true, 'none'], [false, 'manual']] as const) {
    const { jitsi, provider } = await jitsiWithProvider(t, {}, { recording })
    const spec = specOf(jitsi.time.now, { recording: wish })
    const room = await provider.createRoom(spec, signal)
    t.match((await jitsi.enter((await wayIn(provider, room, spec)).url)).claims, { context: { features: { recording: 'false' } } })
    t.equal(provider.capabilities.recording.has('manual'), recording)
  }
})

t.test('the token stands where no server reads it, unless the server is too old for that', async t => {
  for (const linkToken of ['fragment', 'query'] as const) {
    const { jitsi, provider } = await jitsiWithProvider(t, {}, { linkToken })
    const spec = specOf(jitsi.time.now)
    const url = new URL((await wayIn(provider, await provider.createRoom(spec, signal), spec)).url)
    t.equal(url.searchParams.has('jwt'), linkToken === 'query')
    t.equal(url.hash.includes('jwt='), linkToken === 'fragment')
    t.match((await jitsi.enter(url.href)).claims, { context: { user: { id: 'usr_doc', name: 'Zoë Example' } } })
  }
})

t.test('the page’s language is a word of Jitsi’s', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  const spec = specOf(jitsi.time.now)
  const room = await provider.createRoom(spec, signal)
  const languageOf = async (language: string | undefined, participant = PATIENT) => {
    const { url } = await provider.accessFor(room, participant, { notBefore: spec.startAt, expiresAt: spec.endAt, language }, signal)
    return checkLink(url, jitsi.origin, undefined).language
  }
  t.equal(await languageOf('it-IT'), 'it')
  t.equal(await languageOf('pt-BR'), 'pt-BR')
  t.equal(await languageOf('DE'), 'de')
  t.equal(await languageOf(undefined), null)
  t.equal(await languageOf(undefined, DOCTOR), 'it')
})

t.test('people begin muted where that is configured, and have a name of their own where none is known', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t, {}, { startMuted: { microphone: true, camera: false } })
  const spec = specOf(jitsi.time.now)
  const { url } = await wayIn(provider, await provider.createRoom(spec, signal), spec, { ...PATIENT, fullName: undefined })
  const { config, claims } = await jitsi.enter(url)
  t.match(config, { startWithAudioMuted: true })
  t.notOk('startWithVideoMuted' in config || 'readOnlyName' in config)
  t.match(claims, { context: { user: { name: '' } } })
})

t.test('a server with key pairs and a tenant finds its key by the id', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t, { appSecret: undefined, tenant: 'clinic' }, { appSecret: undefined, tenant: 'clinic', privateKey: JITSI_KEY.privateKey, keyId: KEY_ID })
  const spec = specOf(jitsi.time.now)
  const { url } = await wayIn(provider, await provider.createRoom(spec, signal), spec)
  t.match(await jitsi.enter(url), { claims: { sub: 'clinic', iss: 'consultations', aud: 'jitsi' } })
  t.match(url, `${jitsi.origin}/clinic/`)
  t.strictSame(headerOf(checkLink(url, jitsi.origin, 'clinic').token), { alg: 'RS256', typ: 'JWT', kid: KEY_ID })
})

t.test('JaaS gets its own claims, in texts alone', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t, { appSecret: undefined, appId: JAAS_APP, jaas: true }, { appSecret: undefined, appId: JAAS_APP, privateKey: JITSI_KEY.privateKey, keyId: `${JAAS_APP}/key1` })
  const spec = specOf(jitsi.time.now, { recording: 'manual' })
  const { url } = await wayIn(provider, await provider.createRoom(spec, signal), spec)
  const { claims, role } = await jitsi.enter(url)
  t.match(claims, { iss: 'chat', aud: 'jitsi', sub: JAAS_APP, context: { user: { moderator: 'true' }, features: { recording: 'true' } } })
  t.equal(role, 'moderator')
  t.match(url, `${jitsi.origin}/${JAAS_APP}/`)
})

t.test('a room that was named with another key, or by another provider, has no way in', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  const { provider: other } = await jitsiWithProvider(t, {}, { userIdSecret: 'another secret' })
  const spec = specOf(jitsi.time.now)
  for (const room of [await other.createRoom(spec, signal), { providerRoomId: 'room_64f1c0ffee' }]) {
    await t.rejects(wayIn(provider, room, spec), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
    t.equal(await provider.getRoom(room, signal), 'missing')
  }
})
