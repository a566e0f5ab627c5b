import t from 'tap'
import { roomNames, type RoomRecord } from '../../lib/providers/jitsi/room-names.ts'
import { JITSI_KEY, SYSTEM_KEY, SYSTEM_KEY_ID } from '../support/fake-jitsi.ts'
import { DOCTOR, HOUR_MS, PATIENT, after, jitsiWithProvider, signal, specOf, wayIn } from '../support/jitsi-provider.ts'

const names = roomNames('a secret')
const RECORD: RoomRecord = { startAt: new Date('2026-11-21T09:00:00Z'), endAt: new Date('2026-11-21T10:30:00Z'), durationSeconds: 5400, participants: 3, records: true }

t.test('a name carries the room’s times and limits', async t => {
  const records: RoomRecord[] = [
    RECORD,
    { ...RECORD, durationSeconds: undefined, records: false },
    { ...RECORD, participants: 100, startAt: new Date(0), endAt: new Date(86_400_000) },
    { ...RECORD, startAt: new Date('2199-12-31T23:00:00Z'), endAt: new Date('2200-01-01T23:00:00Z') }
  ]
  for (const record of records) t.strictSame(names.read(names.nameOf('d|1|1|1', record)), record)
  const fractions = { ...RECORD, startAt: new Date('2026-11-21T09:00:00.250Z'), endAt: new Date('2026-11-21T10:29:59.250Z') }
  t.strictSame(names.read(names.nameOf('d|1|1|1', fractions)), RECORD, 'whole seconds, never shorter')
})

t.test('a name is one that Jitsi leaves as it is', async t => {
  const name = names.nameOf('d|1|1|1', RECORD)
  t.match(name, /^[0-9a-v]{56}$/)
  t.equal(encodeURIComponent(name.toLowerCase()), name)
})

t.test('the same marker and record have one name, another marker or key another', async t => {
  t.equal(names.nameOf('d|1|1|1', RECORD), names.nameOf('d|1|1|1', { ...RECORD }))
  const all = ['d|1|1|1', 'd|1|1|2', 'd|2|1|1'].map(marker => names.nameOf(marker, RECORD))
  all.push(roomNames('another secret').nameOf('d|1|1|1', RECORD))
  t.equal(new Set(all).size, 4)
  for (const one of all) for (const other of all) if (one !== other) t.not(one.slice(-20), other.slice(-20), 'all but the times differs')
})

t.test('a name that was changed in one place, cut or made by somebody else is none', async t => {
  const name = names.nameOf('d|1|1|1', RECORD)
  for (let place = 0; place < name.length; place++) {
    const changed = name.slice(0, place) + (name[place] === '0' ? '1' : '0') + name.slice(place + 1)
    t.equal(names.read(changed), undefined, `place ${place}`)
  }
  const foreign = roomNames('another secret').nameOf('d|1|1|1', RECORD)
  for (const other of ['', name.slice(1), `${name}0`, name.toUpperCase(), `[clinic]${name}`, 'doctorsroom', 'w'.repeat(56), foreign]) t.equal(names.read(other), undefined)
})

t.test('a room is closed when nobody may come in any more', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  const { now } = jitsi.time
  const limited = await provider.createRoom(specOf(now, { durationSeconds: 3600 }), signal)
  const unlimited = await provider.createRoom(specOf(now), signal)
  const at = async (ms: number) => {
    jitsi.time.now = after(now, ms)
    const details = await Promise.all([limited, unlimited].map(room => provider.getRoom(room, signal)))
    return details.map(one => one === 'missing' ? one : one.status)
  }
  t.strictSame(await at(-HOUR_MS), ['NOT_RUNNING', 'NOT_RUNNING'])
  t.strictSame(await at(HOUR_MS - 1), ['NOT_RUNNING', 'NOT_RUNNING'])
  t.strictSame(await at(HOUR_MS), ['CLOSED', 'NOT_RUNNING'])
  t.strictSame(await at(12 * HOUR_MS), ['CLOSED', 'NOT_RUNNING'])
  t.strictSame(await at(13 * HOUR_MS), ['CLOSED', 'CLOSED'])
  t.match(await provider.getRoom(limited, signal), { durationInSeconds: 3600 })
})

t.test('making, looking at and deleting a room asks nobody where calls cannot be ended', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  const spec = specOf(jitsi.time.now)
  const room = await provider.createRoom(spec, signal)
  await wayIn(provider, room, spec)
  await provider.getRoom(room, signal)
  await provider.deleteRoom(room, signal)
  t.equal(jitsi.requests.length, 0)
})

t.test('a call is ended by its address, in the tenant where there is one', async t => {
  for (const tenant of [undefined, 'clinic']) {
    const { jitsi } = await jitsiWithProvider(t, tenant === undefined ? {} : { tenant })
    const { provider: ending } = await jitsiWithEnd(t, jitsi.origin, tenant)
    const spec = specOf(jitsi.time.now)
    const room = await ending.createRoom(spec, signal)
    for (const one of [DOCTOR, PATIENT]) await jitsi.enter((await wayIn(ending, room, spec, one)).url)
    t.equal(jitsi.rooms.size, 1)
    await ending.endCall(room, signal)
    t.equal(jitsi.rooms.size, 0)
    await t.resolves(ending.endCall(room, signal), 'nobody is in there')
    const [{ url = '' } = {}] = jitsi.requests
    const node = tenant === undefined ? room.providerRoomId : `[${tenant}]${room.providerRoomId}`
    t.equal(new URL(url, jitsi.origin).searchParams.get('conference'), `${node}@conference.127.0.0.1`)
  }
})

t.test('a room that is not ours is not ended', async t => {
  const { jitsi } = await jitsiWithProvider(t)
  const { provider } = await jitsiWithEnd(t, jitsi.origin, undefined)
  await provider.deleteRoom({ providerRoomId: 'doctorsownroom' }, signal)
  t.equal(jitsi.requests.length, 0)
})

t.test('an end that Prosody refuses is a refused key', async t => {
  const { jitsi } = await jitsiWithProvider(t)
  const { provider } = await jitsiWithEnd(t, jitsi.origin, undefined, JITSI_KEY.privateKey)
  const room = await provider.createRoom(specOf(jitsi.time.now), signal)
  await t.rejects(provider.endCall(room, signal), { code: 'PROVIDER_REFUSED_KEY', statusCode: 502 })
})

t.test('a check logs in, enters no room, and tells a wrong key from a wrong domain', async t => {
  const { jitsi, provider } = await jitsiWithProvider(t)
  await provider.check(signal)
  t.equal(jitsi.requests.length, 3)
  t.equal(jitsi.rooms.size, 0)
  const { provider: stranger } = await jitsiWithProvider(t, {}, { url: jitsi.origin, appSecret: 'a secret of another server than this one' })
  await t.rejects(stranger.check(signal), { code: 'PROVIDER_REFUSED_KEY', statusCode: 502 })
  const { provider: lost } = await jitsiWithProvider(t, {}, { url: jitsi.origin, xmppDomain: 'meet.elsewhere' })
  await t.rejects(lost.check(signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

async function jitsiWithEnd (t: Parameters<typeof jitsiWithProvider>[0], origin: string, tenant: string | undefined, privateKey = SYSTEM_KEY.privateKey) {
  return await jitsiWithProvider(t, {}, { url: origin, tenant, endMeeting: { url: origin, privateKey, keyId: SYSTEM_KEY_ID } })
}
