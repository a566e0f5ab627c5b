import { css, html } from 'lit'
import { controlStyles } from '../shared/control-styles.ts'
import { explainMediaTrouble } from '../shared/media-trouble.ts'
import type { AnyCall } from './call-contract.ts'
import type { Visit } from './visit.ts'
import { t } from './words.ts'

/** The frame of a page that holds a call: the call fills it, a card stands in its middle. */
export const visitStyles = [controlStyles, css`
  :host { display: block; height: 100dvh; overflow: hidden; }
  .message { display: grid; gap: 0.75rem; justify-items: start; width: min(34rem, calc(100% - 2rem)); margin: min(12vh, 6rem) auto 0; max-height: calc(100dvh - 2rem); overflow: auto; }
  .message div p + p { margin-top: 0.5rem; }
  call-view { height: 100%; }
`]

/** How an ending is told. */
export interface EndingWords {
  /** For tests and styles outside. */
  state: string
  title: string
  text: string
  mayReturn: boolean
}

/** What stands in the call's place. */
export function visitCard<Ending extends string> (visit: Visit<AnyCall, Ending>, wordsOf: (ending: Ending) => EndingWords) {
  const { standing } = visit
  switch (standing.stage) {
    case 'camera-refused':
      return troubleCard(visit, standing.errorName)
    case 'left':
      return overCard(visit, { title: t('leftTitle'), text: t('left'), mayReturn: true })
    case 'ended':
      return overCard(visit, wordsOf(standing.ending))
    default:
      return html`<section class="card message" role="status"><h1>${t('askingTitle')}</h1><p>${t('asking')}</p></section>`
  }
}

function troubleCard ({ start, join }: Visit<AnyCall, string>, errorName: string) {
  return html`<section class="card message" role="alert">
    <h1>${t('troubleTitle')}</h1>
    <div data-testid="media-error" data-error=${errorName}>${explainMediaTrouble(errorName).map(line => html`<p>${line}</p>`)}</div>
    <div class="row">
      <button type="button" class="primary" data-testid="try-again" @click=${start}>${t('tryAgain')}</button>
      <button type="button" data-testid="join-without" @click=${join}>${t('joinWithout')}</button>
    </div>
  </section>`
}

function overCard ({ rejoin }: Visit<AnyCall, string>, { title, text, mayReturn }: Omit<EndingWords, 'state'>) {
  return html`<section class="card message" aria-live="polite"><h1>${title}</h1><p>${text}</p>
    ${mayReturn ? html`<button type="button" class="primary" data-testid="rejoin" @click=${rejoin}>${t('rejoin')}</button>` : null}</section>`
}

/** What tests and styles outside see. */
export function publicState<Ending extends string> ({ standing, state }: Visit<AnyCall, Ending>, wordsOf: (ending: Ending) => EndingWords): string {
  if (standing.stage === 'ended') return wordsOf(standing.ending).state
  if (standing.stage !== 'call') return standing.stage
  if (state.phase !== 'in') return 'joining'
  return state.people.length === 0 ? 'alone' : 'in-call'
}
