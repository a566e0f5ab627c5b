import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { ErrorBody } from '../../schemas/error.ts'
import { linkFrom } from '../../lib/domain/window.ts'
import { StorageUnavailable } from '../../lib/errors.ts'
import errors from '../../lib/plugins/errors.ts'
import { schemaController } from '../../lib/plugins/validation.ts'
import { roomNames } from '../../lib/providers/jitsi/room-names.ts'
import type { RoomSpec } from '../../lib/providers/provider.ts'
import { jitsiReservationRoutes } from '../../lib/routes/jitsi-reservation/index.ts'
import type { ReservationOptions } from '../../lib/routes/jitsi-reservation/reserve.ts'
import { DOCTOR, HOUR_MS, PATIENT, ROOM_SECRET, after, jitsiWithProvider, signal, specOf, wayIn } from '../support/jitsi-provider.ts'

const SECRET = 'what-Prosody-shows-and-nobody-else-has'
const EARLY_MS = 600_000
const bearer = { authorization: `Bearer ${SECRET}` }

/** Prosody and the service, each over a real port, with one clock; a room of an hour that begins in an hour. */
async function subject (t: Test, { tenant, limited = true, lobby = false, auth = 'headers' }: { tenant?: string, limited?: boolean, lobby?: boolean, auth?: 'headers' | 'address' | 'none' } = {}) {
  const app = Fastify({ schemaController: schemaController(), exposeHeadRoutes: false })
  t.teardown(() => app.close())
  let origin = ''
  const prefix = () => auth === 'address' ? origin.replace('http://', `http://jitsi:${SECRET}@`) + '/video/jitsi-reservation' : `${origin}/video/jitsi-reservation`
  const { jitsi, provider } = await jitsiWithProvider(t, {
    ...tenant !== undefined && { tenant },
    reservations: { prefix, ...auth === 'headers' && { headers: bearer } }
  }, { tenant, reservations: true })

  const standing = new Set<string>()
  const state: { storage: 'up' | 'down', asked: string[] } = { storage: 'up', asked: [] }
  const options: ReservationOptions = {
    names: roomNames(ROOM_SECRET),
    tenant,
    secret: SECRET,
    lobby,
    entryFrom: startAt => linkFrom({ periodMs: EARLY_MS, skewMs: 250 }, startAt),
    async roomStands (id) {
      state.asked.push(id)
      if (state.storage === 'down') throw new StorageUnavailable()
      return standing.has(id)
    },
    clock: () => jitsi.time.now
  }
  app.addSchema(ErrorBody)
  await app.register(errors)
  await app.register(async scope => await scope.register(jitsiReservationRoutes, options), { prefix: '/video' })
  app.post('/elsewhere', async () => ({}))
  origin = await app.listen({ host: '127.0.0.1', port: 0 })

  const { now } = jitsi.time
  const spec: RoomSpec = specOf(after(now, HOUR_MS), limited ? { durationSeconds: 3600 } : {})
  const room = await provider.createRoom(spec, signal)
  standing.add(room.providerRoomId)
  // As the service gives it: from the early entry on.
  const links = await Promise.all([DOCTOR, PATIENT].map(async one => await wayIn(provider, room, { ...spec, startAt: after(spec.startAt, -EARLY_MS) }, one)))
  const [doctor = '', patient = ''] = links.map(({ url }) => url)
  const name = tenant === undefined ? room.providerRoomId : `[${tenant}]${room.providerRoomId}`
  const post = async (body: Record<string, string>, headers: Record<string, string> = bearer, type = 'application/x-www-form-urlencoded') => {
    const answer = await app.inject({
      method: 'POST',
      url: '/video/jitsi-reservation/conference',
      headers: { ...headers, 'content-type': type },
      payload: type.includes('json') ? JSON.stringify(body) : new URLSearchParams(body).toString()
    })
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() }
  }
  return { app, jitsi, provider, room, spec, doctor, patient, name, standing, state, post, at: (ms: number) => { jitsi.time.now = after(spec.startAt, ms) } }
}

t.test('a call begins in its time and not before', async t => {
  const { jitsi, doctor, patient, at } = await subject(t)
  at(-EARLY_MS - 1000)
  await t.rejects(jitsi.enter(doctor), { status: 403, message: 'The consultation in this room has not begun yet' })
  t.equal(jitsi.rooms.size, 0)
  at(-EARLY_MS + 1000)
  await jitsi.enter(doctor)
  await jitsi.enter(patient)
  t.equal([...jitsi.rooms.values()][0]?.occupants.size, 2)
})

t.test('a limited call is ended by Prosody at its end, and not begun again', async t => {
  const { jitsi, doctor, provider, room, spec, post, name, at } = await subject(t)
  at(0)
  await jitsi.enter(doctor)
  at(HOUR_MS - 1000)
  await jitsi.tick()
  t.equal(jitsi.rooms.size, 1)
  at(HOUR_MS + 1000)
  await jitsi.tick()
  t.equal(jitsi.rooms.size, 0)
  t.match(await post({ name }), { status: 410, body: { code: 'ROOM_OVER', message: 'The consultation in this room is over' } })
  t.match(await provider.getRoom(room, signal), { status: 'CLOSED' })
  t.equal(spec.durationSeconds, 3600)
})

t.test('a call without limit goes on after the end, and is begun for some hours more', async t => {
  const { jitsi, doctor, post, name, at } = await subject(t, { limited: false })
  at(0)
  await jitsi.enter(doctor)
  at(24 * HOUR_MS)
  await jitsi.tick()
  t.equal(jitsi.rooms.size, 1, 'nobody is put out')
  at(12 * HOUR_MS)
  t.match(await post({ name }), { status: 200 })
  at(13 * HOUR_MS)
  t.match(await post({ name }), { status: 410, body: { code: 'ROOM_OVER' } })
})

t.test('who leaves may come again while the time lasts', async t => {
  const { jitsi, room, doctor, at } = await subject(t)
  at(0)
  await jitsi.enter(doctor)
  await jitsi.leave(room.providerRoomId, 'usr_doc')
  t.equal(jitsi.rooms.size, 0)
  at(60_000)
  await jitsi.enter(doctor)
  t.equal(jitsi.rooms.size, 1)
})

t.test('a deleted room is refused with the way in still valid, and tells nothing of its time', async t => {
  const { jitsi, room, doctor, standing, post, name, at } = await subject(t)
  standing.delete(room.providerRoomId)
  at(0)
  await t.rejects(jitsi.enter(doctor), { status: 404, message: 'There is no consultation in this room' })
  for (const ms of [-2 * HOUR_MS, 0, 2 * HOUR_MS]) {
    at(ms)
    t.match(await post({ name }), { status: 404, body: { code: 'ROOM_NOT_RESERVED' } })
  }
})

t.test('a room that we did not name is refused without asking the storage', async t => {
  const { post, room, state, at } = await subject(t)
  at(0)
  const foreign = roomNames('another secret').nameOf('d|1|1|1', { startAt: new Date(0), endAt: new Date(1e12), durationSeconds: undefined, participants: 2, records: false })
  for (const name of ['doctorsownroom', foreign, `[clinic]${room.providerRoomId}`, `${room.providerRoomId}x`]) {
    t.match(await post({ name }), { status: 404, body: { statusCode: 404, code: 'ROOM_NOT_RESERVED', error: 'Not Found' } })
  }
  t.strictSame(state.asked, [])
})

t.test('the answer has what Prosody wants, as a form or as JSON, and is the same for the id', async t => {
  const { app, post, name, room, spec, at } = await subject(t, { lobby: true })
  at(0)
  const expected = {
    id: room.providerRoomId,
    name,
    mail_owner: 'usr@meet.clinic.example',
    start_time: spec.startAt.toISOString(),
    duration: 3600,
    max_occupants: 4,
    lobby: true
  }
  const asked = { name, start_time: spec.startAt.toISOString(), mail_owner: 'usr@meet.clinic.example', of: 'a later release' }
  t.strictSame(await post(asked), { status: 200, body: expected })
  t.strictSame(await post(asked, bearer, 'application/json; charset=utf-8'), { status: 200, body: expected })
  const read = await app.inject({ method: 'GET', url: `/video/jitsi-reservation/conference/${room.providerRoomId}`, headers: bearer })
  t.strictSame({ status: read.statusCode, body: read.json<unknown>() }, { status: 200, body: { ...expected, mail_owner: '' } })
  t.equal(read.headers['cache-control'], 'no-store')
})

t.test('names come back as they were written, in whatever case', async t => {
  const { post, name, room, at } = await subject(t)
  at(0)
  t.match(await post({ name: name.toUpperCase() }), { status: 200, body: { name: name.toUpperCase(), id: room.providerRoomId } })
})

t.test('a tenant’s room is that tenant’s alone', async t => {
  const { app, jitsi, doctor, post, room, at } = await subject(t, { tenant: 'clinic' })
  at(0)
  await jitsi.enter(doctor)
  t.strictSame([...jitsi.rooms.keys()], [`[clinic]${room.providerRoomId}`])
  for (const name of [room.providerRoomId, `[other]${room.providerRoomId}`]) t.match(await post({ name }), { status: 404, body: { code: 'ROOM_NOT_RESERVED' } })
  const read = await app.inject({ method: 'GET', url: `/video/jitsi-reservation/conference/${room.providerRoomId}`, headers: bearer })
  t.match(read.json(), { name: `[clinic]${room.providerRoomId}` })
})

t.test('every participant has a second seat for the page that he reloads, and no stranger a fifth', async t => {
  const { jitsi, doctor, patient, at } = await subject(t)
  at(0)
  for (const link of [doctor, patient, doctor, patient]) await jitsi.enter(link)
  await t.rejects(jitsi.enter(patient), { status: 503, message: 'full' })
})

t.test('people wait in the lobby where that is configured', async t => {
  for (const lobby of [true, false]) {
    const { jitsi, doctor, at } = await subject(t, { lobby })
    at(0)
    await jitsi.enter(doctor)
    t.equal([...jitsi.rooms.values()][0]?.lobby, lobby)
  }
})

t.test('the secret may stand in the address that Prosody asks', async t => {
  const { jitsi, doctor, at } = await subject(t, { auth: 'address' })
  at(0)
  await t.resolves(jitsi.enter(doctor))
})

t.test('without the secret nobody is told anything', async t => {
  const { app, jitsi, doctor, name, room, post, state, at } = await subject(t, { auth: 'none' })
  at(0)
  await t.rejects(jitsi.enter(doctor), { status: 401, message: /Only the Jitsi server/ })
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
  const wrong = ['Bearer ', 'Bearer wrong', `Bearer ${SECRET}x`, `Bearer ${SECRET.slice(1)}`, SECRET, basic('jitsi:wrong'), basic(SECRET), basic(`${SECRET}:`), 'Basic !', 'Negotiate x']
  for (const authorization of wrong) {
    t.match(await post({ name }, { authorization }), { status: 401, body: { statusCode: 401, code: 'RESERVATION_UNAUTHORIZED' } }, authorization)
  }
  for (const method of ['GET', 'DELETE'] as const) {
    const answer = await app.inject({ method, url: `/video/jitsi-reservation/conference/${room.providerRoomId}` })
    t.match({ status: answer.statusCode, body: answer.json<unknown>() }, { status: 401, body: { code: 'RESERVATION_UNAUTHORIZED' } })
  }
  t.strictSame(state.asked, [])
})

t.test('while the storage cannot be asked nobody begins a call, and Prosody may ask again', async t => {
  const { jitsi, doctor, post, name, state, at } = await subject(t)
  at(0)
  state.storage = 'down'
  t.match(await post({ name }), { status: 503, body: { code: 'STORAGE_UNAVAILABLE' } })
  state.storage = 'up'
  await t.resolves(jitsi.enter(doctor))
})

t.test('a question without a room, or with too much of one, is malformed', async t => {
  const { post } = await subject(t)
  for (const body of [{}, { name: '' }, { name: 'x'.repeat(257) }]) t.match(await post(body as Record<string, string>), { status: 400, body: { code: 'FST_ERR_VALIDATION' } })
})

t.test('the end of a room is noted, whichever it was', async t => {
  const { app, room } = await subject(t)
  for (const id of [room.providerRoomId, room.providerRoomId, 'doctorsownroom']) {
    const answer = await app.inject({ method: 'DELETE', url: `/video/jitsi-reservation/conference/${id}`, headers: bearer })
    t.match({ status: answer.statusCode, body: answer.body }, { status: 204, body: '' })
  }
})

t.test('forms are taken here and nowhere else', async t => {
  const { app } = await subject(t)
  const answer = await app.inject({ method: 'POST', url: '/elsewhere', headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'name=a' })
  t.match({ status: answer.statusCode, body: answer.json<unknown>() }, { status: 415, body: { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' } })
})

t.test('a provider with reservations says that rooms have gates', async t => {
  const { provider } = await subject(t)
  t.match(provider.capabilities, { startGate: 'room', endGate: 'room', endCall: false })
  const { provider: without } = await jitsiWithProvider(t)
  t.match(without.capabilities, { startGate: 'access', endGate: 'access', endCall: false })
})
