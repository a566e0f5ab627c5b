import { TOOL_NAMES } from '../../schemas/tools.ts'
import type { Person, RoomParticipant, RoomSpec, VideoProvider } from '../../lib/providers/provider.ts'

const DOCTOR: Person = { externalId: 'doctor-1', privilege: 'plus', fullName: 'Ada Rossi', language: 'it' }
const PATIENT: Person = { externalId: 'patient-1', privilege: 'basic', fullName: 'Bruno Verdi' }

/** A doctor and a patient, known to the provider, as a room is asked for. */
export async function roomSpec (provider: VideoProvider, changes: Partial<RoomSpec> = {}): Promise<RoomSpec & { doctor: RoomParticipant, patient: RoomParticipant }> {
  const seated = async (person: Person, tools: RoomParticipant['tools']): Promise<RoomParticipant> =>
    ({ ...person, ...await provider.ensureUser(person, AbortSignal.timeout(60_000)), tools })
  const doctor = await seated(DOCTOR, new Set(TOOL_NAMES))
  const patient = await seated(PATIENT, new Set(['chat']))
  const startAt = new Date('2026-11-21T10:00:00.000Z')
  return {
    marker: 'clinic|doc-1|op-1|1',
    participants: [doctor, patient],
    startAt,
    endAt: new Date(startAt.getTime() + 1800_000),
    live: true,
    recording: 'none',
    ...changes,
    doctor,
    patient
  }
}

export const accessWindow = { notBefore: new Date('2026-11-21T09:55:00.000Z'), expiresAt: new Date('2026-11-21T11:00:00.000Z') }
