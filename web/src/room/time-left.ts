import { css, html, LitElement } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { t } from './words.ts'

const CHECK_MS = 10_000
const MINUTE_MS = 60_000
const SHOWN_FROM_MINUTES = 5

/** Says when the call is about to end. */
export class TimeLeft extends LitElement {
  static override properties = { endsAtMs: { attribute: false } }
  static override styles = [controlStyles, css`:host { display: block; } p { margin-bottom: 0.4rem; }`]

  declare endsAtMs: number
  #timer: ReturnType<typeof setInterval> | undefined

  constructor () {
    super()
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    this.#timer = setInterval(() => this.requestUpdate(), CHECK_MS)
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    clearInterval(this.#timer)
  }

  override render () {
    const minutes = Math.ceil((this.endsAtMs - performance.now()) / MINUTE_MS)
    return html`<div role="status">${minutes > SHOWN_FROM_MINUTES
      ? null
      : html`<p class="notice" data-testid="time-left">${minutes > 0 ? t('endsSoon', { n: minutes }) : t('timeOver')}</p>`}</div>`
  }
}

customElements.define('time-left', TimeLeft)
