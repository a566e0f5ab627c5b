import type { ServiceConfiguration } from '../../schemas/service-configuration.ts'
import type { Configuration, JitsiConfiguration } from './configuration.ts'
import type { Environment } from './environment.ts'
import { PROVIDER_NAMES, type ProviderName } from './video-environment.ts'

export type VideoModes = Pick<Configuration['video'], 'provider' | 'others' | 'fallback'>

const isProviderName = (text: unknown): text is ProviderName => PROVIDER_NAMES.some((name) => name === text)

const NEEDED: Readonly<Record<ProviderName, readonly string[]>> = {
  embedded: [],
  bandyer: ['BANDYER_API_SECRET_KEY', 'BANDYER_BASE_URL'],
  kaleyra: ['BANDYER_API_SECRET_KEY', 'BANDYER_BASE_URL'],
  daily: ['DAILY_API_KEY'],
  livekit: ['LIVEKIT_URL', 'LIVEKIT_API_KEY', 'LIVEKIT_API_SECRET'],
  jitsi: ['JITSI_APP_ID']
}

/** Their rooms and people have names that are computed from our secret. */
const SHARED_BY_REPLICAS: ReadonlySet<ProviderName> = new Set(['daily', 'livekit', 'jitsi'])

/** Which providers are in use; what they lack is added to the problems. */
export function chooseVideo (given: Readonly<Record<string, unknown>>, platform: boolean, problems: string[]): VideoModes {
  const named = given['VIDEO_PROVIDER']
  const provider = isProviderName(named) ? named : named === undefined && platform ? generationOf(given) : 'embedded'
  const listed = String(given['VIDEO_PROVIDERS_ALSO'] ?? '').split(',').map((name) => name.trim()).filter((name) => name !== '')
  for (const name of listed) if (!isProviderName(name)) problems.push(`VIDEO_PROVIDERS_ALSO names a provider that does not exist; there are: ${PROVIDER_NAMES.join(', ')}`)
  const fallback = isProviderName(given['VIDEO_FALLBACK']) ? given['VIDEO_FALLBACK'] : undefined
  if (fallback === provider) problems.push('VIDEO_FALLBACK must be another provider than VIDEO_PROVIDER')
  const others = [...new Set([...listed.filter(isProviderName), ...fallback === undefined ? [] : [fallback]])].filter((name) => name !== provider)
  const used = [provider, ...others]
  if (used.includes('bandyer') && used.includes('kaleyra')) problems.push('bandyer and kaleyra are two generations of one vendor’s API: only one of them can be in use')
  for (const name of used) {
    for (const variable of NEEDED[name]) {
      if (given[variable] !== undefined) continue
      const reason = name !== provider ? `where ${name} is in use` : named === undefined ? 'beside platform variables, unless VIDEO_PROVIDER is embedded' : 'with this VIDEO_PROVIDER'
      problems.push(`${variable} is required ${reason}`)
    }
  }
  if (given['STORAGE'] !== 'embedded' && (platform || given['STORAGE'] === 'crud-service') && given['LINK_SECRET'] === undefined && given['BANDYER_API_SECRET_KEY'] === undefined &&
    used.some((name) => SHARED_BY_REPLICAS.has(name))) {
    problems.push('LINK_SECRET is required with this VIDEO_PROVIDER where the storage is a CRUD Service: every replica has to name rooms and people alike')
  }
  return { provider, others, fallback }
}

/** The v1 API stands below /rest, the v2 API does not. */
function generationOf (given: Readonly<Record<string, unknown>>): 'bandyer' | 'kaleyra' {
  const version = given['BANDYER_API_VERSION'] ?? (/\/rest\/*$/.test(String(given['BANDYER_BASE_URL'] ?? '')) ? '1' : '2')
  return version === '1' ? 'bandyer' : 'kaleyra'
}

export function composeVideo (environment: Environment, service: ServiceConfiguration, modes: VideoModes): Pick<Configuration['video'], 'provider' | 'others' | 'fallback' | 'acceptsUnsupported' | 'choice' | 'baseUrl' | 'apiKey' | 'daily' | 'livekit' | 'jitsi'> {
  return {
    ...modes,
    acceptsUnsupported: (environment.UNSUPPORTED_WISHES ?? (modes.provider === 'embedded' ? 'accept' : 'refuse')) === 'accept',
    choice: {
      perRequest: service.videoProviders?.perRequest === true,
      byGroup: new Map(Object.entries(service.videoProviders?.byGroup ?? {}))
    },
    baseUrl: environment.BANDYER_BASE_URL?.replace(/\/+$/, '') ?? '',
    apiKey: environment.BANDYER_API_SECRET_KEY ?? '',
    daily: {
      apiKey: environment.DAILY_API_KEY ?? '',
      baseUrl: environment.DAILY_BASE_URL?.replace(/\/+$/, ''),
      language: environment.DAILY_LANGUAGE,
      transcriptionGeo: environment.DAILY_TRANSCRIPTION_GEO
    },
    livekit: {
      url: environment.LIVEKIT_URL ?? '',
      browserUrl: environment.LIVEKIT_BROWSER_URL,
      apiKey: environment.LIVEKIT_API_KEY ?? '',
      apiSecret: environment.LIVEKIT_API_SECRET ?? '',
      endCallsEveryMs: environment.LIVEKIT_END_CALLS_EVERY_SEC * 1000
    },
    jitsi: jitsiOf(environment)
  }
}

function jitsiOf (environment: Environment): JitsiConfiguration {
  return {
    url: environment.JITSI_URL,
    tenant: environment.JITSI_TENANT,
    appId: environment.JITSI_APP_ID,
    appSecret: environment.JITSI_APP_SECRET,
    privateKey: environment.JITSI_PRIVATE_KEY,
    privateKeyPath: environment.JITSI_PRIVATE_KEY_PATH,
    keyId: environment.JITSI_KEY_ID,
    audience: environment.JITSI_AUDIENCE,
    xmppDomain: environment.JITSI_XMPP_DOMAIN,
    mucDomain: environment.JITSI_MUC_DOMAIN,
    linkToken: environment.JITSI_LINK_TOKEN,
    recording: environment.JITSI_RECORDING,
    startMuted: { microphone: environment.JITSI_START_AUDIO_MUTED, camera: environment.JITSI_START_VIDEO_MUTED },
    reservationSecret: environment.JITSI_RESERVATION_SECRET,
    reservationLobby: environment.JITSI_RESERVATION_LOBBY,
    endMeeting: {
      url: environment.JITSI_END_MEETING_URL,
      keyId: environment.JITSI_END_MEETING_KEY_ID,
      privateKey: environment.JITSI_END_MEETING_PRIVATE_KEY,
      privateKeyPath: environment.JITSI_END_MEETING_PRIVATE_KEY_PATH
    }
  }
}

/** @returns what is wrong with the choice that the service configuration gives: a provider that is not in use */
export const choiceProblems = (service: ServiceConfiguration, { provider, others }: VideoModes): string[] =>
  Object.entries(service.videoProviders?.byGroup ?? {})
    .filter(([, name]) => name !== provider && !others.includes(name))
    .map(([group]) => `TELECONSULTATION_SERVICE_CONFIG_PATH: videoProviders.byGroup.${group} names a provider that is not in use: add it to VIDEO_PROVIDERS_ALSO`)
