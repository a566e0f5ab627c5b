import { createHash } from 'node:crypto'
import type { PersonalLinkClaims, Tokens } from './personal-links.ts'

/** What these tokens are for: no other token of this service, or of anybody's, says so. */
export const SEAT_AUDIENCE = 'seat'

export interface SeatClaims extends PersonalLinkClaims {
  /** Known to nobody but the device that has the seat. */
  nonce: string
}

/** By what a device shows that it is the one that opened a link. */
export interface HeldSeat {
  nonce: string
  /** Whether this service signed it for this link: the device was let in before. Otherwise the device made it up itself, before its first answer. */
  isProven: boolean
}

export interface Seats {
  /**
   * What a request says in `x-seat`: a token that was given for this very link, or 22 to 64 characters of a device's own, by which it
   * opens a link again whose first answer got lost. Undefined: neither.
   */
  read (header: unknown, link: PersonalLinkClaims): HeldSeat | undefined
  /** The token of the device that opened this link. A secret. */
  tokenFor (link: PersonalLinkClaims, nonce: string, expiresAt: Date): string
  newNonce (): string
  /** What is stored of a nonce: it tells one from another, and opens nothing. */
  proofOf (nonce: string): string
}

const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/
const OWN_NONCE = /^[A-Za-z0-9_-]{22,64}$/
const MOST_CHARACTERS = 4200

/** @param newNonce unguessable, and unique for ever */
export function seatTokens (tokens: Tokens<SeatClaims>, newNonce: () => string): Seats {
  return {
    read (header, { room, sub, link = 0 }) {
      if (typeof header !== 'string' || header.length > MOST_CHARACTERS) return undefined
      if (OWN_NONCE.test(header)) return { nonce: header, isProven: false }
      if (!TOKEN.test(header)) return undefined
      try {
        const claims = tokens.verify(header)
        const isOfLink = claims.room === room && claims.sub === sub && (claims.link ?? 0) === link && typeof claims.nonce === 'string'
        return isOfLink ? { nonce: claims.nonce, isProven: true } : undefined
      } catch {
        // Not of this service, or too old: as good as none.
        return undefined
      }
    },
    tokenFor: ({ room, sub, link = 0 }, nonce, expiresAt) =>
      tokens.sign({ room, sub, ...link === 0 ? {} : { link }, nonce, exp: Math.floor(expiresAt.getTime() / 1000) }),
    newNonce,
    proofOf: (nonce) => createHash('sha256').update(nonce).digest('base64url')
  }
}
