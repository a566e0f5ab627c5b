import { createHmac } from 'node:crypto'
import { ProviderBadAnswer, ProviderTimeout } from '../../errors.ts'
import { httpClient, type HttpEventListener } from '../../http/client.ts'
import { leastCapabilities, withoutExtras, type Capabilities, type RoomSpec, type RoomState, type VideoProvider } from '../provider.ts'
import { call } from './calls.ts'
import { linkOf } from './links.ts'
import { closesAt } from './opening-hours.ts'
import { logIn } from './prosody-check.ts'
import { roomNames, type RoomRecord } from './room-names.ts'
import { jitsiSettings, type JitsiOptions, type JitsiSettings } from './settings.ts'
import { jitsiTokens, systemTokens } from './tokens.ts'

export interface JitsiProviderOptions extends JitsiOptions {
  /** Told of repeats, and when the server is left alone. */
  onEvent?: HttpEventListener | undefined
  /** Milliseconds for one request. */
  timeoutMs: number
  /** Keys the ids of people and the names of rooms. Another secret makes strangers of everybody. */
  userIdSecret: string
  clock: () => Date
}

/** What a bridge carries with ease; a larger meeting is no consultation. */
const MAX_PEOPLE = 100

/** By what the server can do. */
export function capabilitiesOf (settings: Pick<JitsiSettings, 'reservations' | 'recording' | 'endMeeting'>): Capabilities {
  return {
    ...leastCapabilities,
    maxParticipants: MAX_PEOPLE,
    // The name carries the times.
    roomChange: 'replace',
    startGate: settings.reservations ? 'room' : 'access',
    endGate: settings.reservations ? 'room' : 'access',
    access: 'minted-link',
    tools: new Set(['chat', 'screen_sharing', 'file_upload', 'whiteboard']),
    toolScope: 'participant',
    recording: new Set(settings.recording ? ['none', 'manual'] : ['none']),
    endCall: settings.endMeeting !== undefined,
    deterministicRooms: true
  }
}

/**
 * Rooms of a Jitsi server with token authentication, or of JaaS. A room is a name and exists while somebody is in it:
 * making one is computation, and so is looking at one, which tells its times and never that it runs.
 *
 * A way in is a token of its own for each person, which opens one room from `notBefore` until the end. Its expiry
 * puts nobody out. With reservations Prosody asks us before it begins a room and ends one of limited duration; with
 * `endMeeting` a call can be ended. With both a deleted room is left at once and not entered again. Without
 * reservations a token that was given out opens its room until it expires, deleted or not; without `endMeeting`, too,
 * while somebody is still in there.
 *
 * @throws Error at once, with all that is wrong with the options
 */
export function jitsiProvider (options: JitsiProviderOptions): VideoProvider {
  const { timeoutMs, userIdSecret, clock } = options
  const settings = jitsiSettings(options)
  const tokens = jitsiTokens(settings)
  const names = roomNames(userIdSecret)
  const capabilities = capabilitiesOf(settings)
  const http = httpClient({ baseUrl: settings.url, timeoutMs, connections: 8, name: 'jitsi', onEvent: options.onEvent })
  const ending = settings.endMeeting === undefined
    ? undefined
    : { http: httpClient({ baseUrl: settings.endMeeting.url, timeoutMs, connections: 8, name: 'jitsi', onEvent: options.onEvent }), tokenAt: systemTokens(settings.endMeeting.key, settings) }

  const accountOf = ({ externalId }: { externalId: string }) =>
    `usr_${createHmac('sha256', userIdSecret).update(`user:${externalId}`).digest('base64url')}`

  const recordOf = ({ startAt, endAt, durationSeconds, participants, recording }: RoomSpec): RoomRecord =>
    ({ startAt, endAt, durationSeconds, participants: participants.length, records: recording !== 'none' && settings.recording })

  const end = async ({ providerRoomId }: RoomState, signal: AbortSignal): Promise<void> => {
    if (ending === undefined || names.read(providerRoomId) === undefined) return
    const node = settings.tenant === undefined ? providerRoomId : `[${settings.tenant}]${providerRoomId}`
    // 404: nobody is in there.
    await call(ending.http, 'end meeting', {
      method: 'POST',
      path: `/end-meeting?conference=${encodeURIComponent(`${node}@${settings.mucDomain}`)}`,
      headers: { authorization: `Bearer ${ending.tokenAt(clock())}` },
      signal
    }, [404])
  }

  return {
    ...withoutExtras,
    name: 'jitsi',
    capabilities,

    async check (signal) {
      if (signal.aborted) throw new ProviderTimeout({ cause: signal.reason })
      if (settings.jaas) {
        // JaaS tells nothing of keys outside a call: this much says that it is there and knows the app.
        const { text } = await call(http, 'read the API', { method: 'GET', path: `/${settings.tenant ?? ''}/external_api.js`, headers: { accept: '*/*' }, signal })
        if (!text.includes('JitsiMeetExternalAPI')) throw new ProviderBadAnswer({ cause: new Error('read the API: it is not the API') })
        return
      }
      // No room of ours: nobody enters it, and a reservation of it is refused.
      const room = `check-${createHmac('sha256', userIdSecret).update('jitsi-check').digest('hex').slice(0, 32)}`
      await logIn(http, { xmppDomain: settings.xmppDomain, room, token: tokens.proof(room, clock()) }, signal)
    },

    accountOf,
    ensureUser: async person => ({ providerUserId: accountOf(person) }),

    createRoom: async spec => ({ providerRoomId: names.nameOf(spec.marker, recordOf(spec)), marker: spec.marker }),

    // A name that is not ours is a room of another provider, or of another key.
    async getRoom ({ providerRoomId }) {
      const record = names.read(providerRoomId)
      if (record === undefined) return 'missing'
      return {
        status: closesAt(record) <= clock() ? 'CLOSED' : 'NOT_RUNNING',
        durationInSeconds: record.durationSeconds,
        recording: record.records ? 'manual' : 'none'
      }
    },

    changeRoom: async () => 'must-replace',

    async accessFor ({ providerRoomId: room }, participant, { notBefore, expiresAt, language }) {
      const record = names.read(room)
      if (record === undefined) throw new ProviderBadAnswer({ cause: new Error('the room’s name was not made with this key') })
      const latest = record.durationSeconds === undefined ? expiresAt : closesAt(record)
      const token = tokens.entry({ room, participant, mayRecord: record.records, notBefore, expiresAt: latest < expiresAt ? latest : expiresAt })
      return { kind: 'url', url: linkOf(settings, { room, token, participant, mayRecord: record.records, language: language ?? participant.language }) }
    },

    endCall: ending === undefined ? withoutExtras.endCall : end,

    deleteRoom: end,

    findRooms: async () => [],

    async close () {
      await Promise.all([http.close(), ending?.http.close()])
    }
  }
}
