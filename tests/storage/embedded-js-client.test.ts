import t from 'tap'
import type { Test } from 'tap'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { teleconsultation } from '../support/crud-contract.ts'
import { goCrudClient, jsCrudClient, pluginLibClient } from '../support/crud-wire.ts'
import type { WireAnswer } from '../support/crud-wire.ts'

const PATH = TELECONSULTATIONS.endpointBasePath
const MAPS = USER_ID_MAPS.endpointBasePath
const MISSING = '000000000000000000000000'
const NOT_FOUND = '{"error":"not found"}'

async function start (t: Test) {
  const crud = await startEmbeddedCrud({ file: ':memory:', collections: [TELECONSULTATIONS, USER_ID_MAPS], userIdHeaderKey: 'miauserid', clock: () => new Date() })
  t.teardown(() => crud.close())
  return crud.origin
}

const json = <Body = Record<string, unknown>>({ text }: WireAnswer) => JSON.parse(text) as Body
const list = (answer: WireAnswer) => json<Array<Record<string, unknown>>>(answer)

function refused (t: Test, answer: WireAnswer, status: number, keys: readonly string[], message: string | RegExp): void {
  t.equal(answer.status, status, answer.text)
  t.equal(answer.contentType, 'application/json; charset=utf-8')
  t.strictSame(Object.keys(json(answer)), keys)
  t.match(json(answer), { statusCode: status, message })
}

t.test('the JavaScript client creates, reads, changes, trashes and deletes a document', async t => {
  const client = jsCrudClient(await start(t), PATH)
  const created = await client.create(teleconsultation('room'))
  t.equal(created.status, 200)
  const id = String(json(created)['_id'])
  t.strictSame(json(created), { _id: id })
  t.match(json(await client.getById(id)), { _id: id, bandyerRoomId: 'room', __STATE__: 'PUBLIC' })
  t.strictSame(json(await client.getById(id, ['bandyerRoomId', 'participantsNumber'])), { _id: id, bandyerRoomId: 'room', participantsNumber: 2 })

  const changed = await client.updateById(id, { $set: { duration: 30 } }, { mongoQuery: { bandyerRoomId: 'room' } })
  t.equal(changed.status, 200)
  t.match(json(changed), { _id: id, duration: 30 })

  const trashed = await client.trash(id)
  t.strictSame(trashed, { status: 204, contentType: undefined, text: '' })
  t.strictSame(await client.deleteOne(id), { status: 404, contentType: 'application/json; charset=utf-8', text: NOT_FOUND })
  t.strictSame(await client.deleteOne(id, { _st: 'TRASH' }), { status: 204, contentType: undefined, text: '' })
})

t.test('the JavaScript client lists with every part of its filter', async t => {
  const client = jsCrudClient(await start(t), PATH)
  const rooms = ['a', 'b,c', '[d]', "e's (f)*!"]
  const inserted = await client.bulkInsert(rooms.map((room, index) => teleconsultation(room, { duration: index })))
  t.equal(inserted.status, 200)
  t.strictSame(list(inserted).map(one => Object.keys(one)), rooms.map(() => ['_id']))

  const all = await client.getList()
  t.equal(all.status, 200)
  t.equal(all.contentType, 'application/json')
  t.strictSame(list(all).map(one => one['bandyerRoomId']), rooms)

  const page = await client.getList({ mongoQuery: { duration: { $gte: 1 }, bandyerRoomId: { $in: rooms } }, sort: '-duration', limit: 1, skip: 1, projection: ['bandyerRoomId', 'duration'] })
  t.strictSame(list(page).map(({ _id, ...rest }) => rest), [{ bandyerRoomId: '[d]', duration: 2 }])
  for (const room of rooms) t.equal(list(await client.getList({ bandyerRoomId: room })).length, 1, room)

  const raw = await client.getList({ bandyerRoomId: 'a', rawProjection: { participants: { $elemMatch: { userBandyerId: 'two' } } } })
  t.match(list(raw), [{ participants: [{ userBandyerId: 'two' }] }])
  t.equal((await client.getList({ mongoQuery: { bandyerRoomId: 'none' } })).text, '[\n\n]\n')
})

t.test('the JavaScript client counts, and sees a state that it names as an ordinary key', async t => {
  const client = jsCrudClient(await start(t), PATH)
  await client.bulkInsert([teleconsultation('a'), teleconsultation('b', { __STATE__: 'TRASH' }), teleconsultation('c', { __STATE__: 'DRAFT' })])
  t.equal((await client.count()).text, '1')
  t.equal((await client.count({ _st: 'PUBLIC,DRAFT' })).text, '2')
  t.equal((await client.count({ mongoQuery: { bandyerRoomId: 'b' }, _st: 'TRASH' })).text, '1')
  t.strictSame(list(await client.getList({ _st: 'TRASH' })).map(one => one['bandyerRoomId']), ['b'])
})

t.test('the JavaScript client exports lines without saying what it accepts', async t => {
  const client = jsCrudClient(await start(t), PATH)
  await client.bulkInsert(['a', 'b', 'c'].map(room => teleconsultation(room)))
  const { status, contentType, text } = await client.getExport({ projection: ['bandyerRoomId'], sort: '-bandyerRoomId', limit: 2 })
  t.equal(status, 200)
  t.equal(contentType, 'application/x-ndjson')
  t.match(text.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as unknown), [{ bandyerRoomId: 'c' }, { bandyerRoomId: 'b' }])
})

t.test('the JavaScript client changes many documents and reads a bare number', async t => {
  const client = jsCrudClient(await start(t), PATH)
  const [first, second] = list(await client.bulkInsert([teleconsultation('a'), teleconsultation('b')]))
  t.equal((await client.updateMany({ $set: { duration: 5 } }, { mongoQuery: { bandyerRoomId: { $regex: '^[ab]$' } } })).text, '2')
  t.equal((await client.updateMany({ $set: { duration: 5 } }, { bandyerRoomId: 'none' })).text, '0')
  const changes = [
    { filter: { _id: first?.['_id'] }, update: { $inc: { duration: 1 } } },
    { filter: { _q: JSON.stringify({ bandyerRoomId: 'b' }) }, update: { $inc: { duration: 2 } } },
    { filter: { _id: MISSING }, update: { $inc: { duration: 3 } } },
  ]
  t.equal((await client.updateBulk(changes)).text, '2')
  t.match(json(await client.getById(String(second?.['_id']))), { duration: 7 })
  t.equal((await client.delete({ duration: { $gt: 6 } })).text, '1')
  t.equal((await client.delete({ duration: { $gt: 6 } })).text, '0')
})

t.test('the JavaScript client upserts', async t => {
  const client = jsCrudClient(await start(t), MAPS)
  const made = await client.upsertOne({ mongoQuery: { receivedUserId: 'u' } }, { $set: { bandyerId: 'b' }, $setOnInsert: {} })
  t.equal(made.status, 200)
  const found = await client.upsertOne({ receivedUserId: 'u' }, { $set: { bandyerId: 'c' } })
  t.match(json(found), { _id: json(made)['_id'], receivedUserId: 'u', bandyerId: 'c' })
})

t.test('the JavaScript client gets the documented refusals', async t => {
  const origin = await start(t)
  const client = jsCrudClient(origin, PATH)
  const maps = jsCrudClient(origin, MAPS)
  const id = String(json(await client.create(teleconsultation('room')))['_id'])
  await maps.create({ bandyerId: 'b', receivedUserId: 'taken' })
  const other = String(json(await maps.create({ bandyerId: 'b', receivedUserId: 'free' }))['_id'])
  const schema = ['statusCode', 'code', 'error', 'message']
  const plain = ['statusCode', 'error', 'message']
  const language = ['statusCode', 'message', 'error']

  refused(t, await client.create({}), 400, schema, /^body must have required property '/)
  refused(t, await client.create(teleconsultation('room', { x: 1 })), 400, plain, 'body must NOT have additional properties. Property "x" is not defined in validation schema')
  refused(t, await client.bulkInsert([teleconsultation('room', { startDate: 'x' })]), 400, schema, /^body\/0\/startDate must match pattern/)
  refused(t, await client.bulkInsert([]), 500, schema, /./)
  refused(t, await client.getList({ limit: 201 }), 400, schema, 'querystring/_l must be <= 200')
  refused(t, await client.getList({ limit: 0 }), 400, schema, 'querystring/_l must be >= 1')
  refused(t, await client.getList({ _st: 'OPEN' }), 400, schema, /^querystring\/_st must match pattern/)
  refused(t, await client.getList({ state: 'PUBLIC' }), 400, plain, /Property "state" is not defined in validation schema$/)
  refused(t, await client.getList({ _q: '{' }), 500, plain, /./)
  refused(t, await client.getList({ mongoQuery: { nope: 1 } }), 400, language, 'Unknown field: nope')
  refused(t, await client.getList({ mongoQuery: { $where: '1' } }), 400, language, 'Unknown operator: $where')
  refused(t, await client.getList({ projection: ['duration'], rawProjection: { duration: 1 } }), 400, language, 'Use of both _rawp and _p parameter is not allowed')
  refused(t, await client.count({ limit: 1 }), 400, plain, /Property "_l" is not defined/)
  refused(t, await client.updateById(id, { $rename: { duration: 'x' } }), 400, plain, /^body must NOT have additional properties/)
  refused(t, await client.updateBulk([]), 400, schema, 'body must NOT have fewer than 1 items')
  refused(t, await maps.create({ bandyerId: 'b', receivedUserId: 'taken' }), 409, plain, /^E11000 duplicate key error collection: /)
  for (const answer of [
    await maps.updateById(other, { $set: { receivedUserId: 'taken' } }),
    await maps.upsertOne({ bandyerId: 'new' }, { $set: { receivedUserId: 'taken' } }),
    await maps.updateBulk([{ filter: { _id: other }, update: { $set: { receivedUserId: 'taken' } } }]),
  ]) {
    refused(t, answer, 500, schema, /^E11000/)
    t.equal(json(answer)['code'], '11000')
  }
  for (const answer of [await client.getById(MISSING), await client.getById('odd'), await client.updateById(MISSING, {}), await client.trash(MISSING), await client.deleteOne(MISSING)]) {
    t.strictSame(answer, { status: 404, contentType: 'application/json; charset=utf-8', text: NOT_FOUND })
  }
})

t.test("a plugin's client reads and deletes although it names a type for no body", async t => {
  const client = pluginLibClient(await start(t))
  const created = await client.post(`${PATH}/`, teleconsultation('room'))
  t.equal(created.status, 200)
  const id = String(json(created)['_id'])
  t.equal((await client.get(`${PATH}/${id}`)).status, 200)
  t.equal(list(await client.get(`${PATH}/`)).length, 1)
  t.equal((await client.get(`${PATH}/count`)).text, '1')
  t.equal((await client.get(`${PATH}/export`)).contentType, 'application/json')
  t.strictSame(await client.delete(`${PATH}/${id}`), { status: 204, contentType: undefined, text: '' })
  t.strictSame(await client.delete(`${PATH}/${id}`), { status: 404, contentType: 'application/json; charset=utf-8', text: NOT_FOUND })
  t.equal((await client.delete(`${PATH}/`)).text, '0')
})

t.test("a plugin's client that sends an object with DELETE is served, too", async t => {
  const client = pluginLibClient(await start(t))
  const id = String(json(await client.post(`${PATH}/`, teleconsultation('room')))['_id'])
  t.strictSame(await client.delete(`${PATH}/${id}`, {}), { status: 204, contentType: undefined, text: '' })
})

t.test("a plugin's client that leaves a needed body out is refused by its type", async t => {
  const client = pluginLibClient(await start(t))
  for (const answer of [await client.post(`${PATH}/`), await client.patch(`${PATH}/${MISSING}`)]) {
    refused(t, answer, 415, ['statusCode', 'code', 'error', 'message'], /./)
    t.equal(json(answer)['code'], 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
  }
})

t.test('the Go client makes all of its calls', async t => {
  const call = goCrudClient(await start(t), PATH)
  const id = String(json(await call('POST', '/', { body: teleconsultation('a room') }))['_id'])
  t.equal(list(await call('POST', '/bulk', { body: [teleconsultation('b'), teleconsultation('c')] })).length, 2)
  const query = { _q: JSON.stringify({ bandyerRoomId: 'a room' }), _st: 'PUBLIC,DRAFT' }
  t.equal((await call('GET', '/count', { query })).text, '1')
  t.match(list(await call('GET', '/', { query: { ...query, _l: 10, _p: 'bandyerRoomId', _s: '-bandyerRoomId', _sk: 0 } })), [{ _id: id, bandyerRoomId: 'a room' }])
  t.equal((await call('GET', '/export', { query })).text.split('\n').length, 2)
  t.equal((await call('GET', `/${id}`, { query })).status, 200)
  t.match(json(await call('PATCH', `/${id}`, { query, body: { $set: { duration: 1 } } })), { duration: 1 })
  t.equal((await call('PATCH', '/', { query, body: { $set: { duration: 2 } } })).text, '1')
  t.equal((await call('PATCH', '/bulk', { body: [{ filter: { _id: id }, update: { $set: { duration: 3 } } }] })).text, '1')
  t.match(json(await call('POST', '/upsert-one', { query: { bandyerRoomId: 'd' }, body: { $set: { duration: 4 } } })), { bandyerRoomId: 'd', duration: 4 })
  t.strictSame(await call('DELETE', `/${id}`, { query }), { status: 204, contentType: undefined, text: '' })
  t.equal((await call('DELETE', '/')).text, '3')
})

t.test('the Go client finds message, status and error in every refusal with a body of three keys', async t => {
  const call = goCrudClient(await start(t), PATH)
  for (const answer of [await call('GET', '/', { query: { _q: '{"nope":1}' } }), await call('POST', '/', { body: {} }), await call('GET', '/', { query: { _q: '{' } })]) {
    t.match(json(answer), { statusCode: answer.status, message: /./, error: /./ })
    t.ok(answer.status >= 400)
  }
  t.equal((await call('GET', `/${MISSING}`)).text, NOT_FOUND)
})
