import type { RoomState } from '../provider.ts'
import { readRooms, type DailyRoom } from './answers.ts'
import type { DailyCalls } from './calls.ts'
import type { RoomNames } from './room-names.ts'
import { createdAtOf, isOver } from './rooms.ts'
import { unusable } from '../vendor.ts'

/** By this much the vendor's clock may be behind the one that `since` was read from. */
const CLOCK_TOLERANCE_MS = 5 * 60_000
const PAGE_SIZE = 100
const PAGES_AT_THE_MOST = 1000
/** Rooms that may be deleted by others while the list is read. */
const MAY_VANISH = 10

/** Rooms by the marker in their name. The list is newest first, so reading ends at `since`; a page that is not is read past. */
export async function markedRooms (calls: DailyCalls, names: RoomNames, marker: string, since: Date, now: Date, signal: AbortSignal): Promise<RoomState[]> {
  const from = since.getTime() - CLOCK_TOLERANCE_MS
  const [deployment = ''] = marker.split('|')
  const found: RoomState[] = []
  for await (const page of pagesOf(calls, signal)) {
    for (const room of page) {
      if ((createdAtOf(room)?.getTime() ?? Infinity) < from || isOver(room, now)) continue
      const carried = names.markerOf(room.name, deployment)
      if (carried === marker || carried?.startsWith(`${marker}|`) === true) found.push({ providerRoomId: room.name, marker: carried })
    }
    if (endsBefore(page.map(createdAtOf), from)) break
  }
  return found
}

/**
 * The account's rooms, page by page, each once.
 *
 * @throws PROVIDER_* and, for a list that ends before its own count, PROVIDER_BAD_ANSWER: an incomplete list must not
 *   pass for a whole one
 */
async function * pagesOf (calls: DailyCalls, signal: AbortSignal): AsyncGenerator<DailyRoom[]> {
  const seen = new Set<string>()
  let after = ''
  for (let page = 0; page < PAGES_AT_THE_MOST; page++) {
    const path = `/rooms?limit=${PAGE_SIZE}${after === '' ? '' : `&starting_after=${encodeURIComponent(after)}`}`
    const { body } = await calls.call({ what: 'list rooms', method: 'GET', path }, signal)
    const { total_count: total = 0, data } = readRooms(body)
    const mayHaveMore = data.length >= PAGE_SIZE || seen.size + data.length < total
    const fresh = data.filter(({ id }) => !seen.has(id))
    for (const { id } of fresh) seen.add(id)
    if (fresh.length > 0) yield fresh
    const last = fresh.at(-1)
    // Short of its own count by more than may have vanished: it stopped, or gave the same page again.
    if (last === undefined && total - seen.size > MAY_VANISH) break
    if (last === undefined || !mayHaveMore) return
    after = last.id
  }
  throw unusable('a list of rooms that does not move on', {})
}

/** Whether everything after a page that is newest first was made before. */
function endsBefore (created: ReadonlyArray<Date | undefined>, from: number): boolean {
  const [first, last] = [created[0], created.at(-1)]
  return first !== undefined && last !== undefined && first >= last && last.getTime() < from
}
