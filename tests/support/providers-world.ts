import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import Fastify from 'fastify'
import { loadConfiguration } from '../../lib/config/load.ts'
import { ProviderTimeout } from '../../lib/errors.ts'
import { peopleOfBody } from '../../lib/identity/people.ts'
import { personalLinks } from '../../lib/identity/personal-links.ts'
import { seatTokens } from '../../lib/identity/seat-tokens.ts'
import authorization from '../../lib/plugins/authorization.ts'
import errors from '../../lib/plugins/errors.ts'
import requestContext from '../../lib/plugins/request-context.ts'
import requestKey from '../../lib/plugins/request-key.ts'
import tokens from '../../lib/plugins/tokens.ts'
import { schemaController } from '../../lib/plugins/validation.ts'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import { dailyProvider } from '../../lib/providers/daily/provider.ts'
import { jitsiProvider } from '../../lib/providers/jitsi/provider.ts'
import { livekitProvider } from '../../lib/providers/livekit/provider.ts'
import type { VideoProvider } from '../../lib/providers/provider.ts'
import { clinicRoutes } from '../../lib/routes/clinic/index.ts'
import { personalLinkRoute } from '../../lib/routes/personal-link/access.ts'
import { teleconsultationRoutes } from '../../lib/routes/teleconsultation/index.ts'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { backgroundWork } from '../../lib/teleconsultations/background.ts'
import { accessGiver } from '../../lib/teleconsultations/give-access.ts'
import { oncePerKey } from '../../lib/teleconsultations/once-per-key.ts'
import { callStates } from '../../lib/teleconsultations/call-state.ts'
import { authorizationRules, type Ports, type Settings } from '../../lib/teleconsultations/ports.ts'
import { reconcile } from '../../lib/teleconsultations/reconcile.ts'
import * as errorSchemas from '../../schemas/error.ts'
import * as pageSchemas from '../../schemas/pages.ts'
import * as settingsSchemas from '../../schemas/settings.ts'
import * as teleconsultationSchemas from '../../schemas/teleconsultation.ts'
import { startFakeBandyer } from './fake-bandyer.ts'
import { DAILY_KEY, startFakeDaily } from './fake-daily.ts'
import { APP_SECRET, startFakeJitsi } from './fake-jitsi.ts'
import { LIVEKIT_KEY, LIVEKIT_SECRET, startFakeLivekit, wayOf, type Claims, type FakeRoom } from './fake-livekit.ts'
import { VENDOR_KEY } from './fake-vendor.ts'
import { memoryStore, memoryUserMap, world as operationsWorld } from './operations.ts'
import { NOON, startService, temporaryFolder, type Service, type Teardown } from './service.ts'

export const FAKED = ['bandyer', 'daily', 'livekit', 'jitsi'] as const
export type Faked = typeof FAKED[number]
/** What every one of them does that has an API; Jitsi makes its rooms without asking anybody. */
export type CommonFault = 'wrong key' | 'failing' | 'malformed' | 'dropped' | 'silent'

/** Who came in by a link, and where. */
export interface Entered { providerRoomId: string, providerUserId: string }

/** Four vendors at once, by one clock. */
export async function startFakes (t: Teardown) {
  const bandyer = await startFakeBandyer(t)
  const daily = await startFakeDaily(t)
  const livekit = await startFakeLivekit(t)
  const jitsi = await startFakeJitsi(t, { appId: 'consultations', appSecret: APP_SECRET })
  // A token alone makes no room: whoever comes in finds one.
  livekit.switches.autoCreate = false
  const all = { bandyer, daily, livekit, jitsi }

  const setClock = (at: Date) => { for (const { time } of Object.values(all)) time.now = at }
  setClock(NOON)

  const doors: Record<Faked, (link: string) => Promise<Entered>> = {
    async bandyer (link) {
      const token = new URL(link).pathname.split('/').at(-1)
      for (const { id, seats, deleted } of bandyer.rooms) {
        const seat = deleted ? undefined : seats.find((one) => one.token === token)
        if (seat !== undefined) return { providerRoomId: id, providerUserId: seat.userId }
      }
      throw new Error('no room has this link')
    },
    async daily (link) {
      const session = await daily.enter(link)
      const room = daily.rooms.find(({ inside }) => inside.has(session))
      const { userId = '' } = room?.inside.get(session) ?? {}
      room?.inside.delete(session)
      return { providerRoomId: room?.name ?? '', providerUserId: userId }
    },
    async livekit (link) {
      const { token } = wayOf(link)
      const status = livekit.mayJoin(token)
      if (status !== 200) throw new Error(`refused with ${status}`)
      const { sub = '', video } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims
      return { providerRoomId: String(video?.room), providerUserId: sub }
    },
    async jitsi (link) {
      const { room, claims } = await jitsi.enter(link)
      const { id = '' } = (claims['context'] as { user?: { id?: string } }).user ?? {}
      await jitsi.leave(room, id)
      return { providerRoomId: room, providerUserId: id }
    }
  }

  const stands = ({ createdAt, emptyTimeout, lastLeftAt, departureTimeout }: FakeRoom) =>
    livekit.time.now.getTime() < (lastLeftAt === undefined ? createdAt.getTime() + emptyTimeout * 1000 : lastLeftAt.getTime() + departureTimeout * 1000)

  return {
    ...all,
    setClock,
    fail (name: Faked, fault: CommonFault, options: { times?: number, on?: RegExp } = {}) {
      if (name !== 'jitsi') all[name].fail(fault, options)
    },
    recover () {
      bandyer.recover()
      daily.recover()
      livekit.recover()
    },
    /** Opens a link as a browser does; rejects where the vendor would not let anybody in. */
    enter: async (name: string, link: string): Promise<Entered> => await doors[name as Faked](link),
    /** Rooms that can be entered, with their vendor. Jitsi keeps none. */
    rooms: () => [
      ...bandyer.rooms.filter(({ deleted }) => !deleted).map(({ id }) => `bandyer ${id}`),
      ...daily.rooms.filter(({ deleted, given }) => !deleted && !(Number(given['exp']) * 1000 <= daily.time.now.getTime())).map(({ name }) => `daily ${name}`),
      ...[...livekit.rooms.values()].filter(stands).map(({ name }) => `livekit ${name}`)
    ],
    /** No rooms any more, and nothing that was asked. People stay known. */
    forget () {
      livekit.rooms.clear()
      for (const list of [bandyer.rooms, bandyer.requests, daily.rooms, daily.requests, livekit.requests, jitsi.requests]) list.length = 0
    },
    variables: {
      BANDYER_API_SECRET_KEY: VENDOR_KEY,
      BANDYER_BASE_URL: bandyer.baseUrl,
      DAILY_API_KEY: DAILY_KEY,
      DAILY_BASE_URL: daily.baseUrl,
      LIVEKIT_URL: livekit.origin,
      LIVEKIT_API_KEY: LIVEKIT_KEY,
      LIVEKIT_API_SECRET: LIVEKIT_SECRET,
      JITSI_URL: jitsi.origin,
      JITSI_APP_ID: 'consultations',
      JITSI_APP_SECRET: APP_SECRET
    }
  }
}

export const LINK_SECRET = 'only for tests, and long enough for a secret'

export interface StoredDocument { _id: string, __STATE__: string, bandyerRoomId: string, participants: Array<Record<string, unknown>>, service: { provider: string, fellBackFrom?: string, chosen?: string, garbage: unknown[] } & Record<string, unknown> }

/** The four vendors, one storage, and on them as many services as a test starts, each with its own idea of who holds the calls. */
export async function startProviderWorld (t: Teardown) {
  const fakes = await startFakes(t)
  const folder = temporaryFolder(t)
  let now = NOON
  const crud = await startEmbeddedCrud({
    file: ':memory:',
    collections: [{ ...TELECONSULTATIONS, endpointBasePath: '/teleconsultations' }, { ...USER_ID_MAPS, endpointBasePath: '/maps' }],
    userIdHeaderKey: 'miauserid',
    clock: () => now
  })
  t.teardown(() => crud.close())
  const services: Service[] = []
  let files = 0

  return {
    fakes,
    crud,
    /** @param configuration of the service's file; without it that has its defaults */
    async start (provider: string, variables: Record<string, string> = {}, configuration?: object) {
      const path = `${folder}/${++files}.json`
      if (configuration !== undefined) writeFileSync(path, JSON.stringify({ privileges: { basic: { groups: ['patient'] }, plus: { groups: ['doctor', 'surgeon'] } }, ...configuration }))
      const service = await startService(t, {
        ...fakes.variables,
        CRUD_SERVICE_URL: crud.origin,
        TELECONSULTATIONS_CRUD_NAME: 'teleconsultations',
        USER_ID_MAP_CRUD_NAME: 'maps',
        AUTHORIZATION: 'local',
        LINK_SECRET,
        CLOCK_SKEW_MS: '0',
        RECONCILE_EVERY_SEC: '0',
        DEPLOYMENT_ID: 'clinic',
        VIDEO_PROVIDER: provider,
        ...(configuration === undefined ? {} : { TELECONSULTATION_SERVICE_CONFIG_PATH: path }),
        ...variables
      })
      service.setClock(now)
      services.push(service)
      return service
    },
    setClock (at: Date) {
      now = at
      fakes.setClock(at)
      for (const service of services) service.setClock(at)
    },
    documents: async (): Promise<StoredDocument[]> => (await documentsOf(crud.origin)).filter(({ __STATE__: state }) => state === 'PUBLIC')
  }
}

const documentsOf = async (origin: string) => await (await fetch(`${origin}/teleconsultations/?_st=PUBLIC,TRASH&_l=200`)).json() as StoredDocument[]

/** Everybody's personal link, by the id of the caller's system. */
export async function linksOf (service: Pick<Service, 'inject'>, roomId: string): Promise<Record<string, string>> {
  const { teleconsultations } = (await service.inject({ url: '/clinic/teleconsultations' })).json<{ teleconsultations: Array<{ roomId: string, participants: Array<{ userExternalId: string, personalLink: string }> }> }>()
  const found = teleconsultations.find((one) => one.roomId === roomId)
  return Object.fromEntries(found?.participants.map(({ userExternalId, personalLink }) => [userExternalId, personalLink]) ?? [])
}

/** What the page behind a personal link asks for. */
export const follow = (service: Pick<Service, 'inject'>, link = '', seat?: string) =>
  service.inject({ url: '/personal-link', headers: { authorization: `Bearer ${link.split('#')[1] ?? ''}`, ...seat === undefined ? {} : { 'x-seat': seat } }, remoteAddress: '203.0.113.7' })

/** When links of these services begin, and how long they open their page after the end. */
export const WINDOW = { periodMs: 600_000, skewMs: 250 }
export const GRACE_MS = 24 * 3600_000
const PUBLIC_URL = 'https://clinic.example'

/** How a provider that fails does it. `lost`: what is asked happens, and the answer does not come. */
export type Fault = CommonFault | 'lost'

const sharedSchemas = (module: object) => Object.values(module).filter((schema: unknown): schema is { $id: string } => typeof schema === 'object' && schema !== null && '$id' in schema)

/** The routes and operations over the real adapters; which of them are in use, and for what, changes while they run. */
export async function startSwitched (t: Teardown) {
  const fakes = await startFakes(t)
  let now = NOON
  const setClock = (at: Date) => { now = at; fakes.setClock(at) }
  const clock = () => now
  const broken = new Map<string, Fault>()

  const common = { timeoutMs: 60_000, userIdSecret: LINK_SECRET, clock, pause: async (ms: number) => { setClock(new Date(now.getTime() + ms)) } }
  const { BANDYER_BASE_URL, BANDYER_API_SECRET_KEY, DAILY_BASE_URL, DAILY_API_KEY, LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET, JITSI_URL, JITSI_APP_ID, JITSI_APP_SECRET } = fakes.variables
  const adapters = {
    bandyer: bandyerProvider({ ...common, baseUrl: BANDYER_BASE_URL, apiKey: BANDYER_API_SECRET_KEY }),
    daily: dailyProvider({ ...common, baseUrl: DAILY_BASE_URL, apiKey: DAILY_API_KEY, nameSecret: LINK_SECRET, entryLeadMs: WINDOW.periodMs }),
    livekit: livekitProvider({ ...common, url: LIVEKIT_URL, apiKey: LIVEKIT_API_KEY, apiSecret: LIVEKIT_API_SECRET, publicUrl: () => PUBLIC_URL }),
    jitsi: jitsiProvider({ ...common, url: JITSI_URL, appId: JITSI_APP_ID, appSecret: JITSI_APP_SECRET })
  }
  for (const adapter of Object.values(adapters)) t.teardown(() => adapter.close())

  // Nobody waits for a provider that is silent: its time is over at once.
  const impatient = (adapter: VideoProvider): VideoProvider => {
    const limited = (signal: AbortSignal) => broken.get(adapter.name) === 'silent' ? AbortSignal.any([signal, AbortSignal.timeout(10)]) : signal
    return {
      ...adapter,
      ensureUser: async (person, signal) => await adapter.ensureUser(person, limited(signal)),
      getRoom: async (room, signal) => await adapter.getRoom(room, limited(signal)),
      accessFor: async (room, participant, options, signal) => await adapter.accessFor(room, participant, options, limited(signal)),
      deleteRoom: async (room, signal) => { await adapter.deleteRoom(room, limited(signal)) },
      findRooms: async (marker, since, signal) => await adapter.findRooms(marker, since, limited(signal)),
      async createRoom (spec, signal) {
        const room = await adapter.createRoom(spec, limited(signal))
        if (broken.get(adapter.name) === 'lost') throw new ProviderTimeout()
        return room
      }
    }
  }
  const providers = { bandyer: impatient(adapters.bandyer), daily: impatient(adapters.daily), livekit: impatient(adapters.livekit), jitsi: impatient(adapters.jitsi) }

  const configuration = loadConfiguration({})
  const background = backgroundWork()
  const { ports: { settings }, context } = operationsWorld()
  let operations = 0
  const met = { fallbacks: 0, moves: 0, failures: 0, entries: 0 }
  const state = {
    memory: memoryStore(),
    people: memoryUserMap(),
    using: { first: 'bandyer' as Faked, others: [] as Faked[], fallback: undefined as Faked | undefined },
    settings: settings as Settings
  }
  const ports: Ports = {
    get store () { return state.memory.store },
    get userMap () { return state.people.userMap },
    get provider () { return providers[state.using.first] },
    get others () { return state.using.others.map((name) => providers[name]) },
    get fallback () { return state.using.fallback === undefined ? undefined : providers[state.using.fallback] },
    get settings () { return state.settings },
    clock: { now: clock, deadline: () => ({ signal: new AbortController().signal, cancel: () => {} }) },
    ids: { operation: () => `op-${++operations}` },
    inBackground: background.run,
    fellBack: () => { met.fallbacks++ }
  }

  const app = Fastify({ logger: false, schemaController: schemaController() })
  t.teardown(() => app.close())
  await app.register(errors)
  await app.register(requestContext, { headers: configuration.headers, timeoutMs: 3600_000, clock })
  await app.register(tokens, { secret: LINK_SECRET, clock })
  const seats = seatTokens(app.tokens.seat, randomUUID)
  await app.register(authorization, {
    isGateway: true,
    actorOf: async () => ({ actor: { kind: 'gateway' as const } }),
    read: (id, context) => ports.store.get(id, context),
    rules: authorizationRules(ports),
    seats,
    linkGraceMs: GRACE_MS,
    clock,
    knowsCallers: false
  })
  await app.register(requestKey, { secret: LINK_SECRET, callerOf: () => 'clinic' })
  for (const schema of [errorSchemas.ErrorBody, ...sharedSchemas(teleconsultationSchemas), ...sharedSchemas(settingsSchemas), ...sharedSchemas(pageSchemas)]) app.addSchema(schema)
  const services = {
    ports,
    access: accessGiver(ports),
    callState: callStates(ports),
    people: peopleOfBody(configuration.privileges),
    knowsPeople: false,
    deletesUploads: false,
    transcriptionLimitBytes: 0,
    personalLinks: personalLinks(app.tokens.personalLink, () => PUBLIC_URL),
    seats,
    once: oncePerKey({ clock: ports.clock, keptMs: 0 }),
    answered: oncePerKey({ clock: ports.clock, keptMs: 0 }),
    callerOf: () => undefined,
    mayActAsClinic: () => true
  }
  await app.register(teleconsultationRoutes, { services })
  await app.register(personalLinkRoute, { services, graceMs: GRACE_MS })
  await app.register(clinicRoutes, { services, overview: () => ({ name: '', version: '', storage: '', video: '', identity: '', mail: 'none', publicUrl: PUBLIC_URL, maxParticipants: 25, groups: [] }) })

  return {
    fakes,
    app,
    state,
    /** That it happened at all is proved by counting. */
    met,
    now: clock,
    setClock,
    isBroken: (name?: Faked) => name === undefined ? broken.size > 0 : broken.has(name),
    breakDown (name: Faked, fault: Fault) {
      if (name === 'jitsi' || broken.has(name)) return
      broken.set(name, fault)
      if (fault !== 'lost') fakes.fail(name, fault)
    },
    recover () {
      broken.clear()
      fakes.recover()
    },
    quiet: () => background.finished(),
    reconcile: async () => { await reconcile(ports, context); await background.finished() },
    endCalls: async () => { await adapters.livekit.endOverdueRooms(now, new AbortController().signal) }
  }
}
