import type { HttpEventListener } from '../../http/client.ts'
import { createHmac } from 'node:crypto'
import { CapabilityLimit } from '../../errors.ts'
import { leastCapabilities, withoutExtras, type Capabilities, type RoomDetails, type VideoProvider } from '../provider.ts'
import { readDomain, readRoom, readToken, type DailyRoom } from './answers.ts'
import { dailyCalls } from './calls.ts'
import { doorkeeper } from './doorkeeper.ts'
import { markedRooms } from './marked-rooms.ts'
import { removeParticipant, setPermissions } from './permissions.ts'
import { activityOf, ejectAll, presenceIn } from './presence.ts'
import { startRecording, stopRecording } from './recordings.ts'
import { isRoomName, recordingOf, roomNames } from './room-names.ts'
import { canBecome, confirmed, createdAtOf, differs, isOver, limitOf, propertiesOf, type RoomProperties } from './rooms.ts'
import { tokenProperties } from './tokens.ts'
import { transcriptions } from './transcription.ts'
import { ACCOUNT_PREFIX, userIdsUpTo } from './user-ids.ts'
import { systemSchedule, type Schedule } from '../embedded/schedule.ts'
import { type Pause, refused, unusable } from '../vendor.ts'

export interface DailyProviderOptions {
  /** Told of repeats, and when the vendor is left alone. */
  onEvent?: HttpEventListener | undefined
  /** With the version; http only for stand-ins, whose rooms may be http too. Default: `https://api.daily.co/v1`. */
  baseUrl?: string | undefined
  /** Of one Daily domain. */
  apiKey: string
  /** Milliseconds for one request to Daily. */
  timeoutMs: number
  /** Keys the rooms' names. With another one, rooms that were made before are not found by their marker any more. */
  nameSecret: string
  /** Keys the ids of people; it has to be the same in every replica and for ever. */
  userIdSecret: string
  /** BCP 47: of the call's page and of transcriptions. Default: each browser's. */
  language?: string | undefined
  /**
   * Milliseconds before the start from which people may be in a limited call's room; the period in which links are given
   * already. Default: 0.
   */
  entryLeadMs?: number | undefined
  /** Whether what is said in recorded rooms is written down; it has to be enabled for the account. Default: false. */
  transcribe?: boolean | undefined
  /** Where Daily turns speech into text. Default: as Daily likes, which is anywhere. */
  transcriptionGeo?: 'eu' | 'global' | undefined
  clock: () => Date
  /** Waits before a busy Daily is asked again, and between deletions. Default: the process's timers. */
  pause?: Pause | undefined
  /** When it is looked for who was banned. Default: the process's timers. */
  schedule?: Schedule | undefined
}

const BASE_URL = 'https://api.daily.co/v1'
/** Milliseconds from one look for banned people to the next. */
const DOOR_EVERY_MS = 5000

/** What it can do. */
export const CAPABILITIES: Capabilities = {
  ...leastCapabilities,
  maxParticipants: 200,
  roomChange: 'change',
  startGate: 'room',
  endGate: 'room',
  access: 'minted-link',
  tools: new Set(['chat', 'screen_sharing']),
  toolScope: 'participant',
  recording: new Set(['none', 'manual', 'automatic']),
  transcription: true,
  endCall: true,
  livePermissions: true,
  removal: 'now',
  recordsOnRequest: true,
  // A meeting token is one room's; without a room it would open all of them.
  sdkCredentials: false,
  deterministicRooms: true,
  listsRooms: true
}

/**
 * Daily's Prebuilt page in private rooms of its REST API (docs.daily.co, API description 1.1.1, July 2026). The id of a
 * room is its name, which follows from the marker; ways in are meeting tokens that Daily signs when they are asked for:
 * the short names of a token's permissions are not documented to their end, so that we do not sign them ourselves.
 */
export function dailyProvider (options: DailyProviderOptions): VideoProvider {
  const { apiKey, timeoutMs, nameSecret, userIdSecret, language, entryLeadMs = 0, transcribe = false, transcriptionGeo, clock, pause, schedule = systemSchedule } = options
  const baseUrl = (options.baseUrl ?? BASE_URL).replace(/\/+$/, '')
  const secureLinks = !baseUrl.startsWith('http://')
  const rules = { language, entryLeadMs, transcribe, transcriptionGeo }
  const calls = dailyCalls({ baseUrl, apiKey, timeoutMs, clock, pause, onEvent: options.onEvent })
  const door = doorkeeper({ calls, clock, schedule, everyMs: DOOR_EVERY_MS })
  const names = roomNames(nameSecret)
  /** The domain's address, which every room's begins with: learned from the first room that is seen. */
  let domainUrl: string | undefined

  // 36 characters: Daily takes no more.
  const accountOf = ({ externalId }: { externalId: string }): string =>
    `${ACCOUNT_PREFIX}${createHmac('sha256', userIdSecret).update(`user:${externalId}`).digest().subarray(0, 24).toString('base64url')}`

  const seen = (room: DailyRoom): DailyRoom => {
    const url = URL.canParse(room.url) ? new URL(room.url) : undefined
    const protocols = secureLinks ? ['https:'] : ['https:', 'http:']
    if (url === undefined || !protocols.includes(url.protocol) || url.username !== '' || url.search !== '' || !url.pathname.endsWith(`/${room.name}`)) {
      throw unusable('a room whose address is none', room)
    }
    domainUrl = url.href.slice(0, -room.name.length)
    return room
  }

  const readRoomIfThere = async (name: string, signal: AbortSignal): Promise<DailyRoom | 'missing'> => {
    if (!isRoomName(name)) return 'missing'
    const answer = await calls.call({ what: 'read room', method: 'GET', path: `/rooms/${name}`, expect: [404] }, signal)
    if (answer.status === 404) return 'missing'
    const room = seen(readRoom(answer.body))
    if (room.name !== name) throw unusable('a room of another name', room)
    return room
  }

  const updateRoom = async (name: string, properties: RoomProperties, signal: AbortSignal): Promise<DailyRoom | 'missing'> => {
    const body = { privacy: 'private', properties }
    const answer = await calls.call({ what: 'change room', method: 'POST', path: `/rooms/${name}`, body, expect: [404] }, signal)
    return answer.status === 404 ? 'missing' : confirmed(seen(readRoom(answer.body)), name, properties)
  }

  return {
    ...withoutExtras,
    name: 'daily',
    capabilities: CAPABILITIES,

    async check (signal) {
      readDomain((await calls.call({ what: 'check', method: 'GET', path: '/' }, signal)).body)
    },

    accountOf,
    ensureUser: async (person) => ({ providerUserId: accountOf(person) }),

    // The name is taken where an earlier answer got lost, or where another is making the same room.
    async createRoom (spec, signal) {
      const name = names.nameOf(spec.marker, spec.recording)
      const properties = propertiesOf(spec, rules)
      const made = await calls.call({ what: 'create room', method: 'POST', path: '/rooms', body: { name, privacy: 'private', properties }, expect: [400, 409] }, signal)
      const state = { providerRoomId: name, marker: spec.marker }
      if (made.status < 400) {
        confirmed(seen(readRoom(made.body)), name, properties)
        return state
      }
      const there = await readRoomIfThere(name, signal)
      if (there === 'missing') throw refused('create room', made)
      if (!canBecome(there, properties)) throw unusable('a room of this name that is limited for good', there)
      if (differs(there, properties) && await updateRoom(name, properties, signal) === 'missing') throw refused('create room', made)
      return state
    },

    async getRoom ({ providerRoomId: name }, signal) {
      const [room, presence] = await Promise.all([readRoomIfThere(name, signal), isRoomName(name) ? presenceIn(calls, name, signal) : undefined])
      if (room === 'missing' || presence === undefined) return 'missing'
      const { runs, ...activity } = activityOf(presence)
      const recording = recordingOf(name) ?? 'none'
      const details: RoomDetails = {
        ...activity,
        status: runs ? 'RUNNING' : isOver(room, clock()) ? 'CLOSED' : 'NOT_RUNNING',
        creationDate: createdAtOf(room),
        durationInSeconds: limitOf(room, rules),
        // The account's own settings, or a hand at Daily, may allow it for everybody inside.
        recording: recording === 'none' && room.config?.['enable_recording'] !== undefined ? 'manual' : recording
      }
      return details
    },

    // The name tells how a room is recorded, so that this cannot change; nor can a limit be taken away.
    async changeRoom ({ providerRoomId: name }, spec, signal) {
      if (!isRoomName(name) || recordingOf(name) !== spec.recording) return 'must-replace'
      const properties = propertiesOf(spec, rules)
      if (spec.durationSeconds === undefined) {
        const room = await readRoomIfThere(name, signal)
        if (room === 'missing' || !canBecome(room, properties)) return 'must-replace'
      }
      return await updateRoom(name, properties, signal) === 'missing' ? 'must-replace' : 'changed'
    },

    async accessFor ({ providerRoomId: room }, participant, access, signal) {
      if (domainUrl === undefined || !isRoomName(room)) {
        if (await readRoomIfThere(room, signal) === 'missing') throw refused('read room', { status: 404 })
      }
      const { providerUserId, revocations = 0 } = participant
      if (revocations > 0) door.watch(room, userIdsUpTo(providerUserId, revocations - 1))
      const properties = tokenProperties({ room, recording: recordingOf(room) ?? 'none', participant, options: access, language, transcribe })
      const answer = await calls.call({ what: 'create meeting token', method: 'POST', path: '/meeting-tokens', body: { properties } }, signal)
      return { kind: 'url', url: `${domainUrl ?? ''}${room}?t=${readToken(answer.body).token}` }
    },

    async endCall ({ providerRoomId: name }, signal) {
      if (isRoomName(name)) await ejectAll(calls, name, signal)
    },

    async setPermissions ({ providerRoomId: name }, participant, signal) {
      if (isRoomName(name)) await setPermissions(calls, door, name, participant, signal)
    },

    async removeParticipant ({ providerRoomId: name }, participant, signal) {
      if (isRoomName(name)) await removeParticipant(calls, door, name, participant, signal)
    },

    async startRecording ({ providerRoomId: name }, signal) {
      if (!isRoomName(name)) throw new CapabilityLimit('recording where nobody is inside')
      await startRecording(calls, name, signal)
    },

    async stopRecording ({ providerRoomId: name }, signal) {
      if (isRoomName(name)) await stopRecording(calls, name, signal)
    },

    // That a deletion ends what runs is promised nowhere. Who came in between is looked for once nobody can any more.
    async deleteRoom ({ providerRoomId: name }, signal) {
      if (!isRoomName(name)) return
      await ejectAll(calls, name, signal)
      const answer = await calls.call({ what: 'delete room', method: 'DELETE', path: `/rooms/${name}`, expect: [400, 404, 410], inTurn: true }, signal)
      // A room that is over is refused like a missing one, and deleted all the same.
      if (answer.status === 400 && !saysDeleted(answer.body)) throw refused('delete room', answer)
      await ejectAll(calls, name, signal)
      door.forget(name)
    },

    findRooms: async (marker, since, signal) => await markedRooms(calls, names, marker, since, clock(), signal),

    transcription: transcriptions(calls, { timeoutMs, secureLinks }),

    async close () {
      await door.close()
      await calls.close()
    }
  }
}

const saysDeleted = (body: unknown) => typeof body === 'object' && body !== null && 'deleted' in body && body.deleted === true
