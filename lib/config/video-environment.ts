import { Type } from 'typebox'

export const PROVIDER_NAMES = ['embedded', 'bandyer', 'kaleyra', 'daily', 'livekit', 'jitsi'] as const
export type ProviderName = typeof PROVIDER_NAMES[number]

const HttpUrl = (description: string) => Type.Optional(Type.String({ pattern: '^https?://[^\\s/@?#]+(/[^\\s?#]*)?$', description }))
const LivekitUrl = (description: string) => Type.Optional(Type.String({ pattern: '^(https?|wss?)://[^\\s/@?#]+(/[^\\s?#]*)?$', description }))
const Text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))
const Domain = (description: string) => Type.Optional(Type.String({ pattern: '^[A-Za-z0-9.-]+$', description }))

/** The variables that choose the video providers, and those of each. */
export const videoEnvironment = {
  VIDEO_PROVIDER: Type.Optional(Type.Enum([...PROVIDER_NAMES], { description: 'Who holds the calls. Default: embedded, unless a platform variable is set: then bandyer (API v1) or kaleyra (API v2), as BANDYER_BASE_URL and BANDYER_API_VERSION say' })),
  VIDEO_PROVIDERS_ALSO: Type.String({ default: '', description: 'Other providers that are in use, separated by commas: their rooms stay where they are until they change, and videoProviders in the service configuration may choose them' }),
  VIDEO_FALLBACK: Type.Optional(Type.Enum([...PROVIDER_NAMES], { description: 'Provider that makes a room where the other one fails to' })),
  UNSUPPORTED_WISHES: Type.Optional(Type.Enum(['refuse', 'accept'], { description: 'What is answered to a booking whose provider cannot record as DEFAULT_RECORDING_TYPE says, or lacks a tool that the service configuration names: refuse with 422, or accept and report it in the answer (unsupported). Default: accept where VIDEO_PROVIDER is embedded, else refuse' })),

  BANDYER_API_SECRET_KEY: Type.Optional(Type.String({ description: 'Key of the Bandyer or Kaleyra account' })),
  BANDYER_BASE_URL: HttpUrl('Base URL of the Bandyer or Kaleyra API; one that ends in /rest is the v1 API'),
  BANDYER_API_VERSION: Type.Optional(Type.Enum(['1', '2'], { description: 'The generation of that API, where its URL does not tell' })),

  DAILY_API_KEY: Text('Key of the Daily domain'),
  DAILY_BASE_URL: HttpUrl('Base URL of Daily’s REST API, with the version. Default: https://api.daily.co/v1'),
  DAILY_LANGUAGE: Type.Optional(Type.String({ pattern: '^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$', description: 'Language of Daily’s page and of its transcriptions. Default: each browser’s' })),
  DAILY_TRANSCRIPTION_GEO: Type.Optional(Type.Enum(['eu', 'global'], { description: 'Where Daily turns speech into text. Default: as Daily likes' })),

  LIVEKIT_URL: LivekitUrl('Address of the LiveKit server or cloud project'),
  LIVEKIT_BROWSER_URL: LivekitUrl('Where browsers reach the LiveKit server, if elsewhere'),
  LIVEKIT_API_KEY: Text('API key of the LiveKit server or project'),
  LIVEKIT_API_SECRET: Text('Secret that belongs to LIVEKIT_API_KEY'),
  LIVEKIT_END_CALLS_EVERY_SEC: Type.Integer({ default: 60, minimum: 5, maximum: 3600, description: 'Seconds between two looks for LiveKit calls whose time is over, and for rooms that a token brought back; a limited call ends at its end' }),

  JITSI_URL: HttpUrl('Address of the Jitsi server’s pages. Default with a JaaS app id: https://8x8.vc'),
  JITSI_APP_ID: Text('Prosody’s app_id, or the JaaS app id (vpaas-magic-cookie-…), with which the rules of JaaS apply'),
  JITSI_APP_SECRET: Type.Optional(Type.String({ minLength: 32, description: 'Secret shared with Prosody (app_secret): tokens are HS256' })),
  JITSI_PRIVATE_KEY: Text('RSA private key in PEM (\\n for line breaks): tokens are RS256'),
  JITSI_PRIVATE_KEY_PATH: Text('Path of a file with that key, instead of JITSI_PRIVATE_KEY'),
  JITSI_KEY_ID: Text('kid of the key; with JaaS it begins with the app id and a slash'),
  JITSI_TENANT: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_.-]+$', description: 'Tenant of a self-hosted server' })),
  JITSI_AUDIENCE: Text('aud of tokens. Default: jitsi'),
  JITSI_XMPP_DOMAIN: Domain('Prosody’s main virtual host (meet.jitsi in the Docker images). Default: the host of JITSI_URL'),
  JITSI_MUC_DOMAIN: Domain('Prosody’s component with the rooms (muc.meet.jitsi in the Docker images). Default: conference. and JITSI_XMPP_DOMAIN'),
  JITSI_LINK_TOKEN: Type.Enum(['fragment', 'query'], { default: 'fragment', description: 'Where links carry the token; query for servers older than May 2024' }),
  JITSI_RECORDING: Type.Boolean({ default: false, description: 'The Jitsi server can record (Jibri): plus users may, where DEFAULT_RECORDING_TYPE is not none' }),
  JITSI_START_AUDIO_MUTED: Type.Boolean({ default: false, description: 'People enter Jitsi with their microphone off' }),
  JITSI_START_VIDEO_MUTED: Type.Boolean({ default: false, description: 'People enter Jitsi with their camera off' }),
  JITSI_RESERVATION_SECRET: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._~-]{32,}$', description: 'Prosody’s mod_reservations asks this service before a room begins, with this secret as Bearer token or in the URL' })),
  JITSI_RESERVATION_LOBBY: Type.Boolean({ default: false, description: 'Reserved rooms have a lobby' }),
  JITSI_END_MEETING_URL: HttpUrl('Prosody’s internal HTTP address with mod_muc_end_meeting, to end calls'),
  JITSI_END_MEETING_KEY_ID: Text('kid of the system key'),
  JITSI_END_MEETING_PRIVATE_KEY: Text('System key (prosody_password_public_key_repo_url) in PEM'),
  JITSI_END_MEETING_PRIVATE_KEY_PATH: Text('Path of a file with that key')
}
