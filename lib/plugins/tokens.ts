import fp from 'fastify-plugin'
import jwt, { type FastifyJWTOptions } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { derivedKey } from '../identity/link-secret.ts'
import { PERSONAL_LINK_AUDIENCE, type PersonalLinkClaims, type Tokens } from '../identity/personal-links.ts'
import { SEAT_AUDIENCE, type SeatClaims } from '../identity/seat-tokens.ts'
import type { RoomTokenClaims, RoomTokens } from '../providers/embedded/room-tokens.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    namespaces: 'room' | 'personalLink' | 'seat'
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    tokens: { room: RoomTokens, personalLink: Tokens<PersonalLinkClaims>, seat: Tokens<SeatClaims> }
  }
}

export interface TokensOptions {
  secret: string
  clock: () => Date
}

const kinds = { room: 'room', personalLink: PERSONAL_LINK_AUDIENCE, seat: SEAT_AUDIENCE } as const
const REQUIRED = { room: ['exp', 'sub'], [PERSONAL_LINK_AUDIENCE]: ['room', 'sub'], [SEAT_AUDIENCE]: ['exp', 'room', 'sub', 'nonce'] }

/**
 * Signed tokens, one kind a purpose: HS256 and nothing else, a key and an audience of its own for each kind, and an expiry
 * in those that open a call.
 */
export default fp(async function tokens (app: FastifyInstance, { secret, clock }: TokensOptions) {
  const optionsOf = (audience: typeof kinds[keyof typeof kinds]): FastifyJWTOptions => ({
    secret: derivedKey(secret, audience),
    // Without the time of signing the same link is the same text, whenever it is asked for.
    sign: { algorithm: 'HS256', aud: audience, noTimestamp: true },
    verify: { algorithms: ['HS256'], allowedAud: audience, requiredClaims: REQUIRED[audience] }
  })
  for (const namespace of ['room', 'personalLink', 'seat'] as const) {
    await app.register(jwt, { ...optionsOf(kinds[namespace]), namespace })
  }

  const kind = <Claims extends object>(namespace: keyof typeof kinds): Tokens<Claims> => {
    const { verify = {} } = optionsOf(kinds[namespace])
    return {
      sign: (claims) => app.jwt[namespace].sign(claims),
      // Given options replace the registered ones, the pinned algorithm with them: so all are given.
      verify: (token) => app.jwt[namespace].verify<Claims & object>(token, { ...verify, clockTimestamp: clock().getTime() })
    }
  }

  app.decorate('tokens', { room: kind<RoomTokenClaims>('room'), personalLink: kind<PersonalLinkClaims>('personalLink'), seat: kind<SeatClaims>('seat') })
}, { name: 'tokens' })
