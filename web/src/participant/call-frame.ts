import { css, html, LitElement } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { t } from './words.ts'

export interface CallOver { reason: string }

const ALLOWED = 'camera; microphone; display-capture; autoplay; fullscreen; clipboard-write'

/** The call in a frame, with a bar that always offers the way out; fires `call-over`. */
export class CallFrame extends LitElement {
  static override properties = { url: { attribute: false } }

  static override styles = [controlStyles, css`
    :host { display: flex; flex-direction: column; background: var(--stage); }
    .bar { display: flex; align-items: center; justify-content: space-between; gap: 0.75rem; padding: 0.3rem max(0.75rem, env(safe-area-inset-left)); border-bottom: 1px solid var(--line); background: var(--surface); }
    .bar span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    iframe { flex: 1; width: 100%; min-height: 0; border: 0; }
  `]

  declare url: string

  constructor () {
    super()
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    window.addEventListener('message', this.#hear)
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    window.removeEventListener('message', this.#hear)
  }

  #hear = (event: MessageEvent) => {
    if (event.source === null || event.source !== this.#frame()?.contentWindow) return
    const said = readRoomMessage(event.data)
    if (said && said.type !== 'joined') this.#over(said.reason)
  }

  #over (reason: string) {
    this.dispatchEvent(new CustomEvent<CallOver>('call-over', { detail: { reason } }))
  }

  #frame () {
    return this.renderRoot.querySelector('iframe')
  }

  override render () {
    return html`
      <div class="bar">
        <span class="small">${t('title')}</span>
        <button type="button" class="small" data-testid="leave-call" @click=${() => this.#over('left')}>${t('leave')}</button>
      </div>
      <iframe src=${this.url} title=${t('call')} allow=${ALLOWED} data-testid="call"></iframe>
    `
  }
}

/** What the embedded room tells; other providers say nothing, and other messages are not ours. */
function readRoomMessage (data: unknown): { type: 'joined' | 'left' | 'closed', reason: string } | null {
  if (typeof data !== 'object' || data === null) return null
  const { source, type, reason } = data as Record<string, unknown>
  if (source !== 'teleconsultation-room') return null
  if (type !== 'joined' && type !== 'left' && type !== 'closed') return null
  return { type, reason: typeof reason === 'string' ? reason : '' }
}

customElements.define('call-frame', CallFrame)
