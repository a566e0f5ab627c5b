import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import type { ToolName } from '../../../schemas/tools.ts'
import type { RoomSpec } from '../provider.ts'

/** What a room's name says. */
export interface NamedRoom {
  endAt: Date
  /** Undefined: the call is without limit. */
  durationSeconds: number | undefined
  /** From then on nobody comes in; a limited call is over then. */
  closesAt: Date
}

/** What was taken from somebody in a room. */
export interface Note {
  room: string
  providerUserId: string
  revocations: number
  /** What he may use since then, or that he may not be inside. */
  leaves: ReadonlySet<ToolName> | 'nothing'
}

/**
 * Rooms of ours at LiveKit. The name is the keyed hash of the marker with end and duration behind it, so that any replica
 * knows from a list of names alone what is over. The marker itself is in the metadata, which everybody in the call can
 * read: encrypted, as a seal that only we can write.
 *
 * A note is the name of a room as well, which stays empty: no token opens it, and making it twice makes it once.
 */
export interface RoomNames {
  nameOf (spec: Pick<RoomSpec, 'marker' | 'startAt' | 'endAt' | 'durationSeconds'>): string
  /** Undefined: not ours. */
  read (name: string): NamedRoom | undefined
  /** @param again the room was there before, and the server has lost it */
  seal (name: string, marker: string, again?: 'again'): string
  /** Undefined where this is no seal of ours for this name. */
  unseal (name: string, metadata: string): { marker: string, again: boolean } | undefined
  nameOfNote (note: Note): string
  /** Undefined: no note of ours. */
  readNote (name: string): Note | undefined
}

/** A call without limit can be entered for so long after its end. */
export const LATE_ENTRY_MS = 12 * 60 * 60 * 1000

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Before a marker; none begins with it. */
const AGAIN = '\n'
const NOTED_TOOLS: ReadonlyArray<[string, ToolName]> = [['c', 'chat'], ['s', 'screen_sharing']]
const REMOVED = 'x'

/** @param secret keys names and seals; with another one all rooms are strangers */
export function roomNames (secret: string): RoomNames {
  const keyed = (purpose: string, value = '') => createHmac('sha256', secret).update(`livekit-${purpose}:${value}`).digest()
  const ours = `tc_${keyed('deployment').toString('base64url').slice(0, 12)}`
  const pattern = new RegExp(`^${ours}_[\\w-]{43}_([0-9a-z]{1,9})(?:_([0-9a-z]{1,9}))?$`)
  const sealKey = keyed('seal')

  return {
    nameOf ({ marker, startAt, endAt, durationSeconds }) {
      const endMs = durationSeconds === undefined ? endAt.getTime() : startAt.getTime() + durationSeconds * 1000
      const parts = [ours, keyed('room', marker).toString('base64url'), endMs.toString(36)]
      if (durationSeconds !== undefined) parts.push(Math.round(durationSeconds).toString(36))
      return parts.join('_')
    },

    read (name) {
      const [, end, duration] = pattern.exec(name) ?? []
      if (end === undefined) return undefined
      const endMs = parseInt(end, 36)
      return {
        endAt: new Date(endMs),
        durationSeconds: duration === undefined ? undefined : parseInt(duration, 36),
        closesAt: new Date(endMs + (duration === undefined ? LATE_ENTRY_MS : 0))
      }
    },

    // The nonce follows from what is sealed: making a room twice gives the same metadata, and no nonce serves two texts.
    seal (name, marker, again) {
      const sealed = `${again === undefined ? '' : AGAIN}${marker}`
      const nonce = keyed('nonce', `${name} ${sealed}`).subarray(0, NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, sealKey, nonce).setAAD(Buffer.from(name))
      const text = Buffer.concat([cipher.update(sealed, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')
    },

    unseal (name, metadata) {
      const sealed = Buffer.from(metadata, 'base64url')
      if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
      const decipher = createDecipheriv(CIPHER, sealKey, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(name))
        .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      try {
        const text = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
        return text.startsWith(AGAIN) ? { marker: text.slice(AGAIN.length), again: true } : { marker: text, again: false }
      } catch {
        return undefined
      }
    },

    nameOfNote: ({ room, providerUserId, revocations, leaves }) =>
      [room, providerUserId, revocations.toString(36), leaves === 'nothing' ? REMOVED : NOTED_TOOLS.map(([letter, tool]) => leaves.has(tool) ? letter : '-').join('')].join('~'),

    readNote (name) {
      const [room = '', providerUserId = '', revocations = '', leaves = '', ...more] = name.split('~')
      if (leaves === '' || more.length > 0 || !pattern.test(room) || !/^[0-9a-z]{1,9}$/.test(revocations)) return undefined
      return {
        room,
        providerUserId,
        revocations: parseInt(revocations, 36),
        leaves: leaves === REMOVED ? 'nothing' : new Set(NOTED_TOOLS.flatMap(([letter, tool]) => leaves.includes(letter) ? [tool] : []))
      }
    }
  }
}
