import { createHash } from 'node:crypto'
import { PreconditionFailed } from '../errors.ts'
import type { Content } from './teleconsultation.ts'

/**
 * The entity tag of what callers decide about a teleconsultation: dates, number, who takes part and as what. What the service
 * adds by itself (accounts, links, rooms) does not change it, so that only somebody's change makes a tag stale.
 */
export function entityTagOf ({ number, participants, startAt, endAt }: Content): string {
  const decided = [number, startAt.getTime(), endAt.getTime(), participants.map(({ userExternalId, userBandyerId, groups, fullName, language, privilege, email, timeZone }) =>
    [userExternalId ?? userBandyerId, groups, fullName, language, privilege, ...email === undefined && timeZone === undefined ? [] : [email, timeZone]])]
  return `"${createHash('sha1').update(JSON.stringify(decided)).digest('base64url')}"`
}

/** What a caller demands of the content that he is about to change. */
export type Precondition = (content: Content) => boolean

/**
 * An If-Match header (RFC 9110, 13.1.1): `*`, or entity tags separated by commas. A weak tag never matches.
 *
 * @returns undefined where there is none: then the last writer wins
 */
export function preconditionOf (ifMatch: string | undefined): Precondition | undefined {
  if (ifMatch === undefined) return undefined
  if (ifMatch.trim() === '*') return () => true
  const tags = new Set(ifMatch.split(',').map((tag) => tag.trim()))
  return (content) => tags.has(entityTagOf(content))
}

/** @throws PRECONDITION_FAILED */
export function checkPrecondition (precondition: Precondition | undefined, content: Content): void {
  if (precondition?.(content) === false) throw new PreconditionFailed()
}

/** Whether an If-None-Match header (RFC 9110, 13.1.2) names the tag. Weak or strong does not count there. */
export const isNamed = (tag: string, ifNoneMatch: string | undefined): boolean => ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === tag))
