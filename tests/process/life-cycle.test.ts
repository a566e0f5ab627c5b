import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
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

t.test('after SIGTERM it goes on serving for a moment, lets what runs finish, and ends with 0', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t), WAIT_BEFORE_SERVER_CLOSE_SEC: '1' })
  const post = () => ask(`${service.origin}/teleconsultation`, { method: 'POST', body: booking() })
  const before = Promise.all(Array.from({ length: 20 }, post))
  service.child.kill('SIGTERM')
  const after = Promise.all(Array.from({ length: 20 }, post))
  const answers = [...await before, ...await after]
  t.ok(answers.every(({ status }) => status === 201))
  t.equal(await service.ended, 0)
  await t.rejects(ask(`${service.origin}/-/healthz`))
})

t.test('without a delay SIGTERM ends it at once', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t) })
  t.equal((await ask(`${service.origin}/-/healthz`)).status, 200)
  service.child.kill('SIGTERM')
  t.equal(await service.ended, 0)
})

t.test('npm start passes SIGTERM on: the service ends, and npm with it', async (t) => {
  const dataPath = temporaryFolder(t)
  const child = spawn('npm', ['start', '--silent'], { env: { PATH: process.env['PATH'], HOME: dataPath, DATA_PATH: dataPath, HTTP_PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const lines: string[] = []
  const ended = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (line.includes('"Ready: ')) child.kill('SIGTERM')
  }
  await ended
  t.ok(lines.some((line) => line.includes('"msg":"Closing"')))
  const { pid } = JSON.parse(lines.find((line) => line.includes('"Ready: ')) ?? '{}') as { pid: number }
  t.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'nothing of it is left')
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
