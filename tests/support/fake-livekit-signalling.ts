import type { IncomingMessage } from 'node:http'
import { gunzipSync } from 'node:zlib'
import * as protocol from '@livekit/protocol'
import type { Page } from 'playwright-core'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Claims, FakeLivekit, FakeParticipant } from './fake-livekit.ts'
import type { Teardown } from './service.ts'

export const { DisconnectReason } = protocol
const { JoinRequest, SignalRequest, SignalResponse, TrackSource, WrappedJoinRequest } = protocol
type TrackSource = protocol.TrackSource

type Message = NonNullable<NonNullable<ConstructorParameters<typeof SignalResponse>[0]>['message']>

export interface SignalledVisit {
  claims: Claims
  /** By source: whether what is sent is muted. What is no longer sent is not here. */
  sends: Map<TrackSource, { sid: string, muted: boolean }>
  say (message: Message): void
  /** The server ends the visit. */
  dismiss (reason: protocol.DisconnectReason): void
}

export interface FakeSignalling {
  visits: SignalledVisit[]
  /** Somebody else is in the room of a visit from now on, or no longer. */
  somebody (visit: SignalledVisit, name: string, state: 'inside' | 'gone'): void
}

/** What the script below leaves in the page. */
interface PeerWindow { peer (key: string): { answer (sdp: string): Promise<string> } }

// A peer instead of the server's media part: it takes what is offered and sends nothing.
const PEER = `
  const peers = {}
  window.peer = (key) => peers[key] ??= (() => {
    const connection = new RTCPeerConnection()
    return { async answer (sdp) {
      await connection.setRemoteDescription({ type: 'offer', sdp })
      await connection.setLocalDescription(await connection.createAnswer())
      if (connection.iceGatheringState !== 'complete') {
        await new Promise((resolve) => { connection.onicegatheringstatechange = () => { if (connection.iceGatheringState === 'complete') resolve() } })
      }
      return connection.localDescription.sdp
    } }
  })()
`

/**
 * The signalling socket of a fake LiveKit server, as far as the client needs it to come in and be put out (livekit_rtc.proto).
 * A page of the same browser stands for the server's media part: connections are real, and nobody's picture is passed on.
 */
export async function addSignalling (t: Teardown, fake: FakeLivekit, peerPage: Page): Promise<FakeSignalling> {
  await peerPage.evaluate(PEER)
  const sockets = new WebSocketServer({ noServer: true })
  const visits: SignalledVisit[] = []

  fake.server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://livekit')
    const token = searchParams.get('access_token') ?? ''
    const status = pathname === '/rtc/v1' ? fake.join(token) : 404
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims
    sockets.handleUpgrade(request, socket, head, (client) => { serve(client, claims, joinRequestOf(searchParams.get('join_request') ?? '')) })
  })
  fake.onChange.push((room, participant, what) => {
    const visit = visits.findLast(({ claims }) => claims.video?.room === room && claims.sub === participant.identity)
    if (visit === undefined) return
    if (what === 'removed') {
      visit.dismiss(DisconnectReason.PARTICIPANT_REMOVED)
      return
    }
    const { renewed, grants } = participant
    for (const [source, { sid }] of visit.sends) {
      if (sourcesOf(grants).includes(source)) continue
      visit.sends.delete(source)
      visit.say({ case: 'trackUnpublished', value: { trackSid: sid } })
    }
    visit.say({ case: 'update', value: { participants: [{ ...infoOf(participant), version: renewed.length }] } })
    visit.say({ case: 'refreshToken', value: renewed.at(-1) ?? '' })
  })
  t.teardown(() => {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
  })

  const insideOf = ({ sub = '', video }: Claims) => fake.rooms.get(String(video?.room))?.inside.get(sub)

  function serve (client: WebSocket, claims: Claims, join: protocol.JoinRequest): void {
    const key = `visit-${visits.length + 1}`
    const say = (message: Message) => { client.send(new SignalResponse({ message }).toBinary()) }
    const visit: SignalledVisit = {
      claims,
      sends: new Map(),
      say,
      dismiss: (reason) => say({ case: 'leave', value: { reason, action: protocol.LeaveRequest_Action.DISCONNECT } })
    }
    visits.push(visit)
    const answer = async (offer: { sdp: string, id: number }) => {
      const sdp = await peerPage.evaluate(({ key, sdp }) => (globalThis as unknown as PeerWindow).peer(key).answer(sdp), { key, sdp: offer.sdp })
      say({ case: 'answer', value: { type: 'answer', sdp, id: offer.id } })
    }

    client.on('message', (data: Buffer) => {
      const { message } = SignalRequest.fromBinary(data)
      if (message.case === 'offer') answer(message.value).catch(() => { client.terminate() })
      if (message.case === 'addTrack') {
        const { cid, type, source, muted, name } = message.value
        // What may not be sent is not answered.
        if (!sourcesOf(insideOf(claims)?.grants ?? {}).includes(source)) return
        const sid = `TR_${key}_${source}`
        visit.sends.set(source, { sid, muted })
        say({ case: 'trackPublished', value: { cid, track: { sid, type, source, muted, name } } })
      }
      if (message.case === 'mute') {
        const { sid, muted } = message.value
        for (const sent of visit.sends.values()) if (sent.sid === sid) sent.muted = muted
      }
      if (message.case === 'pingReq') say({ case: 'pongResp', value: { lastPingTimestamp: message.value.timestamp, timestamp: BigInt(Date.now()) } })
      if (message.case === 'leave') client.close()
    })
    client.on('close', () => { fake.leave(String(claims.video?.room), claims.sub ?? '') })

    say({ case: 'join', value: joinResponse(claims, insideOf(claims)) })
    if (join.publisherOffer !== undefined) answer(join.publisherOffer).catch(() => { client.terminate() })
  }

  return {
    visits,
    somebody (visit, name, state) {
      const info = { sid: `PA_${name}`, identity: `usr_${name}`, name, state: state === 'inside' ? protocol.ParticipantInfo_State.ACTIVE : protocol.ParticipantInfo_State.DISCONNECTED }
      visit.say({ case: 'update', value: { participants: [info] } })
    }
  }
}

function joinRequestOf (text: string): protocol.JoinRequest {
  const { joinRequest, compression } = WrappedJoinRequest.fromBinary(Buffer.from(text, 'base64url'))
  return JoinRequest.fromBinary(compression === protocol.WrappedJoinRequest_Compression.GZIP ? gunzipSync(joinRequest) : joinRequest)
}

const SOURCES: Readonly<Record<string, TrackSource>> = { camera: TrackSource.CAMERA, microphone: TrackSource.MICROPHONE, screen_share: TrackSource.SCREEN_SHARE }

const sourcesOf = ({ canPublishSources }: FakeParticipant['grants']): TrackSource[] =>
  Array.isArray(canPublishSources) ? canPublishSources.map((source) => SOURCES[String(source)] ?? TrackSource.UNKNOWN) : []

/** What the server lets somebody do: what his token says, until it is changed. */
const infoOf = ({ identity, name, grants }: Pick<FakeParticipant, 'identity' | 'name' | 'grants'>) => ({
  sid: 'PA_me',
  identity,
  name,
  state: protocol.ParticipantInfo_State.JOINED,
  permission: {
    canSubscribe: grants['canSubscribe'] === true,
    canPublish: grants['canPublish'] === true,
    canPublishData: grants['canPublishData'] === true,
    canPublishSources: sourcesOf(grants)
  }
})

function joinResponse ({ sub = '', name = '', video = {} }: Claims, inside: FakeParticipant | undefined) {
  return {
    room: { sid: 'RM_test', name: String(video.room) },
    participant: infoOf(inside ?? { identity: sub, name, grants: video }),
    serverVersion: '1.13.5',
    subscriberPrimary: false,
    fastPublish: true,
    pingTimeout: 30,
    pingInterval: 10
  }
}
