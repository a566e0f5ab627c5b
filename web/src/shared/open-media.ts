const VIDEO: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, facingMode: 'user' }
const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true }

/** Opens one device; throws what the browser throws. */
export function openDevice (kind: 'audio' | 'video'): Promise<MediaStream> {
  return devices().getUserMedia(kind === 'audio' ? { audio: AUDIO } : { video: VIDEO })
}

/** Opens camera and microphone, or the one of them that exists. */
export async function openMedia (): Promise<MediaStream> {
  try {
    return await devices().getUserMedia({ audio: AUDIO, video: VIDEO })
  } catch (error) {
    if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error
    return await openDevice('audio').catch(() => openDevice('video')).catch(() => { throw error })
  }
}

/** Pages without https have no media devices at all. */
function devices (): MediaDevices {
  const found: MediaDevices | undefined = navigator.mediaDevices
  if (!found) throw new DOMException('No media devices in an insecure context', 'SecurityError')
  return found
}
