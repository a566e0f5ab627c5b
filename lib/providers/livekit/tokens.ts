import { createSigner } from 'fast-jwt'
import type { ToolName } from '../../../schemas/tools.ts'

/** What one call of the server's API needs, and nothing more (docs.livekit.io, "Authentication", 2026). */
export type ServerGrant = { roomCreate: true } | { roomList: true } | { roomAdmin: true, room: string } | { roomJoin: true, room: string }

/** What a participant's token says; the names are the vendor's. */
export interface JoinGrant {
  roomJoin: true
  room: string
  canSubscribe: true
  canPublish: true
  /** Stands above `canPublish`: what is not named here cannot be sent. */
  canPublishSources: Array<'camera' | 'microphone' | 'screen_share'>
  canPublishData: boolean
  canUpdateOwnMetadata: false
}

/** What somebody inside may do, as the server's API takes it. */
export interface Permission {
  can_subscribe: true
  can_publish: true
  can_publish_sources: Array<'CAMERA' | 'MICROPHONE' | 'SCREEN_SHARE'>
  can_publish_data: boolean
  can_update_metadata: false
}

/** Whole, as `UpdateParticipant` replaces it: what is not named is taken. */
export const permissionOf = (tools: ReadonlySet<ToolName>): Permission => ({
  can_subscribe: true,
  can_publish: true,
  can_publish_sources: tools.has('screen_sharing') ? ['CAMERA', 'MICROPHONE', 'SCREEN_SHARE'] : ['CAMERA', 'MICROPHONE'],
  can_publish_data: tools.has('chat'),
  can_update_metadata: false
})

/**
 * Attributes of a participant; only this service can set them. The server puts them into the tokens that it renews.
 * `revocations`: how often something had been taken from him; `room`: the `sid` of the room that his token was made for.
 */
export const REVOCATIONS = 'revocations'
export const ROOM = 'room'

export interface JoinClaims {
  room: string
  /** `providerUserId`: who comes in twice is one person, and the older of the two is put out. */
  sub: string
  /** Shown to the others in the call. */
  name: string
  tools: ReadonlySet<ToolName>
  revocations: number
  /** Of the room as it is now, where it is known. */
  roomSid: string | undefined
  notBefore: Date
  expiresAt: Date
}

export interface LivekitTokens {
  /** For one call, now. */
  forServer (grant: ServerGrant): string
  forParticipant (claims: JoinClaims): string
}

/** A server's clock may be behind or before ours by as much; it adds a minute of its own. */
const SERVER_TOKEN_MS = 60_000
const NAME_CHARACTERS = 128

/** Access tokens, HS256 with the project's secret. Nobody's but the server's own ones make, list, end or administer rooms. */
export function livekitTokens ({ apiKey, apiSecret, clock }: { apiKey: string, apiSecret: string, clock: () => Date }): LivekitTokens {
  const sign = createSigner({ key: apiSecret, algorithm: 'HS256', noTimestamp: true })
  return {
    forServer (video) {
      const now = clock().getTime()
      // Who joins has to be somebody.
      return sign({ iss: apiKey, ...('roomJoin' in video ? { sub: 'tc_check' } : {}), nbf: seconds(now - SERVER_TOKEN_MS), exp: seconds(now + SERVER_TOKEN_MS), video })
    },
    forParticipant ({ room, sub, name, tools, revocations, roomSid, notBefore, expiresAt }) {
      const video: JoinGrant = {
        roomJoin: true,
        room,
        canSubscribe: true,
        canPublish: true,
        canPublishSources: tools.has('screen_sharing') ? ['camera', 'microphone', 'screen_share'] : ['camera', 'microphone'],
        canPublishData: tools.has('chat'),
        canUpdateOwnMetadata: false
      }
      return sign({
        iss: apiKey,
        sub,
        name: [...name].slice(0, NAME_CHARACTERS).join(''),
        nbf: seconds(notBefore.getTime()),
        exp: seconds(expiresAt.getTime()),
        attributes: { [REVOCATIONS]: String(revocations), ...roomSid === undefined ? {} : { [ROOM]: roomSid } },
        video
      })
    }
  }
}

const seconds = (ms: number) => Math.floor(ms / 1000)
