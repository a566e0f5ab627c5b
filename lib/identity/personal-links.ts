import { InvalidPersonalLink } from '../errors.ts'

/** What these tokens are for: no other token of this service, or of anybody's, says so. */
export const PERSONAL_LINK_AUDIENCE = 'personal-link'

export interface PersonalLinkClaims {
  /** The teleconsultation. */
  room: string
  /** The participant, by the id of the caller's system. */
  sub: string
  /** Which of his links: an earlier one opens nothing. Absent: 0. */
  link?: number | undefined
}

/** Signs and verifies one kind of token: its own audience, algorithm pinned. `verify` throws for everything else. */
export interface Tokens<Claims extends object> {
  sign (claims: Claims & { exp?: number, nbf?: number }): string
  verify (token: string): Claims
}

export interface PersonalLinks {
  /**
   * The address of the participant's page; the token stands in the fragment, which no server and no referrer sees. A
   * secret. Always the same for the same link of the same participant of the same teleconsultation, whatever becomes of dates, rooms and
   * providers: whether it still opens is judged by what is stored.
   */
  linkFor (claims: PersonalLinkClaims): string
  /** @throws INVALID_PERSONAL_LINK */
  read (authorization: string | undefined): PersonalLinkClaims
}

export function personalLinks (tokens: Tokens<PersonalLinkClaims>, publicUrl: () => string): PersonalLinks {
  return {
    linkFor: ({ room, sub, link = 0 }) => `${publicUrl()}/join#${tokens.sign({ room, sub, ...link === 0 ? {} : { link } })}`,
    read (authorization) {
      const token = /^Bearer ([A-Za-z0-9._-]{1,4096})$/.exec(authorization ?? '')?.[1]
      if (token === undefined) throw new InvalidPersonalLink()
      try {
        const { room, sub, link } = tokens.verify(token)
        return { room, sub, ...typeof link === 'number' ? { link } : {} }
      } catch (error) {
        if (!isTokenError(error)) throw error
        throw new InvalidPersonalLink()
      }
    }
  }
}

// Only what is wrong with the token itself: a fault of ours must not look like a bad link.
const isTokenError = (error: unknown) => String((error as { code?: unknown } | null)?.code).startsWith('FAST_JWT_')

/** What a personal link's token says of itself, unproved: for whom it is to be judged. */
export function isPersonalLinkToken (authorization: string): boolean {
  const payload = /^Bearer [A-Za-z0-9_-]+\.([A-Za-z0-9_-]{1,4096})\.[A-Za-z0-9_-]+$/.exec(authorization)?.[1]
  if (payload === undefined) return false
  try {
    return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud?: unknown } | null)?.aud === PERSONAL_LINK_AUDIENCE
  } catch {
    return false
  }
}
