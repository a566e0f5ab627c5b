import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import type { RoomSpec } from '../provider.ts'

/** What a room's name says. */
export interface NamedRoom {
  endAt: Date
  /** Undefined: the call is without limit. */
  durationSeconds: number | undefined
  /** From then on nobody comes in; a limited call is over then. */
  closesAt: Date
}

/**
 * Rooms of ours at LiveKit. The name is the keyed hash of the marker with end and duration behind it, so that any replica
 * knows from a list of names alone what is over. The marker itself is in the metadata, which everybody in the call can
 * read: encrypted, as a seal that only we can write.
 */
export interface RoomNames {
  nameOf (spec: Pick<RoomSpec, 'marker' | 'startAt' | 'endAt' | 'durationSeconds'>): string
  /** Undefined: not ours. */
  read (name: string): NamedRoom | undefined
  seal (name: string, marker: string): string
  /** The marker; undefined where this is no seal of ours for this name. */
  unseal (name: string, metadata: string): string | undefined
}

/** A call without limit can be entered for so long after its end. */
export const LATE_ENTRY_MS = 12 * 60 * 60 * 1000

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

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
    seal (name, marker) {
      const nonce = keyed('nonce', `${name} ${marker}`).subarray(0, NONCE_BYTES)
      const cipher = createCipheriv(CIPHER, sealKey, nonce).setAAD(Buffer.from(name))
      const text = Buffer.concat([cipher.update(marker, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')
    },

    unseal (name, metadata) {
      const sealed = Buffer.from(metadata, 'base64url')
      if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined
      const decipher = createDecipheriv(CIPHER, sealKey, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(name))
        .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      try {
        return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
      } catch {
        return undefined
      }
    }
  }
}
