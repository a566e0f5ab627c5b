import { css, html, LitElement, nothing } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { ClinicOverview, ClinicTeleconsultation, ClinicTeleconsultations } from '../../../schemas/pages.ts'
import type { SessionParticipants } from '../../../schemas/session.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { ask } from '../shared/service.ts'
import type { ConfirmDialog } from './confirm-dialog.ts'
import './confirm-dialog.ts'
import { withMail, type Person } from './person.ts'
import './teleconsultation-card.ts'
import { timeSpan } from './time-span.ts'
import { t } from './words.ts'

/** Milliseconds between one look and the next: an e-mail is sent soon after the answer to the request that it is about. */
const LOOKS_AFTER_MS = [400, 1200, 4000]

/** All teleconsultations, the latest start first, page by page; fires `reloaded` when the first one is asked for anew. */
export class TeleconsultationList extends LitElement {
  static override properties = { mailing: { attribute: false }, shown: { state: true }, next: { state: true }, loading: { state: true }, said: { state: true } }

  static override styles = [controlStyles, css`
    header { margin-bottom: 0.5rem; }
    ul { display: grid; gap: 0.9rem; margin: 0; padding: 0; list-style: none; }
    [role=status] { flex: 1; }
    .more { display: grid; margin-top: 0.9rem; }
    .secret { margin-bottom: 0.9rem; }
  `]

  /** What becomes of e-mails. */
  declare mailing: ClinicOverview['mail']
  declare shown: ClinicTeleconsultation[]
  declare next: number | null
  declare loading: boolean
  declare said: 'unreachable' | 'removeFailed' | 'removed' | null

  constructor () {
    super()
    this.mailing = 'none'
    this.shown = []
    this.next = null
    this.loading = true
    this.said = null
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    this.reload()
  }

  /** Shows the first page anew. */
  async reload () {
    this.dispatchEvent(new CustomEvent('reloaded'))
    await this.#load(0)
  }

  async #load (skip: number) {
    this.loading = true
    const answer = await ask<ClinicTeleconsultations>(`./clinic/teleconsultations?skip=${skip}`)
    this.loading = false
    if (!answer.ok) {
      this.said = 'unreachable'
      return
    }
    const { teleconsultations, next } = answer.body
    const earlier = skip === 0 ? [] : this.shown
    const known = new Set(earlier.map(({ roomId }) => roomId))
    this.shown = [...earlier, ...teleconsultations.filter(({ roomId }) => !known.has(roomId))]
    this.next = next
    if (this.said === 'unreachable') this.said = null
  }

  /** Looks a few times what becomes of the e-mails about one teleconsultation. */
  async followMail (roomId: string) {
    for (const ms of LOOKS_AFTER_MS) {
      await new Promise((resolve) => { setTimeout(resolve, ms) })
      if (!this.isConnected || !this.shown.some((item) => item.roomId === roomId)) return
      const answer = await ask<SessionParticipants>(`./sessions/${encodeURIComponent(roomId)}/participants`)
      if (answer.ok) this.#change(roomId, (people) => people.map((person) => withMail(person, answer.body.participants.find(({ userExternalId }) => userExternalId === person.userExternalId)?.mail)))
    }
  }

  #change (roomId: string, change: (people: Person[]) => Person[]) {
    this.shown = this.shown.map((item) => item.roomId === roomId ? { ...item, participants: change(item.participants) } : item)
  }

  async #askToRemove (item: ClinicTeleconsultation) {
    const dialog = this.renderRoot.querySelector<ConfirmDialog>('confirm-dialog')
    const wanted = await dialog?.ask({ title: t('removeQuestion'), text: t('removeText', { when: timeSpan(item) }), act: t('remove'), testId: 'confirm-delete' })
    if (wanted === true) await this.#remove(item.roomId)
  }

  async #remove (roomId: string) {
    const answer = await ask<null>(`./teleconsultation/${encodeURIComponent(roomId)}`, { method: 'DELETE' })
    const gone = answer.ok || answer.status === 404
    this.said = gone ? 'removed' : 'removeFailed'
    if (gone) await this.reload()
  }

  override render () {
    return html`<section aria-labelledby="title" aria-busy=${this.loading ? 'true' : 'false'}>
      <header class="row">
        <h2 id="title">${t('list')}</h2>
        <p role="status" class="small">${this.said ? t(this.said) : this.loading && this.shown.length === 0 ? t('loading') : nothing}</p>
        <button type="button" class="small" data-testid="refresh" @click=${() => { this.said = null; this.reload() }}>${t('refresh')}</button>
      </header>
      ${this.shown.length === 0 && !this.loading && this.said !== 'unreachable' ? html`<p class="card muted">${t('empty')}</p>` : nothing}
      ${this.shown.length > 0 ? html`<p class="small muted secret">${t('secret')}</p>` : nothing}
      <ul>
        ${repeat(this.shown, ({ roomId }) => roomId, item => html`<li>
          <teleconsultation-card .item=${item} .mailing=${this.mailing}
            @remove-asked=${() => this.#askToRemove(item)} @mail-asked=${() => this.followMail(item.roomId)}
            @people-changed=${({ detail }: CustomEvent<Person[]>) => this.#change(item.roomId, () => detail)}></teleconsultation-card>
        </li>`)}
      </ul>
      ${this.next === null
        ? nothing
        : html`<div class="more"><button type="button" data-testid="show-more" ?disabled=${this.loading} @click=${() => this.#load(this.next ?? 0)}>${t('showMore')}</button></div>`}
      <confirm-dialog></confirm-dialog>
    </section>`
  }
}

customElements.define('teleconsultation-list', TeleconsultationList)
