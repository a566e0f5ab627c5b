import type { ClientMessage, SeatState, ServerMessage } from '../../../schemas/signalling.ts'
import { changedPerson, newPerson, type Person } from './call-state.ts'
import { createPeer, type Peer } from './peer-connection.ts'

export interface PeopleOptions {
  /** One's own camera and microphone. */
  media: MediaStream
  send(message: ClientMessage): void
  onChange(people: readonly Person[]): void
}

export interface People {
  /** Starts anew with everybody who was here before; the newcomer calls each of them. */
  welcome(message: Extract<ServerMessage, { type: 'welcome' }>): void
  /** Everything that concerns one other person. */
  receive(message: ServerMessage): void
  name(seat: string): string
  mediaChanged(): void
  setScreen(stream: MediaStream | null): void
  /** Drops all connections. */
  clear(): void
}

const SPEAKING_LEVEL = 0.02
const SPEAKING_CHECK_MS = 400
/** Everybody sends the camera once to each other person: the way out is shared among them. */
const OUTGOING_BITS_PER_SECOND = 4_000_000
const MOST_CAMERA_BITS_PER_SECOND = 1_800_000

/** The other people in the call, with one peer connection each. */
export function createPeople ({ media, send, onChange }: PeopleOptions): People {
  const peers = new Map<string, Peer>()
  let people: readonly Person[] = []
  let iceServers: RTCIceServer[] = []
  let mySeat = ''
  let screen: MediaStream | null = null
  let speakingTimer: ReturnType<typeof setInterval> | undefined

  function change (seat: string, changed: (person: Person) => Person) {
    people = people.map(person => person.seat === seat ? changed(person) : person)
    onChange(people)
  }

  function connect (person: SeatState, calls: boolean) {
    const { seat } = person
    peers.get(seat)?.close()
    people = [...people.filter(other => other.seat !== seat), newPerson(person)]
    const peer = createPeer({
      iceServers,
      calls,
      polite: mySeat < seat,
      media,
      sendDescription: description => send({ type: 'description', to: seat, description }),
      sendCandidate: candidate => send({ type: 'candidate', to: seat, candidate }),
      onStream: stream => change(seat, before => ({ ...before, streams: [...before.streams.filter(({ id }) => id !== stream.id), stream] })),
      onState: connection => change(seat, before => ({ ...before, connection }))
    })
    peers.set(seat, peer)
    if (screen) peer.setScreen(screen)
    shareBandwidth()
    onChange(people)
  }

  function disconnect (seat: string) {
    peers.get(seat)?.close()
    peers.delete(seat)
    shareBandwidth()
    people = people.filter(person => person.seat !== seat)
    onChange(people)
  }

  function shareBandwidth () {
    const each = Math.min(MOST_CAMERA_BITS_PER_SECOND, Math.round(OUTGOING_BITS_PER_SECOND / peers.size))
    for (const peer of peers.values()) peer.limitCamera(each)
  }

  function checkSpeaking () {
    const speaking = new Set([...peers].filter(([, peer]) => peer.audioLevel() > SPEAKING_LEVEL).map(([seat]) => seat))
    if (people.every(person => person.speaking === (person.microphone && speaking.has(person.seat)))) return
    people = people.map(person => ({ ...person, speaking: person.microphone && speaking.has(person.seat) }))
    onChange(people)
  }

  function closePeers () {
    clearInterval(speakingTimer)
    for (const peer of peers.values()) peer.close()
    peers.clear()
    people = []
  }

  return {
    welcome (message) {
      closePeers()
      mySeat = message.you.seat
      iceServers = message.iceServers.map(({ urls, username, credential }) => ({
        urls, ...(username === undefined ? {} : { username }), ...(credential === undefined ? {} : { credential })
      }))
      for (const person of message.people) connect(person, true)
      speakingTimer = setInterval(checkSpeaking, SPEAKING_CHECK_MS)
      onChange(people)
    },

    receive (message) {
      switch (message.type) {
        case 'joined':
          connect(message.person, false)
          break
        case 'left':
          disconnect(message.seat)
          break
        case 'person':
          change(message.person.seat, person => changedPerson(person, message.person))
          break
        case 'description':
          peers.get(message.from)?.receiveDescription(plainDescription(message.description))
          break
        case 'candidate':
          peers.get(message.from)?.receiveCandidate(message.candidate as RTCIceCandidateInit)
          break
      }
    },

    name: seat => people.find(person => person.seat === seat)?.name ?? '',
    mediaChanged () { for (const peer of peers.values()) peer.mediaChanged() },
    setScreen (stream) {
      screen = stream
      for (const peer of peers.values()) peer.setScreen(stream)
    },
    clear: closePeers
  }
}

function plainDescription ({ type, sdp }: Extract<ServerMessage, { type: 'description' }>['description']): RTCSessionDescriptionInit {
  return { type, ...(sdp === undefined ? {} : { sdp }) }
}
