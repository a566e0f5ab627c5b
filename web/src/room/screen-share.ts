import type { ClientMessage } from '../../../schemas/signalling.ts'
import { t } from './words.ts'

export interface ScreenShareOptions {
  send(message: ClientMessage): void
  onNotice(text: string): void
  /** The stream that may be sent now, or null. */
  onChange(stream: MediaStream | null): void
}

export interface ScreenShare {
  toggle(): Promise<void>
  /** The server says which stream of ours is the screen. */
  confirmed(stream: string | null): void
  refused(): void
  /** The server lets nothing of it through any more. The answer: whether there was something to end. */
  revoke(): boolean
  /** The connection broke: sending ends, the picture stays for `resume`. */
  suspend(): void
  resume(): void
  stop(): void
}

/**
 * Sharing one's screen: the picture is chosen, the server is asked, and only after its word does anything leave.
 * The stream stays the same through the call; its track comes and goes.
 */
export function createScreenShare ({ send, onNotice, onChange }: ScreenShareOptions): ScreenShare {
  const stream = new MediaStream()
  let phase: 'off' | 'choosing' | 'asked' | 'on' = 'off'

  function ask () {
    phase = 'asked'
    send({ type: 'screen', on: true, stream: stream.id })
  }

  function release () {
    for (const track of stream.getTracks()) {
      track.stop()
      stream.removeTrack(track)
    }
    if (phase === 'on') onChange(null)
    phase = 'off'
  }

  function end () {
    const announced = phase === 'on' || phase === 'asked'
    release()
    if (announced) send({ type: 'screen', on: false })
  }

  async function choose () {
    phase = 'choosing'
    try {
      const chosen = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false })
      for (const track of chosen.getTracks()) {
        // The browser's own "stop sharing".
        track.addEventListener('ended', end)
        stream.addTrack(track)
      }
      ask()
    } catch (error) {
      phase = 'off'
      // Closing the browser's dialogue is a decision, not an error.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') onNotice(t('screenFailed'))
    }
  }

  return {
    async toggle () {
      if (phase === 'off') await choose()
      else if (phase !== 'choosing') end()
    },
    confirmed (id) {
      if (phase === 'asked' && id === stream.id) {
        phase = 'on'
        onChange(stream)
      } else if (phase === 'on' && id === null) {
        release()
      }
    },
    refused () {
      // A request that crossed the word of the server is over already.
      if (phase !== 'asked') return
      release()
      onNotice(t('screenRefused'))
    },
    revoke () {
      const ends = phase === 'on' || phase === 'asked'
      if (ends) release()
      return ends
    },
    suspend () {
      if (phase === 'on') onChange(null)
      if (phase === 'on' || phase === 'asked') phase = 'asked'
    },
    resume () {
      if (phase === 'asked') ask()
    },
    stop: release
  }
}
