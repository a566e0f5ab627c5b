import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import t from 'tap'
import { flakyCrud } from '../support/flaky-crud.ts'
import { ask, runService, spawnService, type RunningService } from '../support/process.ts'
import { gated, roundGate } from '../support/rounds.ts'
import { booking, temporaryFolder, type Teardown } from '../support/service.ts'

const LONG_ENOUGH = '3600'

interface Line { level?: number, msg?: string, signal?: string, origin?: string, err?: { message: string } }

const linesOf = ({ lines }: RunningService) => lines.flatMap((line) => line.startsWith('{') ? [JSON.parse(line) as Line] : [])

async function until (isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!await isSo()) await new Promise((resolve) => { setImmediate(resolve) })
}

const logged = async (service: RunningService, message: string) => {
  await until(() => linesOf(service).some(({ msg }) => msg === message))
}

const takesNobodyIn = async ({ origin }: RunningService) => await ask(`${origin}/-/healthz`).then(() => false, () => true)

/** A node option that runs this before the service. */
function before (t: Teardown, code: string): string {
  const file = `${temporaryFolder(t)}/before.mjs`
  writeFileSync(file, code)
  return `--import=${file}`
}

/** The service in front of a CRUD Service whose requests can be held. */
async function runWithHeldStorage (t: Teardown, variables: Record<string, string> = {}) {
  const crud = await flakyCrud(t)
  const held: Array<() => void> = []
  let holds = false
  const gate = { ...roundGate(), pass: async () => { if (holds) await new Promise<void>((resolve) => { held.push(resolve) }) } }
  const service = await runService(t, { DATA_PATH: temporaryFolder(t), ...crud.variables, CRUD_SERVICE_URL: await gated(t, crud.url, gate), STORAGE_TIMEOUT_MS: '120000', ...variables })
  return {
    service,
    hold: () => { holds = true },
    somethingIsHeld: async () => { await until(() => held.length > 0) },
    letGo: () => {
      holds = false
      for (const pass of held) pass()
    },
    stored: async () => await (await fetch(`${crud.url}/teleconsultations/`)).json() as Array<{ bandyerRoomId?: string | null }>
  }
}

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

t.test('from SIGTERM on it is not ready, while it lives and serves, and answers end their connections', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t), WAIT_BEFORE_SERVER_CLOSE_SEC: LONG_ENOUGH })
  service.child.kill('SIGTERM')
  await logged(service, 'Closing')
  const ready = await ask(`${service.origin}/-/ready`)
  t.equal(ready.status, 503)
  t.match(ready.json(), { status: 'KO', closing: true })
  t.equal((await ask(`${service.origin}/-/healthz`)).status, 200)
  const booked = await fetch(`${service.origin}/teleconsultation`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(booking()) })
  t.equal(booked.status, 201)
  t.equal(booked.headers.get('connection'), 'close')
  t.notOk(linesOf(service).some(({ level = 0 }) => level >= 40), 'which is nothing that the log warns of')
})

t.test('a second signal ends it at once, with 1', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t), WAIT_BEFORE_SERVER_CLOSE_SEC: LONG_ENOUGH })
  service.child.kill('SIGTERM')
  await logged(service, 'Closing')
  service.child.kill('SIGTERM')
  t.equal(await service.ended, 1)
})

t.test('a booking whose room is being made when SIGTERM comes is finished, while nobody else gets in', async (t) => {
  const { service, ...storage } = await runWithHeldStorage(t, { ROOM_CREATION: 'eager', WAIT_BEFORE_SERVER_CLOSE_SEC: '0' })
  t.equal((await ask(`${service.origin}/-/ready`)).status, 200)
  storage.hold()
  const answer = fetch(`${service.origin}/teleconsultation`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(booking()) })
  await storage.somethingIsHeld()
  service.child.kill('SIGTERM')
  await until(() => takesNobodyIn(service))
  storage.letGo()
  t.equal((await answer).status, 201)
  t.equal(await service.ended, 0)
  const [stored, ...others] = await storage.stored()
  t.match(stored?.bandyerRoomId, /./, 'the room was made, and written down')
  t.same(others, [])
})

t.test('a booking whose caller hung up before SIGTERM is finished too', async (t) => {
  const { service, ...storage } = await runWithHeldStorage(t, { ROOM_CREATION: 'eager', WAIT_BEFORE_SERVER_CLOSE_SEC: '0' })
  t.equal((await ask(`${service.origin}/-/ready`)).status, 200)
  storage.hold()
  const caller = new AbortController()
  const answer = fetch(`${service.origin}/teleconsultation`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(booking()), signal: caller.signal })
  await storage.somethingIsHeld()
  caller.abort()
  await t.rejects(answer)
  service.child.kill('SIGTERM')
  await until(() => takesNobodyIn(service))
  storage.letGo()
  t.equal(await service.ended, 0)
  t.match((await storage.stored()).map(({ bandyerRoomId }) => bandyerRoomId), [/./])
  t.notOk(linesOf(service).some(({ level = 0 }) => level >= 40))
})

t.test('a run of the reconciler that is under way when SIGTERM comes is finished', async (t) => {
  const { service, ...storage } = await runWithHeldStorage(t, { ROOM_CREATION: 'eager', RECONCILE_EVERY_SEC: '1', LOG_LEVEL: 'debug', WAIT_BEFORE_SERVER_CLOSE_SEC: '0' })
  t.equal((await ask(`${service.origin}/teleconsultation`, { method: 'POST', body: booking() })).status, 201, 'a room whose owner a run looks up')
  storage.hold()
  await storage.somethingIsHeld()
  service.child.kill('SIGTERM')
  await until(() => takesNobodyIn(service))
  storage.letGo()
  t.equal(await service.ended, 0)
  t.notOk(linesOf(service).some(({ level = 0 }) => level >= 40), 'its last request found the storage open')
})

t.test('what does not end within 25 seconds is given up, with 1', async (t) => {
  // The same service, in whose time those seconds are one.
  const quick = before(t, 'const { setTimeout: real } = globalThis; globalThis.setTimeout = (run, ms, ...rest) => real(run, ms === 25000 ? 1000 : ms, ...rest)')
  const { service, ...storage } = await runWithHeldStorage(t, { NODE_OPTIONS: quick, WAIT_BEFORE_SERVER_CLOSE_SEC: '0' })
  storage.hold()
  const answer = ask(`${service.origin}/teleconsultation`, { method: 'POST', body: booking() })
  answer.catch(() => {})
  await storage.somethingIsHeld()
  service.child.kill('SIGTERM')
  t.equal(await service.ended, 1)
  t.match(linesOf(service).find(({ level }) => level === 60), { msg: 'Closing takes too long' })
  await t.rejects(answer)
})

t.test('a connection that asked for an upgrade and got an answer does not hold the closing up', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t) })
  for (const path of ['/-/healthz', '/nowhere', '/teleconsultation/nobody']) {
    const [answer] = await once(get(`${service.origin}${path}`, { headers: { connection: 'upgrade', upgrade: 'websocket' }, agent: false }), 'response') as [IncomingMessage]
    t.equal(answer.headers.connection, 'close', path)
    answer.resume()
  }
  service.child.kill('SIGTERM')
  t.equal(await service.ended, 0)
})

const FAULTS = [
  { title: 'an exception', origin: 'uncaughtException', code: "setTimeout(() => { throw new Error('no Bearer s3cret for ada@example.com') })" },
  { title: 'a rejection', origin: 'unhandledRejection', code: "Promise.reject(new Error('no Bearer s3cret for ada@example.com'))" }
]

for (const { title, origin, code } of FAULTS) {
  t.test(`${title} that nobody handled is logged without secrets; what runs is finished, and it ends with 1`, async (t) => {
    const { service, ...storage } = await runWithHeldStorage(t, { NODE_OPTIONS: before(t, `process.on('SIGUSR2', () => { ${code} })`), WAIT_BEFORE_SERVER_CLOSE_SEC: LONG_ENOUGH })
    t.equal((await ask(`${service.origin}/-/ready`)).status, 200)
    storage.hold()
    const answer = ask(`${service.origin}/teleconsultation`, { method: 'POST', body: booking() })
    await storage.somethingIsHeld()
    service.child.kill('SIGUSR2')
    await until(() => takesNobodyIn(service))
    storage.letGo()
    t.equal((await answer).status, 201)
    t.equal(await service.ended, 1)
    t.match(linesOf(service).find(({ level }) => level === 60), { msg: 'A fault that nobody handled', origin, err: { message: 'no Bearer [REDACTED] for [REDACTED]' } })
    t.notMatch(service.lines.join(''), /s3cret|ada@/)
  })
}

t.test('an address that is taken is told in one line, and it ends with 1', async (t) => {
  const service = await runService(t, { DATA_PATH: temporaryFolder(t) })
  const { lines, ended } = spawnService(t, { DATA_PATH: temporaryFolder(t), HTTP_PORT: new URL(service.origin).port })
  t.equal(await ended, 1)
  const [line, ...others] = lines.join('').trim().split('\n')
  t.match(JSON.parse(line ?? ''), { level: 60, msg: 'It cannot start', err: { code: 'EADDRINUSE' } })
  t.same(others, [])
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
