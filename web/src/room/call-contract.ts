import { type CallState, FIRST_STATE } from './call-state.ts'
import type { LocalMedia } from './local-media.ts'

/** What a page gives to its call, whoever carries that. */
export interface CallLine<Ending extends string> {
  media: LocalMedia
  onState(state: CallState): void
  /** A passing word to the person at the screen. */
  onNotice(text: string): void
  /** The call is over without the person having left it. Told once. */
  onEnded(ending: Ending): void
}

/** What every call can do, whoever carries it. */
export interface AnyCall {
  /** To be called when a device went on or off. */
  mediaChanged(): void
  toggleScreen(): Promise<void>
  say(text: string): void
  /** Leaves for good; also after it ended. */
  leave(): void
}

/** On the way in, with the devices as they are now. */
export function firstState (media: LocalMedia): CallState {
  return { ...FIRST_STATE, microphone: media.microphoneOn(), camera: media.cameraOn() }
}
