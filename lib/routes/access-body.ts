import type { TeleconsultationAccess } from '../../schemas/teleconsultation.ts'
import type { AccessView } from '../teleconsultations/give-access.ts'

/** The documented answer: one link, the caller's own. */
export function accessBody ({ document, participant, access, details }: AccessView): TeleconsultationAccess {
  return {
    bandyerUserId: participant.userBandyerId,
    accessLinkURL: access?.url ?? null,
    participantsBandyerCall: document.content.participants.map(({ userBandyerId, fullName }) =>
      ({ bandyerUserId: userBandyerId, ...(fullName === undefined ? {} : { fullName }) })),
    ...(details === undefined ? {} : { details: { ...details, creationDate: details.creationDate?.toISOString() } as NonNullable<TeleconsultationAccess['details']> })
  }
}
