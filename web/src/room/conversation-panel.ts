import { css, html, LitElement } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { CHAT_CHARACTERS } from '../../../schemas/signalling-constants.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage, locale } from '../shared/language.ts'
import type { ChatEntry, Entry } from './call-state.ts'
import './file-line.ts'
import { icons } from './icons.ts'
import { t } from './words.ts'

/** What was written and sent; fires `say` (a text), `cancel-file` (a key) and `close-panel`. */
export class ConversationPanel extends LitElement {
  static override properties = { entries: { attribute: false }, canWrite: { type: Boolean } }

  static override styles = [controlStyles, css`
    :host { display: flex; flex-direction: column; min-height: 0; background: var(--surface); }
    header { justify-content: space-between; padding: 0.5rem 0.5rem 0.5rem 1rem; border-bottom: 1px solid var(--line); }
    header button { width: 2.5rem; min-height: 2.5rem; padding: 0; border-color: transparent; }
    ol { flex: 1; display: flex; flex-direction: column; gap: 0.6rem; min-height: 0; margin: 0; padding: 0.9rem; overflow-y: auto; list-style: none; }
    li { max-width: 88%; overflow-wrap: anywhere; }
    li.mine { align-self: flex-end; }
    .bubble { padding: 0.45rem 0.75rem; border-radius: 0.9rem; background: var(--stage); white-space: pre-wrap; }
    .mine .bubble { background: var(--primary); color: var(--on-primary); }
    .by { display: block; font-size: 0.8125rem; color: var(--muted); }
    .mine .by { text-align: end; }
    form { display: flex; gap: 0.5rem; padding: 0.6rem; border-top: 1px solid var(--line); }
    .empty { padding: 0.9rem; }
  `]

  declare entries: readonly Entry[]
  declare canWrite: boolean
  #shown = 0

  constructor () {
    super()
    this.entries = []
    this.canWrite = false
    followLanguage(this)
  }

  override updated () {
    if (this.entries.length === this.#shown) return
    this.#shown = this.entries.length
    const list = this.renderRoot.querySelector('ol')
    if (list) list.scrollTop = list.scrollHeight
  }

  override render () {
    return html`
      <header class="row"><h2>${t('panel')}</h2>
        <button type="button" data-testid="close-panel" aria-label=${t('closePanel')} title=${t('closePanel')} @click=${() => this.#fire('close-panel')}>${icons.close}</button>
      </header>
      ${this.entries.length === 0 ? html`<p class="small muted empty">${t('panelEmpty')}</p>` : null}
      <ol role="log" aria-label=${t('panel')} tabindex="0">
        ${repeat(this.entries, ({ key }) => key, entry => html`<li class=${entry.mine ? 'mine' : ''}>${entry.kind === 'chat' ? chatLine(entry) : html`<file-line .entry=${entry}></file-line>`}</li>`)}
      </ol>
      ${this.canWrite
        ? html`<form @submit=${this.#say}>
            <input name="text" maxlength=${CHAT_CHARACTERS} autocomplete="off" enterkeyhint="send" data-testid="chat-input" aria-label=${t('write')} placeholder=${t('write')}>
            <button class="primary" data-testid="chat-send">${t('send')}</button>
          </form>`
        : null}
    `
  }

  /** Puts the cursor where one writes. */
  override focus () {
    this.renderRoot.querySelector<HTMLElement>('input, header button')?.focus()
  }

  #say (event: Event) {
    event.preventDefault()
    const input = this.renderRoot.querySelector<HTMLInputElement>('form input')
    const text = input?.value.trim() ?? ''
    if (!input || text === '') return
    this.#fire('say', text)
    input.value = ''
  }

  #fire (type: 'say' | 'close-panel', detail?: string) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}

function chatLine ({ mine, from, text, at }: ChatEntry) {
  const time = new Intl.DateTimeFormat(locale(), { timeStyle: 'short' }).format(new Date(at))
  return html`<span class="by">${mine ? t('you') : from}, ${time}</span><div class="bubble" data-testid="chat-message">${text}</div>`
}

customElements.define('conversation-panel', ConversationPanel)
