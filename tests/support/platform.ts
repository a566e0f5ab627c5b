import { writeFileSync } from 'node:fs'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { OFFICIAL_TELECONSULTATIONS } from './collections.ts'
import { fakeAuthService } from './fake-auth-service.ts'
import { startFakeBandyer } from './fake-bandyer.ts'
import { startFakeKaleyra } from './fake-kaleyra.ts'
import { VENDOR_KEY } from './fake-vendor.ts'
import { gated, roundGate } from './rounds.ts'
import { NOON, startService, temporaryFolder, type Teardown } from './service.ts'

export interface PlatformOptions {
  generation?: 'bandyer' | 'kaleyra'
  /** Whether the collection declares our optional fields. */
  declared?: boolean
  /** With an auth service that knows these users. */
  users?: ReadonlyArray<Readonly<Record<string, unknown>>>
  configuration?: object
  variables?: Record<string, string>
}

const CONFIGURATION = {
  privileges: {
    basic: { groups: ['patient', 'customer'], tools: { chat: true, screen_sharing: false } },
    plus: { groups: ['doctor'], tools: { chat: true, screen_sharing: true } }
  },
  environment: 'sandbox',
  mode: 'window'
}

/** The service as the platform runs it: a CRUD Service, a vendor and, when wished, an auth service, each a server of its own behind a gate that counts rounds. */
export async function startPlatform (t: Teardown, options: PlatformOptions = {}) {
  const crud = await startEmbeddedCrud({
    file: ':memory:',
    collections: [
      { ...(options.declared === false ? OFFICIAL_TELECONSULTATIONS : TELECONSULTATIONS), endpointBasePath: '/bk-ts-teleconsultations' },
      { ...USER_ID_MAPS, endpointBasePath: '/bk-ts-userid-maps' }
    ],
    userIdHeaderKey: 'miauserid',
    clock: () => NOON
  })
  t.teardown(() => crud.close())
  const vendor = options.generation === 'bandyer' ? await startFakeBandyer(t) : await startFakeKaleyra(t)
  vendor.time.now = NOON
  const auth = options.users === undefined ? undefined : await fakeAuthService(t, options.users)
  const gate = roundGate()
  const path = `${temporaryFolder(t)}/config.json`
  writeFileSync(path, JSON.stringify({ ...CONFIGURATION, ...options.configuration }))
  const vendorOrigin = await gated(t, vendor.origin, gate)
  const variables = {
    BANDYER_API_SECRET_KEY: VENDOR_KEY,
    BANDYER_BASE_URL: vendor.baseUrl.replace(vendor.origin, vendorOrigin),
    CRUD_SERVICE_URL: await gated(t, crud.origin, gate),
    TELECONSULTATIONS_CRUD_NAME: '/bk-ts-teleconsultations',
    USER_ID_MAP_CRUD_NAME: '/bk-ts-userid-maps',
    TELECONSULTATION_SERVICE_CONFIG_PATH: path,
    CLOCK_SKEW_MS: '0',
    ...(auth === undefined ? {} : { AUTH_SERVICE: new URL(await gated(t, auth.origin, gate)).host, DEFAULT_CLIENT_TYPE: 'backoffice' }),
    ...options.variables
  }
  /** One more process on the same CRUD Service, vendor and auth service. */
  const replica = async () => {
    const started = await startService(t, variables)
    await started.inject({ url: '/-/ready' })
    return started
  }
  const service = await replica()
  const rows = async (name: 'bk-ts-teleconsultations' | 'bk-ts-userid-maps') =>
    await (await fetch(`${crud.origin}/${name}/?_st=PUBLIC,TRASH&_l=200`)).json() as Array<Record<string, unknown> & { _id: string, __STATE__: string }>
  return { service, replica, vendor, auth, gate, crud, rows }
}
