import type { NewTeleconsultation, Participant } from '../../schemas/teleconsultation.ts'
import type { Privileges } from '../config/configuration.ts'
import { personOf, type KnownPerson } from '../domain/participants.ts'
import { ParticipantsNeedAuthService } from '../errors.ts'

/** The participants of a request that brings everything about them itself: no AUTH_SERVICE. */
export function peopleOfBody (privileges: Privileges) {
  return {
    async list (participants: NewTeleconsultation['participants']): Promise<{ number: number, people: KnownPerson[] }> {
      if (Array.isArray(participants)) throw new ParticipantsNeedAuthService()
      const people = participants.data.map((participant, index) => personOf(participant, privileges, `participants/data/${index}`))
      return { number: participants.number, people }
    },
    async one (participant: Participant): Promise<KnownPerson> {
      return personOf(participant, privileges, '')
    }
  }
}
