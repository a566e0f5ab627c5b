import { boundedMap } from '../domain/bounded-map.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import type { RoomDetails } from '../providers/provider.ts'
import { atRoom } from './places.ts'
import type { Ports } from './ports.ts'

const KEPT_MS = 1000
const MOST = 500
const UNKNOWN = Promise.resolve(undefined)

interface Known { provider: string, answer: Promise<RoomDetails | undefined>, until: number }

/**
 * What the provider tells of a room's call, in one form for all. Asked once for everybody who wants to know within a second; never
 * delays an answer beyond its budget, and never fails it: then it is undefined.
 */
export function callStates (ports: Ports): (document: Teleconsultation) => Promise<RoomDetails | undefined> {
  const known = boundedMap<Known>(MOST)
  return ({ control: { provider, room }, control }) => {
    const there = atRoom(ports, control)
    if (there === undefined || room === undefined || ports.settings.detailsBudgetMs === 0) return UNKNOWN
    const now = ports.clock.now().getTime()
    const earlier = known.get(room.providerRoomId)
    if (earlier?.provider === provider && earlier.until > now) return earlier.answer
    const answer = ask(there, room)
    known.set(room.providerRoomId, { provider, answer, until: now + KEPT_MS })
    return answer
  }
}

async function ask ({ provider, clock, settings }: Ports, room: NonNullable<Teleconsultation['control']['room']>): Promise<RoomDetails | undefined> {
  const { signal, cancel } = clock.deadline(settings.detailsBudgetMs)
  // A provider that overlooks the signal does not hold the answer either.
  const over = new Promise<'missing'>((resolve) => { signal.addEventListener('abort', () => { resolve('missing') }, { once: true }) })
  try {
    const details = await Promise.race([provider.getRoom(room, signal), over])
    return details === 'missing' ? undefined : details
  } catch {
    return undefined
  } finally {
    cancel()
  }
}
