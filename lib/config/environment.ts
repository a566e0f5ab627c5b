import { Type, type Static } from 'typebox'
import { mailEnvironment } from './mail-environment.ts'
import { identityEnvironment } from './identity-environment.ts'
import { videoEnvironment } from './video-environment.ts'

const HeaderName = (example: string, description: string) => Type.String({ default: example, pattern: '^[A-Za-z0-9_-]+$', description })
const CollectionName = (description: string) => Type.Optional(Type.String({ pattern: '^/?[A-Za-z0-9][A-Za-z0-9/_-]*$', description }))
const HttpUrl = (description: string) => Type.Optional(Type.String({ pattern: '^https?://[^\\s/@?#]+(/[^\\s?#]*)?$', description }))

/**
 * Every environment variable that the service reads; README's table is compared with it. An empty variable counts as
 * unset, unknown ones are ignored.
 */
export const Environment = Type.Object({
  HTTP_PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65535, description: 'Port to listen on; 0 takes a free one' }),
  HTTP_HOST: Type.Optional(Type.String({ description: 'Address to listen on. Default: 127.0.0.1 where AUTHORIZATION is local, else 0.0.0.0' })),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { default: 'info', description: 'Least level that is logged' }),
  SERVICE_PREFIX: Type.String({ default: '/', pattern: '^/((?!-)[a-z0-9-]*(?<!-)/?)*$', description: 'Path below which the routes stand; not the /-/ and /documentation ones' }),
  WAIT_BEFORE_SERVER_CLOSE_SEC: Type.Optional(Type.Number({ minimum: 0, maximum: 3600, description: 'Seconds to go on serving after SIGTERM. Default: 0 where AUTHORIZATION is local, else 10' })),
  TRUSTED_PROXIES: Type.Optional(Type.String({ description: 'Addresses and ranges of proxies whose x-forwarded-* headers count, separated by commas' })),
  PUBLIC_URL: HttpUrl('Address under which browsers reach the service, without SERVICE_PREFIX; personal links begin with it. Default: http://localhost with the port'),
  DATA_PATH: Type.String({ default: './data', description: 'Folder of what the service itself stores: the embedded storage and rooms, the generated key' }),

  STORAGE: Type.Optional(Type.Enum(['embedded', 'crud-service'], { description: 'Where teleconsultations are stored. Default: embedded, unless a platform variable is set' })),
  AUTHORIZATION: Type.Optional(Type.Enum(['sessions', 'local', 'gateway'], { description: 'gateway: a gateway in front has authenticated everybody and decides who may do what; sessions: this service does (docs/authorization.md); local: the same as sessions, for one machine. Default: sessions, unless a platform variable is set' })),
  CLINIC_NETWORKS: Type.Optional(Type.String({ description: 'Address ranges from which requests without a token act as the clinic where AUTHORIZATION is not gateway, separated by commas; none: empty ranges such as 0.0.0.0/32. Default: 127.0.0.0/8,::1/128 where neither tokens nor headers say who is calling, or AUTHORIZATION is local; else nobody does' })),
  ...identityEnvironment,

  USERID_HEADER_KEY: HeaderName('miauserid', 'Header with the caller’s id'),
  GROUPS_HEADER_KEY: HeaderName('miausergroups', 'Header with the caller’s groups'),
  CLIENTTYPE_HEADER_KEY: HeaderName('client-type', 'Header with the client type'),
  BACKOFFICE_HEADER_KEY: HeaderName('isbackoffice', 'Header that tells back-office requests'),
  USER_PROPERTIES_HEADER_KEY: HeaderName('miauserproperties', 'Header with the caller’s properties as JSON'),
  MICROSERVICE_GATEWAY_SERVICE_NAME: Type.String({ default: 'microservice-gateway', pattern: '^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$', description: 'Of the platform; accepted and not used' }),
  ADDITIONAL_HEADERS_TO_PROXY: Type.String({ default: '', description: 'Request headers passed on to platform services, never to a video provider, separated by commas' }),

  TELECONSULTATION_SERVICE_CONFIG_PATH: Type.Optional(Type.String({ description: 'Path of the JSON service configuration (config.schema.json). Without it: patient and customer are basic, doctor is plus, all tools on' })),
  CRUD_SERVICE_URL: HttpUrl('Base URL of the CRUD Service'),
  CRUD_SERVICE: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9.-]+(:[0-9]{1,5})?$', description: 'Host of the CRUD Service, where CRUD_SERVICE_URL is not given. Default: crud-service' })),
  TELECONSULTATIONS_CRUD_NAME: CollectionName('CRUD endpoint of the teleconsultations, with or without leading slash'),
  USER_ID_MAP_CRUD_NAME: CollectionName('CRUD endpoint of the user id map, with or without leading slash'),
  ORGANISATION_MEMBERS_CRUD_NAME: CollectionName('CRUD endpoint of the members of organisations. Without it, beside a CRUD Service, tokens or headers have to say who is a member'),
  AGENDA_FEEDS_CRUD_NAME: CollectionName('CRUD endpoint of the calendar feeds. Without it, beside a CRUD Service, there are none'),
  ERASURES_CRUD_NAME: CollectionName('CRUD endpoint of the erasures that are under way. Without it, beside a CRUD Service, one that could not be finished is tried again by this process only'),
  USER_MAP_ID_CRUD_NAME: CollectionName('Another spelling of USER_ID_MAP_CRUD_NAME'),
  ...videoEnvironment,
  ...mailEnvironment,
  AUTH_SERVICE: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9.-]+(:[0-9]{1,5})?$', description: 'Host of the auth service (auth0-client) that knows people, their groups and names. Without it requests bring them' })),
  CUSTOM_ID_USERS_API_ENDPOINT: HttpUrl('List of user records in the manner of the CRUD Service, which maps custom ids to the auth service’s (customUserId in the service configuration); only with AUTH_SERVICE'),
  DEFAULT_CLIENT_TYPE: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]+$', description: 'Client type for the auth service when the request carries none' })),
  AUTH_SERVICE_TIMEOUT_MS: Type.Integer({ default: 5000, minimum: 100, maximum: 120_000, description: 'Milliseconds that one request to the auth service may take' }),

  UNLIMITED_TELECONSULTATION: Type.Boolean({ default: true, description: 'false: the call itself ends at the end of the teleconsultation' }),
  LIVE_TELECONSULTATION: Type.Boolean({ default: true, description: 'The call ends when fewer than two remain, where the provider can do that' }),
  IMMUTABLE_PERIOD_MS: Type.Integer({ default: 0, minimum: 0, maximum: 31_536_000_000, description: 'Milliseconds before the start from which a complete teleconsultation cannot be changed and its links are given' }),
  CLOCK_SKEW_MS: Type.Integer({ default: 250, minimum: 0, maximum: 60_000, description: 'Milliseconds by which the clocks of two replicas may differ: changes end that much before the immutable period, links begin that much after' }),
  TELECONSULTATION_DELETE_UPLOADS: Type.Boolean({ default: false, description: 'Whether DELETE /teleconsultation/:roomId/uploads deletes the files that were shared in the call' }),
  DEFAULT_RECORDING_TYPE: Type.Enum(['none', 'manual', 'automatic'], { default: 'none', description: 'How calls are recorded, where the provider can do that' }),
  TRANSCRIBE_RECORDINGS: Type.Boolean({ default: true, description: 'Whether recorded calls are transcribed, where the provider can do that; it has to be enabled for the account' }),
  TRANSCRIPTION_MAX_FILE_SIZE: Type.String({ default: '50MB', pattern: '^[0-9]+ *([kKmMgG]?[bB])?$', description: 'Largest transcription that is passed on, e.g. 500KB, 50MB, 1GB' }),
  ROOM_CREATION: Type.Optional(Type.Enum(['eager', 'late'], { description: 'eager: the room is made when the list of participants is complete; late: when the first link is given. Default: eager with bandyer and kaleyra, else late' })),
  OPERATION_LEASE_MS: Type.Integer({ default: 30_000, minimum: 1000, maximum: 600_000, description: 'Milliseconds after which an unfinished change may be taken over' }),
  DEPLOYMENT_ID: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]{1,64}$', description: 'Marks the provider’s rooms as this deployment’s; no other deployment that uses the same account may have it. Only where it is set, rooms that no teleconsultation owns are looked for at the provider and deleted (the embedded provider needs no name for that)' })),
  RECONCILE_EVERY_SEC: Type.Integer({ default: 60, minimum: 0, maximum: 86_400, description: 'Seconds between two looks for what was left behind by processes that died; 0: never' }),

  REQUEST_TIMEOUT_MS: Type.Integer({ default: 20_000, minimum: 1000, maximum: 300_000, description: 'Milliseconds that a request may take in all: no step begins after them. What was begun at the video provider is still published or undone' }),
  MAX_REQUESTS_IN_FLIGHT: Type.Integer({ default: 500, minimum: 10, maximum: 100_000, description: 'Requests under way from which on writes are refused with 503; reads from twice as many' }),
  MAX_EVENT_LOOP_DELAY_MS: Type.Integer({ default: 250, minimum: 20, maximum: 60_000, description: 'Milliseconds by which a process that is busy all the time may be late before writes are refused with 503; reads at four times as much' }),
  STORAGE_TIMEOUT_MS: Type.Integer({ default: 5000, minimum: 100, maximum: 120_000, description: 'Milliseconds that one request to the CRUD Service may take' }),
  PROVIDER_TIMEOUT_MS: Type.Integer({ default: 10_000, minimum: 100, maximum: 120_000, description: 'Milliseconds that one call of the video provider may take' }),
  DETAILS_BUDGET_MS: Type.Integer({ default: 300, minimum: 0, maximum: 10_000, description: 'Milliseconds for which a link waits for the provider’s details of the room' }),

  PII_ENCRYPTION_KEYS: Type.Optional(Type.String({ minLength: 1, description: 'Keys that encrypt names, e-mail addresses, titles and descriptions in the storage: id:base64 of 32 bytes, separated by commas; the first one encrypts, all decrypt. Or generated: one is made in DATA_PATH/pii-keys; or none: they are stored readable. Default: generated for the embedded storage, else none (docs/personal-data.md)' })),
  LINK_SECRET: Type.Optional(Type.String({ minLength: 32, description: 'Secret that signs personal links and the embedded provider’s, at least 32 characters. Default: derived from BANDYER_API_SECRET_KEY where that is set (whoever gives that key up sets this to it), else generated once into DATA_PATH' })),
  PERSONAL_LINK_GRACE_SEC: Type.Integer({ default: 86_400, minimum: 0, maximum: 31_536_000, description: 'Seconds after the end for which a personal link still opens its page' }),
  ICE_SERVERS: Type.String({ default: '', pattern: '^(\\s*(stuns?|turns?):[^\\s,]+\\s*(,\\s*(stuns?|turns?):[^\\s,]+\\s*)*)?$', description: 'STUN and TURN URLs for the embedded video, separated by commas' }),
  TURN_SHARED_SECRET: Type.Optional(Type.String({ minLength: 8, description: 'Secret shared with the TURN servers (TURN REST API): each participant gets credentials of his own' })),
  TURN_CREDENTIAL_TTL_SEC: Type.Integer({ default: 43_200, minimum: 60, maximum: 604_800, description: 'Seconds for which TURN credentials are valid' }),
  FRAME_ANCESTORS: Type.String({ default: '*', pattern: "^[A-Za-z0-9*:/.' -]+$", description: 'Who may embed the participant’s and the call’s page (CSP frame-ancestors)' })
}, { $id: 'Environment' })
export type Environment = Static<typeof Environment>
