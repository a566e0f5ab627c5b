import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import { CapabilityLimit } from '../../errors.ts'
import type { RecordingKind } from '../provider.ts'

/** What Daily takes as a room's name. */
const NAME_MAX_LENGTH = 128
const TAG_BYTES = 16
const PREFIXES: Readonly<Record<RecordingKind, string>> = { none: 'tcn-', manual: 'tcm-', automatic: 'tca-' }

export interface RoomNames {
  /**
   * The name of the one room of this marker. The kind of recording is in it because Daily keeps no such thing with a
   * room, and who mints a way in has nothing but the name.
   *
   * @throws CAPABILITY_LIMIT for a marker that does not fit into a name
   */
  nameOf (marker: string, recording: RecordingKind): string
  /** The marker that a name was made of; undefined: it is not one of ours, or of another deployment. */
  markerOf (name: string, deployment: string): string | undefined
}

/**
 * Daily's rooms have no field for a text of ours, so the name carries the marker: a keyed hash of it (HMAC-SHA-256, its
 * first 128 bits) and, enciphered under that hash as initial vector (AES-256-CTR), its parts but the deployment. The
 * same marker has the same name for ever; without the secret nobody can guess one, read one, or make one that passes.
 */
export function roomNames (secret: string): RoomNames {
  const keyOf = (purpose: string) => createHmac('sha256', secret).update(`room-name:${purpose}`).digest()
  const [hashKey, cipherKey] = [keyOf('hash'), keyOf('cipher')]

  const nameOf: RoomNames['nameOf'] = (marker, recording) => {
    const [deployment = '', ...parts] = marker.split('|')
    const packed = pack(parts)
    const tag = createHmac('sha256', hashKey).update(`${recording}\0${deployment}\0`).update(packed).digest().subarray(0, TAG_BYTES)
    const sealed = createCipheriv('aes-256-ctr', cipherKey, tag).update(packed)
    const name = PREFIXES[recording] + Buffer.concat([tag, sealed]).toString('base64url')
    if (name.length > NAME_MAX_LENGTH) throw new CapabilityLimit('ids of this length')
    return name
  }

  return {
    nameOf,
    markerOf (name, deployment) {
      const recording = recordingOf(name)
      const bytes = Buffer.from(name.slice(PREFIXES.none.length), 'base64url')
      if (recording === undefined || bytes.length < TAG_BYTES) return undefined
      const packed = createDecipheriv('aes-256-ctr', cipherKey, bytes.subarray(0, TAG_BYTES)).update(bytes.subarray(TAG_BYTES))
      const parts = unpack(packed)
      if (parts === undefined) return undefined
      const marker = [deployment, ...parts].join('|')
      return nameOf(marker, recording) === name ? marker : undefined
    }
  }
}

/** How a room of ours is recorded, by its name; undefined: it is not named as ours are. */
export function recordingOf (name: string): RecordingKind | undefined {
  const prefix = name.slice(0, PREFIXES.none.length)
  return (['none', 'manual', 'automatic'] as const).find((kind) => PREFIXES[kind] === prefix)
}

/** Anything else is no room at Daily, and no part of a path. */
export const isRoomName = (id: string) => /^[A-Za-z0-9_-]{1,128}$/.test(id)

// One byte before each part: its length as text, or HEX and the number of bytes that its digits make, or UUID.
const HEX = 0x80
const UUID = 0xff
const LONGEST = 0x7e

function pack (parts: readonly string[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => {
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part)) return [Buffer.of(UUID), Buffer.from(part.replaceAll('-', ''), 'hex')]
    const isHex = /^([0-9a-f]{2})+$/.test(part)
    const bytes = Buffer.from(part, isHex ? 'hex' : 'utf8')
    if (bytes.length > LONGEST) throw new CapabilityLimit('ids of this length')
    return [Buffer.of(isHex ? HEX | bytes.length : bytes.length), bytes]
  }))
}

/** Undefined: nothing that `pack` makes. Not everything else is refused: who unpacks packs again and compares. */
function unpack (packed: Buffer): string[] | undefined {
  const parts: string[] = []
  for (let at = 0; at < packed.length;) {
    const kind = packed[at++] ?? 0
    const length = kind === UUID ? 16 : kind & ~HEX
    const bytes = packed.subarray(at, at + length)
    if (bytes.length < length) return undefined
    parts.push(kind === UUID ? bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : bytes.toString(kind & HEX ? 'hex' : 'utf8'))
    at += length
  }
  return parts
}
