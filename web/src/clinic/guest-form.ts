import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import type { GuestLink } from '../../../schemas/session.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { ask } from '../shared/service.ts'
import { browserZone } from './time-span.ts'
import type { LinkCopy } from './link-copy.ts'
import './link-copy.ts'
import { t } from './words.ts'

/** Makes a link for somebody who is not in the list; fires `guest-made` with who he is and his link. */
export class GuestForm extends LitElement {
  static override properties = {
    roomId: { attribute: false }, when: { attribute: false }, writable: { type: Boolean }, shown: { state: true }, busy: { state: true }, error: { state: true }, made: { state: true }
  }

  static override styles = [controlStyles, css`
    :host { display: block; }
    form, .made { display: grid; gap: 0.75rem; padding: 0.9rem; border: 1px solid var(--line); border-radius: 0.75rem; }
    h4 { margin: 0; font-size: 0.9375rem; overflow-wrap: anywhere; }
    .fields { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(14rem, 100%), 1fr)); gap: 0.75rem; }
    .code { display: block; font-weight: 400; font-size: 0.8rem; overflow-wrap: anywhere; }
  `]

  declare roomId: string
  /** The teleconsultation in words. */
  declare when: string
  /** Whether anybody writes e-mails. */
  declare writable: boolean
  declare shown: boolean
  declare busy: boolean
  declare error: { message: string, code: string } | null
  declare made: { name: string, link: string } | null
  // The same for as long as nothing is typed: who repeats a request whose answer got lost makes no second guest.
  #attempt: string | null = null

  constructor () {
    super()
    this.when = ''
    this.writable = false
    this.shown = false
    this.busy = false
    this.error = null
    this.made = null
    followLanguage(this)
  }

  override updated (changed: PropertyValues<this>) {
    // What was focused is gone.
    if (changed.has('made') && this.made !== null) this.renderRoot.querySelector<LinkCopy>('link-copy')?.focus()
    else if (changed.has('shown') && this.shown) this.renderRoot.querySelector('input')?.focus()
    else if (changed.get('shown') === true) this.renderRoot.querySelector('button')?.focus()
  }

  #close () {
    this.shown = false
    this.made = null
    this.error = null
    this.#attempt = null
  }

  async #submit (event: SubmitEvent) {
    event.preventDefault()
    if (this.busy) return
    const typed = new FormData(event.target as HTMLFormElement)
    const fullName = textOf(typed, 'fullName')
    const email = textOf(typed, 'email')
    this.busy = true
    this.error = null
    this.#attempt ??= randomKey()
    const answer = await ask<GuestLink>(`./sessions/${encodeURIComponent(this.roomId)}/guest-links`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': this.#attempt },
      body: JSON.stringify({ fullName, ...email === '' ? {} : { email, timeZone: browserZone() } })
    })
    this.busy = false
    if (!answer.ok) {
      this.error = { message: answer.message || t(answer.status === 0 ? 'unreachable' : 'notDone'), code: answer.code }
      return
    }
    this.made = { name: fullName, link: answer.body.link }
    this.#attempt = null
    this.dispatchEvent(new CustomEvent('guest-made', { detail: { ...answer.body, hasAddress: email !== '' } }))
    if (email !== '') this.dispatchEvent(new CustomEvent('mail-asked', { bubbles: true, composed: true, detail: this.roomId }))
  }

  override render () {
    const { made } = this
    return html`
      ${made !== null ? this.#result(made) : this.shown ? this.#form() : this.#button()}
      <span class="quiet" role="status">${made === null ? nothing : t('opensOnce')}</span>
    `
  }

  #button () {
    return html`<button type="button" class="small" data-testid="invite-guest" aria-label=${t('inviteGuestFor', { when: this.when })} @click=${() => { this.shown = true }}>${t('inviteGuest')}</button>`
  }

  #form () {
    return html`<form aria-labelledby="title" @submit=${this.#submit} @input=${() => { this.#attempt = null }}>
      <h4 id="title">${t('inviteGuest')}</h4>
      <p class="small muted">${t('oneTimeWhy')}</p>
      <div class="fields">
        <label>${t('name')}
          <input required maxlength="200" pattern=".*\\S.*" autocomplete="off" name="fullName" data-testid="guest-name">
        </label>
        ${this.writable
          ? html`<label>${t('email')}
              <input type="email" maxlength="254" autocomplete="off" name="email" data-testid="guest-email">
            </label>`
          : nothing}
      </div>
      <div class="row">
        <button class="primary small" data-testid="make-guest-link" aria-disabled=${this.busy ? 'true' : 'false'}>${t(this.busy ? 'creating' : 'makeGuestLink')}</button>
        <button type="button" class="small" data-testid="cancel-guest" @click=${this.#close}>${t('cancel')}</button>
      </div>
      <div role="alert">${this.error === null ? nothing : html`<p class="error small" data-testid="guest-error">${this.error.message}<span class="code">${this.error.code}</span></p>`}</div>
    </form>`
  }

  #result ({ name, link }: { name: string, link: string }) {
    return html`<section class="made" aria-labelledby="title" data-testid="guest-link">
      <h4 id="title">${t('guestLinkOf', { name })}</h4>
      <p class="small" data-testid="opens-once">${t('opensOnce')}</p>
      <div class="row">
        <link-copy .link=${link} .name=${name} .label=${t('oneTimeLink')} shown></link-copy>
      </div>
      <div class="row">
        <button type="button" class="small" data-testid="guest-done" @click=${this.#close}>${t('close')}</button>
      </div>
    </section>`
  }
}

function textOf (typed: FormData, name: string): string {
  const value = typed.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

// Pages without https have no randomUUID.
const randomKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')

customElements.define('guest-form', GuestForm)
