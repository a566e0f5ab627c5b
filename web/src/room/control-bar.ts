import { css, html, LitElement, type TemplateResult } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import type { CallState } from './call-state.ts'
import { icons } from './icons.ts'
import { t } from './words.ts'

export type Command = 'microphone' | 'camera' | 'screen' | 'panel' | 'leave'

/** The call's buttons; fires `command` with a name, and `file-chosen` with a file. */
export class ControlBar extends LitElement {
  static override properties = { call: { attribute: false }, unread: { type: Number }, panelOpen: { type: Boolean } }

  static override styles = [controlStyles, css`
    :host { display: block; border-top: 1px solid var(--line); background: var(--surface); padding-bottom: env(safe-area-inset-bottom); }
    [role=toolbar] { display: flex; flex-wrap: wrap; justify-content: center; gap: clamp(0.3rem, 1.5vw, 0.75rem); padding: 0.5rem; }
    button { position: relative; width: 2.9rem; min-height: 2.9rem; padding: 0; border-radius: 50%; }
    button.off { border-color: var(--danger); color: var(--danger); border-width: 2px; }
    button.active { background: var(--primary); border-color: var(--primary); color: var(--on-primary); }
    button.danger { width: 4rem; border-radius: 1.5rem; }
    .badge {
      position: absolute; top: -0.25rem; right: -0.25rem; min-width: 1.4rem; padding: 0 0.3rem; border: 1px solid var(--on-accent); border-radius: 1rem;
      background: var(--accent); color: var(--on-accent); font-size: 0.75rem; line-height: 1.3rem;
    }
  `]

  declare call: CallState
  declare unread: number
  declare panelOpen: boolean

  constructor () {
    super()
    this.unread = 0
    this.panelOpen = false
    followLanguage(this)
  }

  override render () {
    const { microphone, camera, screen, tools, entries } = this.call
    const hasPanel = tools.includes('chat') || tools.includes('file_upload') || entries.length > 0
    return html`<div role="toolbar" aria-label=${t('controls')}>
      ${this.#button('microphone', t(microphone ? 'muteMicrophone' : 'unmuteMicrophone'), microphone ? icons.microphone : icons.microphoneOff, microphone ? '' : 'off')}
      ${this.#button('camera', t(camera ? 'stopCamera' : 'startCamera'), camera ? icons.camera : icons.cameraOff, camera ? '' : 'off')}
      ${tools.includes('screen_sharing') && canShareScreen() ? this.#button('screen', t(screen ? 'stopScreen' : 'shareScreen'), icons.screen, screen ? 'active' : '') : null}
      ${tools.includes('file_upload') ? this.#fileButton() : null}
      ${hasPanel ? this.#panelButton() : null}
      ${this.#button('leave', t('leave'), icons.leave, 'danger')}
    </div>`
  }

  #button (command: Command, label: string, icon: TemplateResult, look: string) {
    return html`<button type="button" class=${look} data-testid=${command} aria-label=${label} title=${label} @click=${() => this.#command(command)}>${icon}</button>`
  }

  #panelButton () {
    const label = this.unread > 0 ? `${t('openPanel')}, ${t('unread', { n: this.unread })}` : t('openPanel')
    return html`<button type="button" class=${this.panelOpen ? 'active' : ''} data-testid="panel" aria-label=${label} title=${t('openPanel')}
      aria-expanded=${this.panelOpen ? 'true' : 'false'} @click=${() => this.#command('panel')}
    >${icons.panel}${this.unread > 0 ? html`<span class="badge" data-testid="unread" aria-hidden="true">${this.unread}</span>` : null}</button>`
  }

  #fileButton () {
    return html`
      <button type="button" data-testid="send-file" aria-label=${t('sendFile')} title=${t('sendFile')}
        @click=${() => this.renderRoot.querySelector<HTMLInputElement>('input')?.click()}>${icons.file}</button>
      <input type="file" multiple hidden tabindex="-1" data-testid="file-input" aria-label=${t('sendFile')} @change=${this.#chosen}>
    `
  }

  #chosen (event: Event) {
    const input = event.target as HTMLInputElement
    for (const file of input.files ?? []) this.dispatchEvent(new CustomEvent('file-chosen', { detail: file }))
    input.value = ''
  }

  #command (command: Command) {
    this.dispatchEvent(new CustomEvent<Command>('command', { detail: command }))
  }
}

/** Browsers on phones cannot. */
function canShareScreen (): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function'
}

customElements.define('control-bar', ControlBar)
