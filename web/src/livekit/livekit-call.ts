import { ConnectionError, ConnectionErrorReason, DefaultReconnectPolicy, DisconnectReason, type RemoteParticipant, Room, RoomEvent, setLogLevel } from 'livekit-client'
import { CHAT_CHARACTERS } from '../../../schemas/signalling-constants.ts'
import type { ToolName } from '../../../schemas/tools.ts'
import { type AnyCall, type CallLine, firstState } from '../room/call-contract.ts'
import type { CallState } from '../room/call-state.ts'
import { t } from '../room/words.ts'
import { isPerson, peopleOf, seatOf, toolsOf } from './livekit-people.ts'
import { createOwnTracks } from './own-tracks.ts'
import type { WayIn } from './way-in.ts'

/**
 * Why one is out. `roomClosed`: the call is over; `refused`: the way in is not, or no longer, valid; `replaced`: the
 * same person came in from elsewhere; `putOut`: by the clinic; the others may be tried again.
 */
export type Ending = 'roomClosed' | 'refused' | 'replaced' | 'putOut' | 'unreachable' | 'interrupted'

export interface LivekitCallOptions extends CallLine<Ending> {
  way: WayIn
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
  RoomEvent.ActiveSpeakersChanged, RoomEvent.ConnectionQualityChanged, RoomEvent.ParticipantNameChanged
] as const

// Its own words hold addresses and people's ids.
setLogLevel('silent')

/** One visit to a LiveKit room, told in the terms of the call's view. */
export function createLivekitCall ({ way, media, onState, onNotice, onEnded }: LivekitCallOptions): AnyCall {
  const endsInMs = way.endsAt === null ? null : way.endsAt - Date.now()
  let state: CallState = { ...firstState(media), endsAtMs: endsInMs === null ? null : endsInMs + performance.now() }
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

  function takeTools () {
    const { tools: before } = state
    const now = toolsOf(room.localParticipant)
    const screenEnds = !now.includes('screen_sharing') && own.endScreen()
    look()
    if (screenEnds) onNotice(t('screenTaken'))
    // On the way in nothing is taken or given.
    if (state.phase !== 'in') return
    const taken = before.filter((tool) => !now.includes(tool) && !(screenEnds && tool === 'screen_sharing'))
    const given = now.filter((tool) => !before.includes(tool))
    if (taken.length > 0) onNotice(t('toolsTaken', { tools: wordsFor(taken) }))
    if (given.length > 0) onNotice(t('toolsGiven', { tools: wordsFor(given) }))
  }

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
    .on(RoomEvent.ParticipantPermissionsChanged, (_before, participant) => {
      if (participant === room.localParticipant) takeTools()
      else look()
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

const wordsFor = (tools: readonly ToolName[]) => tools.map((tool) => t(tool === 'chat' ? 'write' : 'shareScreen')).join(', ')

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
