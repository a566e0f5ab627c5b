import { ConnectionQuality, type LocalParticipant, ParticipantKind, type RemoteParticipant, Track, type Room, VideoQuality } from 'livekit-client'
import type { SeatState } from '../../../schemas/signalling.ts'
import type { ToolName } from '../../../schemas/tools.ts'
import type { Person } from '../room/call-state.ts'

/** Up to so many others, everybody's picture comes in its best size, then in the middle one. */
const MOST_LARGE_PICTURES = 2
const MOST_MIDDLE_PICTURES = 6
/** `TrackSource.SCREEN_SHARE` of livekit_models.proto. */
const SCREEN_SHARE = 3

/** The other people of a LiveKit room as the call's view knows people. Streams stay the same while tracks come and go. */
export function peopleOf (room: Room): () => readonly Person[] {
  const streams = new WeakMap<RemoteParticipant, { camera: MediaStream, screen: MediaStream }>()

  const streamsOf = (participant: RemoteParticipant) => {
    const known = streams.get(participant) ?? { camera: new MediaStream(), screen: new MediaStream() }
    streams.set(participant, known)
    fill(known.camera, [trackOf(participant, Track.Source.Camera), trackOf(participant, Track.Source.Microphone)])
    fill(known.screen, [trackOf(participant, Track.Source.ScreenShare)])
    return known
  }

  return () => {
    const people = [...room.remoteParticipants.values()].filter(isPerson)
    for (const participant of people) choosePictureSize(participant, people.length)
    return people.map((participant) => {
      const { camera, screen } = streamsOf(participant)
      const shares = screen.getTracks().length > 0
      return {
        ...seatOf(participant),
        screen: shares ? screen.id : null,
        streams: [...(camera.getTracks().length > 0 ? [camera] : []), ...(shares ? [screen] : [])],
        screenStreams: [screen.id],
        connection: participant.connectionQuality === ConnectionQuality.Lost ? 'unstable' : 'connected',
        speaking: participant.isSpeaking
      }
    })
  }
}

/** Recorders and programs are in the room too, and nobody to look at. */
export const isPerson = ({ kind }: { kind: ParticipantKind }) => kind === ParticipantKind.STANDARD || kind === ParticipantKind.SIP

export function seatOf (participant: LocalParticipant | RemoteParticipant): SeatState {
  return {
    seat: participant.identity,
    name: participant.name ?? '',
    privilege: 'basic',
    microphone: participant.isMicrophoneEnabled,
    camera: participant.isCameraEnabled,
    screen: null
  }
}

/** What the server lets oneself do. */
export function toolsOf ({ permissions }: LocalParticipant): readonly ToolName[] {
  if (permissions === undefined) return []
  const { canPublish, canPublishData, canPublishSources } = permissions
  const mayShare = canPublish && (canPublishSources.length === 0 || canPublishSources.some((source) => Number(source) === SCREEN_SHARE))
  return [...(canPublishData ? ['chat' as const] : []), ...(mayShare ? ['screen_sharing' as const] : [])]
}

function trackOf (participant: RemoteParticipant, source: Track.Source): MediaStreamTrack | undefined {
  return participant.getTrackPublication(source)?.track?.mediaStreamTrack
}

function fill (stream: MediaStream, wanted: ReadonlyArray<MediaStreamTrack | undefined>): void {
  for (const track of stream.getTracks()) if (!wanted.includes(track)) stream.removeTrack(track)
  for (const track of wanted) if (track !== undefined && !stream.getTracks().includes(track)) stream.addTrack(track)
}

function choosePictureSize (participant: RemoteParticipant, others: number): void {
  const camera = participant.getTrackPublication(Track.Source.Camera)
  const quality = others <= MOST_LARGE_PICTURES ? VideoQuality.HIGH : others <= MOST_MIDDLE_PICTURES ? VideoQuality.MEDIUM : VideoQuality.LOW
  if (camera !== undefined && camera.isSubscribed && camera.videoQuality !== quality) camera.setVideoQuality(quality)
}
