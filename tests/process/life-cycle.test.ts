import t from 'tap'
import { ask, runService, spawnService } from '../support/process.ts'
import { booking, temporaryFolder } from '../support/service.ts'

t.test('without any variable but its folder and port it starts, is ready, and names its three choices in one line', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t) })
  t.match(service.origin, /^http:\/\/127\.0\.0\.1:\d+$/, 'on loopback')
  const ready = await ask(`${service.origin}/-/ready`)
  t.equal(ready.status, 200)
  t.match(ready.json(), { name: 'teleconsultation-backend', status: 'OK', version: /^\d/ })
  t.ok(service.lines.some((line) => line.includes('storage embedded, video embedded, identity local')))
})

t.test('SIGTERM lets what runs finish and ends with 0', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t) })
  const running = Array.from({ length: 20 }, () => ask(`${service.origin}/teleconsultation`, { method: 'POST', body: booking() }))
  await running[0]
  service.child.kill('SIGTERM')
  t.equal(await service.ended, 0)
  const outcomes = await Promise.allSettled(running)
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') t.equal(outcome.value.status, 201, 'what was accepted was answered')
  }
})

t.test('all configuration problems are printed together, and it ends with 1', async (t) => {
  const { lines, ended } = spawnService(t, { HTTP_PORT: 'sesame', SERVICE_PREFIX: 'x', CRUD_SERVICE_URL: 'http://crud' })
  t.equal(await ended, 1)
  const text = lines.join('')
  for (const name of ['HTTP_PORT', 'SERVICE_PREFIX', 'TELECONSULTATIONS_CRUD_NAME', 'USER_ID_MAP_CRUD_NAME']) t.match(text, name)
  t.notMatch(text, /sesame|at file:/)
})

t.test('any log level may be chosen, and unknown variables harm nothing', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t), LOG_LEVEL: 'trace', UNHEARD_OF: 'x', TELECONSULTATION_NONSENSE: '{' })
  t.equal((await ask(`${service.origin}/-/healthz`)).status, 200)
  const silent = spawnService(t, { DATA_PATH: temporaryFolder(t), HTTP_PORT: '0', LOG_LEVEL: 'fatal' })
  const outcome = await Promise.race([silent.ended, new Promise((resolve) => { silent.child.once('spawn', () => setTimeout(resolve, 1500, 'runs')) })])
  t.equal(outcome, 'runs')
})
