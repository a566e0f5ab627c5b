import { httpClient, type HttpEventListener } from '../http/client.ts'
import { fieldCipher, type FieldCipher } from '../privacy/field-cipher.ts'
import { crudCollection, type CrudCollection } from './crud-client.ts'
import { PERSONAL_IN_MEMBERSHIPS, PERSONAL_IN_OUTBOX, PERSONAL_IN_TELECONSULTATIONS, protectedCollection } from './protected-collection.ts'
import { layoutOf, type Layout } from './stored-teleconsultation.ts'

export interface StorageOptions {
  /** Base URL of the CRUD Service. */
  url: string
  /** The collections' base paths. */
  teleconsultations: string
  userIdMaps: string
  /** Undefined: not kept. */
  organisationMembers?: string | undefined
  agendaFeeds?: string | undefined
  erasures?: string | undefined
  /** Encrypts personal data. Absent: nothing is. */
  cipher?: FieldCipher | undefined
  timeoutMs: number
  clock: () => Date
  onEvent?: HttpEventListener | undefined
}

export interface Storage {
  teleconsultations: CrudCollection
  userIdMaps: CrudCollection
  organisationMembers: CrudCollection | undefined
  agendaFeeds: CrudCollection | undefined
  erasures: CrudCollection | undefined
  /** Of the embedded storage. */
  outbox: CrudCollection
  layout (): Promise<Layout>
  /** Whether the storage answers; asked at most once a second, however many want to know. */
  check (): Promise<boolean>
  /** What the collection does not declare, and so is off. */
  missing (): Promise<string[]>
  close (): Promise<void>
}

const CHECKED_FOR_MS = 1000
const OPTIONAL_FIELDS = ['revision', 'service']

export function openStorage ({ url, teleconsultations, userIdMaps, organisationMembers, agendaFeeds, erasures, cipher = fieldCipher({ keys: [] }), timeoutMs, clock, onEvent }: StorageOptions): Storage {
  const http = httpClient({ baseUrl: url, timeoutMs, name: 'storage', now: () => clock().getTime(), onEvent })
  const collection = crudCollection(http, teleconsultations)
  const fields = async () => Object.keys((await collection.schema({})).properties ?? {})

  let known: Promise<Layout> | undefined
  const layout = () => {
    known ??= fields().then(layoutOf)
    // Asked again when it could not be told: the storage may come up later than this service.
    known.catch(() => { known = undefined })
    return known
  }

  let checked: { at: number, result: Promise<boolean> } | undefined
  const ask = async () => {
    try {
      await collection.list({ limit: 1 }, {})
      await layout()
      return true
    } catch {
      return false
    }
  }

  return {
    teleconsultations: protectedCollection(collection, cipher, PERSONAL_IN_TELECONSULTATIONS),
    userIdMaps: crudCollection(http, userIdMaps),
    organisationMembers: organisationMembers === undefined ? undefined : protectedCollection(crudCollection(http, organisationMembers), cipher, PERSONAL_IN_MEMBERSHIPS),
    outbox: protectedCollection(crudCollection(http, '/outbox'), cipher, PERSONAL_IN_OUTBOX),
    agendaFeeds: agendaFeeds === undefined ? undefined : crudCollection(http, agendaFeeds),
    erasures: erasures === undefined ? undefined : crudCollection(http, erasures),
    layout,
    check () {
      const now = clock().getTime()
      if (checked === undefined || now - checked.at >= CHECKED_FOR_MS) checked = { at: now, result: ask() }
      return checked.result
    },
    async missing () {
      const declared = new Set(await fields())
      return OPTIONAL_FIELDS.filter((name) => !declared.has(name))
    },
    close: () => http.close()
  }
}
