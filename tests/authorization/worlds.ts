import { DatabaseSync } from 'node:sqlite'
import { startPlatform } from '../support/platform.ts'
import { startService, type Service, type Teardown } from '../support/service.ts'
import { TOKEN_SECRET, type World } from './universe.ts'

const MIXED = { AUTHORIZATION: 'local', TOKEN_SECRET }
// What is stored is looked at: titles are readable there.
const QUIET = { LOG_LEVEL: 'error', RECONCILE_EVERY_SEC: '0', PII_ENCRYPTION_KEYS: 'none' }

/** The service's own rooms and storage. */
export async function embeddedWorld (t: Teardown): Promise<World> {
  const services = await Promise.all([startService(t, { ...MIXED, ...QUIET }), startService(t, { AUTHORIZATION: 'gateway', ...QUIET })] as const)
  const readers = new Map(services.map((service) => [service, rowsAbout(t, service)]))
  const [mixed, gateway] = services
  const invitee = (id: string) => ({ userExternalId: id, groups: [/^(participant|colleague)/.test(id) ? 'doctor' : 'patient'], fullName: 'A Person' })
  return {
    mixed,
    gateway,
    storedAbout: async (service, texts) => readers.get(service)?.(texts) ?? '[]',
    people: (ids) => ids.map(invitee),
    invitee,
    suffix: (number) => `-of-${number}.`
  }
}

function rowsAbout (t: Teardown, { dataPath }: Service): (texts: readonly string[]) => string {
  const database = new DatabaseSync(`${dataPath}/teleconsultations.sqlite`, { readOnly: true })
  t.teardown(() => { database.close() })
  const tables = database.prepare("SELECT name FROM pragma_table_list WHERE type = 'table' AND name IN (SELECT name FROM sqlite_master WHERE sql LIKE '%body TEXT NOT NULL%')").all().map(({ name }) => String(name))
  const statements = tables.map((table) => database.prepare(`SELECT id, state, body FROM "${table}" WHERE EXISTS (SELECT 1 FROM json_each(?) WHERE instr(id || body, value) > 0) ORDER BY id`))
  return (texts) => JSON.stringify(statements.map((statement) => statement.all(JSON.stringify(texts))))
}

const ROLES = ['owner', 'participant', 'colleague', 'guest', 'member', 'admin', 'newcomer', 'outsider', 'foreign'] as const

/** A vendor that keeps files, transcriptions and backgrounds, and records on request; people are known to an auth service. */
export async function vendorWorld (t: Teardown) {
  const users = ROLES.map((role) => ({ user_id: `${role}-of-all`, name: 'A Person', app_metadata: { groups: [/^(participant|colleague)/.test(role) ? 'doctor' : 'patient'] } }))
  const variables = { ...QUIET, DEFAULT_RECORDING_TYPE: 'manual', TELECONSULTATION_DELETE_UPLOADS: 'true' }
  const platforms = await Promise.all([{ ...MIXED, ...variables }, variables].map((given) => startPlatform(t, { generation: 'kaleyra', users, variables: given })))
  const [one, other] = platforms
  if (one === undefined || other === undefined) throw new Error('two platforms were started')
  const world: World = {
    mixed: one.service,
    gateway: other.service,
    async storedAbout (service, texts) {
      const { rows, vendor } = service === one.service ? one : other
      const all = [...await rows('bk-ts-teleconsultations'), ...await rows('bk-ts-userid-maps')]
      return JSON.stringify([all.filter((row) => texts.some((text) => JSON.stringify(row).includes(text))), vendor.requests.filter(({ method }) => method !== 'GET').length])
    },
    people: (ids) => ids.map((id) => ({ userExternalId: id })),
    invitee: (id) => ({ userExternalId: id }),
    suffix: () => '-of-all'
  }
  return { world, vendorOf: (service: Service) => (service === one.service ? one : other).vendor }
}
