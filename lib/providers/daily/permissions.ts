import type { RoomParticipant } from '../provider.ts'
import { readRoom, readStatus } from './answers.ts'
import type { DailyCalls } from './calls.ts'
import type { Doorkeeper } from './doorkeeper.ts'
import { presenceIn } from './presence.ts'
import { readUserId, userIdOf, userIdsUpTo } from './user-ids.ts'
import { unusable } from '../vendor.ts'

/** What somebody may send, as Daily lists it. */
export const mediaOf = (tools: RoomParticipant['tools']): string[] =>
  ['video', 'audio', ...(tools.has('screen_sharing') ? ['screenVideo', 'screenAudio'] : [])]

/**
 * Tells Daily at once what somebody may use. Who is inside gets his media changed; whoever came by a way in of fewer
 * revocations is put out after that, and comes back by a new one. Sessions of more revocations belong to a later change.
 *
 * Daily's permissions bind who is no owner: an owner who is given something has it with his next way in. Chat belongs to the
 * room: it is taken from all when it is taken from one, for those who load the page after that, and giving it to one gives it
 * to nobody, since nothing here tells whether all others have it.
 *
 * @throws PROVIDER_*, the first one; every step is tried all the same
 */
export async function setPermissions (calls: DailyCalls, door: Doorkeeper, room: string, participant: RoomParticipant, signal: AbortSignal): Promise<void> {
  const { providerUserId, tools, revocations = 0 } = participant
  let earlier: string[] = []
  const steps = [
    async () => {
      const seats = await seatsOf(calls, room, participant, signal)
      earlier = seats.filter((seat) => seat.revocations < revocations).map(({ session }) => session)
      if (seats.length > 0) await updatePermissions(calls, room, seats.map(({ session }) => session), mediaOf(tools), signal)
    },
    async () => { if (revocations > 0) await door.keepOut(room, userIdsUpTo(providerUserId, revocations - 1), earlier, signal) },
    async () => { if (!tools.has('chat')) await takeChat(calls, room, signal) }
  ]
  const failures: unknown[] = []
  for (const step of steps) await step().catch((error: unknown) => { failures.push(error) })
  if (failures.length > 0) throw failures[0]
}

/** Puts somebody out, and keeps him out by whatever token he had or could have had. */
export async function removeParticipant (calls: DailyCalls, door: Doorkeeper, room: string, participant: RoomParticipant, signal: AbortSignal): Promise<void> {
  const { providerUserId, revocations = 0 } = participant
  // By their user ids alone, so that who comes in meanwhile is put out as well.
  await door.keepOut(room, userIdsUpTo(providerUserId, revocations), [], signal)
}

interface Seat { session: string, revocations: number }

async function seatsOf (calls: DailyCalls, room: string, { providerUserId, revocations = 0 }: RoomParticipant, signal: AbortSignal): Promise<Seat[]> {
  const { count, people } = await presenceIn(calls, room, signal)
  // Of a full room only a part is told, unless one asks for somebody.
  const asked = people.length < count ? (await presenceIn(calls, room, signal, userIdOf(providerUserId, revocations))).people : []
  const seats = new Map<string, Seat>()
  for (const { id, userId } of [...people, ...asked]) {
    const whose = readUserId(userId ?? '')
    if (whose.providerUserId === providerUserId && whose.revocations <= revocations) seats.set(id, { session: id, revocations: whose.revocations })
  }
  return [...seats.values()]
}

async function updatePermissions (calls: DailyCalls, room: string, sessions: readonly string[], canSend: readonly string[], signal: AbortSignal): Promise<void> {
  const body = { data: Object.fromEntries(sessions.map((session) => [session, { canSend }])) }
  // 404: nobody is inside any more.
  const answer = await calls.call({ what: 'update permissions', method: 'POST', path: `/rooms/${room}/update-permissions`, body, expect: [404] }, signal)
  if (answer.status !== 404) readStatus(answer.body)
}

async function takeChat (calls: DailyCalls, room: string, signal: AbortSignal): Promise<void> {
  const body = { properties: { enable_chat: false } }
  const answer = await calls.call({ what: 'take chat', method: 'POST', path: `/rooms/${room}`, body, expect: [404] }, signal)
  if (answer.status === 404) return
  const changed = readRoom(answer.body)
  if (changed.config?.['enable_chat'] === true) throw unusable('a room without chat', changed)
}
