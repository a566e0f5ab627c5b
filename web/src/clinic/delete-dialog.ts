import { css, html, LitElement, nothing } from 'lit'
import type { ClinicTeleconsultation } from '../../../schemas/pages.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { timeSpan } from './time-span.ts'
import { t } from './words.ts'

/** Asks before a teleconsultation is deleted; fires `confirmed` with its id. */
export class DeleteDialog extends LitElement {
  static override properties = { item: { state: true } }

  static override styles = [controlStyles, css`
    dialog { width: min(28rem, calc(100vw - 2rem)); padding: 1.5rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--surface); color: var(--ink); }
    dialog::backdrop { background: rgb(0 0 0 / 55%); }
    p { margin: 0.75rem 0 1.25rem; }
    .row { justify-content: flex-end; }
  `]

  declare item: ClinicTeleconsultation | null

  constructor () {
    super()
    this.item = null
    followLanguage(this)
  }

  /** Opens the question about one teleconsultation. */
  async ask (item: ClinicTeleconsultation) {
    this.item = item
    await this.updateComplete
    this.#element()?.showModal()
  }

  override render () {
    const { item } = this
    return html`<dialog aria-labelledby="question" aria-describedby="text">
      <h2 id="question">${t('removeQuestion')}</h2>
      <p id="text">${item ? t('removeText', { when: timeSpan(item) }) : nothing}</p>
      <div class="row">
        <button type="button" autofocus data-testid="keep" @click=${() => this.#element()?.close()}>${t('keep')}</button>
        <button type="button" class="danger" data-testid="confirm-delete" @click=${this.#confirm}>${t('remove')}</button>
      </div>
    </dialog>`
  }

  #confirm () {
    this.#element()?.close()
    if (this.item) this.dispatchEvent(new CustomEvent('confirmed', { detail: this.item.roomId }))
  }

  #element () {
    return this.renderRoot.querySelector('dialog')
  }
}

customElements.define('delete-dialog', DeleteDialog)
