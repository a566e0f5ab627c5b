import { css, html, LitElement, nothing } from 'lit'
import type { ClinicTeleconsultation } from '../../../schemas/pages.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { copyText } from './copy-text.ts'
import { timeSpan } from './time-span.ts'
import { t } from './words.ts'

type Participant = ClinicTeleconsultation['participants'][number]
const COPY_SAID_MS = 2500

/** One teleconsultation with its participants' links; fires `remove-asked`. */
export class TeleconsultationCard extends LitElement {
  static override properties = { item: { attribute: false }, copied: { state: true } }

  static override styles = [controlStyles, css`
    article { display: grid; gap: 0.75rem; }
    header.row { justify-content: space-between; align-items: start; flex-wrap: nowrap; }
    .state { display: inline-block; padding: 0.05rem 0.6rem; border: 1px solid var(--field-line); border-radius: 1rem; font-size: 0.8125rem; font-weight: 600; }
    .state.open { background: var(--primary); border-color: var(--primary); color: var(--on-primary); }
    .state.incomplete { border-style: dashed; }
    ul { display: grid; margin: 0; padding: 0; list-style: none; }
    li { display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 0.75rem; padding: 0.5rem 0; border-top: 1px solid var(--line); }
    li:last-child { padding-bottom: 0; }
    .who { flex: 1 1 10rem; min-width: 0; overflow-wrap: anywhere; }
    .by-hand { flex-basis: 100%; }
    @media (max-width: 26rem) { .who { flex-basis: 100%; } }
  `]

  declare item: ClinicTeleconsultation
  declare copied: { link: string, well: boolean } | null

  constructor () {
    super()
    this.copied = null
    followLanguage(this)
  }

  async #copy (link: string) {
    const well = await copyText(link)
    this.copied = { link, well }
    if (well) setTimeout(() => { if (this.copied?.link === link) this.copied = null }, COPY_SAID_MS)
  }

  override render () {
    const { item } = this
    const when = timeSpan(item)
    const missing = item.participantsNumber - item.participants.length
    return html`<article class="card" data-room=${item.roomId}>
      <header class="row">
        <div>
          <h3>${when}</h3>
          <span class="state ${item.state}">${t(item.state)}</span>
          ${missing > 0 ? html`<span class="small muted">${t('missingPeople', { n: missing })}</span>` : nothing}
        </div>
        <button type="button" class="small" data-testid="delete" aria-label=${t('removeFor', { when })}
          @click=${() => this.dispatchEvent(new CustomEvent('remove-asked'))}>${t('remove')}</button>
      </header>
      <ul>${item.participants.map(participant => this.#participant(participant))}</ul>
    </article>`
  }

  #participant (participant: Participant) {
    const name = participant.fullName ?? participant.userExternalId
    const link = participant.personalLink
    const copied = this.copied?.link === link ? this.copied : null
    return html`<li>
      <span class="who"><strong>${name}</strong>${participant.privilege ? html` <span class="small muted">${t(participant.privilege)}</span>` : nothing}</span>
      <a class="button small" href=${link} target="_blank" rel="noopener" data-testid="open-link" aria-label=${t('openFor', { name })}>${t('openLink')}</a>
      <button type="button" class="small" data-testid="copy-link" aria-label=${t('copyFor', { name })}
        @click=${() => this.#copy(link)}>${t(copied?.well ? 'copied' : 'copy')}</button>
      <span class="quiet" role="status">${copied?.well ? t('copied') : nothing}</span>
      ${copied && !copied.well
        ? html`<label class="by-hand">${t('copyFailed')}<input readonly .value=${link} @focus=${(event: Event) => (event.target as HTMLInputElement).select()}></label>`
        : nothing}
    </li>`
  }
}

customElements.define('teleconsultation-card', TeleconsultationCard)
