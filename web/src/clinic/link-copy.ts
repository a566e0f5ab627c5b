import { css, html, LitElement, nothing } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { copyText } from './copy-text.ts'
import { t } from './words.ts'

const COPY_SAID_MS = 2500

/** A button that copies somebody's link; before it the link itself where it is to be seen or the browser does not copy. A row lays them out as its own. */
export class LinkCopy extends LitElement {
  static override properties = { link: { attribute: false }, name: { attribute: false }, label: { attribute: false }, shown: { type: Boolean }, copied: { state: true } }

  static override styles = [controlStyles, css`
    :host { display: contents; }
    .break { flex-basis: 100%; margin-top: -0.4rem; }
    label { flex: 1 1 12rem; min-width: 0; }
    input { min-height: 2.25rem; }
    label + button { align-self: end; }
  `]

  declare link: string
  /** Whose it is. */
  declare name: string
  /** What stands above the link. */
  declare label: string
  /** Whether the link is to be seen. */
  declare shown: boolean
  declare copied: { link: string, well: boolean } | null

  constructor () {
    super()
    this.label = ''
    this.shown = false
    this.copied = null
    followLanguage(this)
  }

  async #copy () {
    const { link } = this
    const well = await copyText(link)
    this.copied = { link, well }
    if (well) setTimeout(() => { if (this.copied?.link === link) this.copied = null }, COPY_SAID_MS)
  }

  /** The link, where it is seen, for whoever goes on by keyboard. */
  override focus () {
    this.updateComplete.then(() => { this.renderRoot.querySelector('input')?.focus() })
  }

  override render () {
    const { link, name } = this
    const copied = this.copied?.link === link ? this.copied : null
    const failed = copied !== null && !copied.well
    return html`
      ${this.shown || failed
        ? html`<span class="break"></span><label>${failed ? t('copyFailed') : this.label}
            <input readonly data-testid="link" .value=${link} @focus=${(event: Event) => (event.target as HTMLInputElement).select()}>
          </label>`
        : nothing}
      <button type="button" class="small" data-testid="copy-link" aria-label=${t('copyFor', { name })} @click=${this.#copy}>${t(copied?.well ? 'copied' : 'copy')}</button>
      <span class="quiet" role="status">${copied?.well ? t('copied') : nothing}</span>
    `
  }
}

customElements.define('link-copy', LinkCopy)
