import type { Privilege, ToolName } from '../../../schemas/tools.ts'

/** What a way into an embedded room says about its holder. */
export interface RoomTokenClaims {
  /** `providerRoomId`. */
  room: string
  /** `providerUserId`. */
  sub: string
  /** Shown to the others in the call. */
  name: string
  privilege: Privilege
  tools: ToolName[]
  /** How often something had been taken from the holder when this was made. Absent: 0. */
  revocations?: number
  /** BCP 47; of the call's page. */
  language?: string
  /** Seconds since 1970, as RFC 7519 has them. */
  nbf: number
  exp: number
}

/** Signs and proves room tokens; algorithm and audience are pinned by whoever supplies it. */
export interface RoomTokens {
  sign (claims: RoomTokenClaims): string
  /** Throws on anything wrong, a token that is not yet or no longer valid included. */
  verify (token: string): RoomTokenClaims
}
