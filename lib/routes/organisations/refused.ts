import type { Refusal } from '../../domain/membership.ts'
import { MemberNotFound, NotPermitted, OrganisationNotFound, StandardStays } from '../../errors.ts'

const OF_REFUSALS = { hidden: OrganisationNotFound, forbidden: NotPermitted, 'no such member': MemberNotFound, 'standard stays': StandardStays } as const

export const refused = (refusal: Refusal) => new OF_REFUSALS[refusal]()
