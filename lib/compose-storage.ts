import type { FastifyBaseLogger } from 'fastify'
import type { Configuration } from './config/configuration.ts'
import { dataFile } from './identity/data-file.ts'

/** The embedded storage with all collections. Loaded only where it is used: a replica in front of a CRUD Service has no use for its weight. */
export async function startOwnStorage ({ dataPath, headers }: Pick<Configuration, 'dataPath' | 'headers'>, clock: () => Date, logger?: FastifyBaseLogger) {
  const [{ startEmbeddedCrud }, { AGENDA_FEEDS, ERASURES, ORGANISATION_MEMBERS, OUTBOX, TELECONSULTATIONS, USER_ID_MAPS }] = await Promise.all([import('./storage/embedded/server.ts'), import('./storage/collections.ts')])
  return await startEmbeddedCrud({
    file: dataFile(dataPath, 'teleconsultations.sqlite'),
    collections: [TELECONSULTATIONS, USER_ID_MAPS, ORGANISATION_MEMBERS, AGENDA_FEEDS, ERASURES, OUTBOX],
    userIdHeaderKey: headers.userId,
    clock,
    ...logger === undefined ? {} : { logger }
  })
}
