import type { FastifyRequest } from 'fastify'
import type { NewTeleconsultation, Participant } from '../../schemas/teleconsultation.ts'
import type { KnownPerson } from '../domain/participants.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import type { PersonalLinks } from '../identity/personal-links.ts'
import type { Seats } from '../identity/seat-tokens.ts'
import type { RoomDetails } from '../providers/provider.ts'
import type { WantedParticipants } from '../teleconsultations/create.ts'
import type { AccessGiver } from '../teleconsultations/give-access.ts'
import type { OncePerKey } from '../teleconsultations/once-per-key.ts'
import type { Ports } from '../teleconsultations/ports.ts'

/** Who the participants of a request are: their groups, names and privileges, wherever those come from. */
export interface People {
  /**
   * @param headers what platform services are to see of the request
   * @param endsAt when the request must be over, in epoch milliseconds
   * @throws PARTICIPANTS_NEED_AUTH_SERVICE, PARTICIPANT_FIELD_MISSING, UNKNOWN_GROUP, USER_*, AUTH_SERVICE_*
   */
  list (participants: NewTeleconsultation['participants'], headers: Readonly<Record<string, string>>, endsAt?: number): Promise<WantedParticipants>
  /** @throws as `list` */
  one (participant: Participant, headers: Readonly<Record<string, string>>, endsAt?: number): Promise<KnownPerson>
}

/** What route files work with. */
export interface Services {
  ports: Ports
  access: AccessGiver
  people: People
  personalLinks: PersonalLinks
  seats: Seats
  /** What the provider tells of a call; the same for whoever asks within a second. */
  callState (document: Teleconsultation): Promise<RoomDetails | undefined>
  /** Requests with an Idempotency-Key whose result the documents keep. */
  once: OncePerKey
  /** The others: this replica keeps their answers. */
  answered: OncePerKey
  /** The caller's id as the configured path finds it; undefined: nobody. */
  callerOf (request: FastifyRequest): string | undefined
  /** Whether an auth service knows people's groups and names. */
  knowsPeople: boolean
  deletesUploads: boolean
  transcriptionLimitBytes: number
  mayActAsClinic (request: FastifyRequest): boolean
}

export interface RouteOptions { services: Services }
