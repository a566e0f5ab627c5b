import { css, html, LitElement } from 'lit'
import { FILE_BYTES } from '../../../schemas/signalling-constants.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage, locale } from '../shared/language.ts'
import type { FileEntry } from './file-transfers.ts'
import { t } from './words.ts'

const KILOBYTE = 1000
const MEGABYTE = 1_000_000

/** One file on its way, or ready to be saved; fires `cancel-file` (composed) with its key. */
export class FileLine extends LitElement {
  static override properties = { entry: { attribute: false } }

  static override styles = [controlStyles, css`
    :host { display: block; }
    .file { display: grid; gap: 0.35rem; padding: 0.6rem 0.75rem; border: 1px solid var(--line); border-radius: 0.9rem; min-width: 11rem; }
    .by { display: block; font-size: 0.8125rem; color: var(--muted); }
    .by.mine { text-align: end; }
    .name { overflow-wrap: anywhere; font-weight: 600; }
    progress { width: 100%; height: 0.6rem; accent-color: var(--primary); }
    .row { justify-content: space-between; }
  `]

  declare entry: FileEntry

  constructor () {
    super()
    followLanguage(this)
  }

  override render () {
    const { entry } = this
    const moving = entry.status === 'waiting' || entry.status === 'running'
    return html`<span class="by ${entry.mine ? 'mine' : ''}">${entry.mine ? t('you') : entry.from}</span>
      <div class="file" data-testid="file" data-status=${entry.status}>
        <span class="name">${entry.name}</span>
        ${moving ? html`<progress max=${entry.size} .value=${entry.doneBytes} aria-label=${entry.name}></progress>` : null}
        <div class="row small">
          <span class="muted">${readableSize(entry.size)} · ${statusText(entry)}</span>
          ${this.#action(moving)}
        </div>
      </div>`
  }

  #action (moving: boolean) {
    const { mine, url, name, key } = this.entry
    if (url) return html`<a class="button small" href=${url} download=${name} data-testid="download">${t('download')}</a>`
    if (!mine || !moving) return null
    return html`<button type="button" class="small" data-testid="cancel-file" aria-label=${t('cancelFor', { name })}
      @click=${() => this.dispatchEvent(new CustomEvent('cancel-file', { detail: key, bubbles: true, composed: true }))}>${t('cancel')}</button>`
  }
}

function statusText ({ status, doneBytes, size }: FileEntry): string {
  switch (status) {
    case 'waiting': return t('fileWaiting')
    case 'running': return t('fileRunning', { percent: Math.floor(100 * doneBytes / size) })
    case 'done': return t('fileDone')
    case 'cancelled': return t('fileCancelled')
    case 'failed': return t('fileFailed')
    case 'too-big': return t('fileTooBig', { limit: readableSize(FILE_BYTES) })
  }
}

function readableSize (bytes: number): string {
  const [unit, unitBytes] = bytes < KILOBYTE ? ['byte', 1] as const : bytes < MEGABYTE ? ['kilobyte', KILOBYTE] as const : ['megabyte', MEGABYTE] as const
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, maximumFractionDigits: 1 }).format(bytes / unitBytes)
}

customElements.define('file-line', FileLine)
