import { css, html, LitElement } from 'lit'
import { followLanguage, locale } from '../shared/language.ts'
import { t } from './words.ts'

const SECOND_MS = 1000

/** Counts down to an instant of the service's clock. */
export class CountDown extends LitElement {
  static override properties = { untilMs: { attribute: false }, clockOffsetMs: { attribute: false } }

  static override styles = css`
    :host { display: block; }
    .time { display: block; font-size: clamp(1.9rem, 8vw, 3rem); font-weight: 700; line-height: 1.2; font-variant-numeric: tabular-nums; }
  `

  declare untilMs: number
  declare clockOffsetMs: number
  #timer: ReturnType<typeof setInterval> | undefined

  constructor () {
    super()
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    this.#timer = setInterval(() => this.requestUpdate(), SECOND_MS)
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    clearInterval(this.#timer)
  }

  override render () {
    const leftMs = this.untilMs - (performance.now() + this.clockOffsetMs)
    if (leftMs <= 0) return html`<span role="timer" data-testid="countdown">${t('opening')}</span>`
    return html`${t('opensIn')} <span class="time" role="timer" data-testid="countdown">${asClock(leftMs)}</span>`
  }
}

function asClock (leftMs: number): string {
  const seconds = Math.ceil(leftMs / SECOND_MS)
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor(seconds / 3600) % 24
  const minutesAndSeconds = `${two(seconds / 60 % 60)}:${two(seconds % 60)}`
  if (days > 0) return `${inDays(days)} ${two(hours)}:${minutesAndSeconds}`
  return hours > 0 ? `${hours}:${minutesAndSeconds}` : minutesAndSeconds
}

function inDays (days: number): string {
  return new Intl.NumberFormat(locale(), { style: 'unit', unit: 'day', unitDisplay: 'short' }).format(days)
}

customElements.define('count-down', CountDown)
