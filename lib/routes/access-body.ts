import type { TeleconsultationAccess } from '../../schemas/teleconsultation.ts'
import { seatsOf } from '../domain/session.ts'
import type { RoomDetails } from '../providers/provider.ts'
import type { AccessView } from '../teleconsultations/give-access.ts'

/** The documented answer: one link, the caller's own. */
export function accessBody ({ document, participant, access, details }: AccessView): TeleconsultationAccess {
  return {
    bandyerUserId: participant.userBandyerId,
    accessLinkURL: access?.url ?? null,
    participantsBandyerCall: seatsOf(document).map(({ userBandyerId, fullName }) =>
      ({ bandyerUserId: userBandyerId, ...(fullName === undefined ? {} : { fullName }) })),
    ...(details === undefined ? {} : { details: detailsBody(details) })
  }
}

function detailsBody ({ creationDate, runningSince, inside, ...details }: RoomDetails): NonNullable<TeleconsultationAccess['details']> {
  const people = inside?.map(({ providerUserId, since }) => ({ bandyerUserId: providerUserId, since: since?.toISOString() }))
  return { ...details, creationDate: creationDate?.toISOString(), runningSince: runningSince?.toISOString(), inside: people } as NonNullable<TeleconsultationAccess['details']>
}
