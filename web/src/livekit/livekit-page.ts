import { html, LitElement } from 'lit'
import { followLanguage, speak } from '../shared/language.ts'
import type { AnyCall } from '../room/call-contract.ts'
import '../room/call-view.ts'
import type { Command } from '../room/control-bar.ts'
import type { LocalMedia } from '../room/local-media.ts'
import { createVisit, type Door, type Visit } from '../room/visit.ts'
import { type EndingWords, publicState, visitCard, visitStyles } from '../room/visit-cards.ts'
import { t } from '../room/words.ts'
import type { Ending } from './livekit-call.ts'
import { readWayIn, type WayIn } from './way-in.ts'
import { t as own } from './words.ts'

/** After these one may go back in with the same way in. Otherwise a server that makes rooms by itself would make it anew. */
const MAY_RETURN: ReadonlySet<Ending> = new Set(['unreachable', 'interrupted', 'replaced'])

/** A call at LiveKit. */
export class LivekitPage extends LitElement {
  static override styles = visitStyles

  #visit: Visit<AnyCall, Ending>

  constructor () {
    super()
    const way = readWayIn(location.hash)
    this.#visit = createVisit(this, way === null ? 'refused' : doorOf(way))
    speak(way?.language)
    followLanguage(this)
  }

  override connectedCallback () {
    super.connectedCallback()
    window.addEventListener('hashchange', reload)
  }

  override disconnectedCallback () {
    super.disconnectedCallback()
    window.removeEventListener('hashchange', reload)
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
      @say=${(event: CustomEvent<string>) => visit.call?.say(event.detail)}
    ></call-view>`
  }
}

function doorOf (way: WayIn): Door<AnyCall, Ending> {
  return {
    open: media => openDevices(media, way.off),
    async load () {
      const loaded = await import('./livekit-call.ts').catch(() => null)
      return (line) => {
        if (loaded !== null) return loaded.createLivekitCall({ ...line, way })
        line.onEnded('interrupted')
        return null
      }
    }
  }
}

async function openDevices (media: LocalMedia, off: ReadonlySet<string>) {
  if (!off.has('camera') || !off.has('microphone')) await media.open()
  if (off.has('camera')) await media.setCamera(false)
  if (off.has('microphone')) await media.setMicrophone(false)
}

function wordsOf (ending: Ending): EndingWords {
  const [title, text] = ending === 'roomClosed' || ending === 'refused' || ending === 'replaced'
    ? [t(`${ending}Title`), t(ending)]
    : [own(`${ending}Title`), own(ending)]
  return { state: ending === 'roomClosed' ? 'closed' : ending, title, text, mayReturn: MAY_RETURN.has(ending) }
}

/** Another way in was put into the address. */
function reload () {
  location.reload()
}

customElements.define('livekit-page', LivekitPage)
