import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { TELECONSULTATIONS } from '../../lib/storage/collections.ts'
import { openDatabase } from '../../lib/storage/embedded/sqlite-database.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { idOf, send } from '../support/crud-client.ts'
import { teleconsultation } from '../support/crud-contract.ts'
import { NOON, temporaryFolder } from '../support/service.ts'

const FILE = 'storage.sqlite'
const holds = (folder: string, text: string, files = readdirSync(folder)) => files.some((file) => readFileSync(join(folder, file)).includes(text))

t.test('what was deleted or replaced is gone from the database file as soon as the file is brought up to date', async (t) => {
  const folder = temporaryFolder(t)
  const start = () => startEmbeddedCrud({ file: join(folder, FILE), collections: [TELECONSULTATIONS], userIdHeaderKey: 'miauserid', clock: () => NOON })
  const first = await start()
  const ids: string[] = []
  for (const name of ['Deleted Person', 'Renamed Person', 'Person Who Stays']) {
    ids.push(idOf(await send(first.origin, { method: 'POST', path: '/teleconsultations/', body: { ...teleconsultation(name), participants: [{ fullName: name }] } })))
  }
  await first.close()
  t.ok(holds(folder, 'Deleted Person'))
  const crud = await start()
  t.equal((await send(crud.origin, { method: 'DELETE', path: `/teleconsultations/${ids[0]}` })).status, 204)
  t.equal((await send(crud.origin, { method: 'PATCH', path: `/teleconsultations/${ids[1]}`, body: { $set: { participants: [{ fullName: 'Another' }] } } })).status, 200)
  await crud.close()
  t.notOk(holds(folder, 'Deleted Person'))
  t.notOk(holds(folder, '"fullName":"Renamed Person"'))
  t.ok(holds(folder, 'Person Who Stays'))
})

t.test('a compacted file holds nothing of what was deleted when nobody overwrote it, nor does the log beside it', async (t) => {
  const folder = temporaryFolder(t)
  const before = new DatabaseSync(join(folder, FILE))
  before.exec('PRAGMA journal_mode=WAL; PRAGMA secure_delete=OFF; CREATE TABLE people (name TEXT)')
  const insert = before.prepare('INSERT INTO people VALUES (?)')
  for (let number = 0; number < 200; number++) insert.run(`${'x'.repeat(100)} Forgotten Person ${number}`)
  before.exec('DELETE FROM people')
  before.close()
  t.ok(holds(folder, 'Forgotten Person', [FILE]))
  const database = openDatabase(join(folder, FILE))
  t.teardown(() => { database.close() })
  t.equal(database.compact(), true)
  t.notOk(holds(folder, 'Forgotten Person'))
})

t.test('a file that another process reads is not called compacted, and is once it reads no more', async (t) => {
  const file = join(temporaryFolder(t), FILE)
  const database = openDatabase(file)
  t.teardown(() => { database.close() })
  database.execute('CREATE TABLE people (name TEXT)')
  const other = new DatabaseSync(file)
  t.teardown(() => { other.close() })
  other.exec('BEGIN; SELECT * FROM people')
  t.equal(database.compact(), false)
  other.exec('COMMIT')
  t.equal(database.compact(), true)
  other.exec('BEGIN IMMEDIATE')
  t.equal(database.compact(), false)
  other.exec('COMMIT')
  t.equal(database.compact(), true)
})
