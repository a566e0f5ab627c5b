import { css, html, LitElement } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { explainMediaTrouble, nameOf } from '../shared/media-trouble.ts'
import { address, lastPathPart } from '../shared/service.ts'
import { type Call, createCall } from './call.ts'
import { type CallState, FIRST_STATE } from './call-state.ts'
import type { Notice } from './call-view.ts'
import './call-view.ts'
import type { Command } from './control-bar.ts'
import { createLocalMedia, type LocalMedia } from './local-media.ts'
import { tellParent } from './parent-page.ts'
import { t } from './words.ts'

type Stage = 'asking' | 'camera-refused' | 'call' | 'left'
const NOTICE_MS = 6000
const MOST_NOTICES = 3

/** The embedded call: camera and microphone first, then the room, then the way back. */
export class RoomPage extends LitElement {
  static override properties = {
    stage: { state: true }, errorName: { state: true }, call: { state: true }, notices: { state: true }
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
  #media: LocalMedia
  #call: Call | null = null

  constructor () {
    super()
    this.stage = 'asking'
    this.errorName = ''
    this.call = FIRST_STATE
    this.notices = []
    this.#media = this.#newMedia()
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    window.addEventListener('pagehide', this.#leaveQuietly)
    window.addEventListener('pageshow', reloadIfRestored)
    this.#start()
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    window.removeEventListener('pagehide', this.#leaveQuietly)
    window.removeEventListener('pageshow', reloadIfRestored)
    this.#leaveQuietly()
  }

  #leaveQuietly = () => {
    this.#call?.leave()
    this.#call = null
  }

  #newMedia () {
    return createLocalMedia(() => this.#call?.mediaChanged())
  }

  async #start () {
    this.stage = 'asking'
    try {
      await this.#media.open()
      this.#join()
    } catch (error) {
      this.errorName = nameOf(error)
      this.stage = 'camera-refused'
    }
  }

  #join () {
    const url = address(`./telecons-room/${encodeURIComponent(lastPathPart())}/signalling`)
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
    this.call = { ...FIRST_STATE, microphone: this.#media.microphoneOn(), camera: this.#media.cameraOn() }
    this.stage = 'call'
    this.#call = createCall({
      url,
      token: location.hash.slice(1),
      media: this.#media,
      onState: state => this.#takeState(state),
      onNotice: text => this.#notice(text)
    })
  }

  #takeState (state: CallState) {
    const before = this.call.phase
    this.call = state
    if (state.phase === before) return
    if (state.phase === 'in') tellParent('joined')
    if (state.phase === 'closed') tellParent('closed', state.reason ?? '')
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
    if (this.stage !== 'call') return this.stage
    if (this.call.phase === 'joining') return 'joining'
    if (this.call.phase === 'closed') return this.call.reason === 'refused' ? 'refused' : 'closed'
    return this.call.people.length === 0 ? 'alone' : 'in-call'
  }

  override render () {
    document.title = t('title')
    if (this.stage === 'asking') return html`<section class="card message" role="status"><h1>${t('askingTitle')}</h1><p>${t('asking')}</p></section>`
    if (this.stage === 'camera-refused') return this.#mediaTrouble()
    if (this.stage === 'left') return this.#over(t('leftTitle'), t('left'))
    if (this.call.phase === 'closed') {
      const reason = this.call.reason ?? 'roomClosed'
      return this.#over(t(`${reason}Title`), t(reason))
    }
    return html`<call-view .call=${this.call} .media=${this.#media.stream} .notices=${this.notices}
      @command=${(event: CustomEvent<Command>) => this.#command(event.detail)}
      @present=${(event: CustomEvent<string | null>) => this.#call?.present(event.detail)}
      @snapshot=${(event: CustomEvent<string>) => this.#call?.askForSnapshot(event.detail)}
      @say=${(event: CustomEvent<string>) => this.#call?.say(event.detail)}
      @file-chosen=${(event: CustomEvent<File>) => this.#call?.sendFile(event.detail)}
      @cancel-file=${(event: CustomEvent<string>) => this.#call?.cancelFile(event.detail)}
    ></call-view>`
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

  #over (title: string, text: string) {
    return html`<section class="card message" aria-live="polite"><h1>${title}</h1><p>${text}</p>
      <button type="button" class="primary" data-testid="rejoin" @click=${this.#rejoin}>${t('rejoin')}</button></section>`
  }
}

/** A page that the browser kept in memory has left its call. */
function reloadIfRestored (event: PageTransitionEvent) {
  if (event.persisted) location.reload()
}

customElements.define('room-page', RoomPage)
