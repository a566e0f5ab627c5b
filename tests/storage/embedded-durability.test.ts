import { fork } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { openDatabase } from '../../lib/storage/embedded/sqlite-database.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { idOf, listOf, objectOf, q, send } from '../support/crud-client.ts'
import { teleconsultation } from '../support/crud-contract.ts'

const CHILD = fileURLToPath(new URL('../support/crud-child.ts', import.meta.url))
const collections = [TELECONSULTATIONS, USER_ID_MAPS]
const PATH = TELECONSULTATIONS.endpointBasePath

async function reopen (t: Test, file: string) {
  const crud = await startEmbeddedCrud({ file, collections, userIdHeaderKey: 'miauserid', clock: () => new Date() })
  t.teardown(() => crud.close())
  return crud
}

t.test('every write that was acknowledged survives a killed process', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const child = fork(CHILD, [file], { execPath: process.execPath, execArgv: [] })
  t.teardown(() => child.kill('SIGKILL'))
  const [message] = await once(child, 'message')
  const origin = String(message)

  const changedId = idOf(await send(origin, { method: 'POST', path: `${PATH}/`, body: teleconsultation('changed') }))
  const acknowledged: string[] = []
  const run = { isKilled: false, revision: 0 }
  const enough = Promise.withResolvers<void>()
  const report = () => { if (acknowledged.length >= 100 && run.revision >= 10) enough.resolve() }
  const insertUntilKilled = async (worker: number) => {
    for (let number = 0; !run.isKilled; number++) {
      acknowledged.push(idOf(await send(origin, { method: 'POST', path: `${PATH}/`, body: teleconsultation(`${worker}-${number}`) })))
      report()
    }
  }
  const changeUntilKilled = async () => {
    while (!run.isKilled) {
      const answer = await send(origin, { method: 'PATCH', path: `${PATH}/${changedId}`, body: { $inc: { revision: 1 } } })
      run.revision = Number(objectOf(answer)['revision'])
      report()
    }
  }
  const writers = [changeUntilKilled(), ...[1, 2, 3, 4].map(insertUntilKilled)]
  await Promise.race([enough.promise, Promise.all(writers)])
  child.kill('SIGKILL')
  run.isKilled = true
  // The last request of each writer fails with its connection, or was answered just before.
  await Promise.allSettled(writers)

  const crud = await reopen(t, file)
  const stored = (await send(crud.origin, { method: 'GET', path: `${PATH}/export?_p=_id` })).text.trim().split('\n')
  const storedIds = new Set(stored.map(line => JSON.parse(line)._id))
  t.strictSame(acknowledged.filter(id => !storedIds.has(id)), [], 'no acknowledged insert is lost')
  const changed = objectOf(await send(crud.origin, { method: 'GET', path: `${PATH}/${changedId}` }))
  t.ok(Number(changed['revision']) >= run.revision, 'no acknowledged change is lost')
})

t.test('after a killed process each person is found in the documents that name them, and in no others', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const child = fork(CHILD, [file], { execPath: process.execPath, execArgv: [] })
  t.teardown(() => child.kill('SIGKILL'))
  const [message] = await once(child, 'message')
  const origin = String(message)

  const people = ['p0', 'p1', 'p2', 'p3', 'p4']
  const participants = (number: number) => [number, number + 1].map(one => ({ userExternalId: people[one % people.length] }))
  const run = { isKilled: false, rounds: 0 }
  const enough = Promise.withResolvers<void>()
  const writeUntilKilled = async (worker: number) => {
    for (let number = worker; !run.isKilled; number++) {
      const path = `${PATH}/${idOf(await send(origin, { method: 'POST', path: `${PATH}/`, body: teleconsultation(`${worker}-${number}`, { participants: participants(number) }) }))}`
      await send(origin, { method: 'PATCH', path, body: { $set: { participants: participants(number + 2), startDate: '2031-01-01T00:00:00.000Z' } } })
      if (number % 3 === 0) await send(origin, { method: 'DELETE', path })
      if (++run.rounds >= 60) enough.resolve()
    }
  }
  const writers = [1, 2, 3, 4].map(writeUntilKilled)
  await Promise.race([enough.promise, Promise.all(writers)])
  child.kill('SIGKILL')
  run.isKilled = true
  await Promise.allSettled(writers)

  const crud = await reopen(t, file)
  const stored = (await send(crud.origin, { method: 'GET', path: `${PATH}/export` })).text.trim().split('\n').map(line => JSON.parse(line))
  for (const person of people) {
    const filter = q({ 'participants.userExternalId': person })
    const named = stored.filter(document => JSON.stringify(document.participants).includes(`"${person}"`)).map(document => document._id)
    const found = (await send(crud.origin, { method: 'GET', path: `${PATH}/export?${filter}&_s=_id` })).text.trim().split('\n').map(line => JSON.parse(line)._id)
    t.ok(named.length > 0)
    t.strictSame(found, named.toSorted())
    t.equal((await send(crud.origin, { method: 'GET', path: `${PATH}/count?${filter}` })).json, named.length)
  }
})

t.test('a reopened file holds the documents, and unique values stay unique', async t => {
  const file = join(t.testdir(), 'deeper', 'storage.sqlite')
  const body = { bandyerId: 'b', receivedUserId: 'u' }
  const first = await startEmbeddedCrud({ file, collections, userIdHeaderKey: 'miauserid', clock: () => new Date() })
  t.teardown(() => first.close())
  const id = idOf(await send(first.origin, { method: 'POST', path: '/userid-maps/', body }))
  await first.close()

  const { origin } = await reopen(t, file)
  t.match(listOf(await send(origin, { method: 'GET', path: '/userid-maps/?receivedUserId=u' })), [{ _id: id }])
  t.equal((await send(origin, { method: 'POST', path: '/userid-maps/', body })).status, 409)
})

t.test('only the owner may read the file', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  await reopen(t, file)
  t.equal((await stat(file)).mode & 0o077, 0)
  t.equal((await stat(`${file}-wal`)).mode & 0o077, 0)
})

t.test('two processes on one file see each other and keep unique values unique', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const [one, two] = [await reopen(t, file), await reopen(t, file)]
  const id = idOf(await send(one.origin, { method: 'POST', path: '/userid-maps/', body: { bandyerId: 'b', receivedUserId: 'u' } }))
  t.equal((await send(two.origin, { method: 'GET', path: `/userid-maps/${id}` })).status, 200)
  t.equal((await send(two.origin, { method: 'POST', path: '/userid-maps/', body: { bandyerId: 'c', receivedUserId: 'u' } })).status, 409)
})

t.test('a file of a newer layout is refused', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const database = openDatabase(file)
  database.execute('PRAGMA user_version=99')
  database.close()
  await t.rejects(startEmbeddedCrud({ file, collections, userIdHeaderKey: 'miauserid', clock: () => new Date() }), { message: /newer version/ })
})

t.test('writes that wait together fail alone', async t => {
  const database = openDatabase(':memory:')
  t.teardown(() => database.close())
  database.execute('CREATE TABLE numbers (number INTEGER UNIQUE)')
  const put = (number: number) => database.write(() => {
    database.statement('INSERT INTO numbers VALUES (?)').run(number + 100)
    database.statement('INSERT INTO numbers VALUES (?)').run(number)
    return number
  })
  const outcomes = await Promise.allSettled([put(1), put(2), database.write(() => { throw new Error('changed its mind') }), put(1), put(3)])
  t.strictSame(outcomes.map(({ status }) => status), ['fulfilled', 'fulfilled', 'rejected', 'rejected', 'fulfilled'])
  t.equal(database.statement('SELECT count(*) AS number FROM numbers').get()?.['number'], 6, 'a failed write leaves nothing behind')
})

t.test('only a commit of nothing but fleeting writes does not wait for the disk', async t => {
  const database = openDatabase(join(t.testdir(), 'storage.sqlite'))
  t.teardown(() => database.close())
  database.execute('CREATE TABLE numbers (number INTEGER)')
  const [FULL, NORMAL] = [2, 1]
  const level = () => database.statement('PRAGMA synchronous').get()?.['synchronous']
  const put = async (isFleeting: boolean) => await database.write(() => {
    database.statement('INSERT INTO numbers VALUES (1)').run()
    return level()
  }, { isFleeting })
  t.equal(await database.write(level), FULL, 'unless it is said')
  t.strictSame(await Promise.all([put(true), put(true)]), [NORMAL, NORMAL])
  t.strictSame(await Promise.all([put(true), put(false), put(true)]), [FULL, FULL, FULL], 'in company of another it waits')
  t.equal(await put(true), NORMAL)
  t.equal(await database.write(level), FULL)
})

t.test('a fleeting change survives a killed process', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const child = fork(CHILD, [file], { execPath: process.execPath, execArgv: [] })
  t.teardown(() => child.kill('SIGKILL'))
  const [message] = await once(child, 'message')
  const origin = String(message)
  const path = `${PATH}/${idOf(await send(origin, { method: 'POST', path: `${PATH}/`, body: teleconsultation('changed') }))}`
  const headers = { 'x-durability': 'process' }
  for (let number = 1; number <= 5; number++) await send(origin, { method: 'PATCH', path, headers, body: { $inc: { revision: 1 } } })
  const before = objectOf(await send(origin, { method: 'GET', path }))
  child.kill('SIGKILL')
  await once(child, 'exit')
  const crud = await reopen(t, file)
  t.equal(objectOf(await send(crud.origin, { method: 'GET', path }))['revision'], before['revision'])
})

t.test('closing finishes the writes that wait', async t => {
  const file = join(t.testdir(), 'storage.sqlite')
  const database = openDatabase(file)
  database.execute('CREATE TABLE numbers (number INTEGER)')
  const writes = Array.from({ length: 600 }, (_, number) => database.write(() => database.statement('INSERT INTO numbers VALUES (?)').run(number)))
  database.close()
  await Promise.all(writes)
  const again = openDatabase(file)
  t.teardown(() => again.close())
  t.equal(again.statement('SELECT count(*) AS number FROM numbers').get()?.['number'], 600)
})
