import fp from 'fastify-plugin'
import jwt, { type FastifyJWTOptions } from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { derivedKey } from '../identity/link-secret.ts'
import { PERSONAL_LINK_AUDIENCE, type PersonalLinkClaims, type Tokens } from '../identity/personal-links.ts'
import type { RoomTokenClaims, RoomTokens } from '../providers/embedded/room-tokens.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    namespaces: 'room' | 'personalLink'
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    tokens: { room: RoomTokens, personalLink: Tokens<PersonalLinkClaims> }
  }
}

export interface TokensOptions {
  secret: string
  clock: () => Date
}

const kinds = { room: 'room', personalLink: PERSONAL_LINK_AUDIENCE } as const

/**
 * Signed tokens, one kind a purpose: HS256 and nothing else, a key and an audience of its own for each kind, and an expiry
 * in those that open a call.
 */
export default fp(async function tokens (app: FastifyInstance, { secret, clock }: TokensOptions) {
  const optionsOf = (audience: string): FastifyJWTOptions => ({
    secret: derivedKey(secret, audience),
    // Without the time of signing the same link is the same text, whenever it is asked for.
    sign: { algorithm: 'HS256', aud: audience, noTimestamp: true },
    verify: { algorithms: ['HS256'], allowedAud: audience, requiredClaims: audience === kinds.room ? ['exp', 'sub'] : ['room', 'sub'] }
  })
  for (const [namespace, audience] of Object.entries(kinds)) {
    await app.register(jwt, { ...optionsOf(audience), namespace })
  }

  const kind = <Claims extends object>(namespace: keyof typeof kinds): Tokens<Claims> => {
    const { verify = {} } = optionsOf(kinds[namespace])
    return {
      sign: (claims) => app.jwt[namespace].sign(claims),
      // Given options replace the registered ones, the pinned algorithm with them: so all are given.
      verify: (token) => app.jwt[namespace].verify<Claims & object>(token, { ...verify, clockTimestamp: clock().getTime() })
    }
  }

  app.decorate('tokens', { room: kind<RoomTokenClaims>('room'), personalLink: kind<PersonalLinkClaims>('personalLink') })
}, { name: 'tokens' })
