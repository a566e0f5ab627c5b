import type { ClientMessage } from '../../../schemas/signalling.ts'

type DescriptionMessage = Extract<ClientMessage, { type: 'description' }>['description']
type CandidateMessage = Extract<ClientMessage, { type: 'candidate' }>['candidate']
export type PeerState = 'connecting' | 'connected' | 'unstable'

export interface PeerOptions {
  iceServers: RTCIceServer[]
  /** Whether this side makes the first offer; the other one waits for it. */
  calls: boolean
  /** Whose offer gives way when both sides offer at once; the two sides of a connection differ in it. */
  polite: boolean
  /** The stream that holds microphone and camera; its id stays the same while its tracks come and go. */
  media: MediaStream
  sendDescription(description: DescriptionMessage): void
  sendCandidate(candidate: CandidateMessage): void
  onStream(stream: MediaStream): void
  onState(state: PeerState): void
}

export interface Peer {
  receiveDescription(description: RTCSessionDescriptionInit): Promise<void>
  receiveCandidate(candidate: RTCIceCandidateInit): Promise<void>
  /** Sends what `media` holds now; needs no negotiation. */
  mediaChanged(): void
  /** Sends the screen, or stops sending it (null). */
  setScreen(stream: MediaStream | null): void
  /** How much of the way out the camera may take. */
  limitCamera(bitsPerSecond: number): void
  /** How loud the other one is at the moment, from 0 to 1. */
  audioLevel(): number
  close(): void
}

interface Lines { microphone: RTCRtpTransceiver, camera: RTCRtpTransceiver, screen: RTCRtpTransceiver }

/**
 * One other person's connection. It always has three lines, in this order: microphone, camera, screen. So devices
 * can go on and off by exchanging tracks, and lines never pile up. Only the screen's line changes direction, because
 * the server lets a second video pass only to those who asked for it. No data channels.
 */
export function createPeer (options: PeerOptions): Peer {
  const connection = new RTCPeerConnection({ iceServers: options.iceServers })
  let lines: Lines | null = null
  let screen: MediaStream | null = null
  let makingOffer = false
  let ignoringOffer = false
  let closed = false
  let cameraBitsPerSecond: number | null = null
  let queue: Promise<void> = Promise.resolve()

  connection.onnegotiationneeded = offer
  connection.onicecandidate = ({ candidate }) => {
    if (candidate?.candidate) options.sendCandidate(plainCandidate(candidate))
  }
  connection.ontrack = ({ streams: [stream] }) => { if (stream) options.onStream(stream) }
  // A rolled back offer resets the sender's limits.
  connection.onsignalingstatechange = applyCameraLimit
  connection.onconnectionstatechange = () => {
    const state = connection.connectionState
    if (state === 'connected') {
      applyCameraLimit()
      options.onState('connected')
    } else if (state === 'disconnected' || state === 'failed') options.onState('unstable')
    if (state === 'failed') connection.restartIce()
  }

  if (options.calls) {
    lines = {
      microphone: connection.addTransceiver('audio', { direction: 'sendrecv', streams: [options.media] }),
      camera: connection.addTransceiver('video', { direction: 'sendrecv', streams: [options.media] }),
      screen: connection.addTransceiver('video', { direction: 'recvonly' })
    }
    mediaChanged()
  }

  async function offer () {
    try {
      makingOffer = true
      await connection.setLocalDescription()
      sendLocalDescription()
    } catch (error) {
      if (!closed) throw error
    } finally {
      makingOffer = false
    }
  }

  function sendLocalDescription () {
    const { localDescription } = connection
    if (localDescription && !closed) options.sendDescription({ type: localDescription.type, sdp: localDescription.sdp })
  }

  async function takeDescription (description: RTCSessionDescriptionInit) {
    const collides = description.type === 'offer' && (makingOffer || connection.signalingState !== 'stable')
    ignoringOffer = collides && !options.polite
    if (ignoringOffer) return
    // A polite side's own offer is rolled back by the browser.
    await connection.setRemoteDescription(description)
    if (description.type !== 'offer') return
    lines ??= adoptLines()
    await connection.setLocalDescription()
    sendLocalDescription()
  }

  /** The side that was called answers on the lines that the first offer brought. */
  function adoptLines (): Lines | null {
    const [microphone, camera, screenLine] = connection.getTransceivers()
    if (!microphone || !camera || !screenLine) return null
    for (const line of [microphone, camera]) {
      line.direction = 'sendrecv'
      line.sender.setStreams(options.media)
    }
    lines = { microphone, camera, screen: screenLine }
    mediaChanged()
    applyScreen()
    return lines
  }

  function mediaChanged () {
    if (!lines || closed) return
    replace(lines.microphone, options.media.getAudioTracks()[0])
    replace(lines.camera, options.media.getVideoTracks()[0])
  }

  function applyScreen () {
    if (!lines || closed) return
    if (screen) lines.screen.sender.setStreams(screen)
    replace(lines.screen, screen?.getVideoTracks()[0])
    lines.screen.direction = screen ? 'sendrecv' : 'recvonly'
  }

  /** Has an effect once connected: before, the sender's encodings are not known yet. */
  function applyCameraLimit () {
    if (!lines || cameraBitsPerSecond === null || connection.connectionState !== 'connected' || connection.signalingState !== 'stable') return
    const parameters = lines.camera.sender.getParameters()
    for (const encoding of parameters.encodings) encoding.maxBitrate = cameraBitsPerSecond
    // A browser that refuses sends as much as it likes.
    lines.camera.sender.setParameters(parameters).catch(() => {})
  }

  function replace (line: RTCRtpTransceiver, track: MediaStreamTrack | undefined) {
    if (line.sender.track !== (track ?? null)) line.sender.replaceTrack(track ?? null).catch(unlessClosed)
  }

  function unlessClosed (error: unknown) {
    if (!closed) throw error
  }

  /** Signals are worked off one after the other, in the order in which they came. */
  function inTurn (work: () => Promise<void>): Promise<void> {
    const done = queue.then(async () => { if (!closed) await work().catch(unlessClosed) })
    queue = done.catch(() => {})
    return done
  }

  return {
    receiveDescription: description => inTurn(() => takeDescription(description)),
    receiveCandidate: candidate => inTurn(async () => {
      try {
        await connection.addIceCandidate(candidate)
      } catch (error) {
        // Candidates of an offer that was passed over have nothing to belong to.
        if (!ignoringOffer) throw error
      }
    }),
    mediaChanged,
    setScreen (stream) {
      screen = stream
      applyScreen()
    },
    limitCamera (bitsPerSecond) {
      cameraBitsPerSecond = bitsPerSecond
      applyCameraLimit()
    },
    audioLevel: () => lines?.microphone.receiver.getSynchronizationSources()[0]?.audioLevel ?? 0,
    close () {
      closed = true
      connection.close()
    }
  }
}

function plainCandidate ({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: RTCIceCandidate): CandidateMessage {
  return { candidate, sdpMid, sdpMLineIndex, usernameFragment }
}
