import { Type, type Static } from 'typebox'
import { errorResponses, type ErrorBody } from './error.ts'
import { RoleName } from './permissions.ts'

// No control characters and no lone surrogates: neither survives every store and header unchanged.
const CLEAN_TEXT = '^[^\\p{Cc}\\p{Cs}]+$'
// One or two dots alone mean something else in a path.
const Id = (description: string) => Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT.replace('^', '^(?!\\.{1,2}$)'), description })
const OrganisationId = Id('As tokens, headers and the configuration name the organisation')
const UserId = Id('The id by which the caller’s system knows the person')

/** Roles that somebody gives; SELF is everybody's. */
export const GIVEN_ROLES = ['STANDARD', 'ADMIN'] as const
export type GivenRole = (typeof GIVEN_ROLES)[number]
const GivenRoles = (description: string) => Type.Array(Type.Enum([...GIVEN_ROLES]), { maxItems: GIVEN_ROLES.length, uniqueItems: true, description })

export const OrganisationParams = Type.Object({ organisationId: OrganisationId })
export const MemberParams = Type.Object({ organisationId: OrganisationId, userId: UserId })

export const MembersQuery = Type.Object({
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 25, description: 'How many to answer at most' }),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 1400, description: 'next of the page before' }))
})

export const Organisation = Type.Object({
  organisationId: OrganisationId,
  roles: Type.Array(RoleName, { description: 'The caller’s in it' })
}, { $id: 'Organisation' })
export type Organisation = Static<typeof Organisation>

export const OrganisationList = Type.Object({
  organisations: Type.Array(Type.Unsafe<Organisation>(Type.Ref('Organisation')), { description: 'Those that the caller is a member of' }),
  invitations: Type.Array(Type.Object({
    organisationId: OrganisationId,
    roles: GivenRoles('What the caller will be in it')
  }), { description: 'Those that the caller may accept or decline' })
}, { $id: 'OrganisationList' })
export type OrganisationList = Static<typeof OrganisationList>

export const OrganisationMember = Type.Object({
  userId: UserId,
  state: Type.Enum(['INVITED', 'ACCEPTED'], { description: 'An invited person has no rights yet' }),
  roles: GivenRoles('What the member is, or will be once the invitation is accepted'),
  fullName: Type.Optional(Type.String({ description: 'Only for an ADMIN, and for the member' })),
  invitedBy: Type.Optional(Type.String({ description: 'Only for an ADMIN, and for the member. Absent where it was the clinic or the platform' }))
}, { $id: 'OrganisationMember' })
export type OrganisationMember = Static<typeof OrganisationMember>

export const OrganisationMembers = Type.Object({
  members: Type.Array(Type.Unsafe<OrganisationMember>(Type.Ref('OrganisationMember')), { description: 'By userId. Invited people are listed for an ADMIN alone' }),
  next: Type.Union([Type.String(), Type.Null()], { description: 'The cursor of the next page; null after the last one' })
}, { $id: 'OrganisationMembers' })
export type OrganisationMembers = Static<typeof OrganisationMembers>

export const NewOrganisationMember = Type.Object({
  userId: UserId,
  roles: Type.Optional(GivenRoles('What the person will be. STANDARD always is among it')),
  fullName: Type.Optional(Type.String({ minLength: 1, maxLength: 256, pattern: CLEAN_TEXT }))
}, { $id: 'NewOrganisationMember', additionalProperties: false })
export type NewOrganisationMember = Static<typeof NewOrganisationMember>

export const OrganisationMemberChange = Type.Object({
  state: Type.Optional(Type.Literal('ACCEPTED', { description: 'Said by the invited person alone' })),
  roles: Type.Optional(GivenRoles('All that the member is from now on; STANDARD cannot be missing. Said by an ADMIN, never about the own membership'))
}, { $id: 'OrganisationMemberChange', additionalProperties: false, minProperties: 1, maxProperties: 1, description: 'Exactly one of both' })
export type OrganisationMemberChange = Static<typeof OrganisationMemberChange>

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  401: 'The request does not say who is calling, or not truly',
  403: 'The caller is in the organisation and may not do this',
  404: 'There is no such organisation, or none that the caller may know of, or no such member',
  409: 'The member is there already, is the last ADMIN, would lose STANDARD, or was changed meanwhile; nothing was changed',
  501: 'No members are kept here'
}

/** As `errorResponses`, in the words of organisations. */
export const organisationErrors = (...statuses: number[]) => ({
  ...errorResponses(...statuses),
  ...Object.fromEntries(Object.entries(DESCRIPTIONS)
    .filter(([status]) => statuses.includes(Number(status)))
    .map(([status, description]) => [status, Type.Unsafe<ErrorBody>(Type.Ref('Error', { description }))]))
})
