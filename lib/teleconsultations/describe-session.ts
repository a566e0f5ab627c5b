import { checkPrecondition, type Precondition } from '../domain/entity-tag.ts'
import { UnknownTimeZone } from '../errors.ts'
import { isTimeZone } from '../domain/time-zones.ts'
import { sessionOf, type Description, type Session } from '../domain/session.ts'
import type { Taxonomies } from '../domain/taxonomies.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import { changeSession } from './session-record.ts'
import type { Context, Ports } from './ports.ts'

/** What a request says; null takes a field away. */
export type DescriptionWish = { [Field in keyof Description]?: Description[Field] | null } & { requested?: true | null }

/**
 * A description as it is to be stored.
 *
 * @throws UNKNOWN_TAXONOMY_VALUE, UNKNOWN_TIME_ZONE
 */
export function checkedDescription (taxonomies: Taxonomies, wish: DescriptionWish): DescriptionWish {
  const { types, access, estimatedDuration, timeZone } = wish
  if (typeof timeZone === 'string' && !isTimeZone(timeZone)) throw new UnknownTimeZone('timeZone')
  return {
    ...wish,
    ...types == null ? {} : { types: [...new Set(types.map((value, index) => taxonomies.check('type', value, `types/${index}`)))] },
    ...access == null ? {} : { access: taxonomies.check('access', access, 'access') },
    ...estimatedDuration == null ? {} : { estimatedDuration: taxonomies.check('estimatedDuration', estimatedDuration, 'estimatedDuration') }
  }
}

/** The session once it is described so. */
export function described (session: Session, wish: DescriptionWish): Session {
  const fields = Object.entries({ ...session, ...wish }).filter(([, value]) => value !== null && value !== undefined)
  return Object.fromEntries(fields) as Session
}

/**
 * Changes what is said about a session, at any time.
 *
 * @throws PRECONDITION_FAILED, and what `changeSession` throws
 */
export async function describeSession (ports: Ports, id: string, wish: DescriptionWish, context: Context, precondition?: Precondition): Promise<Teleconsultation> {
  return await changeSession(ports, id, context, (current) => {
    checkPrecondition(precondition, current.content)
    return { session: described(sessionOf(current), wish) }
  })
}
