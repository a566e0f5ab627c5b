import { css, html, LitElement, nothing } from 'lit'
import type { ClinicOverview } from '../../../schemas/pages.ts'
import { companyLogo } from '../shared/company-logo.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { ask } from '../shared/service.ts'
import './booking-form.ts'
import type { TeleconsultationList } from './teleconsultation-list.ts'
import './teleconsultation-list.ts'
import type { MessageOutbox } from './message-outbox.ts'
import './message-outbox.ts'
import { t } from './words.ts'

/** The clinic's page: what runs, a form for a new teleconsultation, the list of them, and the e-mails that nobody sent. */
export class ClinicPage extends LitElement {
  static override properties = { overview: { state: true }, failed: { state: true } }
  static override styles = [controlStyles, css`
    :host { display: block; max-width: 78rem; margin: 0 auto; padding: clamp(1rem, 3vw, 2rem); }
    header { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.5rem; margin-bottom: 1.25rem; }
    .logo { width: 9rem; height: 2.5rem; background: var(--company-logo) left center / contain no-repeat; }
    dl { display: flex; flex-wrap: wrap; gap: 0.35rem 1.25rem; margin: 0; }
    dl div { display: flex; gap: 0.35rem; }
    dt { color: var(--muted); }
    dd { margin: 0; font-weight: 600; }
    .notice { margin-bottom: 1.25rem; overflow-wrap: anywhere; }
    main { display: grid; gap: 1.25rem; align-items: start; }
    .beside { display: grid; gap: 1.5rem; min-width: 0; }
    @media (min-width: 62rem) { main { grid-template-columns: 26rem minmax(0, 1fr); } }
  `]

  declare overview: ClinicOverview | null
  declare failed: boolean

  constructor () {
    super()
    this.overview = null
    this.failed = false
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    this.load()
  }

  async load () {
    this.failed = false
    const answer = await ask<ClinicOverview>('./clinic/overview')
    if (answer.ok) this.overview = answer.body
    else this.failed = true
  }

  override render () {
    document.title = this.overview ? `${t('title')} – ${this.overview.name}` : t('title')
    return html`
      <header>
        ${companyLogo()}
        <h1>${t('title')}</h1>
        ${this.overview ? this.#whatRuns(this.overview) : nothing}
      </header>
      ${this.overview ? this.#content(this.overview) : this.#waiting()}
    `
  }

  async #booked ({ detail: roomId }: CustomEvent<string>) {
    const list = this.renderRoot.querySelector<TeleconsultationList>('teleconsultation-list')
    await list?.reload()
    if (this.overview?.mail !== 'none') await list?.followMail(roomId)
  }

  #lookForMessages () {
    this.renderRoot.querySelector<MessageOutbox>('message-outbox')?.reload()
  }

  #whatRuns ({ storage, video, identity, version }: ClinicOverview) {
    const facts = [['storage', storage], ['video', video], ['identity', identity], ['version', version]] as const
    return html`<dl class="small" data-testid="overview">
      ${facts.map(([key, value]) => html`<div><dt>${t(key)}:</dt><dd>${value}</dd></div>`)}
    </dl>`
  }

  #content (overview: ClinicOverview) {
    return html`
      ${elsewhere(overview.publicUrl) ? html`<p class="notice" role="note" data-testid="other-address">${t('otherAddress', { url: overview.publicUrl })}</p>` : nothing}
      <main>
        <booking-form .overview=${overview} @booked=${this.#booked}></booking-form>
        <div class="beside">
          <teleconsultation-list .mailing=${overview.mail} @reloaded=${this.#lookForMessages} @mail-asked=${this.#lookForMessages}></teleconsultation-list>
          ${overview.mail === 'outbox' ? html`<message-outbox .publicUrl=${overview.publicUrl}></message-outbox>` : nothing}
        </div>
      </main>
    `
  }

  #waiting () {
    if (!this.failed) return html`<p role="status">${t('loading')}</p>`
    return html`<div class="card">
      <p role="alert">${t('unreachable')}</p><br>
      <button type="button" @click=${() => this.load()}>${t('tryAgain')}</button>
    </div>`
  }
}

function elsewhere (publicUrl: string): boolean {
  return URL.canParse(publicUrl) && new URL(publicUrl).origin !== location.origin
}

customElements.define('clinic-page', ClinicPage)
