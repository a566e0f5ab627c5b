import { css, html, LitElement, nothing } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { ClinicOverview, ClinicTeleconsultation } from '../../../schemas/pages.ts'
import type { GuestLink } from '../../../schemas/session.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import './guest-form.ts'
import type { Person } from './person.ts'
import './person-line.ts'
import { timeSpan } from './time-span.ts'
import { t } from './words.ts'

/** One teleconsultation with its participants; fires `remove-asked`, and `people-changed` with those who take part now. */
export class TeleconsultationCard extends LitElement {
  static override properties = { item: { attribute: false }, mailing: { attribute: false } }

  static override styles = [controlStyles, css`
    article { display: grid; gap: 0.75rem; }
    header.row { justify-content: space-between; align-items: start; flex-wrap: nowrap; }
    .state { display: inline-block; padding: 0.05rem 0.6rem; border: 1px solid var(--field-line); border-radius: 1rem; font-size: 0.8125rem; font-weight: 600; }
    .state.open { background: var(--primary); border-color: var(--primary); color: var(--on-primary); }
    .state.incomplete { border-style: dashed; }
    ul { display: grid; margin: 0; padding: 0; list-style: none; }
    li { padding: 0.5rem 0; border-top: 1px solid var(--line); }
    li:last-child { padding-bottom: 0; }
  `]

  declare item: ClinicTeleconsultation
  declare mailing: ClinicOverview['mail']

  constructor () {
    super()
    this.mailing = 'none'
    followLanguage(this)
  }

  #changed (participants: Person[]) {
    this.dispatchEvent(new CustomEvent('people-changed', { detail: participants }))
  }

  #personChanged ({ detail }: CustomEvent<Person>) {
    this.#changed(this.item.participants.map((person) => person.userExternalId === detail.userExternalId ? detail : person))
  }

  #guestMade ({ detail: { participant, link, hasAddress } }: CustomEvent<GuestLink & { hasAddress: boolean }>) {
    const { userExternalId, fullName, privilege, mail } = participant
    this.#changed([...this.item.participants.filter((person) => person.userExternalId !== userExternalId), {
      userExternalId,
      ...fullName === undefined ? {} : { fullName },
      ...privilege === undefined ? {} : { privilege },
      personalLink: link,
      oneTime: true,
      opened: false,
      hasAddress,
      ...mail === undefined ? {} : { mail }
    }])
  }

  override render () {
    const { item, mailing } = this
    const when = timeSpan(item)
    const isOver = item.state === 'over'
    return html`<article class="card" data-room=${item.roomId}>
      <header class="row">
        <div>
          <h3>${when}</h3>
          <span class="state ${item.state}">${t(item.state)}</span>
          ${item.missing > 0 ? html`<span class="small muted" data-testid="missing">${t('missingPeople', { n: item.missing })}</span>` : nothing}
          ${item.requested === true && !isOver ? html`<p class="small muted" data-testid="requested">${t('requested')}</p>` : nothing}
        </div>
        <button type="button" class="small" data-testid="delete" aria-label=${t('removeFor', { when })}
          @click=${() => this.dispatchEvent(new CustomEvent('remove-asked'))}>${t('remove')}</button>
      </header>
      <ul>
        ${repeat(item.participants, ({ userExternalId }) => userExternalId, (person) => html`<li>
          <person-line .roomId=${item.roomId} .person=${person} .mailing=${mailing} ?untold=${item.requested === true} ?over=${isOver} @person-changed=${this.#personChanged}></person-line>
        </li>`)}
      </ul>
      ${isOver
        ? nothing
        : html`<guest-form .roomId=${item.roomId} .when=${when} ?writable=${mailing !== 'none'} @guest-made=${this.#guestMade}></guest-form>`}
    </article>`
  }
}

customElements.define('teleconsultation-card', TeleconsultationCard)
