import type { ProviderName } from '../../lib/config/video-environment.ts'
import { ProviderBadAnswer, ProviderTimeout, ProviderUnavailable } from '../../lib/errors.ts'
import { withoutExtras, type RoomSpec, type RoomState, type VideoProvider } from '../../lib/providers/provider.ts'
import { abilitiesOf, keepsNothing } from './abilities.ts'
import type { Life, Network } from './network.ts'
import type { Scheduler } from './scheduler.ts'

export interface SimulatedRoom {
  /** At its provider. */
  id: string
  provider: ProviderName
  marker: string | undefined
  /** External ids. */
  people: readonly string[]
  durationSeconds: number | undefined
  startAt: number
  endAt: number
  createdAt: number
}

/** Ids are unique at one provider only. */
export const roomKey = ({ provider, id }: { provider: string, id: string }) => `${provider} ${id}`

export interface SimulatedVendor {
  /** Those that can be entered, by `roomKey`; where a provider keeps none: names that were computed and not given up. */
  rooms: Map<string, SimulatedRoom>
  /** Accounts by the person, and as what. */
  accounts: Map<string, Set<string>>
  /** @param ours the clock of who asks: the one that a provider within the service has */
  seenBy (life: Life, name: ProviderName, ours: () => number): VideoProvider
}

export interface VendorOptions {
  /** Whether the Jitsi server can be told to end a call. */
  jitsiEndsCalls: boolean
  /** @param givenUp who asked for it is not there any more */
  made (room: SimulatedRoom, givenUp: boolean): void
  deleted (room: SimulatedRoom): void
  /** It took other dates or people. */
  changed (room: SimulatedRoom): void
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

const linkTo = (provider: string, roomId: string, account: string) => `https://${provider}.example/${roomId}/${account}`

const timesOf = ({ durationSeconds, startAt, endAt }: RoomSpec) => ({ durationSeconds, startAt: startAt.getTime(), endAt: endAt.getTime() })

/** The room and the account that a link leads to. */
export const readLink = (url: string) => {
  const [, , host = '', id = '', account = ''] = url.split('/')
  return { room: roomKey({ provider: host.replace('.example', ''), id }), account }
}

/** All providers in one world: what each does follows from its capabilities, and two of them give the same ids. */
export function simulatedVendor (schedule: Scheduler, net: Network, { jitsiEndsCalls, made, deleted, changed, complain }: VendorOptions): SimulatedVendor {
  const rooms = new Map<string, SimulatedRoom>()
  const buried = new Set<string>()
  const accounts = new Map<string, Set<string>>()
  const owners = new Map<string, string>()
  const counts = new Map<string, number>()
  const lost = new Map<string, SimulatedRoom>()
  const put = (room: SimulatedRoom, givenUp: boolean) => {
    if (rooms.has(roomKey(room))) return
    rooms.set(roomKey(room), room)
    made(room, givenUp)
  }

  return {
    rooms,
    accounts,
    seenBy (life, name, ours) {
      const capabilities = abilitiesOf(name, jitsiEndsCalls)
      const { registersPeople, deterministicRooms, listsRooms, access, endCall, roomChange } = capabilities
      /** In this very service: it has its clock, and never makes a room again that was deleted. */
      const isOurs = capabilities.computesAccess === true
      const isName = keepsNothing(capabilities)
      /** It loses rooms when it is restarted, and whoever may enter brings his back. */
      const accessMakesRooms = name === 'livekit'

      const now = () => isOurs ? ours() : schedule.now()

      const send = <T> (what: string, signal: AbortSignal, effect: (givenUp: boolean) => T) => net.send({ what: `${name} ${what}`, life, effect, failures, signal })
      const keyOf = (id: string) => roomKey({ provider: name, id })
      const accountOf: VideoProvider['accountOf'] = ({ externalId, privilege }) => registersPeople ? `acc-${privilege}-${externalId}` : `${name}-${externalId}`

      const create = (spec: RoomSpec, givenUp: boolean): RoomState => {
        const people = spec.participants.map((participant) => registersPeople ? owners.get(participant.providerUserId) : participant.providerUserId === accountOf(participant) ? participant.externalId : undefined)
        if (people.includes(undefined)) complain(`${name} was asked for a room with somebody whom it does not know`)
        if (!spec.participants.some(({ privilege }) => privilege === 'plus')) complain('a room was asked for without a plus participant')
        const number = (counts.get(name) ?? 0) + 1
        counts.set(name, number)
        const id = deterministicRooms ? `room of ${spec.marker}` : `room-${number}`
        if (buried.has(keyOf(id))) throw new ProviderBadAnswer()
        put({ id, provider: name, marker: spec.marker, people: people.map(String).sort(), ...timesOf(spec), createdAt: now() }, givenUp)
        const links = Object.fromEntries(spec.participants.map(({ providerUserId }) => [providerUserId, linkTo(name, id, providerUserId)]))
        return { providerRoomId: id, marker: spec.marker, ...(access === 'vendor-link' ? { links } : {}) }
      }

      const remove = (id: string) => {
        const room = rooms.get(keyOf(id))
        if (room === undefined) return
        rooms.delete(keyOf(id))
        if (isOurs) buried.add(keyOf(id))
        else lost.set(keyOf(id), room)
        deleted(room)
      }

      return {
        ...withoutExtras,
        name,
        capabilities,
        check: async () => {},
        accountOf,
        async ensureUser (person, signal) {
          const providerUserId = accountOf(person)
          if (registersPeople) {
            await send(`register ${providerUserId}`, signal, () => {
              owners.set(providerUserId, person.externalId)
              const who = `${person.privilege} ${person.externalId}`
              accounts.set(who, (accounts.get(who) ?? new Set()).add(providerUserId))
            })
          }
          return { providerUserId }
        },
        createRoom: async (spec, signal) => isName ? create(spec, false) : await send(`create ${spec.marker}`, signal, (givenUp) => create(spec, givenUp)),
        async getRoom ({ providerRoomId }, signal) {
          if (isName) return { status: 'NOT_RUNNING' }
          return await send(`read ${providerRoomId}`, signal, () => rooms.has(keyOf(providerRoomId)) ? { status: 'NOT_RUNNING' as const } : 'missing' as const)
        },
        async changeRoom ({ providerRoomId }, spec, signal) {
          if (roomChange === 'replace') return 'must-replace'
          return await send(`change ${providerRoomId}`, signal, () => {
            const room = rooms.get(keyOf(providerRoomId))
            if (room === undefined) return 'must-replace' as const
            const people = spec.participants.map(({ externalId }) => externalId).sort()
            rooms.set(keyOf(providerRoomId), { ...room, people, ...timesOf(spec) })
            changed(room)
            return 'changed' as const
          })
        },
        async accessFor ({ providerRoomId, links }, { providerUserId }, _options, signal) {
          const url = access === 'vendor-link' ? links?.[providerUserId] : linkTo(name, providerRoomId, providerUserId)
          if (url !== undefined && (isOurs || isName || access === 'vendor-link')) return { kind: 'url', url }
          return await send(`access to ${providerRoomId}`, signal, (givenUp) => {
            const room = lost.get(keyOf(providerRoomId))
            if (access === 'vendor-link' && !rooms.has(keyOf(providerRoomId))) throw new ProviderBadAnswer()
            if (accessMakesRooms && room !== undefined) put({ ...room, createdAt: now() }, givenUp)
            return { kind: 'url' as const, url: linkTo(name, providerRoomId, providerUserId) }
          })
        },
        async deleteRoom ({ providerRoomId }, signal) {
          if (isName && !endCall) remove(providerRoomId)
          else await send(`delete ${providerRoomId}`, signal, () => { remove(providerRoomId) })
        },
        async findRooms (marker, since, signal) {
          if (!listsRooms) return []
          return await send('list', signal, () => [...rooms.values()]
            .filter((room) => room.provider === name && (room.marker === marker || room.marker?.startsWith(`${marker}|`) === true))
            .filter(({ createdAt }) => createdAt >= since.getTime() - (isOurs ? 0 : CLOCK_TOLERANCE_MS))
            .map(({ id, marker }) => ({ providerRoomId: id, marker })))
        },
        close: async () => {}
      }
    }
  }
}
