import type { RoomState } from '../provider.ts'
import { createdAtOf, readRoom, statusOf, type KnownRoom } from './answers.ts'
import type { VendorCalls } from './calls.ts'
import type { Dialect } from './dialect.ts'
import { pagesOf } from './pages.ts'
import type { RoomReader } from './room-reader.ts'
import { unusable } from '../vendor.ts'

/** By this much the vendor's clock may be behind the one that `since` was read from. */
const CLOCK_TOLERANCE_MS = 5 * 60_000
/** Rooms that are read one by one in one search, where the list leaves their description out. */
const READS_AT_THE_MOST = 100

/**
 * Rooms by the marker in their description. The list is newest first, so reading ends at `since`; where a page shows
 * that it is not, the whole list is read. A closed room has no links any more and is left out.
 */
export async function markedRooms (
  calls: VendorCalls,
  dialect: Pick<Dialect, 'listRoomsPath' | 'offsetName'>,
  readRoomIfThere: RoomReader,
  marker: string,
  since: Date,
  signal: AbortSignal
): Promise<RoomState[]> {
  const from = since.getTime() - CLOCK_TOLERANCE_MS
  const found: RoomState[] = []
  let reads = 0
  const list = {
    what: 'list rooms',
    path: dialect.listRoomsPath,
    name: 'rooms',
    offsetName: dialect.offsetName,
    keyOf: (entry: object) => readRoom(entry).providerRoomId
  }
  for await (const page of pagesOf(calls, list, signal)) {
    const rooms = page.map(readRoom)
    for (const listed of rooms) {
      if ((createdAtOf(listed)?.getTime() ?? Infinity) < from || statusOf(listed) === 'CLOSED') continue
      let room: KnownRoom | 'missing' = listed
      if (listed.description === undefined) {
        if (++reads > READS_AT_THE_MOST) throw unusable('a list of rooms without descriptions', listed)
        room = await readRoomIfThere(listed.providerRoomId, signal)
      }
      const description = room === 'missing' ? undefined : room.description ?? undefined
      if (description === marker || description?.startsWith(`${marker}|`) === true) {
        found.push({ providerRoomId: listed.providerRoomId, marker: description })
      }
    }
    if (endsBefore(rooms.map(createdAtOf), from)) break
  }
  return found
}

/** Whether everything after a page that is newest first was made before. */
function endsBefore (created: ReadonlyArray<Date | undefined>, from: number): boolean {
  const [first, last] = [created[0], created.at(-1)]
  return first !== undefined && last !== undefined && first >= last && last.getTime() < from
}
