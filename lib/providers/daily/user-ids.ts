import { CapabilityLimit } from '../../errors.ts'

/** How every account's id begins; four characters, as the beginnings that stand in its place. */
export const ACCOUNT_PREFIX = 'usr_'
const DIGITS = 3
const REVOCATIONS_AT_THE_MOST = 36 ** DIGITS - 1

/**
 * Who somebody is to Daily: with every revocation somebody else, so that an earlier token's holder can be kept out alone. Daily
 * takes 36 characters (its reference, 2025), which an account's id uses up: the number stands in place of the prefix.
 *
 * @throws CAPABILITY_LIMIT for more revocations than have a place
 */
export function userIdOf (providerUserId: string, revocations: number): string {
  if (revocations === 0) return providerUserId
  if (revocations > REVOCATIONS_AT_THE_MOST) throw new CapabilityLimit('so many revocations for one person')
  return `r${revocations.toString(36).padStart(DIGITS, '0')}${providerUserId.slice(ACCOUNT_PREFIX.length)}`
}

/** Every id that he had, or could have, up to this many revocations. */
export const userIdsUpTo = (providerUserId: string, revocations: number): string[] =>
  Array.from({ length: revocations + 1 }, (_, number) => userIdOf(providerUserId, number))

/** Whose id it is, and of how many revocations. One that is not ours is its own. */
export function readUserId (userId: string): { providerUserId: string, revocations: number } {
  const [, digits, rest] = /^r([0-9a-z]{3})(.+)$/.exec(userId) ?? []
  return digits === undefined || rest === undefined
    ? { providerUserId: userId, revocations: 0 }
    : { providerUserId: `${ACCOUNT_PREFIX}${rest}`, revocations: Number.parseInt(digits, 36) }
}
