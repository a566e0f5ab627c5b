import t from 'tap'
import nock from 'nock'
import { httpClient } from '../../lib/http/client.ts'
import { crudCollection } from '../../lib/storage/crud-client.ts'
import type { Teardown } from '../support/service.ts'

const DOCUMENT = { _id: '0123456789abcdef01234567', updatedAt: '2026-11-23T12:00:00.000Z' }

function collection (t: Teardown) {
  const http = httpClient({ baseUrl: 'http://crud-service/v2', timeoutMs: 1000 })
  t.teardown(() => http.close())
  nock.disableNetConnect()
  t.teardown(() => { nock.cleanAll(); nock.enableNetConnect() })
  return { crud: crudCollection(http, '/things'), upstream: nock('http://crud-service') }
}

t.test('a compare-and-set sends its condition as _q and only the commands as body', async (t) => {
  const { crud, upstream } = collection(t)
  upstream.patch('/v2/things/a%2Fb', { $set: { x: 1 } }).query({ _q: '{"revision":3}' }).matchHeader('miauserid', 'u').reply(200, DOCUMENT)
  t.match(await crud.patch('a/b', { revision: 3 }, { $set: { x: 1 } }, { miauserid: 'u' }), DOCUMENT)
  t.ok(upstream.isDone())
})

t.test('a missed condition and a missing document are both undefined', async (t) => {
  const { crud, upstream } = collection(t)
  upstream.patch('/v2/things/1').query(true).reply(404, { error: 'not found' })
  upstream.get('/v2/things/1').reply(404, { error: 'not found' })
  t.equal(await crud.patch('1', {}, {}, {}), undefined)
  t.equal(await crud.get('1', {}), undefined)
})

t.test('a duplicate key is told from other failures in every version’s words', async (t) => {
  const { crud, upstream } = collection(t)
  for (const [status, body] of [[409, { message: 'E11000 duplicate key error collection: x dup key: { a: "secret" }' }], [422, {}], [500, { statusCode: 500, code: '11000', message: 'E11000 x' }]] as const) {
    upstream.post('/v2/things/').reply(status, body)
    t.equal(await crud.insert({ a: 1 }, {}), 'duplicate', String(status))
  }
})

t.test('a create answers 200, or 201', async (t) => {
  const { crud, upstream } = collection(t)
  for (const status of [200, 201]) {
    upstream.post('/v2/things/').reply(status, { _id: 'x' })
    t.equal(await crud.insert({ a: 1 }, {}), 'x')
  }
})

t.test('a list always names its page, and a list that breaks off is no answer', async (t) => {
  const { crud, upstream } = collection(t)
  upstream.get('/v2/things/').query({ _l: '7', _s: '-startDate', _sk: '5', _q: '{"a":{"$in":["b"]}}', _st: 'PUBLIC,TRASH' }).reply(200, `[\n${JSON.stringify(DOCUMENT)}\n]\n`)
  t.match(await crud.list({ limit: 7, skip: 5, sort: '-startDate', filter: { a: { $in: ['b'] } }, states: ['PUBLIC', 'TRASH'] }, {}), [DOCUMENT])
  upstream.get('/v2/things/').query(true).reply(200, `[\n${JSON.stringify(DOCUMENT)}\n,`)
  await t.rejects(crud.list({ limit: 7 }, {}), { code: 'STORAGE_BAD_ANSWER', statusCode: 502 })
})

t.test('a refusal keeps status and sentence; a failure keeps neither', async (t) => {
  const { crud, upstream } = collection(t)
  upstream.post('/v2/things/').reply(400, { statusCode: 400, error: 'Bad Request', message: "body must have required property 'x'" })
  await t.rejects(crud.insert({}, {}), { code: 'STORAGE_REFUSED', statusCode: 400, message: "body must have required property 'x'" })
  upstream.post('/v2/things/').reply(500, { message: 'mongo at 10.0.0.1' })
  await t.rejects(crud.insert({}, {}), { code: 'STORAGE_UNAVAILABLE', statusCode: 503, message: /^The storage cannot be reached/ })
})

t.test('moving to the trash is a POST of the state; a missing document is false', async (t) => {
  const { crud, upstream } = collection(t)
  upstream.post('/v2/things/1/state', { stateTo: 'TRASH' }).reply(204)
  upstream.post('/v2/things/2/state', { stateTo: 'TRASH' }).reply(404, { error: 'not found' })
  t.equal(await crud.moveTo('1', 'TRASH', {}), true)
  t.equal(await crud.moveTo('2', 'TRASH', {}), false)
})

t.test('what has not changed since it was read last is the same object, frozen; every read asks the upstream', async (t) => {
  const { crud, upstream } = collection(t)
  const people = [{ name: 'a' }]
  upstream.get('/v2/things/1').times(2).reply(200, { ...DOCUMENT, people })
  upstream.get('/v2/things/1').reply(200, { ...DOCUMENT, people: [{ name: 'b' }] })
  upstream.get('/v2/things/1').reply(404, {})
  const first = await crud.get('1', {})
  t.equal(await crud.get('1', {}), first)
  t.throws(() => { (first as unknown as { people: typeof people }).people.push({ name: 'c' }) }, TypeError)
  t.match(await crud.get('1', {}), { people: [{ name: 'b' }] })
  t.equal(await crud.get('1', {}), undefined)
  t.ok(upstream.isDone())
})
