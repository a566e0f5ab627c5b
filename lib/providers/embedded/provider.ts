import { boundedMap } from '../../domain/bounded-map.ts'
import { createHmac } from 'node:crypto'
import { ProviderBadAnswer, ProviderTimeout, ProviderUnavailable } from '../../errors.ts'
import { leastCapabilities, withoutExtras, type Capabilities, type RoomParticipant, type RoomSpec, type RoomState, type VideoProvider } from '../provider.ts'
import type { Hub } from './hub.ts'
import { afterNaming, afterRemoval, afterSetting, revocationsOf, type Rights, type Word } from './rights.ts'
import type { RoomTokens, RoomTokenClaims } from './room-tokens.ts'
import { roomEndsAt, type RoomContent, type Rooms, type StoredRoom } from './rooms.ts'

export interface EmbeddedProviderOptions {
  rooms: Rooms
  hub: Hub
  tokens: RoomTokens
  /** Where browsers reach this service: origin and prefix, no trailing slash. */
  publicUrl: () => string
  /** Keys the ids of people and of rooms. Another secret makes strangers of everybody. */
  userIdSecret: string
  clock: () => Date
}

/** Peer to peer, every browser sends its picture to each of the others: more than six is more than an uplink carries. */
export const EMBEDDED_ROOM_MAX_PEOPLE = 6

const MOST_KNOWN_TOKENS = 500

/** What it can do. */
export const CAPABILITIES: Capabilities = {
  ...leastCapabilities,
  keepsPeople: true,
  maxParticipants: EMBEDDED_ROOM_MAX_PEOPLE,
  roomChange: 'change',
  startGate: 'access',
  endGate: 'room',
  access: 'minted-link',
  computesAccess: true,
  tools: new Set(['chat', 'screen_sharing', 'file_upload', 'snapshot', 'present_to_everyone']),
  toolScope: 'participant',
  endCall: true,
  livePermissions: true,
  removal: 'now',
  deterministicRooms: true,
  listsRooms: true
}

/**
 * Rooms on this service: the registry keeps them, the hub connects the browsers, pictures and sound go from browser
 * to browser.
 *
 * Every answer comes from this process; an error means that the registry's file cannot be used
 * (PROVIDER_UNAVAILABLE), that `signal` had ended the call before it began (PROVIDER_TIMEOUT), or that a room is made
 * again after it was deleted (PROVIDER_BAD_ANSWER).
 */
export function embeddedProvider (options: EmbeddedProviderOptions): VideoProvider {
  const { rooms, hub, tokens, publicUrl, userIdSecret, clock } = options
  // What is hashed begins with its kind, so that no person's id can be asked for as a room's.
  const keyed = (kind: string, value: string): string =>
    createHmac('sha256', userIdSecret).update(`${kind}:${value}`).digest('base64url')

  const accountOf = ({ externalId }: { externalId: string }): string => `usr_${keyed('user', externalId)}`

  // A waiting page asks every few seconds, and until the end its link is the same text each time.
  const known = boundedMap<string>(MOST_KNOWN_TOKENS)
  const signed = (claims: RoomTokenClaims): string => {
    const { room, sub, name, privilege, tools, language = '', nbf, exp } = claims
    const key = [room, sub, privilege, language, nbf, exp, revocationsOf(claims), tools.length, ...tools, name].join('\n')
    const before = known.get(key)
    if (before !== undefined) return before
    const token = tokens.sign(claims)
    known.set(key, token)
    return token
  }

  /** Writes down what is so from now on of one participant, and lets it be so at once. */
  const settle = ({ providerRoomId }: RoomState, { providerUserId }: RoomParticipant, change: (known: Rights | undefined) => Rights | undefined): void => {
    const stored = rooms.get(providerRoomId)
    if (stored === undefined) return
    const rights = changed(stored.rights, providerUserId, change)
    if (rights !== stored.rights) rooms.setRights(providerRoomId, rights)
    hub.refresh(providerRoomId)
  }

  /** Without a limit a call may go on beyond its end, for as long as somebody is inside. */
  const isOver = (room: StoredRoom): boolean => (roomEndsAt(room) ?? room.endAt) <= clock() && hub.activity(room.roomId).people === 0

  return {
    ...withoutExtras,
    name: 'embedded',
    capabilities: CAPABILITIES,

    check: async signal => attempt(signal, () => rooms.check()),

    accountOf,
    ensureUser: async person => ({ providerUserId: accountOf(person) }),

    // People are known here as participants of rooms alone, and by their ids: names, chat and files are passed on and never written.
    forgetPerson: async (providerUserId, signal) => attempt(signal, () => { rooms.forgetPerson(providerUserId, isOver) }),

    createRoom: async (spec, signal) => attempt(signal, () => {
      const room = rooms.create(`room_${keyed('room', spec.marker)}`, spec.marker, contentOf(spec))
      // The operation that this marker names has lost: its room was deleted while this call was on its way. A
      // room state would let it commit a link to a room that nobody can enter, so it has to hear that it failed.
      if (room === 'deleted') throw new ProviderBadAnswer({ cause: new Error('the room was deleted before') })
      return { providerRoomId: room.roomId, marker: room.marker }
    }),

    getRoom: async (room, signal) => attempt(signal, () => {
      const stored = rooms.get(room.providerRoomId)
      if (stored === undefined) return 'missing'
      const { people, usedMs } = hub.activity(stored.roomId)
      const { participantIds, togetherSince } = hub.presence(stored.roomId)
      const endsAt = roomEndsAt(stored)
      const over = endsAt !== undefined && endsAt <= clock()
      return {
        status: over ? 'CLOSED' : people >= 2 ? 'RUNNING' : 'NOT_RUNNING',
        runningSince: togetherSince,
        inside: participantIds.map((providerUserId) => ({ providerUserId })),
        creationDate: stored.createdAt,
        durationInSeconds: stored.durationSeconds,
        durationUsedInSeconds: Math.floor((stored.usedMs + usedMs) / 1000),
        recording: 'none'
      }
    }),

    // A room that is gone cannot take the change, another one can.
    changeRoom: async (room, spec, signal) => attempt(signal, () => {
      const stored = rooms.get(room.providerRoomId)
      if (stored === undefined) return 'must-replace'
      const rights = spec.participants.reduce((known, one) => changed(known, one.providerUserId, before => afterNaming(before, wordOf(one))), stored.rights)
      if (!rooms.change(room.providerRoomId, contentOf(spec), rights)) return 'must-replace'
      hub.refresh(room.providerRoomId)
      return 'changed'
    }),

    // The token is in the fragment: browsers send that to nobody, neither in a request line nor as a referrer.
    accessFor: async (room, participant, access) => {
      const claims: RoomTokenClaims = {
        room: room.providerRoomId,
        sub: participant.providerUserId,
        name: participant.fullName ?? '',
        privilege: participant.privilege,
        tools: toolsHere(participant),
        nbf: Math.floor(access.notBefore.getTime() / 1000),
        exp: Math.ceil(access.expiresAt.getTime() / 1000)
      }
      const language = access.language ?? participant.language
      if (language !== undefined) claims.language = language
      if (revocationsOf(participant) > 0) claims.revocations = revocationsOf(participant)
      return { kind: 'url', url: `${publicUrl()}/telecons-room/${room.providerRoomId}#${signed(claims)}` }
    },

    endCall: async (room, signal) => attempt(signal, () => { hub.closeRoom(room.providerRoomId) }),

    setPermissions: async (room, participant, signal) => attempt(signal, () => {
      settle(room, participant, known => afterSetting(known, wordOf(participant)))
    }),

    removeParticipant: async (room, participant, signal) => attempt(signal, () => {
      settle(room, participant, known => afterRemoval(known, revocationsOf(participant)))
    }),

    deleteRoom: async (room, signal) => attempt(signal, () => {
      rooms.delete(room.providerRoomId)
      hub.closeRoom(room.providerRoomId)
    }),

    findRooms: async (marker, since, signal) => attempt(signal, () =>
      rooms.find(marker, since).map(room => ({ providerRoomId: room.roomId, marker: room.marker }))),

    async close () {
      hub.close()
      rooms.close()
    }
  }
}

function contentOf (spec: RoomSpec): RoomContent {
  return {
    startAt: spec.startAt,
    endAt: spec.endAt,
    durationSeconds: spec.durationSeconds,
    participantIds: spec.participants.map(participant => participant.providerUserId)
  }
}

const toolsHere = ({ tools }: RoomParticipant) => [...tools].filter(tool => CAPABILITIES.tools.has(tool))
const wordOf = (participant: RoomParticipant): Word => ({ revocations: revocationsOf(participant), tools: toolsHere(participant) })

function changed (rights: ReadonlyMap<string, Rights>, participantId: string, change: (known: Rights | undefined) => Rights | undefined): ReadonlyMap<string, Rights> {
  const known = rights.get(participantId)
  const now = change(known)
  return now === known || now === undefined ? rights : new Map([...rights, [participantId, now]])
}

/** Runs what touches the registry, which answers at once or not at all. */
function attempt<T> (signal: AbortSignal, run: () => T): T {
  if (signal.aborted) throw new ProviderTimeout({ cause: signal.reason })
  try {
    return run()
  } catch (err) {
    if (err instanceof ProviderBadAnswer) throw err
    throw new ProviderUnavailable({ cause: err })
  }
}
