import type { Privilege, ToolName } from '../../schemas/tools.ts'
import type { RecordingKind, RoomParticipant, RoomSpec, VideoProvider } from '../providers/provider.ts'
import type { StoreContext, TeleconsultationStore } from '../storage/teleconsultation-store.ts'
import { NoPlusUser, CapabilityLimit, ProviderTimeout } from '../errors.ts'
import { isComplete, isHeld, withoutOperation, type Content, type Control, type Operation, type StoredParticipant, type Teleconsultation } from '../domain/teleconsultation.ts'
import type { AuthorizationRules } from '../domain/authorization.ts'
import { seatsOf, standingOf, toolsOf, type DefaultPermissions, type PermissionRules } from '../domain/session.ts'
import type { KnownPerson, PrivilegeGroups } from '../domain/participants.ts'
import type { UserMapStore } from '../storage/user-map-store.ts'
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

export interface Deadline { signal: AbortSignal, cancel (): void }

export interface Clock {
  now (): Date
  /** Aborts when that many milliseconds are over, unless it was called off before. */
  deadline (ms: number): Deadline
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
  privileges: Readonly<Record<Privilege, PrivilegeGroups>>
  recording: RecordingKind
  /** Whether rooms that no document owns are deleted: only where their marker proves that they are this deployment's. */
  deletesOrphans: boolean
  /** Members of these groups join with the company's background. */
  groupsWithBackground: ReadonlySet<string>
  /** Of organisations' members, beside what their privilege gives. Absent: none. */
  defaultPermissions?: DefaultPermissions | undefined
  /** To which a session belongs that names none. Absent: `default`. */
  defaultOrganisation?: string | undefined
  /** Who may choose another provider than the default. Absent: nobody. */
  choice?: { default: string, perRequest: boolean, byGroup: ReadonlyMap<string, string> } | undefined
  /** Tools that the service configuration names, and whether a provider without them is taken all the same. Absent: nobody insists. */
  wishes?: { tools: ReadonlySet<ToolName>, accepted: boolean } | undefined
}

/** Everything that the operations reach the world by. */
export interface Ports {
  store: TeleconsultationStore
  userMap: UserMapStore
  /** The one that this operation works with; to begin with, the default. */
  provider: VideoProvider
  /** Those in use besides. */
  others?: readonly VideoProvider[] | undefined
  /** Makes a room where another one fails to. */
  fallback?: VideoProvider | undefined
  /** Told when it did. */
  fellBack?: ((from: string, to: string) => void) | undefined
  clock: Clock
  ids: Ids
  settings: Settings
  /** Work that no answer waits for; closing the service does. Its failures are logged, nothing more. */
  inBackground (name: string, work: () => Promise<void>, log: Log): void
}

/** How many times a decision is made anew because somebody else wrote in between. */
export const ATTEMPTS = 5

/**
 * The same without the request's deadline: for what has to be brought to an end once it was begun, and for what nobody
 * waits for. A deadline stops new steps only.
 */
export const unhurried = ({ endsAt: _given, ...context }: Context): Context => context

/**
 * One call of the provider, within its time, and within the request's where one is given.
 *
 * @throws PROVIDER_TIMEOUT, without asking it, where the request's is over
 */
export async function callProvider<T> (ports: Ports, call: (provider: VideoProvider, signal: AbortSignal) => Promise<T>, { endsAt, atMostMs = ports.settings.providerTimeoutMs }: { endsAt?: number | undefined, atMostMs?: number } = {}): Promise<T> {
  const leftMs = endsAt === undefined ? atMostMs : Math.min(atMostMs, endsAt - ports.clock.now().getTime())
  if (leftMs <= 0) throw new ProviderTimeout()
  const { signal, cancel } = ports.clock.deadline(leftMs)
  try {
    return await call(ports.provider, signal)
  } finally {
    cancel()
  }
}

/**
 * The people as stored participants, who have no id at the provider yet where it registers people; elsewhere the id is
 * computed at once.
 */
export function storedParticipants ({ provider }: Ports, people: readonly KnownPerson[]): StoredParticipant[] {
  return people.map((person) => ({
    userExternalId: person.externalId,
    userBandyerId: provider.capabilities.registersPeople ? '' : provider.accountOf(person),
    accessLinkURL: null,
    groups: person.groups,
    fullName: person.fullName,
    language: person.language,
    privilege: person.privilege,
    email: person.email,
    timeZone: person.timeZone
  }))
}

/** Undefined: a document of the original, which has neither privilege nor groups of him. */
export function privilegeOfStored ({ settings }: Ports, { privilege, groups }: StoredParticipant): Privilege | undefined {
  if (privilege !== undefined || groups === undefined) return privilege
  return groups.some((group) => settings.privileges.plus.groups.has(group)) ? 'plus' : 'basic'
}

/**
 * What the provider can hold.
 *
 * @throws CAPABILITY_LIMIT
 */
export function checkLimits (ports: Ports, number: number): void {
  const { minParticipants, maxParticipants } = ports.provider.capabilities
  if (number > maxParticipants || number < minParticipants) throw new CapabilityLimit(`${number} participants: it takes ${minParticipants} to ${maxParticipants}`)
}

export function roomSpecOf (ports: Ports, content: Content, control: Pick<Control, 'session'>, marker: string): RoomSpec {
  return {
    marker,
    participants: seatsOf({ content, control }).map((participant) => roomParticipantOf(ports, participant, control)),
    startAt: content.startAt,
    endAt: content.endAt,
    durationSeconds: ports.settings.unlimited ? undefined : Math.round((content.endAt.getTime() - content.startAt.getTime()) / 1000),
    live: ports.settings.live,
    recording: ports.provider.capabilities.recording.has(ports.settings.recording) ? ports.settings.recording : 'none'
  }
}

const NO_DEFAULTS: DefaultPermissions = new Map()

export const permissionRules = ({ settings }: Ports): PermissionRules => ({
  tools: (privilege) => settings.privileges[privilege].tools,
  defaults: settings.defaultPermissions ?? NO_DEFAULTS
})

export const authorizationRules = (ports: Ports): AuthorizationRules => ({
  ...permissionRules(ports),
  privilegeOf: (participant) => privilegeOfStored(ports, participant) ?? 'basic',
  defaultOrganisation: ports.settings.defaultOrganisation ?? 'default'
})

export function roomParticipantOf (ports: Ports, participant: StoredParticipant, { session = {} }: Pick<Control, 'session'>): RoomParticipant {
  const privilege = privilegeOfStored(ports, participant) ?? 'basic'
  return {
    externalId: participant.userExternalId ?? participant.userBandyerId,
    providerUserId: participant.userBandyerId,
    privilege,
    tools: toolsOf(session, participant, privilege, permissionRules(ports)),
    revocations: standingOf(session, participant.userExternalId)?.revocations,
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

/** The record of a document once a dead operation on it, if there is one, is set aside. */
export const setAside = ({ settings }: Ports, { id, control }: Teleconsultation): Control => withoutOperation(settings.deployment, id, control)

export const heldByAnother = (ports: Ports, control: Control) => isHeld(control, ports.clock.now())

/**
 * Nobody is refused for somebody of whom nothing is known: there the provider decides.
 *
 * @throws NO_PLUS_USER as the documented sentence of this request
 */
export function checkStoredPlusUser (ports: Ports, content: Content, { session }: Pick<Control, 'session'>, request: string): void {
  const privileges = seatsOf({ content, control: { session } }).map((participant) => privilegeOfStored(ports, participant))
  if (isComplete(content) && privileges.every((privilege) => privilege === 'basic')) throw new NoPlusUser(request)
}
