import type { Participant } from '../../schemas/teleconsultation.ts'
import type { Privilege, ToolName } from '../../schemas/tools.ts'
import { DuplicateParticipant, InvalidAddress, NoPlusUser, ParticipantFieldMissing, TooManyParticipants, UnknownGroup, UnknownTimeZone } from '../errors.ts'
import { asciiAddress } from './mail-addresses.ts'
import { isTimeZone } from './time-zones.ts'

export interface PrivilegeGroups { groups: ReadonlySet<string>, tools: ReadonlySet<ToolName> }

/** Somebody as the request describes him, with the privilege that his groups give. */
export interface KnownPerson {
  externalId: string
  groups: string[]
  privilege: Privilege
  fullName: string
  language?: string | undefined
  email?: string | undefined
  timeZone?: string | undefined
}

/**
 * The privilege of somebody in these groups; plus beats basic.
 *
 * @throws UNKNOWN_GROUP naming the first group that no privilege lists
 */
export function privilegeOf (groups: readonly string[], privileges: Readonly<Record<Privilege, PrivilegeGroups>>, field: string): Privilege {
  const unknown = groups.find((group) => !privileges.plus.groups.has(group) && !privileges.basic.groups.has(group))
  if (unknown !== undefined) throw new UnknownGroup(field, unknown)
  return groups.some((group) => privileges.plus.groups.has(group)) ? 'plus' : 'basic'
}

/**
 * A participant whose groups and name the request itself brings (no AUTH_SERVICE).
 *
 * @param field where it stands in the body, for the error
 * @throws PARTICIPANT_FIELD_MISSING, UNKNOWN_GROUP
 */
export function personOf (participant: Participant, privileges: Readonly<Record<Privilege, PrivilegeGroups>>, field: string): KnownPerson {
  const at = (name: string) => field === '' ? name : `${field}/${name}`
  const groups = [...new Set([...participant.groups ?? [], ...participant.group === undefined ? [] : [participant.group]])]
  if (groups.length === 0) throw new ParticipantFieldMissing(at('groups'))
  if (participant.fullName === undefined) throw new ParticipantFieldMissing(at('fullName'))
  return {
    externalId: participant.userExternalId,
    groups,
    privilege: privilegeOf(groups, privileges, at('groups')),
    fullName: participant.fullName,
    language: participant.language,
    ...reachable(participant, at)
  }
}

/**
 * Where somebody is told, and in whose time.
 *
 * @throws INVALID_ADDRESS, UNKNOWN_TIME_ZONE
 */
export function reachable ({ email, timeZone }: Pick<Participant, 'email' | 'timeZone'>, at: (name: string) => string): Pick<KnownPerson, 'email' | 'timeZone'> {
  const address = email === undefined ? undefined : asciiAddress(email)
  if (email !== undefined && address === undefined) throw new InvalidAddress(at('email'))
  if (timeZone !== undefined && !isTimeZone(timeZone)) throw new UnknownTimeZone(at('timeZone'))
  return { ...address === undefined ? {} : { email: address }, ...timeZone === undefined ? {} : { timeZone } }
}

/**
 * @throws DUPLICATE_PARTICIPANT naming the place of the second one, TOO_MANY_PARTICIPANTS
 */
export function checkList (externalIds: readonly string[], number: number, field = 'participants/data'): void {
  const seen = new Set<string>()
  for (const [index, externalId] of externalIds.entries()) {
    if (seen.has(externalId)) throw new DuplicateParticipant(`${field}/${index}`)
    seen.add(externalId)
  }
  if (externalIds.length > number) throw new TooManyParticipants()
}

/**
 * A complete list must hold somebody who can hold the call.
 *
 * @param request as the documented sentence names it, e.g. `POST /teleconsultation`
 * @throws NO_PLUS_USER
 */
export function checkPlusUser (privileges: ReadonlyArray<Privilege | undefined>, number: number, request: string): void {
  if (privileges.length >= number && !privileges.includes('plus')) throw new NoPlusUser(request)
}
