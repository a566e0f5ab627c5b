import type { ReactiveControllerHost } from 'lit'
import { explainMediaTrouble, nameOf } from '../shared/media-trouble.ts'
import { type AnyCall, type CallLine, firstState } from './call-contract.ts'
import { type CallState, FIRST_STATE } from './call-state.ts'
import type { Notice } from './call-view.ts'
import type { Command } from './control-bar.ts'
import { createLocalMedia, type LocalMedia } from './local-media.ts'
import { tellParent } from './parent-page.ts'
import { createPassingNotices } from './passing-notices.ts'

/** How one gets in. */
export interface Door<Call extends AnyCall, Ending extends string> {
  /** Opens camera and microphone; what it throws is explained to the person, who may try again or go in without. */
  open(media: LocalMedia): Promise<void>
  /** Gives what makes the call, or tells the line why there is none and gives null. Does not throw. */
  load(): Promise<(line: CallLine<Ending>) => Call | null>
}

export type Standing<Ending extends string> =
  | { stage: 'asking' | 'call' | 'left' }
  | { stage: 'camera-refused', errorName: string }
  | { stage: 'ended', ending: Ending }

export interface Visit<Call extends AnyCall, Ending extends string> {
  readonly standing: Standing<Ending>
  /** The call as its view shows it. */
  readonly state: CallState
  readonly call: Call | null
  readonly stream: MediaStream
  readonly notices: readonly Notice[]
  /** Asks for the devices, then goes in. */
  start(): void
  /** Goes in with the devices that there are. */
  join(): void
  rejoin(): void
  /** Does what a button of the call says. */
  command(command: Command): void
}

/**
 * A page's visit to a call: camera and microphone first, then the call, then the way back. Begins with the host, renders
 * it again on every change, and tells the page around.
 * @param door the way in, or why there is none
 */
export function createVisit<Call extends AnyCall, Ending extends string> (host: ReactiveControllerHost, door: Door<Call, Ending> | Ending): Visit<Call, Ending> {
  let standing: Standing<Ending> = { stage: 'asking' }
  let state = FIRST_STATE
  let call: Call | null = null
  let media = newMedia()
  /** Counts visits, so that what loads late for an earlier one is overlooked. */
  let visits = 0
  const notices = createPassingNotices(() => host.requestUpdate())

  function newMedia () {
    return createLocalMedia(() => call?.mediaChanged())
  }

  function stand (now: Standing<Ending>) {
    standing = now
    host.requestUpdate()
  }

  async function start () {
    if (typeof door === 'string') {
      end(door)
      return
    }
    stand({ stage: 'asking' })
    try {
      await door.open(media)
    } catch (error) {
      stand({ stage: 'camera-refused', errorName: nameOf(error) })
      return
    }
    await join()
  }

  async function join () {
    if (typeof door === 'string') return
    state = firstState(media)
    stand({ stage: 'call' })
    const visit = ++visits
    const createCall = await door.load()
    if (visit === visits) call = createCall({ media, onState: takeState, onNotice: notices.put, onEnded: end })
  }

  function takeState (changed: CallState) {
    const entered = state.phase !== 'in' && changed.phase === 'in'
    state = changed
    host.requestUpdate()
    if (entered) tellParent('joined')
  }

  function end (ending: Ending) {
    stand({ stage: 'ended', ending })
    tellParent('closed', ending)
  }

  function leaveQuietly () {
    visits++
    call?.leave()
    call = null
    // Where there is no call yet nobody else turns the camera off.
    media.close()
  }

  function leave () {
    leaveQuietly()
    stand({ stage: 'left' })
    tellParent('left', 'left')
  }

  async function switchDevice (command: Command) {
    try {
      if (command === 'microphone') await media.setMicrophone(!media.microphoneOn())
      if (command === 'camera') await media.setCamera(!media.cameraOn())
      if (command === 'screen') await call?.toggleScreen()
    } catch (error) {
      for (const line of explainMediaTrouble(nameOf(error))) notices.put(line)
    }
  }

  host.addController({
    hostConnected () {
      window.addEventListener('pagehide', leaveQuietly)
      window.addEventListener('pageshow', reloadIfRestored)
      start()
    },
    hostDisconnected () {
      window.removeEventListener('pagehide', leaveQuietly)
      window.removeEventListener('pageshow', reloadIfRestored)
      leaveQuietly()
    }
  })

  return {
    get standing () { return standing },
    get state () { return state },
    get call () { return call },
    get stream () { return media.stream },
    get notices () { return notices.list() },
    start,
    join,
    rejoin () {
      leaveQuietly()
      media = newMedia()
      start()
    },
    command (command) {
      if (command === 'leave') leave()
      else switchDevice(command)
    }
  }
}

/** A page that the browser kept in memory has left its call. */
function reloadIfRestored (event: PageTransitionEvent) {
  if (event.persisted) location.reload()
}
