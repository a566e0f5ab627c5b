import { html, LitElement } from 'lit'
import { followLanguage } from '../shared/language.ts'
import { address, lastPathPart } from '../shared/service.ts'
import { type Call, createCall } from './call.ts'
import './call-view.ts'
import type { Command } from './control-bar.ts'
import type { ClosedReason } from './signalling.ts'
import { createVisit } from './visit.ts'
import { type EndingWords, publicState, visitCard, visitStyles } from './visit-cards.ts'
import { t } from './words.ts'

/** The embedded call. */
export class RoomPage extends LitElement {
  static override styles = visitStyles

  #visit = createVisit<Call, ClosedReason>(this, {
    open: media => media.open(),
    load: async () => line => createCall({ ...line, url: signallingAddress(), token: location.hash.slice(1), onToken: keepToken })
  })

  constructor () {
    super()
    followLanguage(this)
  }

  override updated () {
    document.documentElement.dataset.state = publicState(this.#visit, wordsOf)
  }

  override render () {
    document.title = t('title')
    const visit = this.#visit
    if (visit.standing.stage !== 'call') return visitCard(visit, wordsOf)
    return html`<call-view .call=${visit.state} .media=${visit.stream} .notices=${visit.notices}
      @command=${(event: CustomEvent<Command>) => visit.command(event.detail)}
      @present=${(event: CustomEvent<string | null>) => visit.call?.present(event.detail)}
      @snapshot=${(event: CustomEvent<string>) => visit.call?.askForSnapshot(event.detail)}
      @say=${(event: CustomEvent<string>) => visit.call?.say(event.detail)}
      @file-chosen=${(event: CustomEvent<File>) => visit.call?.sendFile(event.detail)}
      @cancel-file=${(event: CustomEvent<string>) => visit.call?.cancelFile(event.detail)}
    ></call-view>`
  }
}

function signallingAddress (): URL {
  const url = address(`./telecons-room/${encodeURIComponent(lastPathPart())}/signalling`)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url
}

/** So that going back in, and loading the page again, find it. */
function keepToken (token: string) {
  // A fragment alone would be one of the base address.
  const url = new URL(location.href)
  url.hash = token
  history.replaceState(history.state, '', url)
}

const OWN_STATES: readonly ClosedReason[] = ['refused', 'removed']

function wordsOf (ending: ClosedReason): EndingWords {
  return { state: OWN_STATES.includes(ending) ? ending : 'closed', title: t(`${ending}Title`), text: t(ending), mayReturn: ending !== 'removed' }
}

customElements.define('room-page', RoomPage)
