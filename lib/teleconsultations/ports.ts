import type { Privilege, ToolName } from '../../schemas/tools.ts'
import type { RoomParticipant, RoomSpec, VideoProvider } from '../providers/provider.ts'
import type { StoreContext, TeleconsultationStore } from '../storage/teleconsultation-store.ts'
import { NoPlusUser, CapabilityLimit } from '../errors.ts'
import { garbageOf, isComplete, isHeld, type Content, type Control, type Garbage, type Operation, type StoredParticipant, type Teleconsultation } from '../domain/teleconsultation.ts'
import type { KnownPerson } from '../domain/participants.ts'
import type { Window } from '../domain/window.ts'

export interface Log {
  info (fields: object, message: string): void
  warn (fields: object, message: string): void
  error (fields: object, message: string): void
}

/** What an operation knows of the request that it serves. */
export interface Context extends StoreContext {
  log: Log
}

export interface Clock {
  now (): Date
  /** Aborts when that many milliseconds are over. */
  deadline (ms: number): AbortSignal
}

export interface Ids {
  /** Unique for ever. */
  operation (): string
}

export interface Settings {
  deployment: string
  window: Window
  leaseMs: number
  roomCreation: 'eager' | 'late'
  unlimited: boolean
  live: boolean
  providerTimeoutMs: number
  detailsBudgetMs: number
  tools: Readonly<Record<Privilege, ReadonlySet<ToolName>>>
}

/** Everything that the operations reach the world by. */
export interface Ports {
  store: TeleconsultationStore
  provider: VideoProvider
  clock: Clock
  ids: Ids
  settings: Settings
  /** Work that no answer waits for; closing the service does. Its failures are logged, nothing more. */
  inBackground (name: string, work: () => Promise<void>, log: Log): void
}

/** How many times a decision is made anew because somebody else wrote in between. */
export const ATTEMPTS = 5

export const providerSignal = (ports: Ports) => ports.clock.deadline(ports.settings.providerTimeoutMs)

/**
 * The people as stored participants, each with his id at the provider.
 *
 * @throws PROVIDER_*
 */
export async function identify (ports: Ports, people: readonly KnownPerson[]): Promise<StoredParticipant[]> {
  return await Promise.all(people.map(async (person) => ({
    userExternalId: person.externalId,
    userBandyerId: (await ports.provider.ensureUser(person, providerSignal(ports))).providerUserId,
    accessLinkURL: null,
    groups: person.groups,
    fullName: person.fullName,
    language: person.language,
    privilege: person.privilege
  })))
}

/**
 * What the configured provider can hold.
 *
 * @throws CAPABILITY_LIMIT
 */
export function checkLimits (ports: Ports, number: number): void {
  const { minParticipants, maxParticipants } = ports.provider.capabilities
  if (number > maxParticipants || number < minParticipants) throw new CapabilityLimit(`${number} participants: it takes ${minParticipants} to ${maxParticipants}`)
}

export function roomSpecOf (ports: Ports, content: Content, marker: string): RoomSpec {
  return {
    marker,
    participants: content.participants.map((participant) => roomParticipantOf(ports, participant)),
    startAt: content.startAt,
    endAt: content.endAt,
    durationSeconds: ports.settings.unlimited ? undefined : Math.round((content.endAt.getTime() - content.startAt.getTime()) / 1000),
    live: ports.settings.live,
    recording: 'none'
  }
}

export function roomParticipantOf (ports: Ports, participant: StoredParticipant): RoomParticipant {
  const privilege = participant.privilege ?? 'basic'
  return {
    externalId: participant.userExternalId ?? participant.userBandyerId,
    providerUserId: participant.userBandyerId,
    privilege,
    tools: ports.settings.tools[privilege],
    fullName: participant.fullName,
    language: participant.language
  }
}

/** Whether this content is due a room as soon as it is written. */
export const wantsRoomNow = (ports: Ports, content: Content) => ports.settings.roomCreation === 'eager' && isComplete(content)

export function newOperation (ports: Ports, kind: Operation['kind'], epoch: number, content?: Content): Operation {
  const now = ports.clock.now().getTime()
  return { id: ports.ids.operation(), kind, epoch, startedAt: now, leaseUntil: now + ports.settings.leaseMs, content }
}

/** The garbage that a document has once a dead operation on it, if there is one, is set aside. */
export function garbageWithDead (ports: Ports, current: Teleconsultation): Garbage[] {
  const { garbage, operation } = current.control
  return operation === undefined ? garbage : [...garbage, garbageOf(ports.settings.deployment, current.id, operation)]
}

export const heldByAnother = (ports: Ports, control: Control) => isHeld(control, ports.clock.now())

/** @throws NO_PLUS_USER as the documented sentence of this request */
export function checkStoredPlusUser (content: Content, request: string): void {
  if (isComplete(content) && !content.participants.some(({ privilege }) => privilege === 'plus')) throw new NoPlusUser(request)
}
