import { openDevice, openMedia } from '../shared/open-media.ts'

export interface LocalMedia {
  /** Microphone and camera together; the same stream for the whole visit. */
  readonly stream: MediaStream
  /** Opens what the browser gives; throws what it throws. */
  open(): Promise<void>
  microphoneOn(): boolean
  cameraOn(): boolean
  setMicrophone(on: boolean): Promise<void>
  /** Off also gives the device back, so that its light goes out. */
  setCamera(on: boolean): Promise<void>
  close(): void
}

/** One's own microphone and camera. `onChange` also tells of a device that was pulled out. */
export function createLocalMedia (onChange: () => void): LocalMedia {
  const stream = new MediaStream()
  let closed = false

  function add (opened: MediaStream) {
    for (const track of opened.getTracks()) {
      if (closed) {
        track.stop()
        continue
      }
      for (const old of stream.getTracks()) if (old.kind === track.kind) remove(old)
      track.addEventListener('ended', () => {
        remove(track)
        onChange()
      })
      stream.addTrack(track)
    }
    onChange()
  }

  function remove (track: MediaStreamTrack) {
    track.stop()
    stream.removeTrack(track)
  }

  return {
    stream,
    async open () { add(await openMedia()) },
    microphoneOn: () => stream.getAudioTracks().some(({ enabled }) => enabled),
    cameraOn: () => stream.getVideoTracks().length > 0,
    async setMicrophone (on) {
      const tracks = stream.getAudioTracks()
      if (on && tracks.length === 0) {
        add(await openDevice('audio'))
        return
      }
      for (const track of tracks) track.enabled = on
      onChange()
    },
    async setCamera (on) {
      if (on) {
        if (stream.getVideoTracks().length === 0) add(await openDevice('video'))
        return
      }
      for (const track of stream.getVideoTracks()) remove(track)
      onChange()
    },
    close () {
      closed = true
      for (const track of stream.getTracks()) remove(track)
    }
  }
}
