import t from 'tap'
import { book, booking, open, startService } from '../support/service.ts'

const lines = (log: string[]) => log.map((line) => JSON.parse(line) as Record<string, unknown>)

t.test('a request is logged as completed with the platform’s field names', async (t) => {
  const service = await startService(t, { LOG_LEVEL: 'info' })
  const roomId = await book(service)
  await service.inject({ url: `/teleconsultation/${roomId}?useBackground=true`, headers: { miauserid: 'doctor-1', 'x-request-id': 'request-7', 'user-agent': 'test', host: 'localhost:3000' } })
  const line = lines(service.log).find(({ reqId }) => reqId === 'request-7')
  t.match(line, {
    level: 30,
    time: Number,
    pid: Number,
    hostname: String,
    reqId: 'request-7',
    http: { request: { method: 'GET', userAgent: { original: 'test' } }, response: { statusCode: 200, body: { bytes: Number } } },
    url: { path: `/teleconsultation/${roomId}?useBackground=true`, params: { roomId } },
    host: { hostname: 'localhost', ip: '127.0.0.1' },
    responseTime: Number,
    msg: 'request completed'
  })
})

t.test('an incoming request is logged at trace, status routes never', async (t) => {
  const service = await startService(t, { LOG_LEVEL: 'trace' })
  await service.inject({ url: '/-/healthz' })
  await service.inject({ url: '/nothing' })
  const messages = lines(service.log).map(({ msg }) => msg)
  t.equal(messages.filter((message) => message === 'incoming request').length, 1)
  t.equal(messages.filter((message) => message === 'request completed').length, 1)
})

t.test('an odd x-request-id is replaced', async (t) => {
  const service = await startService(t, { LOG_LEVEL: 'info' })
  await service.inject({ url: '/nothing', headers: { 'x-request-id': 'a b\tc' } })
  t.match(lines(service.log).find(({ msg }) => msg === 'request completed'), { reqId: /^req-\d+$/ })
})

t.test('a fault of ours is logged with its cause and answered without it', async (t) => {
  const service = await startService(t, { LOG_LEVEL: 'info' })
  const roomId = await book(service)
  service.breakClock()
  const answer = await open(service, roomId)
  t.equal(answer.statusCode, 500)
  t.same(answer.json(), { statusCode: 500, error: 'Internal Server Error', message: 'Something went wrong', code: 'INTERNAL_ERROR' })
  t.match(lines(service.log).find(({ level }) => level === 50), { msg: 'Unexpected error', err: { message: 'broken clock', stack: /broken clock/ } })
})

t.test('bodies, names and ids of callers are in no line', async (t) => {
  const service = await startService(t, { LOG_LEVEL: 'trace' })
  await book(service)
  await service.inject({ method: 'POST', url: '/teleconsultation', payload: booking({ colour: 'red' }) })
  await service.inject({ method: 'POST', url: '/teleconsultation', payload: '{"fullName": "Carla', headers: { 'content-type': 'application/json' } })
  const log = service.log.join('')
  for (const secret of ['Ada', 'Bruno', 'Carla', 'doctor-1', 'patient-1']) t.notOk(log.includes(secret), secret)
})
