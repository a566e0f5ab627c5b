import type { ServerMessage } from '../../../schemas/signalling.ts'
import { speak } from '../shared/language.ts'
import { type CallState, type Entry, FIRST_STATE } from './call-state.ts'
import { createFileTransfers, type FileEntry } from './file-transfers.ts'
import type { LocalMedia } from './local-media.ts'
import { createPeople } from './people.ts'
import { createScreenShare } from './screen-share.ts'
import { openSignalling } from './signalling.ts'
import { takePicture } from './snapshot.ts'
import { t } from './words.ts'

export interface CallOptions {
  url: URL
  token: string
  media: LocalMedia
  onState(state: CallState): void
  /** A passing word to the person at the screen. */
  onNotice(text: string): void
}

export interface Call {
  /** To be called when a device went on or off. */
  mediaChanged(): void
  toggleScreen(): Promise<void>
  say(text: string): void
  sendFile(file: File): void
  cancelFile(key: string): void
  present(seat: string | null): void
  askForSnapshot(seat: string): void
  /** Leaves for good; also after the server closed. */
  leave(): void
}

const REFUSALS = {
  TOOL_NOT_ALLOWED: 'notAllowed', TOO_MANY_VIDEOS: 'tooManyVideos', TOO_FAST: 'tooFast'
} as const

/** One visit to a room: what the server says becomes state, what the person does becomes messages. */
export function createCall ({ url, token, media, onState, onNotice }: CallOptions): Call {
  let state: CallState = { ...FIRST_STATE, microphone: media.microphoneOn(), camera: media.cameraOn() }
  let chatEntries = 0

  const signalling = openSignalling({ url, token, onMessage, onPiece, onLost, onClosed, random: Math.random })
  const people = createPeople({ media: media.stream, send: signalling.send, onChange: all => change({ people: all }) })
  const screen = createScreenShare({
    send: signalling.send,
    onNotice,
    onChange (stream) {
      people.setScreen(stream)
      change({ screen: stream })
    }
  })
  const files = createFileTransfers({ send: signalling.send, sendPiece: signalling.sendPiece, nameOf, onEntry: putEntry })

  function change (changes: Partial<CallState>) {
    state = { ...state, ...changes }
    onState(state)
  }

  function putEntry (entry: Entry) {
    const known = state.entries.some(({ key }) => key === entry.key)
    change({ entries: known ? state.entries.map(other => other.key === entry.key ? entry : other) : [...state.entries, entry] })
    if (entry.kind === 'file' && !entry.mine && entry.status === 'done') tellOfFile(entry)
  }

  function tellOfFile ({ snapshot, from, name }: FileEntry) {
    onNotice(snapshot ? t('snapshotHere', { name: from }) : t('fileHere', { name: from, file: name }))
  }

  function nameOf (seat: string): string {
    return seat === state.you?.seat ? state.you.name : people.name(seat)
  }

  function onMessage (message: ServerMessage) {
    switch (message.type) {
      case 'welcome':
        welcome(message)
        break
      case 'joined':
        people.receive(message)
        onNotice(t('arrived', { name: message.person.name }))
        break
      case 'left':
        onNotice(t('gone', { name: nameOf(message.seat) }))
        people.receive(message)
        break
      case 'person':
        if (message.person.seat === state.you?.seat) tellMe(message.person)
        else people.receive(message)
        break
      case 'description':
      case 'candidate':
        people.receive(message)
        break
      case 'chat':
        putEntry({
          kind: 'chat', key: `chat-${++chatEntries}`, mine: message.from === state.you?.seat, from: message.name, text: message.text, at: message.at
        })
        break
      case 'presented':
        change({ presented: message.seat })
        break
      case 'snapshot-request':
        answerSnapshot(message.request, nameOf(message.by))
        break
      case 'snapshot-declined':
        onNotice(t('snapshotDeclined', { name: nameOf(message.of) }))
        break
      case 'refused':
        refused(message)
        break
      default:
        files.receive(message)
    }
  }

  function welcome (message: Extract<ServerMessage, { type: 'welcome' }>) {
    speak(message.language)
    change({
      phase: 'in',
      reconnecting: false,
      you: message.you,
      tools: message.tools,
      presented: message.presented,
      endsAtMs: message.endsAt === null ? null : Date.parse(message.endsAt) - Date.parse(message.now) + performance.now()
    })
    people.welcome(message)
    sayMedia()
    screen.resume()
  }

  function tellMe (you: NonNullable<CallState['you']>) {
    change({ you })
    screen.confirmed(you.screen)
  }

  function refused (message: Extract<ServerMessage, { type: 'refused' }>) {
    if (message.re === 'screen') {
      screen.refused()
      return
    }
    files.receive(message)
    // A lost candidate is no one's concern: there are others.
    if (message.re === 'candidate') return
    onNotice(t(REFUSALS[message.code as keyof typeof REFUSALS] ?? 'requestRefused'))
  }

  async function answerSnapshot (request: number, name: string) {
    const picture = await takePicture(media.stream)
    if (picture === null) {
      signalling.send({ type: 'snapshot-declined', request })
      onNotice(t('snapshotNoCamera', { name }))
      return
    }
    onNotice(t('snapshotTaken', { name }))
    files.offer(picture, `${t('snapshotName', { name: state.you?.name ?? '' })}.jpg`, request)
  }

  function sayMedia () {
    signalling.send({ type: 'media', microphone: state.microphone, camera: state.camera })
  }

  function onPiece (transfer: number, content: Uint8Array<ArrayBuffer>) {
    files.receivePiece(transfer, content)
  }

  function onLost () {
    if (state.phase !== 'in') return
    people.clear()
    files.lost()
    screen.suspend()
    change({ phase: 'joining', reconnecting: true, people: [], presented: null })
  }

  function onClosed (reason: NonNullable<CallState['reason']>) {
    release()
    change({ phase: 'closed', reason, people: [] })
  }

  function release () {
    people.clear()
    files.lost()
    screen.stop()
    media.close()
  }

  return {
    mediaChanged () {
      const microphone = media.microphoneOn()
      const camera = media.cameraOn()
      const differs = microphone !== state.microphone || camera !== state.camera
      people.mediaChanged()
      change({ microphone, camera })
      if (differs) sayMedia()
    },
    toggleScreen: screen.toggle,
    say: text => signalling.send({ type: 'chat', text }),
    sendFile: file => files.offer(file, file.name),
    cancelFile: files.cancel,
    present: seat => signalling.send({ type: 'present', seat }),
    askForSnapshot (seat) {
      signalling.send({ type: 'snapshot', of: seat })
      onNotice(t('snapshotAsked', { name: nameOf(seat) }))
    },
    leave () {
      signalling.send({ type: 'leave' })
      signalling.close()
      release()
      for (const entry of state.entries) if (entry.kind === 'file' && entry.url) URL.revokeObjectURL(entry.url)
    }
  }
}
