import { css, html, LitElement, nothing } from 'lit'
import type { ClinicOverview } from '../../../schemas/pages.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage, locale } from '../shared/language.ts'
import { ask } from '../shared/service.ts'
import { bookingBody, type Draft, newDraft, newPerson, type PersonDraft } from './draft.ts'
import type { PersonFields } from './person-fields.ts'
import './person-fields.ts'
import { browserZone } from './time-span.ts'
import { t } from './words.ts'

const LEAST_PEOPLE = 2
const LEAST_MINUTES = 1
const MOST_MINUTES = 24 * 60

/** The form for a new teleconsultation; fires `booked` with the new one's id. */
export class BookingForm extends LitElement {
  static override properties = {
    overview: { attribute: false }, draft: { state: true }, busy: { state: true }, error: { state: true }, done: { state: true }
  }

  static override styles = [controlStyles, css`
    form { display: grid; gap: 1rem; }
    .when { display: grid; grid-template-columns: minmax(0, 1fr) 7.5rem; gap: 0.6rem; align-items: end; }
    .code { display: block; font-weight: 400; font-size: 0.8rem; overflow-wrap: anywhere; }
    .done { color: var(--good); font-weight: 600; }
    @media (max-width: 24rem) { .when { grid-template-columns: 1fr; } }
  `]

  declare overview: ClinicOverview
  declare draft: Draft | null
  declare busy: boolean
  declare error: { message: string, code: string } | null
  declare done: boolean

  constructor () {
    super()
    this.draft = null
    this.busy = false
    this.error = null
    this.done = false
    followLanguage(this)
  }

  override willUpdate () {
    this.draft ??= newDraft(this.overview.groups, new Date())
  }

  #change (changes: Partial<Draft>) {
    if (this.draft) this.draft = { ...this.draft, ...changes }
    this.done = false
  }

  #changePerson (position: number, changes: Partial<PersonDraft>) {
    if (this.draft) this.#change({ people: this.draft.people.map((person, i) => i === position ? { ...person, ...changes } : person) })
  }

  async #submit (event: Event) {
    event.preventDefault()
    if (!this.draft || this.busy) return
    if (![...this.renderRoot.querySelectorAll<PersonFields>('person-fields')].every((fields) => fields.reportValidity())) return
    this.busy = true
    this.error = null
    const answer = await ask<{ roomId: string }>('./teleconsultation', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(bookingBody(this.draft, browserZone()))
    })
    this.busy = false
    if (!answer.ok) {
      this.error = { message: answer.message || t(answer.status === 0 ? 'unreachable' : 'failed'), code: answer.code }
      return
    }
    this.draft = newDraft(this.overview.groups, new Date())
    this.done = true
    this.dispatchEvent(new CustomEvent('booked', { detail: answer.body.roomId }))
  }

  override render () {
    const { draft } = this
    if (!draft) return nothing
    return html`<section class="card" aria-labelledby="title">
      <form @submit=${this.#submit}>
        <h2 id="title">${t('newOne')}</h2>
        <div class="when">
          <label>${t('start')}
            <input type="datetime-local" required data-testid="start" aria-describedby="zone" .value=${draft.start}
              @input=${(event: Event) => this.#change({ start: valueOf(event) })}>
          </label>
          <label>${t('minutes')}
            <input type="number" required inputmode="numeric" min=${LEAST_MINUTES} max=${MOST_MINUTES} data-testid="duration"
              .value=${String(draft.minutes)} @input=${(event: Event) => this.#change({ minutes: Number(valueOf(event)) })}>
          </label>
        </div>
        <p id="zone" class="small muted" data-testid="zone">${t('zone', { zone: zoneName(draft.start) })}</p>
        ${draft.people.map((person, i) => html`<person-fields
          .person=${person} .position=${i} .groups=${this.overview.groups} ?writable=${this.overview.mail !== 'none'} ?removable=${draft.people.length > LEAST_PEOPLE}
          @change-person=${(event: CustomEvent<Partial<PersonDraft>>) => this.#changePerson(i, event.detail)}
          @remove-person=${() => this.#change({ people: draft.people.filter((_, other) => other !== i) })}
        ></person-fields>`)}
        ${draft.people.length < this.overview.maxParticipants
          ? html`<button type="button" data-testid="add-person"
              @click=${() => this.#change({ people: [...draft.people, newPerson(this.overview.groups, draft.people.length)] })}
            >${t('addPerson')}</button>`
          : nothing}
        <button class="primary" data-testid="create" ?disabled=${this.busy}>${t(this.busy ? 'creating' : 'create')}</button>
        <div class="said"><div role="alert">
          ${this.error ? html`<p class="error" data-testid="form-error">${this.error.message}<span class="code">${this.error.code}</span></p>` : nothing}
        </div>
        <div role="status">${this.done ? html`<p class="done">${t('created')}</p>` : nothing}</div></div>
      </form>
    </section>`
  }
}

function valueOf (event: Event): string {
  return (event.target as HTMLInputElement).value
}

/** The browser's zone, with the offset that it has at that local time. */
function zoneName (localTime: string): string {
  const at = new Date(localTime)
  const timeZone = browserZone()
  if (Number.isNaN(at.getTime())) return timeZone
  const parts = new Intl.DateTimeFormat(locale(), { timeZoneName: 'longOffset' }).formatToParts(at)
  return `${timeZone} (${parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''})`
}

customElements.define('booking-form', BookingForm)
