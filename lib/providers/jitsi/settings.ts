import { privateKeyOf, type ConfiguredKey } from './private-key.ts'

/** What is configured of a Jitsi server, or of JaaS, where `appId` begins with `vpaas-magic-cookie-`. */
export interface JitsiOptions extends ConfiguredKey {
  /** Where the calls' pages are: origin and, where it has one, path; no final slash. Default for JaaS: https://8x8.vc */
  url?: string | undefined
  /** The server's tenant, which stands in links before the room. JaaS: none, the app id is it. */
  tenant?: string | undefined
  appId?: string | undefined
  /** Shared with Prosody (`app_secret`): tokens are HS256. Else `privateKey`: RS256. */
  appSecret?: string | undefined
  /** `kid` of RS256 tokens. JaaS: `<app id>/<key>`. */
  keyId?: string | undefined
  /** `aud`; one of Prosody's `asap_accepted_audiences`. Default: jitsi */
  audience?: string | undefined
  /** Prosody's main virtual host. Default: the host of `url`. */
  xmppDomain?: string | undefined
  /** Prosody's component with the rooms. Default: `conference.` and the XMPP domain. */
  mucDomain?: string | undefined
  /** Where links carry the token. Browsers send a query to the server, where it ends in logs, and a fragment to nobody. */
  linkToken?: 'fragment' | 'query' | undefined
  /** The server can record (Jibri), so that moderators may. JaaS always can. */
  recording?: boolean | undefined
  startMuted?: { microphone: boolean, camera: boolean } | undefined
  /** Prosody asks us (lib/routes/jitsi-reservation) before it makes a room. */
  reservations?: boolean | undefined
  /** Prosody's internal HTTP with mod_muc_end_meeting, and the key of its system tokens. */
  endMeeting?: ConfiguredKey & { url?: string | undefined, keyId?: string | undefined } | undefined
}

export type SigningKey =
  | { algorithm: 'HS256', secret: string }
  | { algorithm: 'RS256', privateKey: string, keyId: string }

/** The same, complete and checked. */
export interface JitsiSettings {
  jaas: boolean
  url: string
  tenant: string | undefined
  token: { issuer: string, audience: string, subject: string, key: SigningKey }
  xmppDomain: string
  mucDomain: string
  linkToken: 'fragment' | 'query'
  recording: boolean
  startMuted: { microphone: boolean, camera: boolean }
  reservations: boolean
  endMeeting: { url: string, key: SigningKey } | undefined
}

const JAAS_APP = /^vpaas-magic-cookie-[a-z0-9]+$/i
const JAAS_URL = 'https://8x8.vc'
/** RFC 7518, section 3.2: a key as long as the hash. */
const LEAST_SECRET_BYTES = 32

/**
 * The settings, or what is wrong with them, every sentence with its variable. Reads key files.
 *
 * @throws Error with all problems
 */
export function jitsiSettings (options: JitsiOptions): JitsiSettings {
  const problems: string[] = []
  const appId = options.appId ?? ''
  if (appId === '') problems.push('JITSI_APP_ID is required with VIDEO_PROVIDER jitsi')
  const jaas = appId.startsWith('vpaas-magic-cookie-')
  if (jaas && !JAAS_APP.test(appId)) problems.push('JITSI_APP_ID is not a JaaS app id')
  const url = urlOf(options.url ?? (jaas ? JAAS_URL : undefined), 'JITSI_URL', problems)
  const tenant = jaas ? appId : tenantOf(options.tenant, problems)
  const key = jaas ? jaasKey(options, appId, problems) : ownKey(options, problems)
  const endMeeting = endMeetingOf(options, jaas, problems)
  if (jaas) {
    for (const [variable, value] of Object.entries({ JITSI_TENANT: options.tenant, JITSI_AUDIENCE: options.audience, JITSI_XMPP_DOMAIN: options.xmppDomain, JITSI_MUC_DOMAIN: options.mucDomain })) {
      if (value !== undefined) problems.push(`${variable} has no meaning with a JaaS app id`)
    }
    if (options.reservations === true) problems.push('JITSI_RESERVATION_SECRET has no meaning with a JaaS app id: JaaS asks nobody before it makes a room')
  }
  if (url === undefined || key === undefined || problems.length > 0) throw new Error(`The configuration of Jitsi has problems: ${problems.join('; ')}`)

  const xmppDomain = options.xmppDomain ?? new URL(url).hostname
  return {
    jaas,
    url,
    tenant,
    token: {
      issuer: jaas ? 'chat' : appId,
      audience: options.audience ?? 'jitsi',
      subject: tenant ?? xmppDomain,
      key
    },
    xmppDomain,
    mucDomain: options.mucDomain ?? `conference.${xmppDomain}`,
    linkToken: options.linkToken ?? 'fragment',
    recording: jaas || options.recording === true,
    startMuted: options.startMuted ?? { microphone: false, camera: false },
    reservations: options.reservations === true,
    endMeeting
  }
}

function urlOf (url: string | undefined, variable: string, problems: string[]): string | undefined {
  if (url === undefined) problems.push(`${variable} is required`)
  else if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) problems.push(`${variable} must be an http or https address`)
  else return url.replace(/\/+$/, '')
  return undefined
}

// Prosody compares `sub` with the folded one.
function tenantOf (tenant: string | undefined, problems: string[]): string | undefined {
  if (tenant !== undefined && !/^[A-Za-z0-9_.-]+$/.test(tenant)) problems.push('JITSI_TENANT must be one part of a path: letters, digits, - _ and .')
  return tenant?.toLowerCase()
}

function jaasKey (options: JitsiOptions, appId: string, problems: string[]): SigningKey | undefined {
  if (options.appSecret !== undefined) problems.push('JITSI_APP_SECRET has no meaning with a JaaS app id: JaaS takes RS256 tokens')
  if (options.keyId !== undefined && !options.keyId.startsWith(`${appId}/`)) problems.push('JITSI_KEY_ID of JaaS must begin with JITSI_APP_ID and a slash')
  return rsaKey(options, 'JITSI_', problems)
}

function ownKey (options: JitsiOptions, problems: string[]): SigningKey | undefined {
  const { appSecret: secret } = options
  if (secret === undefined) return rsaKey(options, 'JITSI_', problems, 'JITSI_APP_SECRET or ')
  if (options.privateKey !== undefined || options.privateKeyPath !== undefined) problems.push('Give one of JITSI_APP_SECRET and JITSI_PRIVATE_KEY')
  if (Buffer.byteLength(secret) < LEAST_SECRET_BYTES) problems.push(`JITSI_APP_SECRET must have ${LEAST_SECRET_BYTES} bytes at least`)
  return { algorithm: 'HS256', secret }
}

function endMeetingOf ({ endMeeting }: JitsiOptions, jaas: boolean, problems: string[]): JitsiSettings['endMeeting'] {
  if (endMeeting?.url === undefined) {
    if (Object.values(endMeeting ?? {}).some(value => value !== undefined)) problems.push('JITSI_END_MEETING_URL is required where its key is given')
    return undefined
  }
  if (jaas) problems.push('JITSI_END_MEETING_URL has no meaning with a JaaS app id')
  const url = urlOf(endMeeting.url, 'JITSI_END_MEETING_URL', problems)
  const key = rsaKey(endMeeting, 'JITSI_END_MEETING_', problems)
  return url === undefined || key === undefined ? undefined : { url, key }
}

/** Prosody and JaaS find the public key by `kid`: one without the other is of no use. */
function rsaKey (options: ConfiguredKey & { keyId?: string | undefined }, prefix: string, problems: string[], alternative = ''): SigningKey | undefined {
  const known = problems.length
  const privateKey = privateKeyOf(options, `${prefix}PRIVATE_KEY`, problems)
  if (privateKey === undefined && problems.length === known) problems.push(`${alternative}${prefix}PRIVATE_KEY is required`)
  if (options.keyId === undefined) {
    if (options.privateKey !== undefined || options.privateKeyPath !== undefined) problems.push(`${prefix}KEY_ID is required with ${prefix}PRIVATE_KEY`)
    return undefined
  }
  return privateKey === undefined ? undefined : { algorithm: 'RS256', privateKey, keyId: options.keyId }
}
