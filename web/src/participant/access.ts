import type { PersonalLinkView } from '../../../schemas/pages.ts'
import { type Answer, ask } from '../shared/service.ts'

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
}

/** Asks once for one's way into the call: by personal link, or without a token by whatever the gateway knows. */
export async function askForAccess (roomId: string, token: string): Promise<Answer<Appointment>> {
  if (token === '') {
    const answer = await ask<TeleconsultationView>(`./api/v1/telecons-be/teleconsultation/${encodeURIComponent(roomId)}`)
    return answer.ok ? { ok: true, body: fromTeleconsultation(answer.body) } : answer
  }
  const answer = await ask<PersonalLinkView>('./api/v1/telecons-be/personal-link', { headers: { authorization: `Bearer ${token}` } })
  return answer.ok ? { ok: true, body: fromPersonalLink(answer.body) } : answer
}

function fromPersonalLink (view: PersonalLinkView): Appointment {
  return {
    me: view.bandyerUserId,
    people: view.participantsBandyerCall,
    times: { startAt: view.startAt, endAt: view.endAt, linkFromMs: Date.parse(view.linkFrom), endMs: Date.parse(view.endAt) },
    complete: view.complete,
    clockOffsetMs: Date.parse(view.now) - performance.now(),
    language: view.language,
    accessLinkURL: view.accessLinkURL
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
    accessLinkURL: view.accessLinkURL
  }
}
