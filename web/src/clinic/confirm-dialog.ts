import { css, html, LitElement, nothing } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { t } from './words.ts'

export interface Question {
  title: string
  text: string
  /** What the button says that does it. */
  act: string
  testId: string
}

/** Asks before something that cannot be taken back. */
export class ConfirmDialog extends LitElement {
  static override properties = { question: { state: true } }

  static override styles = [controlStyles, css`
    dialog { width: min(28rem, calc(100vw - 2rem)); padding: 1.5rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--surface); color: var(--ink); }
    dialog::backdrop { background: rgb(0 0 0 / 55%); }
    h2, p { overflow-wrap: anywhere; }
    p { margin: 0.75rem 0 1.25rem; }
    .row { justify-content: flex-end; }
  `]

  declare question: Question | null
  #answer: (yes: boolean) => void = () => {}

  constructor () {
    super()
    this.question = null
    followLanguage(this)
  }

  /** Whether it is wanted; closing the question any other way says no. */
  async ask (question: Question): Promise<boolean> {
    this.question = question
    await this.updateComplete
    const dialog = this.renderRoot.querySelector('dialog')
    if (dialog === null) return false
    dialog.returnValue = ''
    dialog.showModal()
    return await new Promise((resolve) => { this.#answer = resolve })
  }

  override render () {
    const { question } = this
    if (question === null) return nothing
    return html`<dialog aria-labelledby="question" aria-describedby="text" @close=${(event: Event) => this.#answer((event.target as HTMLDialogElement).returnValue === 'yes')}>
      <h2 id="question">${question.title}</h2>
      <p id="text">${question.text}</p>
      <form method="dialog" class="row">
        <button autofocus data-testid="keep">${t('keep')}</button>
        <button value="yes" class="danger" data-testid=${question.testId}>${question.act}</button>
      </form>
    </dialog>`
  }
}

customElements.define('confirm-dialog', ConfirmDialog)
