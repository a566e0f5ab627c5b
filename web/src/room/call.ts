import type { ServerMessage } from '../../../schemas/signalling.ts'
import type { ToolName } from '../../../schemas/tools.ts'
import { speak } from '../shared/language.ts'
import { type AnyCall, type CallLine, firstState } from './call-contract.ts'
import type { CallState, Entry } from './call-state.ts'
import { createFileTransfers, type FileEntry } from './file-transfers.ts'
import { createPeople } from './people.ts'
import { createScreenShare } from './screen-share.ts'
import { type ClosedReason, openSignalling } from './signalling.ts'
import { takePicture } from './snapshot.ts'
import { t } from './words.ts'

export interface CallOptions extends CallLine<ClosedReason> {
  url: URL
  token: string
  /** The way in was replaced: the older token may open nothing any more. */
  onToken(token: string): void
}

export interface Call extends AnyCall {
  sendFile(file: File): void
  cancelFile(key: string): void
  present(seat: string | null): void
  askForSnapshot(seat: string): void
}

const REFUSALS = {
  TOOL_NOT_ALLOWED: 'notAllowed', TOO_MANY_VIDEOS: 'tooManyVideos', TOO_FAST: 'tooFast'
} as const

/** What the buttons are called; those of other providers' tools are not here. */
const TOOL_WORDS = {
  chat: 'write', screen_sharing: 'shareScreen', file_upload: 'sendFile', snapshot: 'snapshot', present_to_everyone: 'present'
} as const

/** One visit to a room: what the server says becomes state, what the person does becomes messages. */
export function createCall ({ url, token, onToken, media, onState, onNotice, onEnded }: CallOptions): Call {
  let state = firstState(media)
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
      case 'rights':
        takeRights(message)
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

  function takeRights ({ tools, token }: Extract<ServerMessage, { type: 'rights' }>) {
    const { tools: before } = state
    signalling.renew(token)
    onToken(token)
    change({ tools })
    const screenEnds = !tools.includes('screen_sharing') && screen.revoke()
    if (screenEnds) onNotice(t('screenTaken'))
    const taken = before.filter(tool => !tools.includes(tool) && !(screenEnds && tool === 'screen_sharing'))
    const given = tools.filter(tool => !before.includes(tool))
    if (taken.length > 0) onNotice(t('toolsTaken', { tools: wordsFor(taken) }))
    if (given.length > 0) onNotice(t('toolsGiven', { tools: wordsFor(given) }))
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

  function onClosed (reason: ClosedReason) {
    release()
    change({ phase: 'closed', reason, people: [] })
    onEnded(reason)
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

function wordsFor (tools: readonly ToolName[]): string {
  return tools.flatMap(tool => tool in TOOL_WORDS ? [t(TOOL_WORDS[tool as keyof typeof TOOL_WORDS])] : []).join(', ')
}
