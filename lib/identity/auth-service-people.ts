import type { NewTeleconsultation, Participant } from '../../schemas/teleconsultation.ts'
import type { Privileges } from '../config/configuration.ts'
import { withoutRowRestriction } from '../domain/headers.ts'
import { checkList, privilegeOf, reachable, type KnownPerson } from '../domain/participants.ts'
import { UnknownGroup, UserNotFound, UserWithoutName } from '../errors.ts'
import type { AuthUser, UserDirectory } from './auth-service.ts'
import type { CustomIds } from './custom-ids.ts'

export interface AuthServicePeopleOptions {
  directory: UserDirectory
  /** Where the ids of requests are not the auth service's. */
  customIds?: CustomIds | undefined
  privileges: Privileges
}

/** A participant as the request names him, and where in the body his id stands. */
interface Named { participant: Pick<Participant, 'userExternalId' | 'fullName' | 'language' | 'email' | 'timeZone'>, field: string }

/**
 * The participants of a request where the auth service knows people. Groups in the request count for nothing: nobody
 * may claim one. Name and groups are the auth service's; the request's name stands in where that has none, and the
 * request's language goes before the user's own. `externalId` stays the id of the request, custom or not, since
 * callers are recognised by it.
 *
 * Both methods throw USER_NOT_FOUND, UNKNOWN_GROUP, USER_WITHOUT_NAME and AUTH_SERVICE_*; `list` also
 * DUPLICATE_PARTICIPANT and TOO_MANY_PARTICIPANTS.
 */
export function peopleOfAuthService ({ directory, customIds, privileges }: AuthServicePeopleOptions) {
  const authIdsOf = async (ids: readonly string[], headers: Readonly<Record<string, string>>, endsAt: number | undefined) =>
    customIds === undefined ? new Map(ids.map((id) => [id, id])) : await customIds.toAuthIds(ids, headers, endsAt)

  const resolve = async (named: readonly Named[], given: Readonly<Record<string, string>>, endsAt: number | undefined): Promise<KnownPerson[]> => {
    const headers = withoutRowRestriction(given)
    const authIds = await authIdsOf(named.map(({ participant }) => participant.userExternalId), headers, endsAt)
    const wanted = named.map(({ participant, field }) => {
      const authId = authIds.get(participant.userExternalId)
      if (authId === undefined) throw new UserNotFound(field)
      return { participant, field, authId }
    })
    const users = await directory.find([...authIds.values()], headers, endsAt)
    return wanted.map(({ participant, field, authId }) => {
      const user = users.get(authId)
      if (user === undefined) throw new UserNotFound(field)
      return personOfUser(participant, user, privileges, field)
    })
  }

  return {
    async list (participants: NewTeleconsultation['participants'], headers: Readonly<Record<string, string>>, endsAt?: number): Promise<{ number: number, people: KnownPerson[] }> {
      if (Array.isArray(participants)) {
        checkList(participants, participants.length, 'participants')
        const named = participants.map((userExternalId, index) => ({ participant: { userExternalId }, field: `participants/${index}` }))
        return { number: participants.length, people: await resolve(named, headers, endsAt) }
      }
      const { number, data } = participants
      checkList(data.map(({ userExternalId }) => userExternalId), number)
      const named = data.map((participant, index) => ({ participant, field: `participants/data/${index}/userExternalId` }))
      return { number, people: await resolve(named, headers, endsAt) }
    },

    async one (participant: Participant, headers: Readonly<Record<string, string>>, endsAt?: number): Promise<KnownPerson> {
      const [person] = await resolve([{ participant, field: 'userExternalId' }], headers, endsAt)
      if (person === undefined) throw new UserNotFound('userExternalId')
      return person
    }
  }
}

function personOfUser (participant: Named['participant'], user: AuthUser, privileges: Privileges, field: string): KnownPerson {
  // A directory's users carry groups of other applications too.
  const listed = user.groups.filter((group) => privileges.plus.groups.has(group) || privileges.basic.groups.has(group))
  if (listed.length === 0) throw noListedGroup(field)
  const fullName = user.fullName ?? participant.fullName
  if (fullName === undefined) throw new UserWithoutName(field)
  return {
    externalId: participant.userExternalId,
    groups: user.groups,
    privilege: privilegeOf(listed, privileges, field),
    fullName,
    language: participant.language ?? user.language,
    ...reachable(participant, (name) => field.replace(/userExternalId$/, name))
  }
}

// The request names no group here, and those of a user are not the caller's to read.
const noListedGroup = (field: string) =>
  Object.assign(new UnknownGroup(field, ''), { message: `body/${field} is somebody in no group that a privilege lists` })
