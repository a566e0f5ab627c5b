import { writeFileSync } from 'node:fs'
import { TELECONSULTATIONS, USER_ID_MAPS } from '../../lib/storage/collections.ts'
import { startEmbeddedCrud } from '../../lib/storage/embedded/server.ts'
import { startFakeBandyer } from './fake-bandyer.ts'
import { DAILY_KEY, startFakeDaily } from './fake-daily.ts'
import { APP_SECRET, startFakeJitsi } from './fake-jitsi.ts'
import { LIVEKIT_KEY, LIVEKIT_SECRET, startFakeLivekit, wayOf, type Claims, type FakeRoom } from './fake-livekit.ts'
import { VENDOR_KEY } from './fake-vendor.ts'
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
export const follow = (service: Pick<Service, 'inject'>, link = '') =>
  service.inject({ url: '/personal-link', headers: { authorization: `Bearer ${link.split('#')[1] ?? ''}` }, remoteAddress: '203.0.113.7' })
