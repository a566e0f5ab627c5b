import type { Test } from 'tap'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import type { CrudUnderTest } from './crud-contract.ts'

const asPath = (name: string) => name.startsWith('/') ? name : `/${name}`

/** The CRUD Service that an environment names, undefined when it names none. */
export function namedCrud (environment: Readonly<Record<string, string | undefined>>): CrudUnderTest | undefined {
  const url = environment['CRUD_SERVICE_URL']
  if (!url) return undefined
  return {
    origin: url.replace(/\/+$/, ''),
    teleconsultations: asPath(environment['TELECONSULTATIONS_CRUD_NAME'] ?? TELECONSULTATIONS.endpointBasePath),
    userIdMaps: asPath(environment['USER_ID_MAP_CRUD_NAME'] ?? USER_ID_MAPS.endpointBasePath),
  }
}

/** An embedded server for one test, under paths of its own where they are given. */
export async function embeddedCrud (t: Test, paths: { teleconsultations?: string, userIdMaps?: string } = {}): Promise<CrudUnderTest> {
  const { teleconsultations = TELECONSULTATIONS.endpointBasePath, userIdMaps = USER_ID_MAPS.endpointBasePath } = paths
  const crud = await startEmbeddedCrud({
    file: ':memory:',
    collections: [{ ...TELECONSULTATIONS, endpointBasePath: teleconsultations }, { ...USER_ID_MAPS, endpointBasePath: userIdMaps }],
    userIdHeaderKey: 'miauserid',
    clock: () => new Date(),
  })
  t.teardown(() => crud.close())
  return { origin: crud.origin, teleconsultations, userIdMaps }
}
