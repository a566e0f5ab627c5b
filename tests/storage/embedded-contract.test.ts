import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { send } from '../support/crud-client.ts'
import { crudContract } from '../support/crud-contract.ts'
import { embeddedCrud, namedCrud } from '../support/crud-subjects.ts'

const named = namedCrud(process.env)

t.test('the embedded storage keeps the contract of CRUD Service 7', async t => {
  await crudContract(t, await embeddedCrud(t))
})

if (named !== undefined) {
  t.test('the CRUD Service that the environment names keeps the contract', async t => {
    await crudContract(t, named)
  })
} else {
  t.test('the same rows run against the CRUD Service that the environment names', async t => {
    const crud = await embeddedCrud(t, { teleconsultations: '/bk-ts-teleconsultations', userIdMaps: '/bk-ts-userid-maps' })
    const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
      env: { CRUD_SERVICE_URL: `${crud.origin}/`, TELECONSULTATIONS_CRUD_NAME: 'bk-ts-teleconsultations', USER_ID_MAP_CRUD_NAME: crud.userIdMaps },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [report, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    t.equal(code, 0, report)
    t.match(report, /^ok \d+ - the CRUD Service that the environment names keeps the contract/m)
    for (const path of [crud.teleconsultations, crud.userIdMaps]) {
      t.not((await send(crud.origin, { method: 'GET', path: `${path}/count?_useEstimate=true` })).json, 0)
    }
  })
}

t.test('a CRUD Service is named by its address, its paths with or without a slash', async t => {
  t.equal(namedCrud({}), undefined)
  t.equal(namedCrud({ CRUD_SERVICE_URL: '', TELECONSULTATIONS_CRUD_NAME: 'a' }), undefined)
  t.strictSame(namedCrud({ CRUD_SERVICE_URL: 'http://crud-service' }), { origin: 'http://crud-service', teleconsultations: '/teleconsultations', userIdMaps: '/userid-maps' })
  t.strictSame(namedCrud({ CRUD_SERVICE_URL: 'http://crud-service/', TELECONSULTATIONS_CRUD_NAME: 'a', USER_ID_MAP_CRUD_NAME: '/b' }), { origin: 'http://crud-service', teleconsultations: '/a', userIdMaps: '/b' })
})
