import type { PersonalLinkView } from '../../../schemas/pages.ts'
import { type Answer, ask } from '../shared/service.ts'
import { seatOf } from './seat.ts'

/** What `GET teleconsultation/:roomId` tells a participant who is known by a cookie. */
interface TeleconsultationView {
  bandyerUserId: string
  accessLinkURL: string | null
  participantsBandyerCall: PersonalLinkView['participantsBandyerCall']
}

export interface Appointment {
  me: string
  people: PersonalLinkView['participantsBandyerCall']
  /** Missing where the service does not tell times. */
  times: { startAt: string, endAt: string, linkFromMs: number, endMs: number } | null
  complete: boolean
  /** The service's clock less `performance.now()`. */
  clockOffsetMs: number
  language: string | undefined
  accessLinkURL: string | null
  /** The way in is kept back: this person is in the call elsewhere. */
  elsewhere: boolean
}

/** Asks once for one's way into the call: by personal link, or without a token by whatever the gateway knows. */
export async function askForAccess (roomId: string, token: string): Promise<Answer<Appointment>> {
  if (token === '') {
    const answer = await ask<TeleconsultationView>(`./api/v1/telecons-be/teleconsultation/${encodeURIComponent(roomId)}`)
    return answer.ok ? { ok: true, body: fromTeleconsultation(answer.body) } : answer
  }
  const answer = await askByLink(token)
  return answer.ok ? { ok: true, body: fromPersonalLink(answer.body) } : answer
}

/** A page that a browser loads on the chance that somebody wants it opens nobody's link. */
async function whenShown (): Promise<void> {
  if ((document as Document & { prerendering?: boolean }).prerendering !== true) return
  await new Promise(resolve => { document.addEventListener('prerenderingchange', resolve, { once: true }) })
}

async function askByLink (token: string): Promise<Answer<PersonalLinkView>> {
  await whenShown()
  const seat = seatOf(token)
  const sent = seat.value
  const answer = await ask<PersonalLinkView>('./api/v1/telecons-be/personal-link', { headers: { authorization: `Bearer ${token}`, 'x-seat': sent } })
  if (answer.ok) {
    if (answer.body.elsewhere !== true) seat.keep(answer.body.seat)
    return answer
  }
  if (answer.status === 401 || answer.status === 404) seat.forget()
  // Another window of this browser was the first to open the link, in the meantime.
  return answer.status === 410 && seat.value !== sent ? await askByLink(token) : answer
}

function fromPersonalLink (view: PersonalLinkView): Appointment {
  return {
    me: view.bandyerUserId,
    people: view.participantsBandyerCall,
    times: { startAt: view.startAt, endAt: view.endAt, linkFromMs: Date.parse(view.linkFrom), endMs: Date.parse(view.endAt) },
    complete: view.complete,
    clockOffsetMs: Date.parse(view.now) - performance.now(),
    language: view.language,
    accessLinkURL: view.accessLinkURL,
    elsewhere: view.elsewhere === true
  }
}

function fromTeleconsultation (view: TeleconsultationView): Appointment {
  return {
    me: view.bandyerUserId,
    people: view.participantsBandyerCall ?? [],
    times: null,
    complete: true,
    clockOffsetMs: 0,
    language: undefined,
    accessLinkURL: view.accessLinkURL,
    elsewhere: false
  }
}
