import type { RoleName } from '../../schemas/permissions.ts'
import type { Actor } from '../domain/authorization.ts'
import { AmbiguousIdentity, InvalidToken } from '../errors.ts'
import type { BearerTokens } from './bearer-tokens.ts'
import { isPersonalLinkToken, type PersonalLinkClaims, type PersonalLinks } from './personal-links.ts'

export type Organisations = ReadonlyMap<string, ReadonlySet<RoleName>>

export interface IdentityRequest {
  headers: Readonly<Record<string, string | string[] | undefined>>
  ip: string
}

export interface ActorOptions<Request extends IdentityRequest> {
  /** `gateway`: somebody in front has authenticated and decided; `sessions`: the caller is known here, and so is what he may do. */
  mode: 'gateway' | 'sessions'
  /** The id that the platform's headers say; undefined: nobody. */
  callerOf: (request: Request) => string | undefined
  /** Whether those headers are an identity where the mode is `sessions`. */
  trustsHeaders: boolean
  headers: { organisation: string, roles: string }
  bearer: Pick<BearerTokens, 'read'> | undefined
  personalLinks: Pick<PersonalLinks, 'read'>
  isClinic: (request: Request) => boolean
  /** To which the clinic belongs. */
  defaultOrganisation: string
  /** Where neither token nor header tells: what this service keeps of it. */
  membershipsOf: (userId: string, request: Request) => Promise<Organisations>
}

/** Who is calling. A personal link's holder comes with the number of his link, which only the session can judge. */
export type Found = { actor: Actor | undefined, link?: PersonalLinkClaims | undefined }

/**
 * Finds who is calling, from exactly one source. Undefined as actor: nobody says so.
 *
 * @throws INVALID_TOKEN, IDENTITY_UNAVAILABLE, INVALID_PERSONAL_LINK, AMBIGUOUS_IDENTITY, STORAGE_*
 */
export function actorFinder<Request extends IdentityRequest> (options: ActorOptions<Request>): (request: Request) => Promise<Found> {
  const { mode, callerOf, trustsHeaders, headers, bearer, personalLinks, isClinic, defaultOrganisation, membershipsOf } = options

  const person = async (id: string, told: Organisations, request: Request): Promise<Actor> =>
    ({ kind: 'person', id, organisations: told.size > 0 ? told : await membershipsOf(id, request) })

  const byToken = async (authorization: string, request: Request): Promise<Found> => {
    if (isPersonalLinkToken(authorization)) {
      const link = personalLinks.read(authorization)
      return { actor: { kind: 'link', room: link.room, id: link.sub }, link }
    }
    if (bearer === undefined) throw new InvalidToken()
    const { userId, organisations } = await bearer.read(authorization)
    return { actor: await person(userId, organisations, request) }
  }

  return async (request) => {
    const id = callerOf(request)
    const { authorization } = request.headers
    // What a proxy asks for, and a gateway's own token, are none of ours.
    const isOurs = typeof authorization === 'string' && /^Bearer /i.test(authorization) && (mode === 'sessions' || bearer !== undefined || isPersonalLinkToken(authorization))
    if (isOurs) {
      const found = await byToken(authorization, request)
      if (id !== undefined && found.actor?.id !== id) throw new AmbiguousIdentity()
      return mode === 'gateway' && found.link === undefined ? { actor: { kind: 'gateway', id: found.actor?.id } } : found
    }
    if (mode === 'gateway') return { actor: { kind: 'gateway', id } }
    if (trustsHeaders && id !== undefined) return { actor: await person(id, organisationsIn(request, headers), request) }
    return isClinic(request) ? { actor: { kind: 'clinic', organisation: defaultOrganisation, id } } : { actor: undefined }
  }
}

function organisationsIn ({ headers: given }: IdentityRequest, headers: ActorOptions<IdentityRequest>['headers']): Organisations {
  const organisation = given[headers.organisation]
  if (typeof organisation !== 'string' || organisation === '') return new Map()
  const roles = given[headers.roles]
  const named = (typeof roles === 'string' ? roles : '').split(/[\s,]+/).filter((role): role is RoleName => role === 'STANDARD' || role === 'ADMIN')
  return new Map([[organisation, new Set<RoleName>(['SELF', 'STANDARD', ...named])]])
}
