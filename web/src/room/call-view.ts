import { css, html, LitElement } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import type { CallState } from './call-state.ts'
import './call-stage.ts'
import type { Command, ControlBar } from './control-bar.ts'
import './control-bar.ts'
import type { ConversationPanel } from './conversation-panel.ts'
import './conversation-panel.ts'
import './time-left.ts'
import { t } from './words.ts'

export interface Notice { text: string }

/**
 * The call on the screen: stage, controls and the panel beside them. Fires what its parts ask for: `command`,
 * `present`, `snapshot`, `say`, `file-chosen`, `cancel-file`.
 */
export class CallView extends LitElement {
  static override properties = {
    call: { attribute: false }, media: { attribute: false }, notices: { attribute: false }, panelOpen: { state: true }, unread: { state: true }
  }

  static override styles = [controlStyles, css`
    :host { display: grid; grid-template: minmax(0, 1fr) auto / minmax(0, 1fr); height: 100%; background: var(--stage); }
    :host([panel]) { grid-template-columns: minmax(0, 1fr) min(22rem, 40vw); }
    control-bar { grid-column: 1 / -1; }
    conversation-panel { border-left: 1px solid var(--line); }
    call-stage, .top { grid-area: 1 / 1; }
    .top { z-index: 2; align-self: start; display: grid; justify-items: center; padding: 0.75rem; pointer-events: none; }
    .top p { max-width: 34rem; margin-bottom: 0.4rem; box-shadow: var(--shadow); overflow-wrap: anywhere; text-align: center; }
    @media (max-width: 44rem) {
      :host([panel]) { grid-template-columns: minmax(0, 1fr); }
      conversation-panel { position: fixed; inset: 0; z-index: 4; border: 0; }
    }
  `]

  declare call: CallState
  declare media: MediaStream
  /** Passing words. */
  declare notices: readonly Notice[]
  declare panelOpen: boolean
  declare unread: number
  #seen = new Set<string>()

  constructor () {
    super()
    this.panelOpen = false
    this.unread = 0
    this.notices = []
    followLanguage(this)
  }

  override willUpdate () {
    const theirs = this.call.entries.filter(({ mine }) => !mine)
    if (this.panelOpen) for (const { key } of theirs) this.#seen.add(key)
    this.unread = theirs.filter(({ key }) => !this.#seen.has(key)).length
    this.toggleAttribute('panel', this.panelOpen)
  }

  override render () {
    const { call } = this
    return html`
      <div class="top">
        <div role="status">${this.#standing()}</div>
        ${call.endsAtMs === null ? null : html`<time-left .endsAtMs=${call.endsAtMs}></time-left>`}
        <div role="log" data-testid="notices">${this.notices.map(({ text }) => html`<p class="notice">${text}</p>`)}</div>
      </div>
      <call-stage .call=${call} .media=${this.media} @present=${this.#pass} @snapshot=${this.#pass}></call-stage>
      ${this.panelOpen
        ? html`<conversation-panel .entries=${call.entries} ?canWrite=${call.tools.includes('chat')}
            @say=${this.#pass} @close-panel=${this.#closePanel} @keydown=${this.#panelKey}></conversation-panel>`
        : null}
      <control-bar .call=${call} .unread=${this.unread} .panelOpen=${this.panelOpen} @command=${this.#command} @file-chosen=${this.#chosen}></control-bar>
    `
  }

  #standing () {
    const { phase, reconnecting, people } = this.call
    if (phase === 'joining') return html`<p class="notice">${t(reconnecting ? 'reconnecting' : 'joining')}</p>`
    return people.length === 0 ? html`<p class="notice">${t('alone')}</p>` : null
  }

  #pass (event: Event) {
    if (event instanceof CustomEvent) this.dispatchEvent(new CustomEvent(event.type, { detail: event.detail }))
  }

  #command (event: CustomEvent<Command>) {
    if (event.detail !== 'panel') this.#pass(event)
    else if (this.panelOpen) this.#closePanel()
    else this.#openPanel()
  }

  #chosen (event: Event) {
    this.#pass(event)
    this.#openPanel()
  }

  async #openPanel () {
    this.panelOpen = true
    await this.updateComplete
    const panel = this.renderRoot.querySelector<ConversationPanel>('conversation-panel')
    await panel?.updateComplete
    panel?.focus()
  }

  #closePanel () {
    this.panelOpen = false
    this.renderRoot.querySelector<ControlBar>('control-bar')?.renderRoot.querySelector<HTMLElement>('[data-testid=panel]')?.focus()
  }

  #panelKey (event: KeyboardEvent) {
    if (event.key === 'Escape') this.#closePanel()
  }
}

customElements.define('call-view', CallView)
