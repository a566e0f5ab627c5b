import { css, html, LitElement } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage, speak } from '../shared/language.ts'
import { explainMediaTrouble, nameOf } from '../shared/media-trouble.ts'
import { type CallState, FIRST_STATE } from '../room/call-state.ts'
import type { Notice } from '../room/call-view.ts'
import '../room/call-view.ts'
import type { Command } from '../room/control-bar.ts'
import { createLocalMedia, type LocalMedia } from '../room/local-media.ts'
import { tellParent } from '../room/parent-page.ts'
import { t } from '../room/words.ts'
import type { Ending, LivekitCall } from './livekit-call.ts'
import { readWayIn, type WayIn } from './way-in.ts'
import { t as own } from './words.ts'

type Stage = 'asking' | 'camera-refused' | 'call' | 'left' | 'ended'
const NOTICE_MS = 6000
const MOST_NOTICES = 3

/** After these one may go back in with the same way in. Otherwise a server that makes rooms by itself would make it anew. */
const MAY_RETURN: ReadonlySet<Ending> = new Set(['unreachable', 'interrupted', 'replaced'])

/** A call at LiveKit: camera and microphone first, then the room, then the way back. */
export class LivekitPage extends LitElement {
  static override properties = {
    stage: { state: true }, errorName: { state: true }, call: { state: true }, notices: { state: true }, ending: { state: true }
  }

  static override styles = [controlStyles, css`
    :host { display: block; height: 100dvh; overflow: hidden; }
    .message { display: grid; gap: 0.75rem; justify-items: start; width: min(34rem, calc(100% - 2rem)); margin: min(12vh, 6rem) auto 0; max-height: calc(100dvh - 2rem); overflow: auto; }
    .message div p + p { margin-top: 0.5rem; }
    call-view { height: 100%; }
  `]

  declare stage: Stage
  declare errorName: string
  declare call: CallState
  declare notices: readonly Notice[]
  declare ending: Ending
  #way: WayIn | null
  #media: LocalMedia
  #call: LivekitCall | null = null
  /** Counts visits, so that what comes late from an earlier one is overlooked. */
  #visit = 0

  constructor () {
    super()
    this.stage = 'asking'
    this.errorName = ''
    this.call = FIRST_STATE
    this.notices = []
    this.ending = 'interrupted'
    this.#way = readWayIn(location.hash)
    this.#media = this.#newMedia()
    speak(this.#way?.language)
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    window.addEventListener('pagehide', this.#leaveQuietly)
    window.addEventListener('pageshow', reloadIfRestored)
    window.addEventListener('hashchange', reload)
    this.#start()
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    window.removeEventListener('pagehide', this.#leaveQuietly)
    window.removeEventListener('pageshow', reloadIfRestored)
    window.removeEventListener('hashchange', reload)
    this.#leaveQuietly()
  }

  #leaveQuietly = () => {
    this.#visit++
    this.#call?.leave()
    this.#call = null
  }

  #newMedia () {
    return createLocalMedia(() => this.#call?.mediaChanged())
  }

  async #start () {
    if (this.#way === null) {
      this.#end('refused')
      return
    }
    this.stage = 'asking'
    const { off } = this.#way
    try {
      if (!off.has('camera') || !off.has('microphone')) await this.#media.open()
      if (off.has('camera')) await this.#media.setCamera(false)
      if (off.has('microphone')) await this.#media.setMicrophone(false)
    } catch (error) {
      this.errorName = nameOf(error)
      this.stage = 'camera-refused'
      return
    }
    await this.#join()
  }

  async #join () {
    const way = this.#way
    if (way === null) return
    this.call = { ...FIRST_STATE, microphone: this.#media.microphoneOn(), camera: this.#media.cameraOn() }
    this.stage = 'call'
    const visit = ++this.#visit
    const loaded = await import('./livekit-call.ts').catch(() => null)
    if (visit !== this.#visit) return
    if (loaded === null) {
      this.#end('interrupted')
      return
    }
    this.#call = loaded.createLivekitCall({
      way,
      media: this.#media,
      onState: state => this.#takeState(state),
      onNotice: text => this.#notice(text),
      onEnded: ending => this.#end(ending)
    })
  }

  #takeState (state: CallState) {
    const entered = this.call.phase !== 'in' && state.phase === 'in'
    this.call = state
    if (entered) tellParent('joined')
  }

  #end (ending: Ending) {
    this.ending = ending
    this.stage = 'ended'
    tellParent('closed', ending)
  }

  #notice (text: string) {
    const notice: Notice = { text }
    this.notices = [...this.notices, notice].slice(-MOST_NOTICES)
    setTimeout(() => {
      this.notices = this.notices.filter(other => other !== notice)
    }, NOTICE_MS)
  }

  #leave () {
    this.#leaveQuietly()
    this.stage = 'left'
    tellParent('left', 'left')
  }

  #rejoin () {
    this.#leaveQuietly()
    this.#media = this.#newMedia()
    this.#start()
  }

  async #command (command: Command) {
    if (command === 'leave') {
      this.#leave()
      return
    }
    try {
      if (command === 'microphone') await this.#media.setMicrophone(!this.#media.microphoneOn())
      if (command === 'camera') await this.#media.setCamera(!this.#media.cameraOn())
      if (command === 'screen') await this.#call?.toggleScreen()
    } catch (error) {
      for (const line of explainMediaTrouble(nameOf(error))) this.#notice(line)
    }
  }

  override updated () {
    document.documentElement.dataset.state = this.#publicState()
  }

  /** What tests and styles outside see. */
  #publicState (): string {
    if (this.stage === 'ended') return this.ending === 'roomClosed' ? 'closed' : this.ending
    if (this.stage !== 'call') return this.stage
    if (this.call.phase !== 'in') return 'joining'
    return this.call.people.length === 0 ? 'alone' : 'in-call'
  }

  override render () {
    document.title = t('title')
    switch (this.stage) {
      case 'asking':
        return html`<section class="card message" role="status"><h1>${t('askingTitle')}</h1><p>${t('asking')}</p></section>`
      case 'camera-refused':
        return this.#mediaTrouble()
      case 'left':
        return this.#message(t('leftTitle'), t('left'), true)
      case 'ended':
        return this.#message(...textsOf(this.ending), MAY_RETURN.has(this.ending))
      case 'call':
        return html`<call-view .call=${this.call} .media=${this.#media.stream} .notices=${this.notices}
          @command=${(event: CustomEvent<Command>) => this.#command(event.detail)}
          @say=${(event: CustomEvent<string>) => this.#call?.say(event.detail)}
        ></call-view>`
    }
  }

  #mediaTrouble () {
    return html`<section class="card message" role="alert">
      <h1>${t('troubleTitle')}</h1>
      <div data-testid="media-error" data-error=${this.errorName}>${explainMediaTrouble(this.errorName).map(line => html`<p>${line}</p>`)}</div>
      <div class="row">
        <button type="button" class="primary" data-testid="try-again" @click=${this.#start}>${t('tryAgain')}</button>
        <button type="button" data-testid="join-without" @click=${this.#join}>${t('joinWithout')}</button>
      </div>
    </section>`
  }

  #message (title: string, text: string, mayReturn: boolean) {
    return html`<section class="card message" aria-live="polite"><h1>${title}</h1><p>${text}</p>
      ${mayReturn ? html`<button type="button" class="primary" data-testid="rejoin" @click=${this.#rejoin}>${t('rejoin')}</button>` : null}</section>`
  }
}

function textsOf (ending: Ending): [string, string] {
  return ending === 'roomClosed' || ending === 'refused' || ending === 'replaced'
    ? [t(`${ending}Title`), t(ending)]
    : [own(`${ending}Title`), own(ending)]
}

/** A page that the browser kept in memory has left its call. */
function reloadIfRestored (event: PageTransitionEvent) {
  if (event.persisted) location.reload()
}

/** Another way in was put into the address. */
function reload () {
  location.reload()
}

customElements.define('livekit-page', LivekitPage)
