import { css, html, LitElement } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { explainMediaTrouble, nameOf } from '../shared/media-trouble.ts'
import { openMedia } from '../shared/open-media.ts'
import { type LevelMeter, meterLevel } from './level-meter.ts'
import { t } from './words.ts'

/** Lets a person try camera and microphone; touches neither before a click. */
export class DeviceCheck extends LitElement {
  static override properties = { stream: { state: true }, asking: { state: true }, errorName: { state: true } }

  static override styles = [controlStyles, css`
    section { display: grid; gap: 0.75rem; justify-items: start; align-content: start; }
    video { width: 100%; aspect-ratio: 4 / 3; border-radius: 0.75rem; background: var(--tile); object-fit: cover; transform: scaleX(-1); }
    .bar { width: 100%; height: 0.75rem; overflow: hidden; border: 1px solid var(--field-line); border-radius: 1rem; }
    .bar div { height: 100%; background: var(--good); transform-origin: left; transform: scaleX(0); }
    .error p + p { margin-top: 0.5rem; }
  `]

  declare stream: MediaStream | null
  declare asking: boolean
  declare errorName: string | null
  #meter: LevelMeter | null = null

  constructor () {
    super()
    this.stream = null
    this.asking = false
    this.errorName = null
    followLanguage(this)
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    this.#stop()
  }

  async #start () {
    this.asking = true
    this.errorName = null
    try {
      const stream = await openMedia()
      this.asking = false
      if (!this.isConnected) {
        for (const track of stream.getTracks()) track.stop()
        return
      }
      this.stream = stream
      this.#meter = meterLevel(stream, level => this.#show(level))
    } catch (error) {
      this.asking = false
      this.errorName = nameOf(error)
    }
  }

  #stop () {
    this.#meter?.stop()
    this.#meter = null
    for (const track of this.stream?.getTracks() ?? []) track.stop()
    this.stream = null
  }

  #show (level: number) {
    const bar = this.renderRoot.querySelector<HTMLElement>('.bar div')
    if (bar) bar.style.transform = `scaleX(${level})`
  }

  override render () {
    return html`<section class="card" aria-labelledby="title">
      <h2 id="title">${t('checkTitle')}</h2>
      ${this.stream ? this.#running(this.stream) : this.#offer()}
    </section>`
  }

  #offer () {
    return html`
      <p class="muted">${t('checkText')}</p>
      <button type="button" data-testid="device-check" ?disabled=${this.asking} @click=${this.#start}>${t(this.asking ? 'checking' : 'check')}</button>
      <div role="alert">${this.errorName ? html`<div class="error" data-testid="media-error">${explainMediaTrouble(this.errorName).map(line => html`<p>${line}</p>`)}</div>` : null}</div>
    `
  }

  #running (stream: MediaStream) {
    const hasVideo = stream.getVideoTracks().length > 0
    const hasAudio = stream.getAudioTracks().length > 0
    return html`
      ${hasVideo ? html`<video autoplay playsinline .muted=${true} aria-label=${t('preview')} .srcObject=${stream}></video>` : html`<p class="notice">${t('noCamera')}</p>`}
      ${hasAudio
        ? html`<p class="small">${t('speak')}</p><div class="bar" role="img" aria-label=${t('level')} data-testid="level"><div></div></div>`
        : html`<p class="notice">${t('noMicrophone')}</p>`}
      <button type="button" data-testid="device-check-stop" @click=${this.#stop}>${t('stop')}</button>
    `
  }
}

customElements.define('device-check', DeviceCheck)
