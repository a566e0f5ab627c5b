import type { HttpEventListener } from '../../http/client.ts'
import { createHmac } from 'node:crypto'
import { leastCapabilities, withoutExtras, type Capabilities, type RoomDetails, type RoomState, type VideoProvider } from '../provider.ts'
import { addressesOf } from './addresses.ts'
import { readParticipants, readRoom, readRooms, type LivekitParticipant, type LivekitRoom } from './answers.ts'
import { livekitCalls } from './calls.ts'
import { endOverdueRooms, keepEnding, type Ended, type EndingOptions } from './overdue-rooms.ts'
import { putOut, writeNote } from './guard.ts'
import { roomNames, type NamedRoom, type Note } from './room-names.ts'
import { livekitTokens, permissionOf, REVOCATIONS } from './tokens.ts'
import type { Pause } from '../vendor.ts'

export interface LivekitProviderOptions {
  /** Told of repeats, and when the vendor is left alone. */
  onEvent?: HttpEventListener | undefined
  /** Of the server or the cloud project; http(s) or ws(s). */
  url: string
  /** Where browsers reach the server, if elsewhere. */
  browserUrl?: string | undefined
  apiKey: string
  /** Signs all tokens. */
  apiSecret: string
  /** Milliseconds for one request. */
  timeoutMs: number
  /** Keys the ids of people, the names of rooms and their seals; the same in every replica and for ever. */
  userIdSecret: string
  /** Where browsers reach this service, which has the call's page: origin and prefix, no trailing slash. */
  publicUrl: () => string
  clock: () => Date
  /** Devices that stay off when somebody comes in, until he turns them on. Default: none. */
  startsOff?: ReadonlyArray<'camera' | 'microphone'> | undefined
  /** Waits before a busy server is asked again. Default: the process's timers. */
  pause?: Pause | undefined
  /** Ends calls when they are over. Absent: somebody else calls `endOverdueRooms`. */
  ending?: Pick<EndingOptions, 'schedule' | 'everyMs' | 'log'> | undefined
}

export interface LivekitProvider extends VideoProvider {
  /** What the job of `ending` does every now and then. */
  endOverdueRooms (now: Date, signal: AbortSignal): Promise<Ended>
}

/** What it can do. */
export const CAPABILITIES: Capabilities = {
  ...leastCapabilities,
  // The server takes more; the page shows so many.
  maxParticipants: 25,
  // Its end stands in a room's name: with another end it is another room, and no token of the old one opens it.
  roomChange: 'replace',
  startGate: 'access',
  endGate: 'room',
  access: 'minted-link',
  tools: new Set(['chat', 'screen_sharing']),
  toolScope: 'participant',
  endCall: true,
  livePermissions: true,
  removal: 'now',
  // The end in the name follows from the marker too: an operation has one content.
  deterministicRooms: true,
  listsRooms: true
}

/** By this much the server's clock may be behind the one that `since` was read from. */
const CLOCK_TOLERANCE_MS = 5 * 60_000
/** The server takes a token for so long after its expiry (tokenLeeway in protocol/auth/verifier.go). */
const TOKEN_TOLERANCE_MS = 60_000
/** An empty room stays for as long as it can be entered, and this much longer. */
const SPARE_SECONDS = 600
/** The server renews the token of who is inside on its own clock, which may be before ours. */
const CLOCK_AHEAD_MS = 60_000

/**
 * LiveKit, in its cloud or on a server of one's own (github.com/livekit/livekit 1.13). The server knows no appointments: a
 * room is made when it is needed, is kept by its time-outs while it is empty, and is ended by us.
 *
 * No token but our own makes rooms. Whether a token that is still valid brings a deleted room back is the server's
 * `room.auto_create`, which is on unless it is set to false; where it is on, what came back lacks our seal and is ended
 * with the next look of `ending`.
 *
 * What was taken from somebody stands in a note (`room-names.ts`) at the server, so that every replica knows it. A server of
 * one's own refuses no token before its expiry: `revoke_token_ts` of RemoveParticipant is overlooked (1.13.5). So who comes in
 * by an old way in is put out by `ending` (`guard.ts`), which looks into such rooms ten times a second: mostly before a browser
 * has a picture. Who comes in again and again can catch pieces all the same, and where no replica of ours runs he stays.
 * A server that was restarted has lost the notes with its rooms: a room that is made again is for tokens alone that were made
 * after that.
 */
export function livekitProvider (options: LivekitProviderOptions): LivekitProvider {
  const { apiKey, apiSecret, timeoutMs, userIdSecret, publicUrl, clock, startsOff = [], pause, ending } = options
  const addresses = addressesOf(options.url, options.browserUrl)
  const tokens = livekitTokens({ apiKey, apiSecret, clock })
  const calls = livekitCalls({ baseUrl: addresses.api, tokens, timeoutMs, pause, onEvent: options.onEvent })
  const names = roomNames(userIdSecret)
  const job = ending === undefined ? undefined : keepEnding({ calls, names, clock, ...ending })

  const accountOf = ({ externalId }: { externalId: string }) =>
    `usr_${createHmac('sha256', userIdSecret).update(`user:${externalId}`).digest('base64url')}`

  const readRoomIfThere = async (name: string, signal: AbortSignal): Promise<LivekitRoom | undefined> => {
    const rooms = readRooms(await calls.call({ method: 'ListRooms', grant: { roomList: true }, body: { names: [name] } }, signal))
    return rooms.find((room) => room.name === name)
  }

  const make = async (name: string, metadata: string, { closesAt }: NamedRoom, signal: AbortSignal): Promise<LivekitRoom> => {
    const staysSeconds = Math.ceil((closesAt.getTime() - clock().getTime()) / 1000) + SPARE_SECONDS
    const body = { name, metadata, empty_timeout: staysSeconds, departure_timeout: staysSeconds }
    return readRoom(await calls.call({ method: 'CreateRoom', grant: { roomCreate: true }, body }, signal))
  }

  const keepNote = async (note: Note, signal: AbortSignal) => {
    await writeNote(calls, names, note, clock(), signal)
    job?.guard.noted(note)
  }

  const update = async (room: string, identity: string, changes: object, signal: AbortSignal) => {
    await calls.call({ method: 'UpdateParticipant', grant: { roomAdmin: true, room }, body: { room, identity, ...changes } }, signal)
  }

  const participantsIn = async (room: string, signal: AbortSignal): Promise<LivekitParticipant[]> => {
    const answer = await calls.call({ method: 'ListParticipants', grant: { roomAdmin: true, room }, body: { room } }, signal)
    return answer === 'missing' ? [] : readParticipants(answer)
  }

  return {
    ...withoutExtras,
    name: 'livekit',
    capabilities: CAPABILITIES,

    async check (signal) {
      await readRoomIfThere('tc_check', signal)
    },

    accountOf,
    ensureUser: async (person) => ({ providerUserId: accountOf(person) }),

    // A call that is over before its room is made has its name, and no room: nobody could come in.
    async createRoom (spec, signal) {
      const name = names.nameOf(spec)
      const named = names.read(name)
      if (named !== undefined && clock() < named.closesAt) await make(name, names.seal(name, spec.marker), named, signal)
      return { providerRoomId: name, marker: spec.marker }
    },

    // How many are inside stands in the list of rooms as well, some seconds late.
    async getRoom ({ providerRoomId }, signal) {
      const [room, inside] = await Promise.all([readRoomIfThere(providerRoomId, signal), participantsIn(providerRoomId, signal)])
      if (room === undefined) return 'missing'
      return detailsOf(room, inside.filter(({ isPerson, isInside }) => isPerson && isInside), names.read(room.name), clock())
    },

    changeRoom: async () => 'must-replace',

    // Everything is in the fragment: browsers send that to nobody, neither in a request line nor as a referrer.
    async accessFor (room, participant, access, signal) {
      const name = room.providerRoomId
      const named = names.read(name)
      let roomSid: string | undefined
      if (named !== undefined && room.marker !== undefined && clock() < named.closesAt) {
        // A server that was restarted has lost its rooms, and nobody else's token shall make them.
        roomSid = (await readRoomIfThere(name, signal))?.sid
        if (roomSid === undefined) {
          roomSid = (await make(name, names.seal(name, room.marker, 'again'), named, signal)).sid
          job?.guard.madeAgain(name, roomSid)
        }
      }
      const token = tokens.forParticipant({
        room: name,
        sub: participant.providerUserId,
        name: participant.fullName ?? '',
        tools: participant.tools,
        revocations: participant.revocations ?? 0,
        roomSid,
        // Not before this token is made, so that the server can tell it from those that were made before something was taken.
        notBefore: new Date(Math.max(access.notBefore.getTime(), clock().getTime())),
        expiresAt: named === undefined ? access.expiresAt : new Date(Math.min(access.expiresAt.getTime(), named.closesAt.getTime() - TOKEN_TOLERANCE_MS))
      })
      const language = access.language ?? participant.language
      const way = new URLSearchParams({ server: addresses.signalling, token })
      if (language !== undefined) way.set('language', language)
      if (named?.durationSeconds !== undefined) way.set('ends', String(named.endAt.getTime()))
      if (startsOff.length > 0) way.set('off', startsOff.join(','))
      return { kind: 'url', url: `${publicUrl()}/livekit-room/${encodeURIComponent(name)}#${way.toString()}` }
    },

    async endCall ({ providerRoomId: room }, signal) {
      const inside = await participantsIn(room, signal)
      // Their ways in stay good.
      await Promise.all(inside.map(({ identity }) => putOut(calls, room, identity, new Date(1000), signal)))
    },

    // The server renews his token after each change. His permission comes first: with the number of revocations alone, or both
    // at once, he would hold for a moment a token with that number and what was taken.
    async setPermissions ({ providerRoomId: room }, { providerUserId, revocations = 0, tools }, signal) {
      const permission = permissionOf(tools)
      const inside = (await participantsIn(room, signal)).find(({ identity }) => identity === providerUserId)
      const loses = inside !== undefined && inside.revocations < revocations
      if (loses) {
        await update(room, providerUserId, { permission }, signal)
        await update(room, providerUserId, { attributes: { [REVOCATIONS]: String(revocations) } }, signal)
      }
      if (revocations > 0) await keepNote({ room, providerUserId, revocations, leaves: tools }, signal)
      if (!loses) await update(room, providerUserId, { permission }, signal)
    },

    async removeParticipant ({ providerRoomId: room }, { providerUserId, revocations = 0 }, signal) {
      await keepNote({ room, providerUserId, revocations, leaves: 'nothing' }, signal)
      await putOut(calls, room, providerUserId, new Date(clock().getTime() + CLOCK_AHEAD_MS), signal)
    },

    async deleteRoom ({ providerRoomId: room }, signal) {
      if (room === '') return
      await calls.call({ method: 'DeleteRoom', grant: { roomCreate: true }, body: { room } }, signal)
    },

    async findRooms (marker, since, signal) {
      const fromMs = since.getTime() - CLOCK_TOLERANCE_MS
      const rooms = readRooms(await calls.call({ method: 'ListRooms', grant: { roomList: true }, body: {} }, signal))
      const found: RoomState[] = []
      for (const { name, metadata, createdAt } of rooms) {
        const named = names.read(name)
        if (named === undefined || named.closesAt <= clock() || (createdAt?.getTime() ?? Infinity) < fromMs) continue
        const sealed = names.unseal(name, metadata)?.marker
        if (sealed === marker || sealed?.startsWith(`${marker}|`) === true) found.push({ providerRoomId: name, marker: sealed })
      }
      return found
    },

    endOverdueRooms: (now, signal) => endOverdueRooms(calls, names, now, signal),

    async close () {
      await job?.stop()
      await calls.close()
    }
  }
}

/** Without the metadata: that is no text for people. */
function detailsOf (room: LivekitRoom, people: readonly LivekitParticipant[], named: NamedRoom | undefined, now: Date): RoomDetails {
  const over = named?.durationSeconds !== undefined && named.closesAt <= now
  const runs = people.length >= 2
  const joined = people.flatMap(({ joinedAt }) => joinedAt === undefined ? [] : [joinedAt]).sort((a, b) => a.getTime() - b.getTime())
  return {
    status: over ? 'CLOSED' : runs ? 'RUNNING' : 'NOT_RUNNING',
    // It takes two; who left meanwhile is not told, so this is the latest instant at which it can have begun.
    runningSince: runs && !over ? joined[1] : undefined,
    inside: people.map(({ identity, joinedAt }) => ({ providerUserId: identity, since: joinedAt })),
    creationDate: room.createdAt,
    durationInSeconds: named?.durationSeconds,
    recording: 'none'
  }
}
