import { css, html, LitElement } from 'lit'
import { ifDefined } from 'lit/directives/if-defined.js'
import { repeat } from 'lit/directives/repeat.js'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import type { CallState } from './call-state.ts'
import { arrange, type Tile } from './tiles.ts'
import './video-tile.ts'
import { t } from './words.ts'

/** Everybody's tiles; fires `present` (a seat or null) and `snapshot` (a seat). */
export class CallStage extends LitElement {
  static override properties = { call: { attribute: false }, media: { attribute: false } }

  static override styles = [controlStyles, css`
    :host { position: relative; display: block; min-height: 0; container-type: size; background: var(--stage); }
    .tiles { position: absolute; inset: 0; display: grid; gap: 0.5rem; padding: 0.5rem; }
    .grid { grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); grid-auto-rows: minmax(0, 1fr); }
    .pair .main { position: absolute; inset: 0.5rem; }
    .pair .own {
      position: absolute; right: 1.1rem; bottom: 1.1rem; width: clamp(6.5rem, 22%, 15rem); aspect-ratio: 4 / 3; border: 2px solid var(--surface); z-index: 1;
    }
    .focus { grid-template: repeat(var(--others), minmax(0, 11rem)) minmax(0, 1fr) / minmax(0, 1fr) clamp(8rem, 20%, 15rem); }
    .focus .main { grid-area: 1 / 1 / -1 / 2; }
    .focus video-tile:not(.main) { grid-column: 2; }
    @container (orientation: portrait) {
      .grid { grid-template-columns: repeat(var(--columns-upright), minmax(0, 1fr)); }
      .focus { grid-template: minmax(0, 1fr) clamp(5rem, 20cqh, 9rem) / repeat(var(--others), minmax(0, 1fr)); }
      .focus .main { grid-area: 1 / 1 / 2 / -1; }
      .focus video-tile:not(.main) { grid-column: auto; grid-row: 2; }
    }
  `]

  declare call: CallState
  declare media: MediaStream

  constructor () {
    super()
    followLanguage(this)
  }

  override render () {
    const { tiles, mode, main } = arrange(this.call, this.media)
    const count = tiles.length
    const columns = count === 1 ? 1 : count <= 4 ? 2 : 3
    const sizes = `--others:${Math.max(1, count - 1)};--columns:${columns};--columns-upright:${count <= 2 ? 1 : 2}`
    return html`
      <section class="tiles ${mode}" style=${sizes} aria-label=${t('people')}>
        ${repeat(tiles, ({ key }) => key, tile => this.#tile(tile, tile.key === main))}
      </section>
    `
  }

  #tile ({ seat, content }: Tile, isMain: boolean) {
    return html`<video-tile
      class="${isMain ? 'main' : ''} ${content.own ? 'own' : ''}"
      data-seat=${ifDefined(content.own ? undefined : seat)} data-kind=${ifDefined(content.own ? undefined : content.kind)}
      data-testid=${content.own ? 'own-tile' : 'tile'} ?data-main=${isMain}
      .content=${content}
      @present-asked=${() => this.#fire('present', content.presented ? null : seat)}
      @snapshot-asked=${() => this.#fire('snapshot', seat)}
    ></video-tile>`
  }

  #fire (type: 'present' | 'snapshot', seat: string | null) {
    this.dispatchEvent(new CustomEvent(type, { detail: seat }))
  }
}

customElements.define('call-stage', CallStage)
