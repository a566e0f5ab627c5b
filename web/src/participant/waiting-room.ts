import { css, html, LitElement } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage, locale } from '../shared/language.ts'
import type { Appointment } from './access.ts'
import './count-down.ts'
import './device-check.ts'
import { t } from './words.ts'

/** What a participant sees before the call opens. */
export class WaitingRoom extends LitElement {
  static override properties = { appointment: { attribute: false } }

  static override styles = [controlStyles, css`
    :host { display: grid; gap: 1.25rem; }
    .hello, .who { display: grid; gap: 0.6rem; align-content: start; }
    .columns { display: grid; gap: 1.25rem; }
    ul { display: grid; gap: 0.5rem; margin: 0; padding: 0; list-style: none; }
    li { display: flex; align-items: center; gap: 0.6rem; overflow-wrap: anywhere; }
    .initial {
      display: grid; flex: none; place-items: center; width: 2.25rem; height: 2.25rem; border-radius: 50%;
      background: var(--tile); color: var(--ink); font-weight: 700;
    }
    @media (min-width: 44rem) { .columns { grid-template-columns: 1fr 1fr; } }
  `]

  declare appointment: Appointment

  constructor () {
    super()
    followLanguage(this)
  }

  override render () {
    const { appointment } = this
    const me = appointment.people.find(({ bandyerUserId }) => bandyerUserId === appointment.me)
    return html`
      <section class="card hello">
        <h1>${me?.fullName ? t('welcome', { name: me.fullName }) : t('waiting')}</h1>
        ${appointment.times ? html`<p><span class="muted">${t('when')}:</span> <strong>${span(appointment.times)}</strong></p>` : null}
        <p role="status" data-testid="waiting-text">${this.#explanation()}</p>
        ${appointment.complete && appointment.times
          ? html`<count-down .untilMs=${appointment.times.linkFromMs} .clockOffsetMs=${appointment.clockOffsetMs}></count-down>`
          : null}
      </section>
      <div class="columns">
        <section class="card who" aria-labelledby="who">
          <h2 id="who">${t('who')}</h2>
          <ul data-testid="people">${appointment.people.map(person => this.#person(person))}</ul>
          ${appointment.people.some(({ bandyerUserId }) => bandyerUserId !== appointment.me) ? null : html`<p class="muted">${t('nobodyElse')}</p>`}
        </section>
        <device-check></device-check>
      </div>
    `
  }

  #explanation () {
    if (!this.appointment.complete) return t('incomplete')
    return t(this.appointment.times ? 'waitingText' : 'waitingOpen')
  }

  #person ({ bandyerUserId, fullName }: Appointment['people'][number]) {
    const name = fullName ?? t('someone')
    const mine = bandyerUserId === this.appointment.me
    return html`<li><span class="initial" aria-hidden="true">${name.charAt(0).toUpperCase()}</span>
      <span>${name}${mine ? html` <span class="muted">(${t('you')})</span>` : null}</span></li>`
  }
}

function span ({ startAt, endAt }: { startAt: string, endAt: string }): string {
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'full', timeStyle: 'short' }).formatRange(new Date(startAt), new Date(endAt))
}

customElements.define('waiting-room', WaitingRoom)
