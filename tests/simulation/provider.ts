import { ProviderBadAnswer, ProviderTimeout, ProviderUnavailable } from '../../lib/errors.ts'
import { withoutExtras, type Capabilities, type RoomSpec, type RoomState, type VideoProvider } from '../../lib/providers/provider.ts'
import type { Life, Network } from './network.ts'
import type { Scheduler } from './scheduler.ts'

/** `vendor` makes another room each time and registers people; `embedded` derives rooms from markers and remembers deleted ones. */
export type Flavour = 'vendor' | 'embedded'

export interface SimulatedRoom {
  id: string
  marker: string | undefined
  /** External ids. */
  people: readonly string[]
  durationSeconds: number | undefined
  startAt: number
  createdAt: number
}

export interface SimulatedVendor {
  /** Those that can be entered. */
  rooms: Map<string, SimulatedRoom>
  /** Accounts by the person, and as what. */
  accounts: Map<string, Set<string>>
  seenBy (life: Life): VideoProvider
}

export interface VendorOptions {
  flavour: Flavour
  /** @param givenUp who asked for it is not there any more */
  made (room: SimulatedRoom, givenUp: boolean): void
  deleted (room: SimulatedRoom): void
  /** Something that a vendor refuses and that it should never be asked. */
  complain (problem: string): void
}

/** So far a vendor's clock may be behind that of who asks for rooms made since. */
const CLOCK_TOLERANCE_MS = 5 * 60_000

const failures = {
  unavailable: () => new ProviderUnavailable(),
  timeout: () => new ProviderTimeout(),
  badAnswer: () => new ProviderBadAnswer()
}

const capabilitiesOf = (flavour: Flavour): Capabilities => ({
  registersPeople: flavour === 'vendor',
  needsPlusParticipant: true,
  minParticipants: 2,
  maxParticipants: 6,
  roomChange: 'replace',
  startGate: 'none',
  endGate: flavour === 'vendor' ? 'none' : 'room',
  access: flavour === 'vendor' ? 'vendor-link' : 'minted-link',
  tools: new Set(),
  toolScope: 'participant',
  recording: new Set(['none']),
  liveFlag: false,
  transcription: false,
  uploads: false,
  background: false,
  webhooks: false,
  endCall: true,
  livePermissions: false,
  sdkCredentials: false,
  deterministicRooms: flavour === 'embedded',
  listsRooms: true
})

/** The room and the account that a link leads to. */
export const readLink = (url: string) => {
  const [, , , roomId, account] = url.split('/')
  return { roomId, account }
}

export function simulatedVendor (schedule: Scheduler, net: Network, { flavour, made, deleted, complain }: VendorOptions): SimulatedVendor {
  const rooms = new Map<string, SimulatedRoom>()
  const buried = new Set<string>()
  const accounts = new Map<string, Set<string>>()
  const owners = new Map<string, string>()
  const capabilities = capabilitiesOf(flavour)
  let count = 0

  const linkTo = (roomId: string, account: string) => `https://vendor.example/${roomId}/${account}`
  const accountOf: VideoProvider['accountOf'] = ({ externalId, privilege }) => flavour === 'vendor' ? `acc-${privilege}-${externalId}` : `acc-${externalId}`

  const create = (spec: RoomSpec, givenUp: boolean): RoomState => {
    const people = spec.participants.map(({ providerUserId, externalId }) => flavour === 'vendor' ? owners.get(providerUserId) : externalId)
    if (people.includes(undefined)) complain('a room was asked for with somebody who is not registered')
    if (!spec.participants.some(({ privilege }) => privilege === 'plus')) complain('a room was asked for without a plus participant')
    const id = flavour === 'vendor' ? `room-${++count}` : `room of ${spec.marker}`
    if (buried.has(id)) throw new ProviderBadAnswer()
    if (!rooms.has(id)) {
      const room: SimulatedRoom = {
        id,
        marker: spec.marker,
        people: people.map(String).sort(),
        durationSeconds: spec.durationSeconds,
        startAt: spec.startAt.getTime(),
        createdAt: schedule.now()
      }
      rooms.set(id, room)
      made(room, givenUp)
    }
    const links = Object.fromEntries(spec.participants.map(({ providerUserId }) => [providerUserId, linkTo(id, providerUserId)]))
    return { providerRoomId: id, marker: spec.marker, ...(flavour === 'vendor' ? { links } : {}) }
  }

  return {
    rooms,
    accounts,
    seenBy (life) {
      const send = <T> (what: string, signal: AbortSignal, effect: (givenUp: boolean) => T) => net.send({ what: `vendor ${what}`, life, effect, failures, signal })
      return {
        ...withoutExtras,
        name: flavour,
        capabilities,
        check: async () => {},
        accountOf,
        async ensureUser (person, signal) {
          const providerUserId = accountOf(person)
          if (flavour === 'vendor') {
            await send(`register ${providerUserId}`, signal, () => {
              register(`${person.privilege} ${person.externalId}`, providerUserId, person.externalId)
            })
          }
          return { providerUserId }
        },
        createRoom: (spec, signal) => send(`create ${spec.marker}`, signal, (givenUp) => create(spec, givenUp)),
        getRoom: ({ providerRoomId }, signal) => send(`read ${providerRoomId}`, signal, () => rooms.has(providerRoomId) ? { status: 'NOT_RUNNING' as const } : 'missing' as const),
        changeRoom: async () => 'must-replace',
        async accessFor ({ providerRoomId, links }, { providerUserId }, _options, signal) {
          if (flavour === 'embedded') return { kind: 'url', url: linkTo(providerRoomId, providerUserId) }
          const known = links?.[providerUserId]
          if (known !== undefined) return { kind: 'url', url: known }
          return await send(`read links of ${providerRoomId}`, signal, () => {
            if (!rooms.has(providerRoomId)) throw new ProviderBadAnswer()
            return { kind: 'url' as const, url: linkTo(providerRoomId, providerUserId) }
          })
        },
        deleteRoom: ({ providerRoomId }, signal) => send(`delete ${providerRoomId}`, signal, () => {
          const room = rooms.get(providerRoomId)
          rooms.delete(providerRoomId)
          if (flavour === 'embedded' && room !== undefined) buried.add(providerRoomId)
          if (room !== undefined) deleted(room)
        }),
        findRooms: (marker, since, signal) => send('list', signal, () => [...rooms.values()]
          .filter((room) => room.marker === marker || room.marker?.startsWith(`${marker}|`) === true)
          .filter(({ createdAt }) => createdAt >= since.getTime() - (flavour === 'vendor' ? CLOCK_TOLERANCE_MS : 0))
          .map(({ id, marker }) => ({ providerRoomId: id, marker }))),
        close: async () => {}
      }
    }
  }

  function register (who: string, account: string, externalId: string) {
    owners.set(account, externalId)
    accounts.set(who, (accounts.get(who) ?? new Set()).add(account))
  }
}
