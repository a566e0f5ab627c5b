import type { StoredRow } from '../simulation/crud.ts'

const isText = (value: unknown) => typeof value === 'string'
const isInstant = (value: unknown) => typeof value === 'string' && new Date(value).toISOString() === value
const isParticipant = (value: unknown) => {
  if (typeof value !== 'object' || value === null) return false
  const { userBandyerId, accessLinkURL } = value as Record<string, unknown>
  return isText(userBandyerId) && (accessLinkURL === null || isText(accessLinkURL))
}

/** The fields that the original wrote, and what consumers of its collection rely on. */
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  bandyerRoomId: isText,
  participants: (value) => Array.isArray(value) && value.every(isParticipant),
  participantsNumber: Number.isInteger,
  startDate: isInstant,
  endDate: isInstant,
  duration: Number.isInteger,
  teleconsultationState: isText
}

/** Whether somebody who knows nothing of this service finds everything that he looks for. */
export const isReadableByTheOriginal = (row: StoredRow) => Object.entries(FIELDS).every(([name, fits]) => fits(row[name]))
