import t, { type Test } from 'tap'
import type { RoomSpec } from '../../lib/providers/provider.ts'
import { dailySubject } from '../support/fake-daily.ts'
import { roomSpec } from '../support/vendor-rooms.ts'

// A room that lasts from an appointment's start to its end, then a token for it, as the Stream Call of Elixir has it.
const signal = AbortSignal.timeout(60_000)
const ZONE = process.env['TZ']

async function appointment (t: Test, changes: Partial<RoomSpec> = {}) {
  const { daily, provider } = await dailySubject(t)
  const spec = await roomSpec(provider, { durationSeconds: 1800, ...changes })
  const access = { notBefore: spec.startAt, expiresAt: new Date(spec.startAt.getTime() + 1800_000) }
  return { daily, provider, spec, access, book: async (marker: string) => await provider.createRoom({ ...spec, marker }, signal) }
}

t.test('the room opens at the start, begins silent, and puts everybody out at the end', async (t) => {
  const { daily, provider, spec, access, book } = await appointment(t)
  const room = await book('clinic|doc-1|op-1|1')
  t.match(daily.rooms, [{ privacy: 'private', given: { start_audio_off: true, start_video_off: true, eject_at_room_exp: true } }])
  const ways = [await provider.accessFor(room, spec.doctor, access, signal), await provider.accessFor(room, spec.patient, access, signal)]
  for (const { url } of ways) await t.rejects(daily.enter(url), 'too early')
  daily.advance(3600_000)
  for (const { url } of ways) await daily.enter(url)
  t.match(await provider.getRoom(room, signal), { status: 'RUNNING' })
  daily.advance(1800_000)
  t.match(await provider.getRoom(room, signal), { status: 'CLOSED', inside: [] })
  for (const { url } of ways) await t.rejects(daily.enter(url), 'too late')
})

t.test('nobody enters without a token', async (t) => {
  const { daily, book } = await appointment(t)
  const room = await book('clinic|doc-1|op-1|1')
  daily.advance(3600_000)
  await t.rejects(daily.enter(`${new URL(daily.baseUrl).origin}/${room.providerRoomId}`), /a token is needed/)
})

t.test('a second appointment of the same two leaves the first as it is', async (t) => {
  const { daily, provider, book } = await appointment(t)
  const first = await book('clinic|doc-1|op-1|1')
  const before = JSON.stringify(daily.rooms[0])
  const second = await book('clinic|doc-2|op-2|1')
  t.not(second.providerRoomId, first.providerRoomId)
  t.equal(JSON.stringify(daily.rooms[0]), before)
  await provider.deleteRoom(second, signal)
  t.not(await provider.getRoom(first, signal), 'missing')
})

t.test('half an hour is half an hour on the night when clocks change, wherever the server stands', async (t) => {
  t.teardown(() => { if (ZONE === undefined) delete process.env['TZ']; else process.env['TZ'] = ZONE })
  for (const zone of ['UTC', 'Europe/Rome', 'America/New_York', 'Pacific/Kiritimati']) {
    process.env['TZ'] = zone
    for (const start of ['2027-03-28T00:45:00Z', '2026-10-25T00:45:00Z', '2026-11-01T05:45:00Z']) {
      const { daily, book } = await appointment(t, { startAt: new Date(start) })
      await book('clinic|doc-1|op-1|1')
      t.match(daily.rooms[0]?.given, { nbf: Date.parse(start) / 1000, exp: Date.parse(start) / 1000 + 1800 }, `${start} in ${zone}`)
    }
  }
})

t.test('times are whole seconds, whatever the start is', async (t) => {
  const { daily, provider, spec, access, book } = await appointment(t, { startAt: new Date('2026-11-21T10:00:00.999Z') })
  const room = await book('clinic|doc-1|op-1|1')
  await provider.accessFor(room, spec.patient, access, signal)
  const start = Date.parse('2026-11-21T10:00:00Z') / 1000
  t.match(daily.rooms[0]?.given, { nbf: start, exp: start + 1800 })
  t.match(daily.requests.at(-1)?.body, { properties: { nbf: start, exp: start + 1801 } })
})

t.test('every token names its room, its times, its person and whether he is an owner', async (t) => {
  const { daily, provider, spec, access, book } = await appointment(t)
  const room = await book('clinic|doc-1|op-1|1')
  for (const who of [spec.doctor, spec.patient]) {
    await provider.accessFor(room, who, access, signal)
    t.match(daily.requests.at(-1)?.body, {
      properties: { room_name: room.providerRoomId, nbf: Number, exp: Number, user_id: who.providerUserId, is_owner: who.privilege === 'plus' }
    })
  }
})

t.test('a room whose making failed half-way is made by the next attempt', async (t) => {
  const { daily, provider, book } = await appointment(t)
  daily.fail('failing', { times: 1 })
  await t.rejects(book('clinic|doc-1|op-1|1'), { code: 'PROVIDER_UNAVAILABLE', statusCode: 503 })
  const room = await book('clinic|doc-1|op-1|1')
  t.not(await provider.getRoom(room, signal), 'missing')
  t.same(await provider.findRooms('clinic|doc-1|op-1', new Date('2026-11-21T09:00:00Z'), signal), [room])
})
