import t from 'tap'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { crudContract } from '../support/crud-contract.ts'

t.test('the embedded storage keeps the contract of CRUD Service 7', async t => {
  const crud = await startEmbeddedCrud({ file: ':memory:', collections: [TELECONSULTATIONS, USER_ID_MAPS], userIdHeaderKey: 'miauserid', clock: () => new Date() })
  t.teardown(() => crud.close())
  await crudContract(t, { origin: crud.origin, teleconsultations: TELECONSULTATIONS.endpointBasePath, userIdMaps: USER_ID_MAPS.endpointBasePath })
})
