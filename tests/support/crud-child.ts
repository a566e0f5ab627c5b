/**
 * A process of its own with an embedded CRUD server, to be killed. Takes the file and tells its parent the origin.
 * Started by tests/storage/embedded-durability.test.ts.
 */
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'

const [, , file] = process.argv
if (file === undefined || process.send === undefined) throw new Error('to be forked with the name of a file')

const crud = await startEmbeddedCrud({
  file,
  collections: [TELECONSULTATIONS, USER_ID_MAPS],
  userIdHeaderKey: 'miauserid',
  clock: () => new Date(),
})
process.send(crud.origin)
