import { type Room, Track } from 'livekit-client'
import type { LocalMedia } from '../room/local-media.ts'

export interface OwnTracks {
  /** Sends what the devices give now, and no longer what they gave. One after the other, in the order of the calls. */
  sync(): void
  toggleScreen(): Promise<void>
  /** Whether one was shared until now. */
  endScreen(): boolean
  stop(): void
}

export interface OwnTracksOptions {
  room: Room
  media: LocalMedia
  /** The screen that is shared now, or null. */
  onScreen(stream: MediaStream | null): void
  /** Something could not be sent. */
  onTrouble(what: 'media' | 'screen'): void
}

/** One's own microphone, camera and screen on their way to the server. The devices stay the page's. */
export function createOwnTracks ({ room, media, onScreen, onTrouble }: OwnTracksOptions): OwnTracks {
  let work = Promise.resolve()
  let screen: MediaStream | null = null
  let choosing = false

  async function send (source: Track.Source, track: MediaStreamTrack | undefined) {
    const me = room.localParticipant
    const sent = me.getTrackPublication(source)?.track
    if (sent !== undefined && sent.mediaStreamTrack !== track) await me.unpublishTrack(sent, false)
    if (track === undefined || track.readyState === 'ended') return
    const known = me.getTrackPublication(source)
    // What is off from the beginning is sent once it is on.
    if (known === undefined && !track.enabled) return
    const publication = known ?? await me.publishTrack(track, { source })
    if (track.enabled && publication.isMuted) await publication.unmute()
    else if (!track.enabled && !publication.isMuted) await publication.mute()
  }

  function enqueue (what: 'media' | 'screen', task: () => Promise<void>) {
    work = work.then(task).catch(() => onTrouble(what))
  }

  function endScreen () {
    for (const track of screen?.getTracks() ?? []) track.stop()
    screen = null
    onScreen(null)
    enqueue('screen', () => send(Track.Source.ScreenShare, undefined))
  }

  async function chooseScreen () {
    choosing = true
    try {
      const chosen = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false })
      screen = chosen
      // The browser's own "stop sharing".
      for (const track of chosen.getTracks()) track.addEventListener('ended', endScreen)
      onScreen(chosen)
      enqueue('screen', () => send(Track.Source.ScreenShare, chosen.getVideoTracks()[0]))
    } catch (error) {
      // Closing the browser's dialogue is a decision, not an error.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') onTrouble('screen')
    } finally {
      choosing = false
    }
  }

  return {
    endScreen () {
      const shared = screen !== null
      if (shared) endScreen()
      return shared
    },
    sync () {
      enqueue('media', async () => {
        await send(Track.Source.Microphone, media.stream.getAudioTracks()[0])
        await send(Track.Source.Camera, media.stream.getVideoTracks()[0])
      })
    },
    async toggleScreen () {
      if (screen !== null) endScreen()
      else if (!choosing) await chooseScreen()
    },
    stop () {
      for (const track of screen?.getTracks() ?? []) track.stop()
      screen = null
    }
  }
}
