import { readRoom, type KnownRoom } from './answers.ts'
import { saysMissing, type VendorCalls } from './calls.ts'
import type { Dialect } from './dialect.ts'
import { refused } from '../vendor.ts'

export type RoomReader = (id: string, signal: AbortSignal) => Promise<KnownRoom | 'missing'>

/** Reads one room as the vendor has it. A deleted one may be missing, or be there and `CLOSED`. */
export function roomReader (calls: VendorCalls, { getRoom }: Pick<Dialect, 'getRoom'>): RoomReader {
  return async (id, signal) => {
    if (id === '') return 'missing'
    const answer = await calls.call({ what: 'read room', ...getRoom(id), expect: [400, 404] }, signal)
    if (answer.status < 400) return readRoom(answer.body)
    if (!saysMissing(answer, 'room')) throw refused('read room', answer)
    return 'missing'
  }
}
