/**
 * A process of its own with an embedded CRUD server. Takes the SQLite file and the layout, tells its parent the origin, and
 * ends with its parent.
 */
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { OFFICIAL_TELECONSULTATIONS } from '../support/collections.ts'

const [, , file, layout] = process.argv
if (file === undefined || process.send === undefined) throw new Error('to be forked with the name of a file')

if (!process.connected) process.exit()
process.once('disconnect', () => { process.exit() })
const crud = await startEmbeddedCrud({
  file,
  collections: [layout === 'official' ? OFFICIAL_TELECONSULTATIONS : TELECONSULTATIONS, USER_ID_MAPS],
  userIdHeaderKey: 'miauserid',
  clock: () => new Date()
})
process.send(crud.origin)
