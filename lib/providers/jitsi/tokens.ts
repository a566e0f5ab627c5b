import { createSigner } from 'fast-jwt'
import type { RoomParticipant } from '../provider.ts'
import type { JitsiSettings, SigningKey } from './settings.ts'

/** Prosody gives no leeway, and its clock may be a little behind ours. */
const LEEWAY_SECONDS = 10
const ERRAND_SECONDS = 60

export interface Entry {
  room: string
  participant: Pick<RoomParticipant, 'providerUserId' | 'privilege' | 'fullName' | 'tools'>
  mayRecord: boolean
  notBefore: Date
  expiresAt: Date
}

export interface JitsiTokens {
  /** Lets one person into one room. */
  entry (entry: Entry): string
  /** Lets nobody in: proves within a minute that Prosody takes our key. */
  proof (room: string, now: Date): string
}

/**
 * Tokens as Prosody's token authentication and JaaS take them: mod_auth_token and doc/tokens.md of lib-jitsi-meet,
 * developer.8x8.com/jaas/docs/api-keys-jwt (November 2026).
 */
export function jitsiTokens ({ token: { issuer, audience, subject, key } }: Pick<JitsiSettings, 'token'>): JitsiTokens {
  const sign = signerOf(key)
  const claims = (room: string, notBefore: Date, expiresAt: Date) => ({
    aud: audience,
    iss: issuer,
    sub: subject,
    room,
    nbf: Math.floor(notBefore.getTime() / 1000) - LEEWAY_SECONDS,
    exp: Math.ceil(expiresAt.getTime() / 1000)
  })

  return {
    entry: ({ room, participant, mayRecord, notBefore, expiresAt }) => sign({
      ...claims(room, notBefore, expiresAt),
      context: { user: userOf(participant), features: featuresOf(participant, mayRecord) }
    }),
    proof: (room, now) => sign(claims(room, now, later(now)))
  }
}

/** A token for Prosody's own services: it holds for every room, so that it lives for a minute and stays between servers. */
export function systemTokens (key: SigningKey, { token: { issuer, audience, subject } }: Pick<JitsiSettings, 'token'>): (now: Date) => string {
  const sign = signerOf(key)
  return now => sign({
    aud: audience,
    iss: issuer,
    sub: subject,
    room: '*',
    nbf: Math.floor(now.getTime() / 1000) - LEEWAY_SECONDS,
    exp: Math.ceil(later(now).getTime() / 1000)
  })
}

const later = (now: Date) => new Date(now.getTime() + ERRAND_SECONDS * 1000)

// Without the time of signing the same way in is the same text, whenever it is asked for.
const signerOf = (key: SigningKey): (claims: object) => string => key.algorithm === 'HS256'
  ? createSigner({ algorithm: 'HS256', key: key.secret, noTimestamp: true })
  : createSigner({ algorithm: 'RS256', key: key.privateKey, kid: key.keyId, noTimestamp: true })

// Texts alone, also for what is true or false: a number or a null breaks the page, and JaaS knows texts only.
const userOf = ({ providerUserId, fullName, privilege }: Entry['participant']) => ({
  id: providerUserId,
  name: fullName ?? '',
  moderator: String(privilege === 'plus'),
  affiliation: privilege === 'plus' ? 'owner' : 'member'
})

/** Everything is named: what is left out counts as on in one module and as off in another. */
const featuresOf = ({ privilege, tools }: Entry['participant'], mayRecord: boolean) => ({
  'send-groupchat': String(tools.has('chat')),
  'send-private-message': String(tools.has('chat')),
  'file-upload': String(tools.has('file_upload')),
  'screen-sharing': String(tools.has('screen_sharing')),
  recording: String(privilege === 'plus' && mayRecord),
  livestreaming: 'false',
  transcription: 'false',
  'inbound-call': 'false',
  'outbound-call': 'false',
  'sip-inbound-call': 'false',
  'sip-outbound-call': 'false'
})
