import { css, html, LitElement, nothing } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { ClinicOutbox, KeptMessage } from '../../../schemas/pages.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { ask } from '../shared/service.ts'
import { linkedText } from './linked-text.ts'
import { pointInTime } from './time-span.ts'
import { t } from './words.ts'

/** Milliseconds between one look and the next: a message is written soon after the answer to the request that it is about. */
const LOOKS_AFTER_MS = [0, 400, 1200, 4000]

/** The e-mails that nobody sent, the latest first, page by page. Without any it shows nothing. */
export class MessageOutbox extends LitElement {
  static override properties = { publicUrl: { attribute: false }, shown: { state: true }, next: { state: true }, loading: { state: true }, failed: { state: true } }

  static override styles = [controlStyles, css`
    header { display: grid; gap: 0.25rem; margin-bottom: 0.75rem; }
    ul { margin: 0; padding: 0; list-style: none; }
    .card { padding-block: 0.4rem; }
    li + li { border-top: 1px solid var(--line); }
    summary { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.1rem 1rem; padding: 0.65rem 0; cursor: pointer; overflow-wrap: anywhere; }
    summary::before { content: '▸'; content: '▸' / ''; flex: none; width: 0.75rem; margin-right: -0.5rem; color: var(--muted); }
    details[open] > summary::before { content: '▾'; content: '▾' / ''; }
    summary::-webkit-details-marker { display: none; }
    .what { flex: 1 1 14rem; min-width: 0; display: grid; }
    .text { margin: 0 0 0.9rem; padding: 0.75rem; border-radius: 0.6rem; background: var(--paper); white-space: pre-wrap; overflow-wrap: anywhere; }
    .more { display: grid; margin-top: 0.9rem; }
    @media (max-width: 26rem) { time { margin-left: 1.25rem; } }
  `]

  /** Links in messages are of this address. */
  declare publicUrl: string
  declare shown: KeptMessage[]
  declare next: number | null
  declare loading: boolean
  declare failed: boolean
  #reloads = 0

  constructor () {
    super()
    this.publicUrl = ''
    this.shown = []
    this.next = null
    this.loading = false
    this.failed = false
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    this.reload()
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    this.#reloads++
  }

  /** Shows the first page anew, and looks a few times more for what is on its way. */
  async reload () {
    const reload = ++this.#reloads
    for (const ms of LOOKS_AFTER_MS) {
      await new Promise((resolve) => { setTimeout(resolve, ms) })
      if (reload !== this.#reloads) return
      await this.#load(0, reload)
    }
  }

  async #showMore (skip: number) {
    // A look at the first page would fold this one away again.
    await this.#load(skip, ++this.#reloads)
  }

  async #load (skip: number, reload: number) {
    this.loading = true
    const answer = await ask<ClinicOutbox>(`./clinic/outbox?skip=${skip}`)
    if (reload !== this.#reloads) return
    this.loading = false
    this.failed = !answer.ok
    if (!answer.ok) return
    const earlier = skip === 0 ? [] : this.shown
    const known = new Set(earlier.map(({ id }) => id))
    this.shown = [...earlier, ...answer.body.messages.filter(({ id }) => !known.has(id))]
    this.next = answer.body.next
  }

  override render () {
    if (this.shown.length === 0) return nothing
    return html`<section aria-labelledby="title" data-testid="outbox">
      <header>
        <h2 id="title">${t('outbox')}</h2>
        <p class="small muted">${t('outboxWhy')}</p>
        <p role="status" class="small">${this.failed ? t('unreachable') : nothing}</p>
      </header>
      <ul class="card">${repeat(this.shown, ({ id }) => id, (message) => this.#message(message))}</ul>
      ${this.next === null
        ? nothing
        : html`<div class="more"><button type="button" data-testid="more-messages" ?disabled=${this.loading} @click=${() => this.#showMore(this.next ?? 0)}>${t('showMore')}</button></div>`}
      <span id="new-tab" hidden>${t('newTab')}</span>
    </section>`
  }

  #message ({ to, subject, text, at }: KeptMessage) {
    const pieces = linkedText(text, [location.origin, ...URL.canParse(this.publicUrl) ? [new URL(this.publicUrl).origin] : []])
    return html`<li data-testid="message"><details>
      <summary>
        <span class="what"><strong>${subject}</strong><span class="small muted">${t('messageTo', { to })}</span></span>
        <time class="small muted" datetime=${at}>${pointInTime(at)}</time>
      </summary>
      <div class="text">${pieces.map(({ text, href }) => href === undefined
        ? text
        : html`<a href=${href} target="_blank" rel="noopener" aria-describedby="new-tab">${text}</a>`)}</div>
    </details></li>`
  }
}

customElements.define('message-outbox', MessageOutbox)
