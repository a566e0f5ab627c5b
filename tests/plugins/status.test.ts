import t from 'tap'
import { flakyCrud } from '../support/flaky-crud.ts'
import { OFFICIAL_TELECONSULTATIONS } from '../support/collections.ts'
import { USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { after, book, booking, NOON, open, startService } from '../support/service.ts'

t.test('the status routes answer with name, status and version', async (t) => {
  const service = await startService(t)
  for (const url of ['/-/healthz', '/-/ready', '/-/check-up']) {
    const answer = await service.inject({ url })
    t.equal(answer.statusCode, 200, url)
    t.match(answer.json(), { name: 'teleconsultation-backend', status: 'OK', version: '0.0.0-test' })
  }
  t.match((await service.inject({ url: '/-/check-up' })).json(), { storage: 'embedded', video: 'embedded', identity: 'local', undeclaredFields: [] })
})

t.test('without its storage the service lives, is not ready, and recovers by itself', async (t) => {
  const crud = await flakyCrud(t)
  crud.state.mode = 'fail'
  const service = await startService(t, crud.variables)
  t.equal((await service.inject({ url: '/-/healthz' })).statusCode, 200)
  const down = await service.inject({ url: '/-/ready' })
  t.equal(down.statusCode, 503)
  t.match(down.json(), { status: 'KO' })
  const refused = await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })
  t.equal(refused.statusCode, 503)
  t.equal(refused.json().code, 'STORAGE_UNAVAILABLE')
  crud.state.mode = 'pass'
  service.setClock(new Date(NOON.getTime() + 1000))
  t.equal((await service.inject({ url: '/-/ready' })).statusCode, 200)
  t.equal((await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking() })).statusCode, 201)
})

t.test('on the original’s collections everything works, and check-up names what is undeclared', async (t) => {
  const crud = await flakyCrud(t, [OFFICIAL_TELECONSULTATIONS, USER_ID_MAPS])
  const service = await startService(t, crud.variables)
  t.same((await service.inject({ url: '/-/check-up' })).json().undeclaredFields, ['revision', 'service'])
  const roomId = await book(service)
  t.equal((await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { duration_in_seconds: 600 } })).statusCode, 204)
  service.setClock(after(NOON, 11))
  t.match((await open(service, roomId)).json().accessLinkURL, /^http/)
  const changed = await service.inject({ method: 'PATCH', url: `/teleconsultation/${roomId}`, payload: { duration_in_seconds: 900 } })
  t.equal(changed.statusCode, 409)
  t.equal(changed.json().code, 'IMMUTABLE_PERIOD')
  t.equal((await service.inject({ method: 'DELETE', url: `/teleconsultation/${roomId}` })).statusCode, 204)
  t.equal((await open(service, roomId)).statusCode, 404)
})

t.test('the storage sees who acts and what the gateway restricts him to, and the configured headers', async (t) => {
  const crud = await flakyCrud(t)
  const service = await startService(t, { ...crud.variables, ADDITIONAL_HEADERS_TO_PROXY: 'cookie' })
  await service.inject({
    method: 'POST',
    url: '/teleconsultation',
    payload: booking(),
    headers: { miauserid: 'u1', miausergroups: 'a,b', acl_rows: '[{"a":1}]', isbackoffice: '0', cookie: 'sid=1', 'x-request-id': 'r-1', 'x-other': 'no', authorization: 'Basic x' }
  })
  const insert = crud.seen.find(({ method }) => method === 'POST')
  t.match(insert?.headers, { miauserid: 'u1', miausergroups: 'a,b', acl_rows: '[{"a":1}]', isbackoffice: '1', cookie: 'sid=1', 'x-request-id': 'r-1' })
  t.notOk(insert?.headers['x-other'])
  t.notOk(insert?.headers['authorization'])
})

t.test('/-/metrics has the platform’s families, by route and never by id', async (t) => {
  const service = await startService(t)
  const roomId = await book(service)
  await open(service, roomId)
  await service.inject({ url: '/nowhere/at/all' })
  const answer = await service.inject({ url: '/-/metrics' })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  for (const family of ['process_cpu_seconds_total', 'nodejs_version_info', 'http_request_summary_seconds']) t.match(answer.body, family)
  t.match(answer.body, /http_request_duration_seconds_count\{method="GET",route="\/teleconsultation\/:roomId",status_code="200"\} 1/)
  t.notOk(answer.body.includes(roomId))
  t.notOk(answer.body.includes('nowhere'))
})

t.test('the documentation is a page, JSON and YAML, and the status routes are not in it', async (t) => {
  const service = await startService(t)
  const page = await service.inject({ url: '/documentation/' })
  t.equal(page.statusCode, 200)
  t.match(page.headers['content-type'], /text\/html/)
  const json = await service.inject({ url: '/documentation/json' })
  t.equal(json.statusCode, 200)
  t.match(json.json(), { openapi: '3.0.3', paths: { '/teleconsultation': {}, '/teleconsultation/{roomId}': {} } })
  t.notOk(json.body.includes('/-/ready'))
  t.notOk(json.body.includes('telecons-be'))
  const yaml = await service.inject({ url: '/documentation/yaml' })
  t.equal(yaml.statusCode, 200)
  t.match(yaml.body, /^openapi: 3\.0\.3/)
})
