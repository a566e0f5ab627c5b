import type { TeleconsultationAccess } from '../../schemas/teleconsultation.ts'
import { seatsOf } from '../domain/session.ts'
import type { RoomDetails } from '../providers/provider.ts'
import type { AccessView } from '../teleconsultations/give-access.ts'
import type { HeldSeat } from '../identity/seat-tokens.ts'

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

/**
 * Whether a personal link is worth nothing here and now: its owner is in the call, as far as the provider tells, and who asks was not let
 * in before.
 */
export const isElsewhere = ({ participant, access, details }: AccessView, held: HeldSeat | undefined): boolean =>
  access !== null && held?.isProven !== true && details?.inside?.some(({ providerUserId }) => providerUserId === participant.userBandyerId) === true

function detailsBody ({ creationDate, runningSince, inside, ...details }: RoomDetails): NonNullable<TeleconsultationAccess['details']> {
  const people = inside?.map(({ providerUserId, since }) => ({ bandyerUserId: providerUserId, since: since?.toISOString() }))
  return { ...details, creationDate: creationDate?.toISOString(), runningSince: runningSince?.toISOString(), inside: people } as NonNullable<TeleconsultationAccess['details']>
}
