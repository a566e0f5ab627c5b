import type { ProviderName } from '../../lib/config/video-environment.ts'
import { ProviderBadAnswer, ProviderTimeout, ProviderUnavailable } from '../../lib/errors.ts'
import { afterNaming, afterRemoval, afterSetting, opens, type Rights } from '../../lib/providers/embedded/rights.ts'
import { withoutExtras, type RoomParticipant, type RoomSpec, type RoomState, type VideoProvider } from '../../lib/providers/provider.ts'
import { abilitiesOf, keepsNothing } from './abilities.ts'
import type { Life, Network } from './network.ts'
import type { ToolName } from '../../schemas/tools.ts'
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
  /** By account, what it was told besides. */
  rights: Map<string, Rights>
  /** That were given out. */
  ways: WayIn[]
  /** Since who was inside was last put out. */
  endedAt?: number | undefined
  /** It heard something so late that nobody reckoned with it any more. */
  disputed?: true | undefined
  /** It was deleted, and made again by a way in that was asked for before. */
  madeAgain?: true | undefined
}

/** A link, with what it says of whom it was made for. */
export interface WayIn { account: string, revocations: number, tools: readonly ToolName[] }

/** Whether somebody comes in by it. */
export const comesIn = ({ rights }: SimulatedRoom, way: WayIn) => opens(rights.get(way.account), way)

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
  /** After that long nobody reckons with what was sent; undefined: where clocks are not as they are thought to be. */
  lateAfterMs: number | undefined
  /** @param givenUp who asked for it is not there any more */
  made (room: SimulatedRoom, givenUp: boolean): void
  deleted (room: SimulatedRoom): void
  /** It took other dates or people. */
  changed (room: SimulatedRoom, before: SimulatedRoom): void
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
export function simulatedVendor (schedule: Scheduler, net: Network, { jitsiEndsCalls, lateAfterMs, made, deleted, changed, complain }: VendorOptions): SimulatedVendor {
  const rooms = new Map<string, SimulatedRoom>()
  const buried = new Set<string>()
  const accounts = new Map<string, Set<string>>()
  const owners = new Map<string, string>()
  const forgotten = new Set<string>()
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
      const { registersPeople, keepsPeople, deterministicRooms, listsRooms, access, endCall, roomChange, livePermissions, removal } = capabilities
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
        // Whoever asks may have known him before.
        if (spec.participants.some(({ providerUserId }) => forgotten.has(providerUserId))) throw new ProviderBadAnswer()
        const people = spec.participants.map((participant) => registersPeople ? owners.get(participant.providerUserId) : participant.providerUserId === accountOf(participant) ? participant.externalId : undefined)
        if (people.includes(undefined)) complain(`${name} was asked for a room with somebody whom it does not know`)
        if (capabilities.needsPlusParticipant && !spec.participants.some(({ privilege }) => privilege === 'plus')) complain('a room was asked for without a plus participant')
        const number = (counts.get(name) ?? 0) + 1
        counts.set(name, number)
        const id = deterministicRooms ? `room of ${spec.marker}` : `room-${number}`
        if (buried.has(keyOf(id))) throw new ProviderBadAnswer()
        put({ id, provider: name, marker: spec.marker, people: people.map(String).sort(), ...timesOf(spec), createdAt: now(), rights: new Map(), ways: [] }, givenUp)
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

      /** What a room is told, which may come later than something else that it is told after it. */
      const tell = async <T> (what: string, id: string, signal: AbortSignal, effect: (room: SimulatedRoom | undefined) => T) => {
        const sentAt = schedule.now()
        return await send(what, signal, () => {
          const room = rooms.get(keyOf(id))
          if (room !== undefined && (lateAfterMs === undefined || schedule.now() - sentAt > lateAfterMs)) room.disputed = true
          return effect(room)
        })
      }
      const give = (id: string, { providerUserId: account, revocations = 0, tools }: RoomParticipant) => {
        rooms.get(keyOf(id))?.ways.push({ account, revocations, tools: [...tools] })
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
              forgotten.delete(providerUserId)
              const who = `${person.privilege} ${person.externalId}`
              accounts.set(who, (accounts.get(who) ?? new Set()).add(providerUserId))
            })
          }
          return { providerUserId }
        },
        async forgetPerson (providerUserId, signal) {
          if (!keepsPeople) return await withoutExtras.forgetPerson(providerUserId, signal)
          await send(`forget ${providerUserId}`, signal, () => {
            if (!owners.delete(providerUserId)) return
            forgotten.add(providerUserId)
            for (const ids of accounts.values()) ids.delete(providerUserId)
          })
        },
        createRoom: async (spec, signal) => isName ? create(spec, false) : await send(`create ${spec.marker}`, signal, (givenUp) => create(spec, givenUp)),
        async getRoom ({ providerRoomId }, signal) {
          if (isName) return { status: 'NOT_RUNNING' }
          return await send(`read ${providerRoomId}`, signal, () => rooms.has(keyOf(providerRoomId)) ? { status: 'NOT_RUNNING' as const } : 'missing' as const)
        },
        async changeRoom ({ providerRoomId }, spec, signal) {
          if (roomChange === 'replace') return 'must-replace'
          return await tell(`change ${providerRoomId}`, providerRoomId, signal, (room) => {
            if (room === undefined) return 'must-replace' as const
            const people = spec.participants.map(({ externalId }) => externalId).sort()
            const rights = new Map(room.rights)
            for (const { providerUserId, revocations = 0, tools } of livePermissions ? spec.participants : []) {
              const known = afterNaming(rights.get(providerUserId), { revocations, tools: [...tools] })
              if (known !== undefined) rights.set(providerUserId, known)
            }
            const after = { ...room, people, rights, ...timesOf(spec) }
            rooms.set(keyOf(providerRoomId), after)
            changed(after, room)
            return 'changed' as const
          })
        },
        async accessFor ({ providerRoomId, links }, participant, _options, signal) {
          const { providerUserId } = participant
          const url = access === 'vendor-link' ? links?.[providerUserId] : linkTo(name, providerRoomId, providerUserId)
          if (url !== undefined && (isOurs || isName || access === 'vendor-link')) {
            give(providerRoomId, participant)
            return { kind: 'url', url }
          }
          return await send(`access to ${providerRoomId}`, signal, (givenUp) => {
            const room = lost.get(keyOf(providerRoomId))
            if (access === 'vendor-link' && !rooms.has(keyOf(providerRoomId))) throw new ProviderBadAnswer()
            if (accessMakesRooms && room !== undefined) put({ ...room, createdAt: now(), madeAgain: true }, givenUp)
            give(providerRoomId, participant)
            return { kind: 'url' as const, url: linkTo(name, providerRoomId, providerUserId) }
          })
        },
        async endCall ({ providerRoomId }, signal) {
          if (!endCall) return await withoutExtras.endCall({ providerRoomId }, signal)
          await tell(`end the call in ${providerRoomId}`, providerRoomId, signal, (room) => { if (room !== undefined) room.endedAt = schedule.now() })
        },
        async setPermissions ({ providerRoomId }, participant, signal) {
          if (!livePermissions) return await withoutExtras.setPermissions({ providerRoomId }, participant, signal)
          const { providerUserId, revocations = 0, tools } = participant
          await tell(`permissions of ${providerUserId} in ${providerRoomId}`, providerRoomId, signal, (room) => {
            room?.rights.set(providerUserId, afterSetting(room.rights.get(providerUserId), { revocations, tools: [...tools] }) ?? { revocations, tools: [...tools], removed: false })
          })
        },
        async removeParticipant ({ providerRoomId }, participant, signal) {
          if (removal === 'never') return await withoutExtras.removeParticipant({ providerRoomId }, participant, signal)
          const { providerUserId, externalId, revocations = 0 } = participant
          await tell(`remove ${providerUserId} from ${providerRoomId}`, providerRoomId, signal, (room) => {
            if (room === undefined) return
            if (access === 'vendor-link') rooms.set(keyOf(providerRoomId), { ...room, people: room.people.filter((one) => one !== externalId) })
            else room.rights.set(providerUserId, afterRemoval(room.rights.get(providerUserId), revocations))
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
