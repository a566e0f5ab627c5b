import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a room's name says about the room, to whoever has the key. Instants are whole seconds. */
export interface RoomRecord {
  startAt: Date
  endAt: Date
  /** How long the call may last, counted from `startAt`; undefined: without limit. */
  durationSeconds: number | undefined
  participants: number
  /** Whether who holds the call may record it. */
  records: boolean
}

export interface RoomNames {
  /** The same name for the same marker and record, for ever. Nobody without the key can tell or make one. */
  nameOf (marker: string, record: RoomRecord): string
  /** Undefined: the name was not made with this key. */
  read (name: string): RoomRecord | undefined
}

/*
 * Nothing is kept at the vendor, and a question of Prosody's has to be answered without a store: so the name itself
 * carries when the room opens and ends, under a keyed checksum. Lower case and digits alone, as Jitsi folds names to
 * lower case and escapes everything else.
 *
 *   bytes 0      layout in the high four bits, records in the lowest one
 *         1-5    start, seconds since 1970
 *         6-8    seconds from start to end
 *         9-11   duration in seconds; 0: without limit
 *         12     participants
 *         13-22  keyed hash of the marker, which tells rooms of the same times apart
 *         23-34  keyed hash of all that stands before
 */
const LAYOUT = 1
const SIGNED_BYTES = 23
const BYTES = 35
const DIGITS = BYTES * 8 / 5
const MOST_SECONDS = 0xFF_FF_FF

export function roomNames (secret: string): RoomNames {
  const keyed = (kind: string, value: string | Uint8Array, bytes: number) =>
    createHmac('sha256', secret).update(`jitsi-${kind}:`).update(value).digest().subarray(0, bytes)

  return {
    nameOf (marker, { startAt, endAt, durationSeconds, participants, records }) {
      const start = Math.max(0, Math.floor(startAt.getTime() / 1000))
      const end = Math.ceil(endAt.getTime() / 1000)
      const signed = Buffer.alloc(SIGNED_BYTES)
      signed.writeUInt8(LAYOUT << 4 | Number(records), 0)
      signed.writeUIntBE(start, 1, 5)
      signed.writeUIntBE(Math.min(Math.max(0, end - start), MOST_SECONDS), 6, 3)
      signed.writeUIntBE(Math.min(Math.ceil(durationSeconds ?? 0), MOST_SECONDS), 9, 3)
      signed.writeUInt8(Math.min(participants, 0xFF), 12)
      keyed('marker', marker, 10).copy(signed, 13)
      return digitsOf(Buffer.concat([signed, keyed('record', signed, BYTES - SIGNED_BYTES)]))
    },

    read (name) {
      const bytes = bytesOf(name)
      if (bytes === undefined) return undefined
      const signed = bytes.subarray(0, SIGNED_BYTES)
      if (!timingSafeEqual(bytes.subarray(SIGNED_BYTES), keyed('record', signed, BYTES - SIGNED_BYTES))) return undefined
      const head = signed.readUInt8(0)
      if (head >> 4 !== LAYOUT) return undefined
      const start = signed.readUIntBE(1, 5)
      const duration = signed.readUIntBE(9, 3)
      return {
        startAt: new Date(start * 1000),
        endAt: new Date((start + signed.readUIntBE(6, 3)) * 1000),
        durationSeconds: duration === 0 ? undefined : duration,
        participants: signed.readUInt8(12),
        records: (head & 1) === 1
      }
    }
  }
}

// Thirty-two digits: 0 to 9 and a to v.
const digitsOf = (bytes: Buffer) => BigInt(`0x${bytes.toString('hex')}`).toString(32).padStart(DIGITS, '0')

function bytesOf (name: string): Buffer | undefined {
  if (name.length !== DIGITS || !/^[0-9a-v]+$/.test(name)) return undefined
  let value = 0n
  for (const digit of name) value = value << 5n | BigInt(parseInt(digit, 32))
  return Buffer.from(value.toString(16).padStart(BYTES * 2, '0'), 'hex')
}
