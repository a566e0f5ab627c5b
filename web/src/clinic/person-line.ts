import { css, html, LitElement, nothing, type PropertyValues } from 'lit'
import type { ClinicOverview } from '../../../schemas/pages.ts'
import type { InvitationSent } from '../../../schemas/session.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { ask } from '../shared/service.ts'
import type { ConfirmDialog } from './confirm-dialog.ts'
import './confirm-dialog.ts'
import './link-copy.ts'
import { nameOf, withMail, type Person } from './person.ts'
import { pointInTime } from './time-span.ts'
import { t } from './words.ts'

/** One participant: his link, and what became of the e-mails to him. Fires `person-changed` with him as he is now, and `mail-asked` when he is about to be sent one. */
export class PersonLine extends LitElement {
  static override properties = {
    roomId: { attribute: false },
    person: { attribute: false },
    mailing: { attribute: false },
    untold: { type: Boolean },
    over: { type: Boolean },
    busy: { state: true },
    renewed: { state: true },
    said: { state: true },
    error: { state: true }
  }

  static override styles = [controlStyles, css`
    :host { display: block; }
    .line { display: flex; flex-wrap: wrap; align-items: center; justify-content: flex-end; gap: 0.4rem 0.6rem; }
    .who { flex: 1 1 12rem; min-width: 0; overflow-wrap: anywhere; }
    .who.wide { flex-basis: 100%; }
    .warning { color: var(--danger); font-weight: 600; }
    p { margin-top: 0.5rem; }
    .good { color: var(--good); font-weight: 600; }
    .code { display: block; font-weight: 400; font-size: 0.8rem; overflow-wrap: anywhere; }
    @media (max-width: 26rem) { .line { justify-content: flex-start; } .who { flex-basis: 100%; } }
  `]

  declare roomId: string
  declare person: Person
  declare mailing: ClinicOverview['mail']
  /** Nobody is sent anything about it yet. */
  declare untold: boolean
  /** Nothing is sent any more, and no link is of use. */
  declare over: boolean
  declare busy: boolean
  /** The link that replaced another one here. */
  declare renewed: string | null
  declare said: 'sentAgain' | 'intoOutboxAgain' | 'renewed' | null
  declare error: { message: string, code: string } | null

  constructor () {
    super()
    this.mailing = 'none'
    this.untold = false
    this.over = false
    this.busy = false
    this.renewed = null
    this.said = null
    this.error = null
    followLanguage(this)
  }

  override willUpdate (changed: PropertyValues<this>) {
    const before = changed.get('person')
    if (before === undefined) return
    const { mail, personalLink } = this.person
    const isToldSince = mail?.toldAt !== before.mail?.toldAt || (mail?.failure !== undefined && mail.failure.at !== before.mail?.failure?.at)
    if (this.said === 'renewed' ? personalLink !== this.renewed : isToldSince) this.said = null
  }

  async #sendAgain () {
    const answer = await this.#ask({})
    if (answer === null) return
    this.said = this.mailing === 'outbox' ? 'intoOutboxAgain' : 'sentAgain'
    this.#changed(withMail(this.person, answer.participant.mail))
    this.#mailAsked()
  }

  async #renew () {
    const wanted = await this.renderRoot.querySelector<ConfirmDialog>('confirm-dialog')?.ask({
      title: t('newLinkQuestion'),
      text: t(this.#isToldOfLinks() ? 'newLinkTextSent' : 'newLinkText', { name: nameOf(this.person) }),
      act: t('newLink'),
      testId: 'confirm-new-link'
    })
    if (wanted !== true) return
    const answer = await this.#ask({ newLink: true })
    if (answer?.mediaUrl === undefined) return
    this.renewed = answer.mediaUrl
    this.said = 'renewed'
    this.#changed({ ...withMail(this.person, answer.participant.mail), personalLink: answer.mediaUrl, ...this.person.oneTime === true ? { opened: false } : {} })
    if (this.#isToldOfLinks()) this.#mailAsked()
  }

  async #ask (body: { newLink?: boolean }): Promise<InvitationSent | null> {
    if (this.busy) return null
    this.busy = true
    this.error = null
    this.said = null
    const answer = await ask<InvitationSent>(`./sessions/${encodeURIComponent(this.roomId)}/participants/${encodeURIComponent(this.person.userExternalId)}/invitation`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body)
    })
    this.busy = false
    if (answer.ok) return answer.body
    this.error = { message: answer.message || t(answer.status === 0 ? 'unreachable' : 'notDone'), code: answer.code }
    return null
  }

  #changed (person: Person) {
    this.dispatchEvent(new CustomEvent('person-changed', { detail: person }))
  }

  #mailAsked () {
    this.dispatchEvent(new CustomEvent('mail-asked', { bubbles: true, composed: true, detail: this.roomId }))
  }

  #isWritten () {
    return this.person.hasAddress && this.mailing !== 'none' && !this.untold
  }

  /** To an address from which an e-mail came back nothing is sent unasked. */
  #isToldOfLinks () {
    return this.#isWritten() && this.person.mail?.failure?.bounced !== true
  }

  override render () {
    const { person } = this
    const { personalLink: link } = person
    const name = nameOf(person)
    const busy = this.busy ? 'true' : 'false'
    const hasFailed = person.mail?.failure?.bounced === true || person.mail?.failure?.refused === true
    return html`
      <div class="line">
        <div class="who ${hasFailed ? 'wide' : ''}">
          <strong>${name}</strong>
          <span class="small muted">${[
            ...person.privilege ? [t(person.privilege)] : [],
            ...person.oneTime === true ? [t(person.opened === true ? 'oneTimeOpened' : 'oneTime')] : []
          ].join(' · ')}</span>
          <div role="status" class="small ${hasFailed ? 'warning' : 'muted'}" data-testid="mail-state">${this.#mail()}</div>
        </div>
        ${!this.over && this.#isWritten()
          ? html`<button type="button" class="small" data-testid="send-again" aria-disabled=${busy} aria-label=${t('sendAgainFor', { name })} @click=${this.#sendAgain}>${t('sendAgain')}</button>`
          : nothing}
        ${this.over
          ? nothing
          : html`<button type="button" class="small" data-testid="new-link" aria-disabled=${busy} aria-label=${t('newLinkFor', { name })} @click=${this.#renew}>${t('newLink')}</button>`}
        ${person.oneTime === true
          // Whoever opens it first has it.
          ? nothing
          : html`<a class="button small" href=${link} target="_blank" rel="noopener" data-testid="open-link" aria-label=${t('openFor', { name })}>${t('openLink')}</a>`}
        <link-copy .link=${link} .name=${name} .label=${t('newLinkIs')} ?shown=${this.renewed === link}></link-copy>
      </div>
      <div role="status">${this.said === null ? nothing : html`<p class="small good" data-testid="person-said">${t(this.said)}</p>`}</div>
      <div role="alert">${this.error === null ? nothing : html`<p class="error small" data-testid="person-error">${this.error.message}<span class="code">${this.error.code}</span></p>`}</div>
      <confirm-dialog></confirm-dialog>
    `
  }

  #mail () {
    const { mail } = this.person
    if (mail?.failure !== undefined) {
      const { bounced, refused, code, at } = mail.failure
      const isFinal = bounced || refused
      return html`${isFinal ? html`<span aria-hidden="true">⚠ </span>` : nothing}${t(bounced ? 'cameBack' : refused ? 'refused' : 'notSentYet', { when: pointInTime(at), code })}`
    }
    if (mail?.toldAt === undefined) return nothing
    return t(this.mailing === 'outbox' ? 'putIntoOutbox' : 'sentAt', { when: pointInTime(mail.toldAt) })
  }
}

customElements.define('person-line', PersonLine)
