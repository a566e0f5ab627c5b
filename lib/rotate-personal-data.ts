import { openCipher } from './compose-privacy.ts'
import { startOwnStorage } from './compose-storage.ts'
import type { Configuration } from './config/configuration.ts'
import { httpClient } from './http/client.ts'
import { crudCollection } from './storage/crud-client.ts'
import { PERSONAL_IN_MEMBERSHIPS, PERSONAL_IN_OUTBOX, PERSONAL_IN_TELECONSULTATIONS, rotate } from './storage/protected-collection.ts'

/**
 * Brings all stored personal data under the first configured key, also while the service runs. Where the configuration is not to encrypt,
 * what is encrypted is stored readable.
 *
 * @param plain whether what is stored readable is encrypted as well; nothing readable is left in the files of the embedded storage then
 * @returns whether nothing is left under another key, or readable
 */
export async function rotatePersonalData (configuration: Configuration, { plain, print }: { plain: boolean, print: (line: string) => void }): Promise<boolean> {
  const { storage } = configuration
  const cipher = openCipher(configuration)
  const own = storage.url === undefined ? await startOwnStorage(configuration, () => new Date()) : undefined
  const http = httpClient({ baseUrl: own?.origin ?? storage.url ?? '', timeoutMs: storage.timeoutMs, name: 'storage', now: Date.now })
  try {
    let isDone = true
    for (const [path, fields] of [
      [storage.teleconsultations, PERSONAL_IN_TELECONSULTATIONS],
      ...storage.organisationMembers === undefined ? [] : [[storage.organisationMembers, PERSONAL_IN_MEMBERSHIPS] as const],
      ...own === undefined ? [] : [['/outbox', PERSONAL_IN_OUTBOX] as const]
    ] as const) {
      const { seen, rewritten, contended, lost } = await rotate(crudCollection(http, path), cipher, fields, { plain })
      print(`${fields.collection}: ${seen} seen, ${rewritten} rewritten, ${contended} contended, ${lost} lost`)
      isDone &&= contended === 0 && lost === 0
    }
    if (own !== undefined && plain) {
      const isRewritten = await own.compact()
      print(isRewritten ? 'database file: rewritten without what it held before' : 'database file: in use, and may hold what it held before; run this again')
      isDone &&= isRewritten
    }
    return isDone
  } finally {
    await http.close()
    await own?.close()
  }
}
