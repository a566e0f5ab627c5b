import { css, html, LitElement, nothing } from 'lit'
import type { ClinicOverview } from '../../../schemas/pages.ts'
import { controlStyles } from '../shared/control-styles.ts'
import { followLanguage } from '../shared/language.ts'
import { externalIdOf, type PersonDraft } from './draft.ts'
import { t } from './words.ts'

const LANGUAGES = [['en', 'English'], ['it', 'Italiano']] as const

/** One participant's fields; fires `change-person` with what changed and `remove-person`. */
export class PersonFields extends LitElement {
  static override properties = {
    person: { attribute: false }, position: { attribute: false }, groups: { attribute: false }, writable: { type: Boolean }, removable: { type: Boolean }
  }

  static override styles = [controlStyles, css`
    :host { display: block; }
    fieldset { display: grid; gap: 0.6rem; min-width: 0; margin: 0; padding: 0.75rem; border: 1px solid var(--line); border-radius: 0.75rem; }
    legend { padding: 0 0.35rem; font-size: 0.875rem; font-weight: 700; }
    summary { min-height: 1.75rem; font-size: 0.875rem; color: var(--muted); cursor: pointer; overflow-wrap: anywhere; }
    .more { display: grid; gap: 0.6rem; margin-top: 0.35rem; }
    .last { display: flex; justify-content: space-between; align-items: start; gap: 0.6rem; }
    details { flex: 1; min-width: 0; }
  `]

  declare person: PersonDraft
  declare position: number
  declare groups: ClinicOverview['groups']
  /** Whether anybody writes e-mails. */
  declare writable: boolean
  declare removable: boolean

  constructor () {
    super()
    followLanguage(this)
  }

  #set (key: 'fullName' | 'email' | 'group' | 'language' | 'externalId') {
    return (event: Event) => {
      const { value } = event.target as HTMLInputElement | HTMLSelectElement
      this.dispatchEvent(new CustomEvent('change-person', { detail: { [key]: value } }))
    }
  }

  /** Says what is missing or wrong, where something is. A form does not see into what this is made of. */
  reportValidity (): boolean {
    return [...this.renderRoot.querySelectorAll('input')].every((input) => input.reportValidity())
  }

  override render () {
    const { person, position } = this
    const n = position + 1
    const id = (name: string) => `${name}-${n}`
    return html`<fieldset>
      <legend>${t('participant', { n })}</legend>
      <label>${t('name')}
        <input required maxlength="200" autocomplete="off" data-testid=${id('name')} .value=${person.fullName} @input=${this.#set('fullName')}>
      </label>
      ${this.writable
        ? html`<label>${t('email')}
            <input type="email" maxlength="254" autocomplete="off" data-testid=${id('email')} .value=${person.email} @input=${this.#set('email')}>
          </label>`
        : nothing}
      <label>${t('group')}
        <select data-testid=${id('group')} .value=${person.group} @change=${this.#set('group')}>
          ${this.groups.map(({ name, privilege }) => html`<option value=${name} ?selected=${name === person.group}>${name} (${t(privilege)})</option>`)}
        </select>
      </label>
      <div class="last">
        <details>
          <summary>${t('more', { id: externalIdOf(person) })}</summary>
          <div class="more">
            <label>${t('language')}
              <select data-testid=${id('language')} .value=${person.language} @change=${this.#set('language')}>
                <option value="">${t('asBrowser')}</option>
                ${LANGUAGES.map(([tag, name]) => html`<option value=${tag} lang=${tag} ?selected=${tag === person.language}>${name}</option>`)}
              </select>
            </label>
            <label>${t('externalId')}
              <input maxlength="200" autocomplete="off" placeholder=${externalIdOf({ ...person, externalId: '' })}
                data-testid=${id('external-id')} .value=${person.externalId} @input=${this.#set('externalId')}>
            </label>
          </div>
        </details>
        ${this.removable
          ? html`<button type="button" class="small" aria-label=${t('removePerson', { n })} data-testid=${id('remove')}
              @click=${() => this.dispatchEvent(new CustomEvent('remove-person'))}>✕</button>`
          : nothing}
      </div>
    </fieldset>`
  }
}

customElements.define('person-fields', PersonFields)
