import { request } from 'undici'
import t from 'tap'
import type { Test } from 'tap'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import type { CrudRequest } from '../support/crud-client.ts'
import { idOf, listOf, objectOf, q, send } from '../support/crud-client.ts'
import { teleconsultation } from '../support/crud-contract.ts'

const PATH = TELECONSULTATIONS.endpointBasePath
const START = Date.parse('2030-01-01T00:00:00.000Z')

/** A server whose clock moves only when it is told to. */
async function start (t: Test) {
  let now = START
  const crud = await startEmbeddedCrud({
    file: ':memory:',
    collections: [TELECONSULTATIONS, USER_ID_MAPS],
    userIdHeaderKey: 'MiaUserId',
    clock: () => new Date(now),
  })
  t.teardown(() => crud.close())
  const call = (method: CrudRequest['method'], path: string, body?: unknown, headers: Record<string, string> = {}) => send(crud.origin, { method, path, body, headers })
  const insert = async (more: object = {}, headers: Record<string, string> = {}) => idOf(await call('POST', `${PATH}/`, teleconsultation('room', more), headers))
  const read = async (id: string, query = '') => objectOf(await call('GET', `${PATH}/${id}${query}`))
  return { origin: crud.origin, call, insert, read, pass: (ms: number) => { now += ms } }
}

t.test('a new document carries who made it and when', async t => {
  const { insert, read } = await start(t)
  const id = await insert({ startDate: '2030-05-06T10:00:00+02:00', participantsNumber: '2' }, { miauserid: 'doctor' })
  t.strictSame(await read(id), {
    _id: id,
    creatorId: 'doctor',
    createdAt: '2030-01-01T00:00:00.000Z',
    updaterId: 'doctor',
    updatedAt: '2030-01-01T00:00:00.000Z',
    __STATE__: 'PUBLIC',
    bandyerRoomId: 'room',
    participants: [{ userBandyerId: 'one' }, { userBandyerId: 'two' }],
    participantsNumber: 2,
    startDate: '2030-05-06T08:00:00.000Z',
  })
})

t.test('without a user the writer is public', async t => {
  const { insert, read } = await start(t)
  for (const miauserid of ['', 'null', 'undefined']) {
    t.match(await read(await insert({}, { miauserid })), { creatorId: 'public', updaterId: 'public' })
  }
})

t.test('every change moves updatedAt and the updater, even an empty one', async t => {
  const { call, insert, pass } = await start(t)
  const id = await insert()
  pass(5)
  const answer = await call('PATCH', `${PATH}/${id}`, {}, { miauserid: 'nurse' })
  t.match(objectOf(answer), { createdAt: '2030-01-01T00:00:00.000Z', creatorId: 'public', updatedAt: '2030-01-01T00:00:00.005Z', updaterId: 'nurse' })
})

t.test('values are coerced as the CRUD Service coerces them', async t => {
  const { insert, read } = await start(t)
  const id = await insert({ bandyerRoomId: null, participantsNumber: null, duration: '90', teleconsultationState: 7 })
  t.match(await read(id), { bandyerRoomId: '', participantsNumber: 0, duration: 90, teleconsultationState: '7' })
})

t.test('of changes that expect the same revision exactly one wins', async t => {
  const { call, insert, read } = await start(t)
  const id = await insert({ revision: 1 })
  const change = (number: number) => call('PATCH', `${PATH}/${id}?${q({ revision: 1 })}`, { $set: { duration: number }, $inc: { revision: 1 } })
  const statuses = (await Promise.all([1, 2, 3, 4, 5].map(change))).map(({ status }) => status)
  t.strictSame(statuses.toSorted(), [200, 404, 404, 404, 404])
  t.equal((await read(id))['revision'], 2)
})

t.test('a change may expect the time of the last one', async t => {
  const { call, insert, pass } = await start(t)
  const id = await insert()
  pass(1)
  const expecting = `${PATH}/${id}?${q({ updatedAt: '2030-01-01T00:00:00.000Z' })}`
  t.equal((await call('PATCH', expecting, {})).status, 200)
  const second = await call('PATCH', expecting, {})
  t.equal(second.status, 404)
  t.equal(second.text, '{"error":"not found"}')
})

t.test('of inserts with one unique value exactly one wins', async t => {
  const { call } = await start(t)
  const answers = await Promise.all([1, 2, 3, 4].map(number => call('POST', '/userid-maps/', { bandyerId: `${number}`, receivedUserId: 'u' })))
  t.strictSame(answers.map(({ status }) => status).toSorted(), [200, 409, 409, 409])
  t.equal((await call('GET', '/userid-maps/count')).json, 1)
})

t.test('a bulk insert answers ids in order and keeps what came before a duplicate', async t => {
  const { call } = await start(t)
  const map = (user: string) => ({ bandyerId: user, receivedUserId: user })
  const inserted = listOf(await call('POST', '/userid-maps/bulk', [map('a'), map('b')]))
  const users = listOf(await call('GET', '/userid-maps/?_p=receivedUserId'))
  t.strictSame(users, [{ ...inserted[0], receivedUserId: 'a' }, { ...inserted[1], receivedUserId: 'b' }])
  t.equal((await call('POST', '/userid-maps/bulk', [map('c'), map('a'), map('d')])).status, 409)
  t.strictSame(listOf(await call('GET', '/userid-maps/')).map(one => one['receivedUserId']), ['a', 'b', 'c'])
})

t.test('lists leave in insertion order, 25 at most, one document a line', async t => {
  const { call, insert } = await start(t)
  for (let number = 0; number < 30; number++) await insert({ duration: number })
  const answer = await call('GET', PATH)
  t.equal(answer.contentType, 'application/json')
  t.strictSame(listOf(answer).map(one => one['duration']), Array.from({ length: 25 }, (_, number) => number))
  t.match(answer.text, /^\[\n\{.*\}\n,\n\{/)
  const page = listOf(await call('GET', `${PATH}/?_l=2&_sk=27`))
  t.strictSame(page.map(one => one['duration']), [27, 28])
})

t.test('lists are sorted by several keys, and by repeated parameters', async t => {
  const { call, insert } = await start(t)
  for (const [duration, startDate] of [[1, '2030-02-01'], [2, '2030-01-01'], [1, '2030-01-01'], [undefined, '2030-03-01']]) await insert({ duration, startDate })
  const pairs = async (query: string) => listOf(await call('GET', `${PATH}/?${query}`)).map(one => `${String(one['duration'])} ${String(one['startDate']).slice(0, 7)}`)
  t.strictSame(await pairs('_s=-duration,startDate'), ['2 2030-01', '1 2030-01', '1 2030-02', 'undefined 2030-03'])
  t.strictSame(await pairs('_s=-duration&_s=startDate'), ['2 2030-01', '1 2030-01', '1 2030-02', 'undefined 2030-03'])
  t.strictSame(await pairs('_s=duration'), ['undefined 2030-03', '1 2030-02', '1 2030-01', '2 2030-01'])
})

t.test('fields in the query filter by equality, in their types', async t => {
  const { call, insert } = await start(t)
  const id = await insert({ duration: 5, startDate: '2030-02-01' })
  await insert({ duration: 6 })
  t.match(listOf(await call('GET', `${PATH}/?duration=5&startDate=2030-02-01T01:00:00%2B01:00`)), [{ _id: id }])
  t.match(listOf(await call('GET', `${PATH}/?_id=${id.toUpperCase()}`)), [{ _id: id }])
  t.equal((await call('GET', `${PATH}/count?_id=${id}&duration=6`)).json, 0)
})

t.test('_q and _rawp may come in base64', async t => {
  const { call, insert } = await start(t)
  const id = await insert({ duration: 5 })
  await insert()
  const base64 = (value: unknown) => encodeURIComponent(Buffer.from(JSON.stringify(value)).toString('base64'))
  const query = `_q=${base64({ duration: 5 })}&_rawp=${base64({ duration: 1 })}`
  for (const name of ['json-query-params-encoding', 'json_query_params_encoding']) {
    t.strictSame((await call('GET', `${PATH}/?${query}`, undefined, { [name]: 'base64' })).json, [{ _id: id, duration: 5 }])
  }
})

t.test('a projection lets out what it names, and the id', async t => {
  const { insert, read } = await start(t)
  const _id = await insert({ service: { a: 1, b: { c: 2 } } })
  const raw = (projection: object) => `?_rawp=${encodeURIComponent(JSON.stringify(projection))}`
  t.strictSame(await read(_id, '?_p=participantsNumber,nope'), { _id, participantsNumber: 2 })
  t.strictSame(await read(_id, '?_p=nope'), { _id })
  t.strictSame(await read(_id, '?_p=service.b.c,participants.userBandyerId'), { _id, participants: [{ userBandyerId: 'one' }, { userBandyerId: 'two' }], service: { b: { c: 2 } } })
  t.strictSame(await read(_id, raw({ participantsNumber: 1 })), { _id, participantsNumber: 2 })
  t.strictSame(Object.keys(await read(_id, raw({ participants: 0, service: 0, startDate: 0 }))), ['_id', 'creatorId', 'createdAt', 'updaterId', 'updatedAt', '__STATE__', 'bandyerRoomId', 'participantsNumber'])
  t.match(await read(_id, raw({ startDate: 1, service: 0 })), { statusCode: 400 })
  t.match(await read(_id, raw({ duration: { $where: '1' } })), { statusCode: 400 })
})

t.test('acl_read_columns limits what leaves, whatever the projection', async t => {
  const { call, insert } = await start(t)
  const _id = await insert()
  const headers = { acl_read_columns: 'participantsNumber,startDate' }
  const get = async (query: string) => objectOf(await call('GET', `${PATH}/${_id}?${query}`, undefined, headers))
  const both = { _id, participantsNumber: 2, startDate: '2030-05-06T07:08:09.010Z' }
  t.strictSame(await get(''), both)
  t.strictSame(await get('_p=startDate,participants'), { _id, startDate: both.startDate })
  t.strictSame(await get('_p=participants'), { _id })
  t.strictSame(await get('_rawp=%7B%22participants%22:1%7D'), { _id })
  t.strictSame(await get('_rawp=%7B%22participants%22:0%7D'), both)
  t.match(await get('_rawp=%7B%22startDate%22:0%7D'), { statusCode: 400 })
  t.strictSame(objectOf(await call('PATCH', `${PATH}/${_id}`, {}, headers)), both)
  t.strictSame((await call('GET', PATH, undefined, headers)).json, [both])
})

t.test('acl_rows narrows every read and every write', async t => {
  const { call, insert } = await start(t)
  const id = await insert({ duration: 5 })
  const of = (rows: unknown) => ({ acl_rows: JSON.stringify(rows) })
  const others = of({ duration: 6 })
  t.equal((await call('GET', `${PATH}/${id}`, undefined, of([{ duration: 5 }, { participantsNumber: 2 }]))).status, 200)
  t.equal((await call('GET', `${PATH}/${id}`, undefined, of([{ duration: 5 }, { participantsNumber: 3 }]))).status, 404)
  t.strictSame((await call('GET', PATH, undefined, others)).json, [])
  t.equal((await call('GET', `${PATH}/count`, undefined, others)).json, 0)
  t.equal((await call('GET', `${PATH}/export`, undefined, others)).text, '')
  t.equal((await call('PATCH', `${PATH}/${id}`, {}, others)).status, 404)
  t.equal((await call('PATCH', PATH, {}, others)).json, 0)
  t.equal((await call('PATCH', `${PATH}/bulk`, [{ filter: {}, update: {} }], others)).json, 0)
  t.equal((await call('POST', `${PATH}/${id}/state`, { stateTo: 'TRASH' }, others)).status, 404)
  t.equal((await call('POST', `${PATH}/state`, [{ filter: {}, stateTo: 'TRASH' }], others)).json, 0)
  t.equal((await call('DELETE', `${PATH}/${id}`, undefined, others)).status, 404)
  t.equal((await call('DELETE', PATH, undefined, others)).json, 0)
  t.equal((await call('GET', PATH, undefined, { acl_rows: '{' })).status, 500)
})

t.test('acl_write_columns lets only named fields change', async t => {
  const { call, insert } = await start(t)
  const id = await insert()
  const headers = { acl_write_columns: 'duration,service' }
  t.equal((await call('PATCH', `${PATH}/${id}`, { $set: { duration: 1, 'service.x': 1 } }, headers)).status, 200)
  const refused = await call('PATCH', `${PATH}/${id}`, { $push: { participants: {} } }, headers)
  t.equal(refused.status, 500)
  t.equal(refused.text, '{"statusCode":500,"error":"Internal Server Error","message":"You cannot edit \\"participants\\" field"}')
})

t.test('a positional change reaches the element that the filter matched', async t => {
  const { call, insert } = await start(t)
  const id = await insert()
  const change = async (body: object) => objectOf(await call('PATCH', `${PATH}/${id}?${q({ 'participants.userBandyerId': 'two' })}`, body))['participants']
  t.strictSame(await change({ $set: { 'participants.$.merge': { language: 'it' } } }), [{ userBandyerId: 'one' }, { userBandyerId: 'two', language: 'it' }])
  t.strictSame(await change({ $set: { 'participants.$.replace': { userBandyerId: 'three' } } }), [{ userBandyerId: 'one' }, { userBandyerId: 'three' }])
})

t.test('an object grows at a path, and a ring of entries keeps its length', async t => {
  const { call, insert, read } = await start(t)
  const id = await insert({ service: { kept: 1 } })
  await call('PATCH', `${PATH}/${id}`, { $set: { 'service.operation.epoch': 1 } })
  await call('PATCH', `${PATH}/${id}`, { $inc: { 'service.operation.epoch': 2 }, $unset: { 'service.kept': true } })
  t.strictSame((await read(id))['service'], { operation: { epoch: 3 } })
  const pushed = await call('PATCH', `${PATH}/${id}`, { $push: { participants: { $each: [{ userBandyerId: 'three' }], $slice: -2 } } })
  t.match(objectOf(pushed)['participants'], [{ userBandyerId: 'two' }, { userBandyerId: 'three' }])
})

t.test('a change of many counts, and changes none when one of them fails', async t => {
  const { call, insert } = await start(t)
  await insert({ service: { n: 1 } })
  await insert({ service: { n: 'x' } })
  t.equal((await call('PATCH', `${PATH}/?bandyerRoomId=room`, { $set: { duration: 1 } })).json, 2)
  t.equal((await call('PATCH', PATH, { $inc: { 'service.n': 1 } })).status, 500)
  t.strictSame(listOf(await call('GET', PATH)).map(one => one['service']), [{ n: 1 }, { n: 'x' }])
})

t.test('a bulk of changes makes those that work when another fails', async t => {
  const { call } = await start(t)
  const insert = async (user: string) => idOf(await call('POST', '/userid-maps/', { bandyerId: user, receivedUserId: user }))
  const [a, b] = [await insert('a'), await insert('b')]
  const failed = await call('PATCH', '/userid-maps/bulk', [
    { filter: { _id: a }, update: { $set: { receivedUserId: 'b' } } },
    { filter: { _q: JSON.stringify({ _id: b }), _st: 'PUBLIC' }, update: { $set: { bandyerId: 'new' } } },
  ])
  t.equal(failed.status, 500)
  t.match(objectOf(failed), { code: '11000' })
  t.match(objectOf(await call('GET', `/userid-maps/${b}`)), { bandyerId: 'new' })
})

t.test('an upsert makes a document of the filter and the change, without enforcing fields', async t => {
  const { call, read } = await start(t)
  const upsert = (body: object) => call('POST', `${PATH}/upsert-one?bandyerRoomId=r&${q({ 'service.owner': 'o', duration: { $gt: 5 } })}`, body, { miauserid: 'me' })
  const made = objectOf(await upsert({ $set: { duration: 6 }, $setOnInsert: { endDate: '2030-01-01' } }))
  t.match(made, { bandyerRoomId: 'r', service: { owner: 'o' }, duration: 6, endDate: '2030-01-01T00:00:00.000Z', creatorId: 'me', __STATE__: 'PUBLIC' })
  t.notOk('startDate' in made)
  const again = objectOf(await upsert({ $inc: { duration: 1 }, $setOnInsert: { endDate: '2031-01-01' } }))
  t.match(again, { _id: made['_id'], duration: 7, endDate: '2030-01-01T00:00:00.000Z' })
  t.strictSame(await read(String(made['_id'])), again)
})

t.test('an upsert does not see a trashed document and makes a second one', async t => {
  const { call, insert } = await start(t)
  const id = await insert({ __STATE__: 'TRASH' })
  t.not(idOf(await call('POST', `${PATH}/upsert-one?bandyerRoomId=room`, {})), id)
  t.equal((await call('GET', `${PATH}/count?_st=PUBLIC,TRASH`)).json, 2)
})

t.test('a document moves through its states by id', async t => {
  const { call, insert } = await start(t)
  const id = await insert()
  const move = async (stateTo: string) => (await call('POST', `${PATH}/${id}/state`, { stateTo })).status
  const moves = [['DELETED', 400], ['TRASH', 204], ['TRASH', 204], ['PUBLIC', 400], ['DELETED', 204], ['DELETED', 204], ['DRAFT', 400], ['PUBLIC', 400], ['TRASH', 204], ['DRAFT', 204], ['DELETED', 400], ['DRAFT', 204], ['PUBLIC', 204], ['PUBLIC', 204], ['DRAFT', 204], ['TRASH', 204]] as const
  for (const [stateTo, status] of moves) t.equal(await move(stateTo), status, stateTo)
})

t.test('a move of many takes documents from their allowed states', async t => {
  const { call, insert } = await start(t)
  for (const state of ['PUBLIC', 'DRAFT', 'TRASH', 'DELETED']) await insert({ __STATE__: state })
  const move = async (stateTo: string) => (await call('POST', `${PATH}/state`, [{ filter: {}, stateTo }])).json
  t.equal(await move('PUBLIC'), 1)
  t.equal(await move('DELETED'), 1)
  t.equal(await move('TRASH'), 4)
})

t.test('an export holds every document, a line each, or as one array', async t => {
  const { call } = await start(t)
  const maps = Array.from({ length: 250 }, (_, number) => ({ bandyerId: `${number}`, receivedUserId: `${number}` }))
  await call('POST', '/userid-maps/bulk', maps)
  for (const headers of [{}, { accept: '*/*' }, { accept: 'text/plain, application/x-ndjson;q=0.5' }]) {
    const lines = await call('GET', '/userid-maps/export?_s=-receivedUserId&_p=bandyerId', undefined, headers)
    t.equal(lines.contentType, 'application/x-ndjson')
    t.equal(lines.text.trimEnd().split('\n').length, 250)
    t.ok(lines.text.endsWith('}\n'))
  }
  const array = await call('GET', '/userid-maps/export?_l=210', undefined, { accept: 'application/json' })
  t.equal(array.contentType, 'application/json')
  t.equal(listOf(array).length, 210)
  t.strictSame((await call('GET', '/userid-maps/export?bandyerId=none', undefined, { accept: 'application/json' })).json, [])
})

t.test('the schema names every field and what is required', async t => {
  const { call } = await start(t)
  const schema = objectOf(await call('GET', `${PATH}/schema`))
  t.strictSame(Object.keys(schema), ['type', 'properties', 'required'])
  t.match(schema, {
    type: 'object',
    properties: { _id: { type: 'string' }, startDate: { type: 'string', format: 'date-time' }, participants: { type: 'array', items: { type: 'object' } }, revision: { type: 'number' }, service: { type: 'object' } },
    required: ['_id', 'creatorId', 'createdAt', 'updaterId', 'updatedAt', '__STATE__', 'bandyerRoomId', 'participants', 'participantsNumber', 'startDate'],
  })
})

t.test('an estimated count ignores filters and states', async t => {
  const { call, insert } = await start(t)
  await insert({ __STATE__: 'TRASH' })
  t.equal((await call('GET', `${PATH}/count?_useEstimate=true&duration=1`)).json, 1)
})

t.test('an empty body of any type is no obstacle to DELETE and GET', async t => {
  const { call, insert, origin } = await start(t)
  for (const type of ['text/html', 'application/json']) {
    const headers = { 'content-type': type, 'content-length': '0' }
    t.equal((await call('DELETE', `${PATH}/${await insert()}`, undefined, headers)).status, 204)
    const response = await request(`${origin}${PATH}/`, { headers: { 'content-type': type } })
    t.equal(response.statusCode, 200)
    await response.body.dump()
  }
})

t.test('only JSON is read', async t => {
  const { call } = await start(t)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await call('POST', '/userid-maps/', '{"bandyerId":"a","receivedUserId":"b"}', { 'content-type': type })
    t.equal(answer.status, 415)
    t.match(objectOf(answer), { statusCode: 415, code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', error: 'Unsupported Media Type' })
  }
})

t.test('a body that reaches for a prototype is refused', async t => {
  const { call, insert } = await start(t)
  const id = await insert()
  for (const body of ['{"$set":{"service":{"__proto__":{"x":1}}}}', '{"$set":{"service.__proto__.x":1}}']) {
    const answer = await call('PATCH', `${PATH}/${id}`, body)
    t.equal(answer.status, 400)
    t.match(objectOf(answer), { statusCode: 400, error: 'Bad Request' })
  }
})

t.test('status routes say that the storage works, and what it holds', async t => {
  const { call } = await start(t)
  for (const path of ['/-/healthz', '/-/ready', '/-/check-up']) {
    t.strictSame((await call('GET', path)).json, { name: 'crud-service', status: 'OK', version: '7' })
  }
  t.match((await call('GET', '/-/schemas')).json, [{ name: 'teleconsultations', schema: { type: 'object' } }, { name: 'userid_maps' }])
})

t.test('an upsert never takes over an id that is none', async t => {
  const { call } = await start(t)
  const id = idOf(await call('POST', `${PATH}/upsert-one?${q({ _id: null })}`, { $set: { duration: 1 } }))
  t.match(id, /^[0-9a-f]{24}$/)
  const named = idOf(await call('POST', `${PATH}/upsert-one?${q({ _id: '0123456789abcdef01234567' })}`, { $set: { duration: 1 } }))
  t.equal(named, '0123456789abcdef01234567')
  t.equal((await call('POST', `${PATH}/upsert-one?${q({ bandyerRoomId: ['a'] })}`, {})).status, 500)
})

t.test('a request that names another host is refused', async t => {
  const { call, origin } = await start(t)
  const { host, port } = new URL(origin)
  t.equal((await call('GET', PATH, undefined, { host })).status, 200)
  for (const foreign of [`clinic.example:${port}`, `localhost:${port}`, '127.0.0.1', 'clinic.example']) {
    for (const path of [PATH, '/nowhere']) {
      const refused = await call('GET', path, undefined, { host: foreign })
      t.equal(refused.status, 403)
      t.match(objectOf(refused), { statusCode: 403, error: 'Forbidden' })
    }
  }
})

t.test('no origin is allowed in by CORS', async t => {
  const { origin } = await start(t)
  const response = await request(origin + PATH, { headers: { origin: 'http://clinic.example' } })
  await response.body.dump()
  t.notOk(Object.keys(response.headers).some(name => name.startsWith('access-control')))
})

t.test('a wildcard address is refused', async t => {
  for (const host of ['0.0.0.0', '::', '0']) {
    await t.rejects(startEmbeddedCrud({ file: ':memory:', collections: [], userIdHeaderKey: 'miauserid', clock: () => new Date(), host }), { message: /one address/ })
  }
})
