import type { Environment } from './environment.ts'
import type { ProviderName } from './video-environment.ts'
import type { TaxonomyConfiguration } from '../../schemas/taxonomies.ts'
import type { PermissionName } from '../../schemas/permissions.ts'
import type { Privilege, ToolName } from '../../schemas/tools.ts'

export type TokenAlgorithm = 'HS256' | 'HS384' | 'HS512' | 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

export interface CallerStep { from: 'object' | 'json' | 'array', extract: string | number }

export interface Theme {
  light: { primaryColor: string, accentColor: string }
  dark: { primaryColor: string, accentColor: string }
}

export interface PrivilegeRule {
  groups: ReadonlySet<string>
  tools: ReadonlySet<ToolName>
  /** Those that the service configuration names; without it all are given that there are, and nobody insists on any. */
  namedTools?: ReadonlySet<ToolName> | undefined
}
export type Privileges = Readonly<Record<Privilege, PrivilegeRule>>

interface KeyConfiguration { privateKey: string | undefined, privateKeyPath: string | undefined }

export interface JitsiConfiguration extends KeyConfiguration {
  url: string | undefined
  tenant: string | undefined
  appId: string | undefined
  appSecret: string | undefined
  keyId: string | undefined
  audience: string | undefined
  xmppDomain: string | undefined
  mucDomain: string | undefined
  linkToken: 'fragment' | 'query'
  recording: boolean
  startMuted: { microphone: boolean, camera: boolean }
  /** Absent: Prosody does not ask. */
  reservationSecret: string | undefined
  reservationLobby: boolean
  /** Without an URL calls cannot be ended. */
  endMeeting: KeyConfiguration & { url: string | undefined, keyId: string | undefined }
}

/** The whole configuration, read once at start and passed on as a value. Frozen. */
export interface Configuration {
  http: {
    port: number
    host: string
    /** Begins with a slash and does not end with one; empty at the root. */
    prefix: string
    trustedProxies: readonly string[]
    closeDelayMs: number
    publicUrl: string | undefined
    frameAncestors: string
    requestTimeoutMs: number
    maxInFlight: number
    maxEventLoopDelayMs: number
  }
  log: { level: Environment['LOG_LEVEL'] }
  headers: {
    userId: string
    groups: string
    clientType: string
    backOffice: string
    userProperties: string
    organisation: string
    roles: string
    additional: readonly string[]
  }
  identity: {
    /** `sessions`: this service decides who may do what; `local`: it does, and requests from `clinicNetworks` act as the clinic. */
    mode: 'local' | 'sessions' | 'gateway'
    /** From where requests without a token act as the clinic. None: nobody does. */
    clinicNetworks: readonly string[]
    /** Of whom bearer tokens are taken; absent: none are. */
    tokens: {
      secret: string | undefined
      jwksUrl: string | undefined
      jwksCacheMs: number
      algorithms: readonly TokenAlgorithm[] | undefined
      issuer: string | undefined
      audiences: readonly string[] | undefined
      clockToleranceSeconds: number
      claims: { userId: string, groups: string, organisation: string, roles: string }
    } | undefined
    /** Whether the platform's headers say who is calling where the mode is sessions. */
    trustsHeaders: boolean
    /** To which the clinic belongs, and sessions that name none. */
    defaultOrganisation: string
    callerSteps: readonly CallerStep[]
    personalLinkGraceMs: number
    /** Absent where requests bring groups and names themselves. */
    authService: {
      url: string
      timeoutMs: number
      defaultClientType: string | undefined
      customIds: { origin: string, path: string, source: string, target: string } | undefined
    } | undefined
  }
  storage: {
    mode: 'embedded' | 'crud-service'
    /** Absent where the storage is embedded: its address is known once it listens. */
    url: string | undefined
    teleconsultations: string
    userIdMaps: string
    /** Undefined: not kept. */
    organisationMembers: string | undefined
    agendaFeeds: string | undefined
    /** Undefined: erasures that are under way are not kept. */
    erasures: string | undefined
    timeoutMs: number
  }
  video: {
    provider: ProviderName
    /** In use besides, the fallback included. */
    others: readonly ProviderName[]
    fallback: ProviderName | undefined
    /** Whether a booking may want what its provider cannot give. */
    acceptsUnsupported: boolean
    choice: { perRequest: boolean, byGroup: ReadonlyMap<string, ProviderName> }
    daily: { apiKey: string, baseUrl: string | undefined, language: string | undefined, transcriptionGeo: 'eu' | 'global' | undefined }
    livekit: { url: string, browserUrl: string | undefined, apiKey: string, apiSecret: string, endCallsEveryMs: number }
    jitsi: JitsiConfiguration
    /** Of Bandyer or Kaleyra; empty where neither is in use. */
    baseUrl: string
    apiKey: string
    transcribe: boolean
    timeoutMs: number
    detailsBudgetMs: number
    iceServers: readonly string[]
    turnSharedSecret: string | undefined
    turnCredentialTtlSeconds: number
  }
  teleconsultations: {
    unlimited: boolean
    live: boolean
    immutablePeriodMs: number
    clockSkewMs: number
    roomCreation: 'eager' | 'late'
    operationLeaseMs: number
    deployment: string
    /** Whether the deployment's name is its own, so that a marker proves whose a room is. */
    deletesOrphans: boolean
    reconcileEveryMs: number
    deleteUploads: boolean
    recording: 'none' | 'manual' | 'automatic'
    transcriptionLimitBytes: number
  }
  /** Absent: nobody is sent e-mails. */
  mail: {
    /** Absent: they are kept in the outbox. */
    smtpUrl: string | undefined
    from: string
    reminders: readonly number[]
    templatesPath: string | undefined
    showsTitle: boolean
    everyMs: number
  } | undefined
  dataPath: string
  linkSecret: string | undefined
  /** `generated`, `none`, or keys with their ids. Secrets. */
  personalDataKeys: string
  privileges: Privileges
  /** By their ids. */
  organisations: ReadonlyMap<string, { name: string | undefined, defaultPermissions: ReadonlySet<PermissionName> }>
  taxonomies: TaxonomyConfiguration | undefined
  theme: Theme
  companyLogoUrl: string | undefined
  groupsWithBackground: readonly string[]
}
