import { InvalidPersonalLink } from '../errors.ts'

export interface PersonalLinkClaims {
  /** The teleconsultation. */
  room: string
  /** The participant, by the id of the caller's system. */
  sub: string
}

/** Signs and verifies one kind of token: its own audience, algorithm pinned. `verify` throws for everything else. */
export interface Tokens<Claims extends object> {
  sign (claims: Claims & { exp?: number, nbf?: number }): string
  verify (token: string): Claims
}

export interface PersonalLinks {
  /**
   * The address of the participant's page; the token stands in the fragment, which no server and no referrer sees. A
   * secret. Always the same for the same participant of the same teleconsultation, whatever becomes of dates, rooms and
   * providers: whether it still opens is judged by what is stored.
   */
  linkFor (claims: PersonalLinkClaims): string
  /** @throws INVALID_PERSONAL_LINK */
  read (authorization: string | undefined): PersonalLinkClaims
}

export function personalLinks (tokens: Tokens<PersonalLinkClaims>, publicUrl: () => string): PersonalLinks {
  return {
    linkFor: ({ room, sub }) => `${publicUrl()}/join#${tokens.sign({ room, sub })}`,
    read (authorization) {
      const token = /^Bearer ([A-Za-z0-9._-]{1,4096})$/.exec(authorization ?? '')?.[1]
      if (token === undefined) throw new InvalidPersonalLink()
      try {
        const { room, sub } = tokens.verify(token)
        return { room, sub }
      } catch (error) {
        if (!isTokenError(error)) throw error
        throw new InvalidPersonalLink()
      }
    }
  }
}

// Only what is wrong with the token itself: a fault of ours must not look like a bad link.
const isTokenError = (error: unknown) => String((error as { code?: unknown } | null)?.code).startsWith('FAST_JWT_')
