import { CapabilityUnsupported, RoomNotFound } from '../errors.ts'
import { atRoom, whereIs } from './places.ts'
import { callProvider, type Context, type Ports } from './ports.ts'

/** How many files are deleted beside each other: the provider has a rate limit. */
const BESIDE = 4

/**
 * Deletes the files that were shared in a teleconsultation's calls. What could not be deleted is the difference of the two
 * numbers; calling again tries it again.
 *
 * @throws TELECONSULTATION_NOT_FOUND, CAPABILITY_UNSUPPORTED, STORAGE_*, PROVIDER_* when the files can't even be listed
 */
export async function deleteUploads (ports: Ports, id: string, context: Context): Promise<{ total: number, deleted: number }> {
  if (whereIs(ports, 'uploads') === undefined) throw new CapabilityUnsupported('deleting uploaded files')
  const document = await ports.store.get(id, context)
  if (document === undefined || document.control.phase === 'DELETING') throw new RoomNotFound(id)
  const { room } = document.control
  if (room === undefined) return { total: 0, deleted: 0 }
  const there = atRoom(ports, document.control)
  if (there?.provider.capabilities.uploads !== true) throw new CapabilityUnsupported('deleting uploaded files')
  const uploads = await callProvider(there, async (provider, signal) => await provider.listUploads(room, signal), context)
  const queue = [...uploads]
  let deleted = 0
  const work = async () => {
    for (let upload = queue.shift(); upload !== undefined; upload = queue.shift()) {
      const current = upload
      try {
        await callProvider(there, async (provider, signal) => { await provider.deleteUpload(current, signal) })
        deleted++
      } catch (error) {
        context.log.warn({ err: error, roomId: id }, 'A shared file could not be deleted')
      }
    }
  }
  await Promise.all(Array.from({ length: BESIDE }, work))
  return { total: uploads.length, deleted }
}
