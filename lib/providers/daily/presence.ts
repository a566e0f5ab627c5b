import type { RoomDetails } from '../provider.ts'
import { readEjected, readPresence, type Present } from './answers.ts'
import type { DailyCalls } from './calls.ts'
import { readUserId } from './user-ids.ts'
import { dateOf, unusable } from '../vendor.ts'

/** Ids that one request puts out at the most. */
export const AT_ONCE = 100
/** People who come in while others are put out are looked for that many times. */
const ROUNDS = 5

export interface Presence {
  /** Sessions: who is in twice counts twice. */
  count: number
  /** Fewer than `count` where the list was cut. */
  people: Present[]
}

/**
 * Who is inside; nobody in a room that is not there.
 *
 * @param userId of one person, as Daily knows him; undefined: everybody
 */
export async function presenceIn (calls: DailyCalls, room: string, signal: AbortSignal, userId?: string): Promise<Presence> {
  const path = `/rooms/${room}/presence${userId === undefined ? '' : `?userId=${encodeURIComponent(userId)}`}`
  const answer = await calls.call({ what: 'read presence', method: 'GET', path, expect: [404] }, signal)
  if (answer.status === 404) return { count: 0, people: [] }
  const { total_count: total, data } = readPresence(answer.body)
  return { count: Math.max(total ?? 0, data.length), people: data }
}

/**
 * Puts out everybody who is inside, and who comes in meanwhile. Who is still shown after he was put out is not asked for
 * again: the list lags behind.
 *
 * @throws PROVIDER_*; PROVIDER_BAD_ANSWER also where others keep coming
 */
export async function ejectAll (calls: DailyCalls, room: string, signal: AbortSignal): Promise<void> {
  const ejected = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const { people } = await presenceIn(calls, room, signal)
    const ids = people.map(({ id }) => id).filter((id) => !ejected.has(id))
    if (ids.length === 0) return
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const body = { ids: ids.slice(at, at + AT_ONCE) }
      const answer = await calls.call({ what: 'eject', method: 'POST', path: `/rooms/${room}/eject`, body, expect: [404] }, signal)
      if (answer.status !== 404) readEjected(answer.body)
      for (const id of body.ids) ejected.add(id)
    }
  }
  throw unusable('a room in which there is always somebody else', {})
}

/** What presence tells of a room: a call runs while two people are in it. */
export function activityOf ({ count, people }: Presence): Pick<RoomDetails, 'inside' | 'runningSince'> & { runs: boolean } {
  if (people.length < count) return { runs: count >= 2 }
  const inside = new Map<string, Date | undefined>()
  for (const { id, userId, joinTime } of people) {
    const who = readUserId(userId ?? id).providerUserId
    const since = dateOf(joinTime)
    const known = inside.get(who)
    inside.set(who, known !== undefined && (since === undefined || known < since) ? known : since)
  }
  const joined = [...inside.values()].filter((since) => since !== undefined).sort((a, b) => a.getTime() - b.getTime())
  const runs = inside.size >= 2
  return {
    runs,
    // The second to come made a call of it; who has left since is not known.
    runningSince: runs && joined.length === inside.size ? joined[1] : undefined,
    inside: [...inside].map(([providerUserId, since]) => ({ providerUserId, since }))
  }
}
