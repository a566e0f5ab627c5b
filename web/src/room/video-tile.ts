import { css, html, LitElement } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { icons } from './icons.ts'
import type { PeerState } from './peer-connection.ts'
import { t } from './words.ts'

export interface TileContent {
  name: string
  stream: MediaStream | null
  kind: 'camera' | 'screen'
  own: boolean
  microphone: boolean
  /** Whether there is a picture to expect. */
  picture: boolean
  speaking: boolean
  connection: PeerState
  presented: boolean
  canPresent: boolean
  canSnapshot: boolean
}

/**
 * One person's picture and sound, or one screen; fires `present-asked` and `snapshot-asked`. The sound has an element
 * of its own: a video element stays silent until the first picture, and whoever comes without a camera sends none.
 */
export class VideoTile extends LitElement {
  static override properties = { content: { attribute: false }, silent: { state: true } }

  static override styles = [controlStyles, css`
    :host { position: relative; display: block; min-width: 0; min-height: 0; overflow: hidden; border-radius: 0.9rem; background: var(--tile); }
    :host([speaking])::after { content: ''; position: absolute; inset: 0; border: 3px solid var(--primary); border-radius: inherit; pointer-events: none; }
    video { display: block; width: 100%; height: 100%; object-fit: cover; }
    .own video { transform: scaleX(-1); }
    .screen video { object-fit: contain; }
    .tile { height: 100%; }
    .hidden video { opacity: 0; }
    .avatar { position: absolute; inset: 0; display: grid; place-items: center; }
    .avatar span {
      display: grid; place-items: center; width: clamp(3rem, 30cqmin, 7rem); aspect-ratio: 1; border-radius: 50%;
      background: var(--surface); color: var(--ink); font-size: clamp(1.2rem, 12cqmin, 2.8rem); font-weight: 700;
    }
    :host { container-type: size; }
    .label {
      position: absolute; left: 0.5rem; bottom: 0.5rem; display: flex; align-items: center; gap: 0.35rem; max-width: calc(100% - 1rem);
      padding: 0.1rem 0.6rem; border-radius: 1rem; background: rgb(10 14 18 / 78%); color: #fff; font-size: 0.875rem; font-weight: 600;
    }
    .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .label > * { flex: none; }
    .label > .name { flex: 0 1 auto; }
    .label svg { display: block; width: 1.05rem; height: 1.05rem; }
    .actions { position: absolute; top: 0.4rem; right: 0.4rem; display: flex; gap: 0.35rem; }
    .actions button { width: 2.5rem; min-height: 2.5rem; padding: 0; border-color: transparent; background: rgb(10 14 18 / 78%); color: #fff; }
    .actions button[aria-pressed=true] { background: var(--primary); color: var(--on-primary); }
    .actions svg { width: 1.25rem; height: 1.25rem; }
    .middle { position: absolute; inset: auto 0 2.6rem; display: grid; justify-items: center; }
    .hidden .middle { inset: 0; place-items: center; }
    .middle .said { padding: 0.1rem 0.7rem; border-radius: 1rem; background: rgb(10 14 18 / 78%); color: #fff; font-size: 0.875rem; }
  `]

  declare content: TileContent
  /** The browser plays no sound before the person did something. */
  declare silent: boolean

  constructor () {
    super()
    this.silent = false
    followLanguage(this)
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    document.removeEventListener('click', this.#play)
  }

  override updated () {
    const { stream, speaking } = this.content
    this.toggleAttribute('speaking', speaking)
    const video = this.renderRoot.querySelector('video')
    const audio = this.#audio()
    if (video && video.srcObject !== stream) video.srcObject = stream
    if (audio && audio.srcObject !== stream) {
      audio.srcObject = stream
      if (stream) this.#play()
    }
  }

  #play = async () => {
    document.removeEventListener('click', this.#play)
    try {
      await this.#audio()?.play()
      this.silent = false
    } catch (error) {
      // AbortError: another stream took the place of this one, and plays itself.
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return
      this.silent = true
      document.addEventListener('click', this.#play)
    }
  }

  #audio () {
    return this.renderRoot.querySelector('audio')
  }

  override render () {
    const { name, kind, own, picture, microphone, presented } = this.content
    const label = own ? t('you') : kind === 'screen' ? t('screenOf', { name }) : name
    return html`<div class="tile ${kind} ${own ? 'own' : ''} ${picture ? '' : 'hidden'}">
      <video autoplay playsinline .muted=${true} aria-label=${label}></video>
      ${own || kind === 'screen' ? null : html`<audio autoplay></audio>`}
      ${picture || !(own || this.content.connection === 'connected') ? null : html`<div class="avatar" aria-hidden="true"><span>${initials(name)}</span></div>`}
      <div class="middle">${this.#said()}</div>
      <div class="label">
        ${presented ? html`${icons.present}<span class="quiet">${t('presented')}</span>` : null}
        <span class="name">${label}</span>
        ${kind === 'camera' && !microphone ? html`<span role="img" aria-label=${t('microphoneOff')} title=${t('microphoneOff')} data-testid="muted">${icons.microphoneOff}</span>` : null}
      </div>
      ${this.#actions()}
    </div>`
  }

  #said () {
    if (this.silent) return html`<button type="button" class="primary" data-testid="hear" @click=${this.#play}>${t('clickToHear')}</button>`
    if (this.content.own || this.content.connection === 'connected') return null
    return html`<span class="said">${t(this.content.connection === 'unstable' ? 'unstable' : 'joining')}</span>`
  }

  #actions () {
    const { canPresent, canSnapshot, presented } = this.content
    if (!canPresent && !canSnapshot) return null
    const name = this.content.own ? t('you') : this.content.name
    return html`<div class="actions">
      ${canSnapshot ? html`<button type="button" data-testid="snapshot" title=${t('snapshot')} aria-label=${t('snapshotFor', { name })} @click=${() => this.#fire('snapshot-asked')}>${icons.picture}</button>` : null}
      ${canPresent
        ? html`<button type="button" data-testid="present" aria-pressed=${presented ? 'true' : 'false'} title=${t(presented ? 'presentEnd' : 'present')}
            aria-label=${t(presented ? 'presentEndFor' : 'presentFor', { name })} @click=${() => this.#fire('present-asked')}>${icons.present}</button>`
        : null}
    </div>`
  }

  #fire (type: 'present-asked' | 'snapshot-asked') {
    this.dispatchEvent(new CustomEvent(type))
  }
}

function initials (name: string): string {
  const words = name.split(/\s+/).filter(Boolean)
  return [words[0], words.length > 1 ? words.at(-1) : ''].map(word => [...word ?? ''][0] ?? '').join('').toUpperCase() || '?'
}

customElements.define('video-tile', VideoTile)
