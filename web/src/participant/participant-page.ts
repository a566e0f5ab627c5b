import { css, html, LitElement } from 'lit'
import { companyLogo } from '../shared/company-logo.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage, speak } from '../shared/language.ts'
import { type Answer, lastPathPart } from '../shared/service.ts'
import { type Appointment, askForAccess } from './access.ts'
import type { CallOver } from './call-frame.ts'
import './call-frame.ts'
import { createPoll, type Poll } from './poll.ts'
import './waiting-room.ts'
import { t } from './words.ts'

type Stage = 'loading' | 'waiting' | 'elsewhere' | 'call' | 'ended' | 'over' | 'invalid' | 'used' | 'deleted' | 'forbidden'

/** A participant's page: the waiting room, then the call in a frame, then the way back in. */
export class ParticipantPage extends LitElement {
  static override properties = {
    stage: { state: true }, appointment: { state: true }, trouble: { state: true }, reason: { state: true }
  }

  static override styles = [controlStyles, css`
    :host { display: block; min-height: 100dvh; }
    main { display: grid; gap: 1.25rem; max-width: 56rem; margin: 0 auto; padding: clamp(1rem, 4vw, 2.5rem); }
    .logo { width: 9rem; height: 2.5rem; background: var(--company-logo) left center / contain no-repeat; }
    .message { display: grid; gap: 0.75rem; justify-items: start; max-width: 34rem; width: 100%; margin: 8vh auto 0; }
    call-frame { position: fixed; inset: 0; }
  `]

  declare stage: Stage
  declare appointment: Appointment | null
  declare trouble: boolean
  declare reason: string
  #poll: Poll

  constructor () {
    super()
    this.stage = 'loading'
    this.appointment = null
    this.trouble = false
    this.reason = ''
    this.#poll = createPoll({
      ask: () => askForAccess(lastPathPart(), token()),
      onAnswer: answer => this.#take(answer),
      now: () => performance.now(),
      random: Math.random
    })
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    window.addEventListener('hashchange', this.#restart)
    window.addEventListener('online', this.#askNow)
    this.#restart()
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    window.removeEventListener('hashchange', this.#restart)
    window.removeEventListener('online', this.#askNow)
    this.#poll.stop()
  }

  #restart = () => {
    this.stage = 'loading'
    this.appointment = null
    this.#poll.start()
  }

  #askNow = () => {
    if (this.trouble) this.#poll.start()
  }

  #take (answer: Answer<Appointment>): boolean {
    this.trouble = false
    if (answer.ok) return this.#takeAppointment(answer.body)
    const final = ({ 401: 'invalid', 403: 'forbidden', 404: 'deleted', 410: 'used' } as const)[answer.status]
    if (final) this.stage = final
    else this.trouble = true
    return !final
  }

  #takeAppointment (appointment: Appointment): boolean {
    this.appointment = appointment
    speak(appointment.language)
    if (appointment.elsewhere) this.stage = 'elsewhere'
    else if (isWebAddress(appointment.accessLinkURL)) this.stage = 'call'
    else if (appointment.times && appointment.times.endMs <= performance.now() + appointment.clockOffsetMs) this.stage = 'over'
    else this.stage = 'waiting'
    return this.stage === 'waiting' || this.stage === 'elsewhere'
  }

  #callOver (event: CustomEvent<CallOver>) {
    this.reason = event.detail.reason
    this.stage = 'ended'
    if (this.reason === 'roomClosed') this.#askWhyClosed()
  }

  /** A room closes when its time is over, and when the teleconsultation is deleted: then there is no way back. */
  async #askWhyClosed () {
    const answer = await askForAccess(lastPathPart(), token())
    if (!answer.ok && answer.status === 404 && this.stage === 'ended') this.stage = 'deleted'
  }

  override updated () {
    document.documentElement.dataset.state = this.stage
  }

  override render () {
    document.title = t('title')
    if (this.stage === 'call' && this.appointment?.accessLinkURL) {
      return html`<call-frame .url=${this.appointment.accessLinkURL} @call-over=${this.#callOver}></call-frame>`
    }
    return html`<main>
      ${companyLogo()}
      <div role="status">${this.trouble ? html`<p class="notice" data-testid="trouble">${t('trouble')}</p>` : null}</div>
      ${this.#content()}
    </main>`
  }

  #content () {
    switch (this.stage) {
      case 'loading':
      case 'call':
        return html`<p class="message" role="status">${t('loading')}</p>`
      case 'waiting':
        return this.appointment ? html`<waiting-room .appointment=${this.appointment}></waiting-room>` : null
      case 'elsewhere':
        return message(t('elsewhereTitle'), t('elsewhere'), null)
      case 'ended':
        if (this.reason === 'removed') return message(t('removedTitle'), t('removed'), null)
        return message(t(this.reason === 'replaced' ? 'replacedTitle' : 'endedTitle'), t(endedText(this.reason)),
          html`<button type="button" class="primary" data-testid="rejoin" @click=${this.#restart}>${t('rejoin')}</button>`)
      default:
        return message(t(`${this.stage}Title`), t(this.stage),
          html`<button type="button" data-testid="try-again" @click=${this.#restart}>${t('tryAgain')}</button>`)
    }
  }
}

function message (title: string, text: string, action: unknown) {
  return html`<section class="card message" aria-live="polite"><h1>${title}</h1><p>${text}</p>${action}</section>`
}

function endedText (reason: string) {
  return reason === 'replaced' || reason === 'full' ? reason : 'ended'
}

/** The secret of a personal link. It stays in the address, so that a reload works. */
function token (): string {
  return location.hash.slice(1)
}

function isWebAddress (url: string | null): url is string {
  return url !== null && URL.canParse(url, document.baseURI) && ['https:', 'http:'].includes(new URL(url, document.baseURI).protocol)
}

customElements.define('participant-page', ParticipantPage)
