import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { InvalidCursor } from '../../errors.ts'

export interface Place { startAt: Date, id: string }

export interface Cursors {
  /** @param list what makes this list another one than that of other filters, or of another caller */
  write (place: Place, list: unknown): string
  /** @throws INVALID_CURSOR for one that was not written here, or for another list */
  read (cursor: string, list: unknown): Place
}

const SEAL_BYTES = 16

/** Where the next page of a list begins: start and id of the last row, sealed, so that nobody leafs through what he made up. */
export function cursors (secret: string): Cursors {
  const sealOf = (place: string, list: unknown) => createHmac('sha256', secret)
    .update(place).update(createHash('sha256').update(JSON.stringify(list)).digest()).digest().subarray(0, SEAL_BYTES)

  return {
    write ({ startAt, id }, list) {
      const place = `${startAt.getTime()} ${id}`
      return Buffer.concat([sealOf(place, list), Buffer.from(place)]).toString('base64url')
    },
    read (cursor, list) {
      const bytes = Buffer.from(cursor, 'base64url')
      const place = bytes.subarray(SEAL_BYTES).toString()
      const [ms, id] = /^(-?\d{1,15}) ([A-Za-z0-9-]{1,64})$/.exec(place)?.slice(1) ?? []
      // Another spelling of the same bytes was not written here.
      if (ms === undefined || id === undefined || bytes.toString('base64url') !== cursor || !timingSafeEqual(bytes.subarray(0, SEAL_BYTES), sealOf(place, list))) throw new InvalidCursor()
      return { startAt: new Date(Number(ms)), id }
    }
  }
}
