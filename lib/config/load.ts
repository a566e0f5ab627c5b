import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { Ajv, type ErrorObject } from 'ajv'
import formats from 'ajv-formats'
import envSchema from 'env-schema'
import { ServiceConfiguration } from '../../schemas/service-configuration.ts'
import { TOOL_NAMES, type Privilege, type ToolName } from '../../schemas/tools.ts'
import { Environment } from './environment.ts'
import { chooseVideo, choiceProblems, composeVideo, type VideoModes } from './video.ts'
import type { Configuration, PrivilegeRule, Theme, TokenAlgorithm } from './configuration.ts'

/** Every problem of the configuration at once. The messages name variables and keys, never values. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[]

  constructor (problems: readonly string[]) {
    super(`The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigurationError'
    this.problems = problems
  }
}

type Variables = Readonly<Record<string, string | undefined>>

const PLATFORM_VARIABLES = [
  'BANDYER_API_SECRET_KEY', 'BANDYER_BASE_URL', 'CRUD_SERVICE_URL', 'CRUD_SERVICE', 'TELECONSULTATIONS_CRUD_NAME', 'USER_ID_MAP_CRUD_NAME', 'USER_MAP_ID_CRUD_NAME'
] as const

const DEFAULT_SERVICE_CONFIGURATION: ServiceConfiguration = {
  privileges: { basic: { groups: ['patient', 'customer'] }, plus: { groups: ['doctor'] } }
}

const DEFAULT_THEME: Theme = {
  light: { primaryColor: '#0b5cad', accentColor: '#ffffff' },
  dark: { primaryColor: '#7cc0ff', accentColor: '#10151c' }
}

/**
 * Reads and checks the environment and the service configuration file.
 *
 * @throws ConfigurationError with everything that is wrong
 */
export function loadConfiguration (variables: Variables): Configuration {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''))
  const problems: string[] = []
  const environment = readEnvironment(given, problems)
  const path = given.TELECONSULTATION_SERVICE_CONFIG_PATH
  const service = path === undefined ? DEFAULT_SERVICE_CONFIGURATION : readServiceConfiguration(path, problems)
  const modes = chooseModes(given, problems)
  for (const name of ['CLINIC_NETWORKS', 'TRUSTED_PROXIES']) {
    if (!list(given[name]).every(isNetwork)) problems.push(`${name} must hold addresses and ranges such as 10.0.0.0/8, separated by commas`)
  }
  if (/\bturns?:/.test(String(given['ICE_SERVERS'])) && given['TURN_SHARED_SECRET'] === undefined) {
    problems.push('TURN_SHARED_SECRET is required where ICE_SERVERS names a TURN server')
  }
  if (service !== undefined) problems.push(...choiceProblems(service, modes.video))
  if (environment === undefined || service === undefined || problems.length > 0) throw new ConfigurationError(problems)
  return freeze(compose(environment, service, modes))
}

function readEnvironment (given: Record<string, unknown>, problems: string[]): Environment | undefined {
  try {
    return envSchema.envSchema<Environment>({
      schema: Environment,
      data: given,
      env: false,
      ajv: { customOptions: (ajv) => formats.default(ajv) }
    })
  } catch (error) {
    const errors = (error as { errors?: ErrorObject[] }).errors
    if (errors === undefined) throw error
    for (const problem of errors) problems.push(describe('', problem))
    return undefined
  }
}

function readServiceConfiguration (path: string, problems: string[]): ServiceConfiguration | undefined {
  const about = 'TELECONSULTATION_SERVICE_CONFIG_PATH'
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    problems.push(`${about} names a file that cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`)
    return undefined
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    problems.push(`${about} names a file that is not JSON`)
    return undefined
  }
  const validate = new Ajv({ allErrors: true, useDefaults: true, allowUnionTypes: true }).compile<ServiceConfiguration>(ServiceConfiguration)
  if (validate(value)) return value
  for (const problem of validate.errors ?? []) problems.push(describe(`${about}: `, problem))
  return undefined
}

// Ajv's own texts name the rule, and the rule's parameters, but not the offending value.
const describe = (about: string, problem: ErrorObject) => {
  const allowed: unknown = problem.params['allowedValues']
  return `${about}${problem.instancePath.slice(1).replaceAll('/', '.')} ${problem.message ?? 'is not valid'}${Array.isArray(allowed) ? `: ${allowed.join(', ')}` : ''}`.trim()
}

interface Modes {
  storage: Configuration['storage']['mode']
  identity: 'sessions' | 'gateway'
  video: VideoModes
}

function chooseModes (given: Record<string, unknown>, problems: string[]): Modes {
  const has = (name: string) => given[name] !== undefined
  const need = (name: string, reason: string) => { if (!has(name)) problems.push(`${name} is required ${reason}`) }
  const platform = PLATFORM_VARIABLES.some(has)
  const storage = given['STORAGE'] ?? (platform ? 'crud-service' : 'embedded')
  if (storage === 'crud-service') {
    need('TELECONSULTATIONS_CRUD_NAME', 'where the storage is a CRUD Service')
    if (!has('USER_MAP_ID_CRUD_NAME')) need('USER_ID_MAP_CRUD_NAME', 'where the storage is a CRUD Service')
  }
  const video = chooseVideo(given, platform, problems)
  checkTokens(given, problems)
  if (given['SMTP_URL'] !== undefined && given['MAIL_FROM'] === undefined) problems.push('MAIL_FROM is required with SMTP_URL')
  if (has('CUSTOM_ID_USERS_API_ENDPOINT')) need('AUTH_SERVICE', 'with CUSTOM_ID_USERS_API_ENDPOINT')
  return {
    storage: storage === 'crud-service' ? 'crud-service' : 'embedded',
    identity: (given['AUTHORIZATION'] ?? (platform ? 'gateway' : 'sessions')) === 'gateway' ? 'gateway' : 'sessions',
    video
  }
}

function checkTokens (given: Record<string, unknown>, problems: string[]): void {
  const { TOKEN_SECRET: secret, TOKEN_JWKS_URL: jwksUrl, TOKEN_AUDIENCE: audience } = given
  if (secret !== undefined && jwksUrl !== undefined) problems.push('TOKEN_SECRET and TOKEN_JWKS_URL exclude each other: tokens have one issuer')
  if (jwksUrl !== undefined && audience === undefined) problems.push('TOKEN_AUDIENCE is required with TOKEN_JWKS_URL: the issuer signs for others too')
  const algorithms = list(given['TOKEN_ALGORITHMS'])
  if (secret !== undefined && algorithms.some((name) => !name.startsWith('HS'))) problems.push('TOKEN_ALGORITHMS must be HS256, HS384 or HS512 with TOKEN_SECRET')
  if (jwksUrl !== undefined && algorithms.some((name) => name.startsWith('HS'))) problems.push('TOKEN_ALGORITHMS must not hold HS256, HS384 or HS512 with TOKEN_JWKS_URL')
}

function compose (environment: Environment, service: ServiceConfiguration, modes: Modes): Configuration {
  const prefix = environment.SERVICE_PREFIX.replace(/\/+$/, '')
  const identity = identityOf(environment, modes.identity)
  // What acts for everybody without a word listens to this machine alone, unless it is told otherwise.
  const local = identity.mode === 'local'
  const userIdMaps = environment.USER_ID_MAP_CRUD_NAME ?? environment.USER_MAP_ID_CRUD_NAME
  return {
    http: {
      port: environment.HTTP_PORT,
      host: environment.HTTP_HOST ?? (local ? '127.0.0.1' : '0.0.0.0'),
      prefix,
      trustedProxies: list(environment.TRUSTED_PROXIES),
      closeDelayMs: (environment.WAIT_BEFORE_SERVER_CLOSE_SEC ?? (local ? 0 : 10)) * 1000,
      publicUrl: environment.PUBLIC_URL?.replace(/\/+$/, ''),
      frameAncestors: environment.FRAME_ANCESTORS,
      requestTimeoutMs: environment.REQUEST_TIMEOUT_MS,
      maxInFlight: environment.MAX_REQUESTS_IN_FLIGHT,
      maxEventLoopDelayMs: environment.MAX_EVENT_LOOP_DELAY_MS
    },
    log: { level: environment.LOG_LEVEL },
    headers: {
      userId: environment.USERID_HEADER_KEY.toLowerCase(),
      groups: environment.GROUPS_HEADER_KEY.toLowerCase(),
      clientType: environment.CLIENTTYPE_HEADER_KEY.toLowerCase(),
      backOffice: environment.BACKOFFICE_HEADER_KEY.toLowerCase(),
      userProperties: environment.USER_PROPERTIES_HEADER_KEY.toLowerCase(),
      organisation: environment.ORGANISATION_HEADER_KEY.toLowerCase(),
      roles: environment.ROLES_HEADER_KEY.toLowerCase(),
      additional: list(environment.ADDITIONAL_HEADERS_TO_PROXY).map((name) => name.toLowerCase())
    },
    identity: {
      ...identity,
      callerSteps: service.userIdPathInRequest ?? [
        { from: 'object', extract: 'headers' },
        { from: 'object', extract: environment.USERID_HEADER_KEY.toLowerCase() }
      ],
      personalLinkGraceMs: environment.PERSONAL_LINK_GRACE_SEC * 1000,
      authService: environment.AUTH_SERVICE === undefined
        ? undefined
        : {
            url: `http://${environment.AUTH_SERVICE}`,
            timeoutMs: environment.AUTH_SERVICE_TIMEOUT_MS,
            defaultClientType: environment.DEFAULT_CLIENT_TYPE,
            customIds: customIdsOf(environment.CUSTOM_ID_USERS_API_ENDPOINT, service.customUserId)
          }
    },
    storage: {
      mode: modes.storage,
      url: modes.storage === 'crud-service' ? (environment.CRUD_SERVICE_URL ?? `http://${environment.CRUD_SERVICE ?? 'crud-service'}`).replace(/\/+$/, '') : undefined,
      teleconsultations: collectionPath(modes.storage === 'crud-service' ? environment.TELECONSULTATIONS_CRUD_NAME : undefined, 'teleconsultations'),
      userIdMaps: collectionPath(modes.storage === 'crud-service' ? userIdMaps : undefined, 'userid-maps'),
      organisationMembers: optionalCollection(modes.storage, environment.ORGANISATION_MEMBERS_CRUD_NAME, 'organisation-members'),
      agendaFeeds: optionalCollection(modes.storage, environment.AGENDA_FEEDS_CRUD_NAME, 'agenda-feeds'),
      erasures: optionalCollection(modes.storage, environment.ERASURES_CRUD_NAME, 'erasures'),
      timeoutMs: environment.STORAGE_TIMEOUT_MS
    },
    video: {
      ...composeVideo(environment, service, modes.video),
      transcribe: environment.TRANSCRIBE_RECORDINGS,
      timeoutMs: environment.PROVIDER_TIMEOUT_MS,
      detailsBudgetMs: environment.DETAILS_BUDGET_MS,
      iceServers: list(environment.ICE_SERVERS),
      turnSharedSecret: environment.TURN_SHARED_SECRET,
      turnCredentialTtlSeconds: environment.TURN_CREDENTIAL_TTL_SEC
    },
    teleconsultations: {
      unlimited: environment.UNLIMITED_TELECONSULTATION,
      live: environment.LIVE_TELECONSULTATION,
      immutablePeriodMs: environment.IMMUTABLE_PERIOD_MS,
      clockSkewMs: environment.CLOCK_SKEW_MS,
      roomCreation: environment.ROOM_CREATION ?? (['bandyer', 'kaleyra'].includes(modes.video.provider) ? 'eager' : 'late'),
      operationLeaseMs: environment.OPERATION_LEASE_MS,
      deployment: environment.DEPLOYMENT_ID ?? 'teleconsultation',
      deletesOrphans: environment.DEPLOYMENT_ID !== undefined || (modes.video.provider === 'embedded' && modes.video.others.length === 0),
      reconcileEveryMs: environment.RECONCILE_EVERY_SEC * 1000,
      deleteUploads: environment.TELECONSULTATION_DELETE_UPLOADS,
      recording: environment.DEFAULT_RECORDING_TYPE,
      transcriptionLimitBytes: bytesOf(environment.TRANSCRIPTION_MAX_FILE_SIZE)
    },
    mail: mailOf(environment, modes.storage),
    dataPath: environment.DATA_PATH,
    // Others read the collections of a CRUD Service, and expect names in them.
    personalDataKeys: environment.PII_ENCRYPTION_KEYS ?? (modes.storage === 'embedded' ? 'generated' : 'none'),
    linkSecret: environment.LINK_SECRET ?? environment.BANDYER_API_SECRET_KEY,
    privileges: { basic: privilegeRule(service, 'basic'), plus: privilegeRule(service, 'plus') },
    organisations: new Map(Object.entries(service.organisations ?? {}).map(([id, { name, defaultPermissions = [] }]) => [id, { name, defaultPermissions: new Set(defaultPermissions) }])),
    taxonomies: service.taxonomies,
    theme: {
      light: { ...DEFAULT_THEME.light, ...service.theme?.light },
      dark: { ...DEFAULT_THEME.dark, ...service.theme?.dark }
    },
    companyLogoUrl: service.companyLogo?.url,
    groupsWithBackground: service.groupsWithBackgroundList ?? []
  }
}

const list = (text: unknown) => (typeof text === 'string' ? text : '').split(',').map((item) => item.trim()).filter((item) => item !== '')

function customIdsOf (endpoint: string | undefined, fields: ServiceConfiguration['customUserId']) {
  if (endpoint === undefined) return undefined
  const { origin, pathname } = new URL(endpoint)
  return { origin, path: pathname, source: fields?.source ?? '_id', target: fields?.target ?? 'authUserId' }
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1000, mb: 1_000_000, gb: 1_000_000_000 }

function bytesOf (size: string): number {
  const [, number = '0', unit = ''] = /^(\d+) *([a-zA-Z]*)$/.exec(size) ?? []
  return Number(number) * (UNITS[unit.toLowerCase()] ?? 1)
}

const collectionPath = (name: string | undefined, fallback: string) => `/${(name ?? fallback).replace(/^\/+|\/+$/g, '')}`

const optionalCollection = (storage: Modes['storage'], name: string | undefined, own: string) =>
  storage === 'embedded' ? collectionPath(undefined, own) : name === undefined ? undefined : collectionPath(name, own)

function identityOf (environment: Environment, wanted: Modes['identity']): Pick<Configuration['identity'], 'mode' | 'clinicNetworks' | 'tokens' | 'trustsHeaders' | 'defaultOrganisation'> {
  const { TOKEN_SECRET: secret, TOKEN_JWKS_URL: jwksUrl, TOKEN_AUDIENCE: audience } = environment
  const hasTokens = secret !== undefined || jwksUrl !== undefined
  const isOpenToNobody = hasTokens || environment.IDENTITY_HEADERS
  const networks = environment.CLINIC_NETWORKS ?? (isOpenToNobody && environment.AUTHORIZATION !== 'local' ? '' : '127.0.0.0/8,::1/128')
  const clinicNetworks = wanted === 'gateway' ? [] : list(networks)
  return {
    mode: wanted === 'sessions' && clinicNetworks.length > 0 ? 'local' : wanted,
    clinicNetworks,
    tokens: hasTokens
      ? {
          secret,
          jwksUrl,
          jwksCacheMs: environment.TOKEN_JWKS_CACHE_SEC * 1000,
          algorithms: environment.TOKEN_ALGORITHMS === undefined ? undefined : list(environment.TOKEN_ALGORITHMS) as TokenAlgorithm[],
          issuer: environment.TOKEN_ISSUER,
          audiences: audience === undefined ? undefined : list(audience),
          clockToleranceSeconds: environment.TOKEN_CLOCK_TOLERANCE_SEC,
          claims: { userId: environment.TOKEN_USER_ID_CLAIM, groups: environment.TOKEN_GROUPS_CLAIM, organisation: environment.TOKEN_ORGANISATION_CLAIM, roles: environment.TOKEN_ROLES_CLAIM }
        }
      : undefined,
    trustsHeaders: environment.IDENTITY_HEADERS,
    defaultOrganisation: environment.DEFAULT_ORGANISATION
  }
}

function mailOf (environment: Environment, storage: Modes['storage']): Configuration['mail'] {
  if (environment.SMTP_URL === undefined && storage !== 'embedded') return undefined
  return {
    smtpUrl: environment.SMTP_URL,
    from: environment.MAIL_FROM ?? 'Teleconsultation <teleconsultation@clinic.invalid>',
    reminders: list(environment.MAIL_REMINDERS_MIN).map(Number),
    templatesPath: environment.MAIL_TEMPLATES_PATH,
    showsTitle: environment.MAIL_SHOWS_TITLE,
    everyMs: environment.MAIL_EVERY_SEC * 1000
  }
}

function privilegeRule (service: ServiceConfiguration, privilege: Privilege): PrivilegeRule {
  const { groups, tools } = service.privileges[privilege]
  const on: ToolName[] = tools === undefined ? [...TOOL_NAMES] : TOOL_NAMES.filter((name) => tools[name] === true)
  return { groups: new Set(groups), tools: new Set(on), namedTools: new Set(tools === undefined ? [] : on) }
}

function isNetwork (text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  return family !== 0 && rest.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32)))
}

function freeze<T extends object> (value: T): T {
  for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) freeze(part as object)
  return Object.freeze(value)
}
