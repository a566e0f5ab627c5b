import { ConnectionError, ConnectionErrorReason, DefaultReconnectPolicy, DisconnectReason, type RemoteParticipant, Room, RoomEvent, setLogLevel } from 'livekit-client'
import { CHAT_CHARACTERS } from '../../../schemas/signalling-constants.ts'
import { type CallState, FIRST_STATE } from '../room/call-state.ts'
import type { LocalMedia } from '../room/local-media.ts'
import { t } from '../room/words.ts'
import { isPerson, peopleOf, seatOf, toolsOf } from './livekit-people.ts'
import { createOwnTracks } from './own-tracks.ts'
import type { WayIn } from './way-in.ts'

/**
 * Why one is out. `roomClosed`: the call is over; `refused`: the way in is not, or no longer, valid; `replaced`: the
 * same person came in from elsewhere; `putOut`: by the clinic; the others may be tried again.
 */
export type Ending = 'roomClosed' | 'refused' | 'replaced' | 'putOut' | 'unreachable' | 'interrupted'

export interface LivekitCallOptions {
  way: WayIn
  media: LocalMedia
  onState(state: CallState): void
  onNotice(text: string): void
  onEnded(ending: Ending): void
}

export interface LivekitCall {
  /** To be called when a device went on or off. */
  mediaChanged(): void
  toggleScreen(): Promise<void>
  say(text: string): void
  /** Leaves for good; nothing is told any more. */
  leave(): void
}

const CHAT_TOPIC = 'chat'
const ENDINGS: Partial<Record<DisconnectReason, Ending>> = {
  [DisconnectReason.ROOM_DELETED]: 'roomClosed',
  [DisconnectReason.ROOM_CLOSED]: 'roomClosed',
  [DisconnectReason.DUPLICATE_IDENTITY]: 'replaced',
  [DisconnectReason.PARTICIPANT_REMOVED]: 'putOut'
}
// Whatever happens to one of these, everybody is looked at anew.
const CHANGES = [
  RoomEvent.TrackSubscribed, RoomEvent.TrackUnsubscribed, RoomEvent.TrackMuted, RoomEvent.TrackUnmuted, RoomEvent.TrackPublished, RoomEvent.TrackUnpublished,
  RoomEvent.ActiveSpeakersChanged, RoomEvent.ConnectionQualityChanged, RoomEvent.ParticipantNameChanged, RoomEvent.ParticipantPermissionsChanged
] as const

// Its own words hold addresses and people's ids.
setLogLevel('silent')

/** One visit to a LiveKit room, told in the terms of the call's view. */
export function createLivekitCall ({ way, media, onState, onNotice, onEnded }: LivekitCallOptions): LivekitCall {
  const endsInMs = way.endsAt === null ? null : way.endsAt - Date.now()
  let state: CallState = {
    ...FIRST_STATE,
    microphone: media.microphoneOn(),
    camera: media.cameraOn(),
    endsAtMs: endsInMs === null ? null : endsInMs + performance.now()
  }
  let over = false
  let chatEntries = 0
  const retry = new DefaultReconnectPolicy()
  const room = new Room({
    dynacast: true,
    // A server may make a room anew for who comes back; after its end nobody of ours asks for that.
    reconnectPolicy: { nextRetryDelayInMs: (context) => isTooLate() ? null : retry.nextRetryDelayInMs(context) }
  })
  const people = peopleOf(room)
  const own = createOwnTracks({
    room,
    media,
    onScreen: (screen) => change({ screen }),
    onTrouble: (what) => { if (!over) onNotice(t(what === 'screen' ? 'screenFailed' : 'requestRefused')) }
  })

  function change (changes: Partial<CallState>) {
    if (over) return
    state = { ...state, ...changes }
    onState(state)
  }

  const isTooLate = () => way.endsAt !== null && Date.now() >= way.endsAt

  const look = () => change({ people: people(), you: seatOf(room.localParticipant), tools: toolsOf(room.localParticipant) })

  function end (ending: Ending) {
    if (over) return
    release()
    onEnded(ending)
  }

  function release () {
    over = true
    own.stop()
    media.close()
    room.removeAllListeners()
    // It may still be on its way in.
    room.disconnect().catch(() => {})
  }

  function heard (payload: Uint8Array, from: RemoteParticipant | undefined, topic: string | undefined) {
    if (topic !== CHAT_TOPIC || from === undefined) return
    const text = new TextDecoder().decode(payload).slice(0, CHAT_CHARACTERS)
    if (text.trim() !== '') putChat(text, from.name ?? '', false)
  }

  function putChat (text: string, from: string, mine: boolean) {
    change({ entries: [...state.entries, { kind: 'chat', key: `chat-${++chatEntries}`, mine, from, text, at: new Date().toISOString() }] })
  }

  for (const event of CHANGES) room.on(event, look)
  room
    .on(RoomEvent.ParticipantConnected, (participant) => {
      look()
      if (isPerson(participant)) onNotice(t('arrived', { name: participant.name ?? '' }))
    })
    .on(RoomEvent.ParticipantDisconnected, (participant) => {
      look()
      if (isPerson(participant)) onNotice(t('gone', { name: participant.name ?? '' }))
    })
    .on(RoomEvent.DataReceived, (payload, from, _kind, topic) => heard(payload, from, topic))
    .on(RoomEvent.Reconnecting, () => change({ phase: 'joining', reconnecting: true }))
    .on(RoomEvent.Reconnected, () => change({ phase: 'in', reconnecting: false }))
    .on(RoomEvent.Disconnected, (reason) => {
      // While it is on its way in, what `connect` throws tells more.
      if (state.phase === 'in' || state.reconnecting) end(endingOf(reason, isTooLate()))
    })

  room.connect(way.server, way.token).then(() => {
    if (over) return
    change({ phase: 'in' })
    look()
    own.sync()
  }, (error: unknown) => end(endingOfFailure(error, way)))

  return {
    mediaChanged () {
      change({ microphone: media.microphoneOn(), camera: media.cameraOn() })
      if (state.phase === 'in') own.sync()
    },
    toggleScreen: () => own.toggleScreen(),
    say (text) {
      const sent = text.slice(0, CHAT_CHARACTERS)
      room.localParticipant.publishData(new TextEncoder().encode(sent), { reliable: true, topic: CHAT_TOPIC }).then(
        () => putChat(sent, '', true),
        () => { if (!over) onNotice(t('requestRefused')) }
      )
    },
    leave () { if (!over) release() }
  }
}

function endingOf (reason: DisconnectReason | undefined, tooLate: boolean): Ending {
  return (reason === undefined ? undefined : ENDINGS[reason]) ?? (tooLate ? 'roomClosed' : 'interrupted')
}

function endingOfFailure (error: unknown, way: WayIn): Ending {
  if (!(error instanceof ConnectionError)) return 'interrupted'
  if (error.reason === ConnectionErrorReason.LeaveRequest) return endingOf(error.context as DisconnectReason | undefined, false)
  if (error.reason !== ConnectionErrorReason.NotAllowed) return 'unreachable'
  // 404: there is no such room; else the token is not taken.
  return error.status === 404 || way.expiresAt <= Date.now() ? 'roomClosed' : 'refused'
}
