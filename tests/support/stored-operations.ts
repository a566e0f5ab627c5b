import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { openStorage } from '../../lib/storage/storage.ts'
import { teleconsultationStore } from '../../lib/storage/teleconsultation-store.ts'
import { world } from './operations.ts'
import type { Teardown } from './service.ts'

/** Operations over a real storage, in which people are told of what is written. */
export async function storedWorld (t: Teardown) {
  const made = world()
  const clock = () => made.time.now
  const crud = await startEmbeddedCrud({ file: ':memory:', collections: [TELECONSULTATIONS, USER_ID_MAPS], userIdHeaderKey: 'miauserid', clock })
  const storage = openStorage({ url: crud.origin, teleconsultations: '/teleconsultations', userIdMaps: '/userid-maps', timeoutMs: 60_000, clock })
  t.teardown(async () => {
    await made.quiet()
    await storage.close()
    await crud.close()
  })
  return { ...made, ports: { ...made.ports, store: teleconsultationStore(storage.teleconsultations, storage.layout, 'memory', { tellsPeople: true }) } }
}
