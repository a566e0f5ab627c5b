import type { Schedule } from '../embedded/schedule.ts'
import { readEjected, readPresences, type Present } from './answers.ts'
import type { DailyCalls } from './calls.ts'
import { AT_ONCE } from './presence.ts'

/** Longer than any call with the hour for which its tokens outlive it. */
const KEPT_OUT_FOR_MS = 26 * 3600_000
/** Rooms that are watched at the most; the one that was longest without a change is given up first. */
const ROOMS_AT_THE_MOST = 10_000

export interface DoorkeeperOptions {
  calls: DailyCalls
  clock: () => Date
  schedule: Schedule
  /** Milliseconds from one look at the rooms to the next. */
  everyMs: number
}

/**
 * Keeps people out who hold a token that Daily still takes. Daily has no way to revoke one. It can ban a user id, and says
 * of that (rooms/:name/eject, 2025): it is remembered while the meeting is active, who is not inside cannot join either, and
 * restarts of Daily's servers may forget it. So a ban is gone when the last one leaves. What a ban does where nobody is inside
 * is not said; other operations on a call are told to be 404 then, and so it is taken for not banned.
 *
 * Therefore what is banned is remembered here as well, and banned again in each meeting that begins, and wherever it shows
 * inside all the same. Whoever comes into an empty room may be in it, alone or not, until the next look. What this process
 * remembers ends with it. Another one knows again who must not use his earlier ways in when he asks for a new one, and of who
 * was removed it knows nothing.
 */
export interface Doorkeeper {
  /**
   * Puts out these sessions and user ids, and lets the user ids in no more.
   *
   * @throws PROVIDER_*; they are kept out from the next look on all the same
   */
  keepOut (room: string, userIds: readonly string[], sessions: readonly string[], signal: AbortSignal): Promise<void>
  /** Lets these user ids in no more from the next look on: for a process that did not put them out itself. */
  watch (room: string, userIds: readonly string[]): void
  /** The room is gone. */
  forget (room: string): void
  close (): Promise<void>
}

interface Banned { userIds: Set<string>, untilMs: number, wasActive: boolean }

export function doorkeeper ({ calls, clock, schedule, everyMs }: DoorkeeperOptions): Doorkeeper {
  const rooms = new Map<string, Banned>()
  const over = new AbortController()
  let callOff: (() => void) | undefined
  let running: Promise<void> = Promise.resolve()

  /** @returns whether there is a meeting that takes it */
  const ban = async (room: string, userIds: readonly string[], sessions: readonly string[], signal: AbortSignal): Promise<boolean> => {
    let taken = true
    for (let at = 0; at < Math.max(userIds.length, sessions.length); at += AT_ONCE) {
      const body = { ids: sessions.slice(at, at + AT_ONCE), user_ids: userIds.slice(at, at + AT_ONCE), ban: true }
      const answer = await calls.call({ what: 'ban', method: 'POST', path: `/rooms/${room}/eject`, body, expect: [404] }, signal)
      if (answer.status === 404) taken = false
      else readEjected(answer.body)
    }
    return taken
  }

  const lookInto = async (room: string, banned: Banned, people: readonly Present[]) => {
    const sessions = people.filter(({ userId }) => banned.userIds.has(userId ?? '')).map(({ id }) => id)
    const isActive = people.length > 0
    const isInForce = isActive && banned.wasActive && sessions.length === 0
    // What fails below is tried again.
    banned.wasActive = false
    banned.wasActive = isInForce || (isActive && await ban(room, [...banned.userIds], sessions, over.signal))
  }

  // One request for all rooms: it takes no more of what Daily allows when there are many.
  const lookIntoAll = async () => {
    const { body } = await calls.call({ what: 'read all presence', method: 'GET', path: '/presence' }, over.signal)
    const inside = new Map(Object.entries(readPresences(body)))
    for (const [room, banned] of [...rooms]) {
      if (banned.untilMs <= clock().getTime()) rooms.delete(room)
      else await lookInto(room, banned, inside.get(room) ?? []).catch(() => {})
    }
  }

  const look = async () => {
    // What Daily does not answer shows in the metrics of its calls; the next look tries again.
    await lookIntoAll().catch(() => {})
    callOff = undefined
    plan()
  }

  const plan = () => {
    if (callOff !== undefined || rooms.size === 0 || over.signal.aborted) return
    callOff = schedule(everyMs, async () => {
      running = look()
      await running
    })
  }

  const watch: Doorkeeper['watch'] = (room, userIds) => {
    const known = rooms.get(room)
    rooms.delete(room)
    rooms.set(room, { userIds: new Set([...known?.userIds ?? [], ...userIds]), untilMs: clock().getTime() + KEPT_OUT_FOR_MS, wasActive: false })
    const [longest] = rooms.keys()
    if (rooms.size > ROOMS_AT_THE_MOST && longest !== undefined) rooms.delete(longest)
    plan()
  }

  return {
    async keepOut (room, userIds, sessions, signal) {
      watch(room, userIds)
      await ban(room, userIds, sessions, signal)
    },
    watch,
    forget (room) { rooms.delete(room) },
    async close () {
      over.abort(new Error('the provider is closed'))
      callOff?.()
      await running
    }
  }
}
