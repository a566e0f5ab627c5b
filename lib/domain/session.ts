import { PERMISSION_NAMES, type PermissionName } from '../../schemas/permissions.ts'
import type { Privilege, ToolName } from '../../schemas/tools.ts'
import type { Content, Control, StoredParticipant } from './teleconsultation.ts'

export type SessionKind = 'teleconsultation' | 'televisit' | 'session'

/** What callers say about a session beside its dates and people. */
export interface Description {
  kind?: SessionKind | undefined
  title?: string | undefined
  description?: string | undefined
  /** Specialities. */
  types?: string[] | undefined
  access?: string | undefined
  estimatedDuration?: string | undefined
  /** IANA name, in which the people of the session read its dates. */
  timeZone?: string | undefined
  references?: { appointmentId?: string, bookingCode?: string } | undefined
}

/** What is kept of one person beside his seat. Who has none has nothing but the defaults. */
export interface Standing {
  externalId: string
  /** Of which he is a member, where it is another one than the session's: a guest. */
  organisation?: string | undefined
  /** What differs from the defaults. */
  permissions?: Partial<Record<PermissionName, boolean>> | undefined
  /** How often something was taken from him: an earlier way in is worth nothing. */
  revocations?: number | undefined
  /** Counts his personal links: only the one with this number opens. */
  link?: number | undefined
  /** His link is the first device's that opens it. He is nobody's member. */
  oneTime?: true | undefined
  /** Hash of what only that device knows. Absent: it was not opened yet. */
  opened?: string | undefined
  /** He takes part no more. Epoch milliseconds. */
  removedAt?: number | undefined
  /** The provider has not been told of what was decided last. */
  untold?: true | undefined
  /** The room of record was made without him, and has not been told of him. */
  unseated?: true | undefined
}

/** What the provider is told of a session while it has a room. */
export interface Words {
  /** Until then one that was sent may still arrive. Epoch milliseconds. */
  until: number
  /** When these were decided on, earlier ones could still arrive: after them, and instead of them. */
  contested?: true | undefined
}

/** The part of the record that makes a session of a teleconsultation. It may change while the call runs. */
export interface Session extends Description {
  /** Who created it, by the id of the caller's system. */
  owner?: string | undefined
  organisation?: string | undefined
  /** The appointment is not confirmed: nobody is told of it. */
  requested?: true | undefined
  standings?: Standing[] | undefined
  /** Epoch milliseconds. */
  endedAt?: number | undefined
  /** The provider has not been told of the end. */
  untoldEnd?: true | undefined
  /** Absent: none is under way. */
  words?: Words | undefined
  /** Since when it is recorded on request. Epoch milliseconds. */
  recordedSince?: number | undefined
}

/** What everybody may do who has no permission of his own: by organisation, of its members. Empty where nothing is configured. */
export type DefaultPermissions = ReadonlyMap<string, ReadonlySet<PermissionName>>

/** Permissions that are a tool of the call; by default they are the privilege's. */
const TOOL_OF: Partial<Record<PermissionName, ToolName>> = {
  canScreenShare: 'screen_sharing',
  canChat: 'chat',
  canUploadFiles: 'file_upload'
}

/** Those that mean something to a video provider. */
export const isOfCall = (permission: PermissionName) => TOOL_OF[permission] !== undefined

export const sessionOf = ({ control }: { control: Pick<Control, 'session'> }): Session => control.session ?? {}

export const standingOf = ({ standings }: Session, externalId: string | undefined): Standing | undefined =>
  externalId === undefined ? undefined : standings?.find((standing) => standing.externalId === externalId)

const isRemoved = (session: Session, { userExternalId }: StoredParticipant) => standingOf(session, userExternalId)?.removedAt !== undefined

/** Everybody who takes part now: not who was removed. */
export function seatsOf ({ content, control: { session } }: { content: Content, control: Pick<Control, 'session'> }): StoredParticipant[] {
  return session?.standings === undefined ? content.participants : content.participants.filter((participant) => !isRemoved(session, participant))
}

export const seatOf = (document: Parameters<typeof seatsOf>[0], externalId: string): StoredParticipant | undefined =>
  seatsOf(document).find(({ userExternalId }) => userExternalId === externalId)

export interface PermissionRules {
  /** Tools by privilege, as configured. */
  tools: (privilege: Privilege) => ReadonlySet<ToolName>
  /** Of organisations' members. */
  defaults: DefaultPermissions
}

/** What this participant may do, owner and administrators aside. */
export function permissionsOf (session: Session, participant: Pick<StoredParticipant, 'userExternalId'>, privilege: Privilege, { tools, defaults }: PermissionRules): Record<PermissionName, boolean> {
  const standing = standingOf(session, participant.userExternalId)
  const isGuest = standing?.oneTime === true || (standing?.organisation !== undefined && standing.organisation !== session.organisation)
  const usual = isGuest ? undefined : defaults.get(session.organisation ?? '')
  return Object.fromEntries(PERMISSION_NAMES.map((name) => {
    const tool = TOOL_OF[name]
    return [name, standing?.permissions?.[name] ?? (usual?.has(name) === true || (tool !== undefined && tools(privilege).has(tool)))]
  })) as Record<PermissionName, boolean>
}

/** The tools that he has in the call: his privilege's, with what was granted to or taken from him. */
export function toolsOf (session: Session, participant: Pick<StoredParticipant, 'userExternalId'>, privilege: Privilege, rules: PermissionRules): ReadonlySet<ToolName> {
  const own = rules.tools(privilege)
  if (session.standings === undefined && rules.defaults.size === 0) return own
  const permissions = permissionsOf(session, participant, privilege, rules)
  const tools = new Set(own)
  for (const name of PERMISSION_NAMES) {
    const tool = TOOL_OF[name]
    if (tool === undefined) continue
    if (permissions[name]) tools.add(tool)
    else tools.delete(tool)
  }
  return tools
}

/** The session with one person's standing changed. */
export function withStanding (session: Session, externalId: string, change: (before: Standing) => Standing): Session {
  const before = standingOf(session, externalId) ?? { externalId }
  const others = (session.standings ?? []).filter((standing) => standing.externalId !== externalId)
  return { ...session, standings: [...others, change(before)] }
}

/** Whether something that the provider was told may still arrive there. */
export const hasWordsUnderWay = ({ words }: Session, now: Date): boolean => words !== undefined && words.until >= now.getTime()

/** A new list says who takes part, whoever was removed from the one before: he comes in by a new way in, and a new link, or has no seat. */
export const readmitted = (session: Session): Session =>
  session.standings === undefined ? session : { ...session, standings: session.standings.map(welcomedBack) }

/** Who is not in a new list has nothing of what he had, should he ever come back: neither permissions nor a link that opens. */
export const leftOut = (session: Session, externalIds: readonly string[]): Session => externalIds.reduce((before, externalId) =>
  withStanding(before, externalId, ({ permissions: _taken, ...standing }) => ({ ...withNextLink(standing), revocations: (standing.revocations ?? 0) + 1 })), session)

/** Each of them gets another link: the one before is worth nothing. */
export const withNewLinks = (session: Session, externalIds: readonly string[]): Session =>
  externalIds.reduce((before, externalId) => withStanding(before, externalId, withNextLink), session)

/** Who was removed, once he takes part again. A vendor that keeps somebody out by a name of his has to know him by another one now. */
export const welcomedBack = ({ removedAt, ...standing }: Standing): Standing =>
  removedAt === undefined ? standing : { ...standing, revocations: (standing.revocations ?? 0) + 1 }

/** Whether a personal link with this number is the one that he has now. */
export const isHisLink = (session: Session, externalId: string, number: number): boolean => (standingOf(session, externalId)?.link ?? 0) === number

/** With another link: those before open nothing any more, and whoever opens this one first is its first. */
export const withNextLink = ({ opened: _before, ...standing }: Standing): Standing => ({ ...standing, link: (standing.link ?? 0) + 1 })

/**
 * Whether his link opens for a device that is known by this hash. A one-time link that nobody opened yet opens for none: it is to be
 * claimed first.
 */
export const opensFor = (standing: Standing | undefined, proof: string | undefined): boolean =>
  standing?.oneTime !== true || (standing.opened !== undefined && standing.opened === proof)
