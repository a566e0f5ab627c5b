import createError from '@fastify/error'

/**
 * The error catalogue: every error that this service answers with is declared here and described in
 * docs/errors.md (a guard test compares the two).
 *
 * `%s` parts are filled by the constructor's arguments. They may hold what the caller sent in this request and ids
 * of documents; never secrets, links, names, e-mails, or an upstream's own words.
 */
const define = (code: string, message: string, statusCode: number) => createError(code, message, statusCode)

/**
 * Errors whose sentence is documented by the original service: `error` and `message` of the body both hold it.
 */
export const RoomNotFound = define('TELECONSULTATION_NOT_FOUND', 'Room with id %s not found on CRUD', 404)
export const UnauthorizedUser = define('UNAUTHORIZED_USER', 'Unauthorized user', 401)
export const NoPlusUser = define('NO_PLUS_USER', 'Failed %s: no plus user in room', 400)

export const ImmutablePeriod = define('IMMUTABLE_PERIOD', 'The teleconsultation can no longer be changed: its immutable period has begun', 409)
export const OperationInProgress = define('OPERATION_IN_PROGRESS', 'Another change of this teleconsultation is being made; try again shortly', 409)
export const ConcurrentChange = define('CONCURRENT_CHANGE', 'The teleconsultation was changed by somebody else meanwhile; try again', 409)

export const PreconditionFailed = define('PRECONDITION_FAILED', 'The teleconsultation is not as If-Match says: read it again', 412)
export const KeyReused = define('IDEMPOTENCY_KEY_REUSED', 'The Idempotency-Key was used before, for another request', 422)
export const RequestRunning = define('REQUEST_RUNNING', 'A request with this Idempotency-Key is being worked on; try again shortly', 409)

export const InvalidDate = define('INVALID_DATE', 'body/%s is not a date and time that exists', 400)
export const InvalidSpan = define('INVALID_SPAN', 'A teleconsultation lasts at least 5 minutes and at most 24 hours', 400)
export const EndOrDuration = define('END_OR_DURATION', 'Give exactly one of body/end_date and body/duration_in_seconds', 400)
export const UnknownGroup = define('UNKNOWN_GROUP', 'body/%s names the group "%s", which no privilege lists', 400)
export const DuplicateParticipant = define('DUPLICATE_PARTICIPANT', 'body/%s is a participant already', 400)
export const TooManyParticipants = define('TOO_MANY_PARTICIPANTS', 'There are more participants than body/participants/number allows', 400)
export const ParticipantsNeedAuthService = define('PARTICIPANTS_NEED_AUTH_SERVICE', 'body/participants as an array of ids is only accepted where AUTH_SERVICE is configured', 400)
export const ParticipantFieldMissing = define('PARTICIPANT_FIELD_MISSING', 'body/%s is required where AUTH_SERVICE is not configured', 400)

export const CredentialsNeedAuthService = define('CREDENTIALS_NEED_AUTH_SERVICE', 'Credentials are only given where AUTH_SERVICE is configured', 501)
export const NotRecorded = define('NOT_RECORDED', 'There are no transcriptions: DEFAULT_RECORDING_TYPE is none', 409)
export const TranscriptionNotFound = define('TRANSCRIPTION_NOT_FOUND', 'There is no transcription of this session', 404)
export const TranscriptionTooLarge = define('TRANSCRIPTION_TOO_LARGE', 'The transcription is larger than TRANSCRIPTION_MAX_FILE_SIZE', 413)
export const ImageMissing = define('IMAGE_MISSING', 'The body must hold one file in the field virtual_background', 400)
export const ImageTooLarge = define('IMAGE_TOO_LARGE', 'The image is larger than 10 MB', 413)

export const CapabilityUnsupported = define('CAPABILITY_UNSUPPORTED', 'The configured video provider does not support %s', 501)
export const CapabilityLimit = define('CAPABILITY_LIMIT', 'The configured video provider does not allow %s', 422)

export const AuthenticationRequired = define('AUTHENTICATION_REQUIRED', 'The request does not say who is calling', 401)
/** One sentence for every fault of a token: which it was would help who tries. */
export const InvalidToken = define('INVALID_TOKEN', 'The bearer token is not valid, or no longer', 401)
export const IdentityUnavailable = define('IDENTITY_UNAVAILABLE', 'The keys of the identity provider cannot be read at the moment; try again shortly', 503)
export const AmbiguousIdentity = define('AMBIGUOUS_IDENTITY', 'The request carries two different identities', 401)
export const NotPermitted = define('NOT_PERMITTED', 'The caller may not do this', 403)
export const OrganisationNeeded = define('ORGANISATION_NEEDED', 'The caller is a member of several organisations, or of none: body/organisation must name one of his', 400)
export const ParticipantNotFound = define('PARTICIPANT_NOT_FOUND', 'There is no such participant', 404)
export const LastOwner = define('LAST_OWNER', 'The owner of a session cannot be removed from it', 409)
export const NoAddress = define('NO_ADDRESS', 'There is no e-mail address of this participant', 409)
export const MailNotConfigured = define('MAIL_NOT_CONFIGURED', 'E-mails are not sent here: SMTP_URL is not configured', 501)
export const SessionEnded = define('SESSION_ENDED', 'The session was ended', 409)
export const OrganisationNotFound = define('ORGANISATION_NOT_FOUND', 'There is no such organisation', 404)
export const MemberNotFound = define('MEMBER_NOT_FOUND', 'There is no such member', 404)
export const MemberExists = define('MEMBER_EXISTS', 'The person is a member of the organisation already, or invited', 409)
export const LastAdmin = define('LAST_ADMIN', 'An organisation keeps its last ADMIN: make somebody else ADMIN first', 409)
export const StandardStays = define('STANDARD_STAYS', 'A member keeps STANDARD; remove the member instead', 409)
export const MemberChanged = define('MEMBER_CHANGED', 'The membership was changed by somebody else meanwhile; try again', 409)
export const MembersNotKept = define('MEMBERS_NOT_KEPT', 'Members of organisations are not kept here: ORGANISATION_MEMBERS_CRUD_NAME is not configured', 501)

export const ErasureNotFound = define('ERASURE_NOT_FOUND', 'No erasure of this person is under way', 404)
export const AgendaNotFound = define('AGENDA_NOT_FOUND', 'There is no agenda at this address, or no longer', 404)
export const FeedsNotKept = define('FEEDS_NOT_KEPT', 'Calendar feeds are not kept here: AGENDA_FEEDS_CRUD_NAME is not configured', 501)
export const FieldNotDeclared = define('FIELD_NOT_DECLARED', 'The collection of teleconsultations does not declare the field %s, without which there are no sessions', 501)
export const UnknownTaxonomyValue = define('UNKNOWN_TAXONOMY_VALUE', 'body/%s is not in the taxonomy; allowed are: %s', 422)
export const TaxonomyNotFound = define('TAXONOMY_NOT_FOUND', 'There is no such taxonomy', 404)
export const UnknownTimeZone = define('UNKNOWN_TIME_ZONE', 'body/%s is not the name of a time zone', 400)
export const InvalidAddress = define('INVALID_ADDRESS', 'body/%s is not an e-mail address', 422)
export const InvalidCursor = define('INVALID_CURSOR', 'querystring/cursor was not given by this service for this list', 400)

export const NotTheClinic = define('NOT_THE_CLINIC', 'Only the clinic may do this: the request does not come from an address in CLINIC_NETWORKS, or names a foreign host or origin', 403)
export const ForeignOrigin = define('FOREIGN_ORIGIN', 'A page of another origin may not open this connection', 403)
export const InvalidPersonalLink = define('INVALID_PERSONAL_LINK', 'The personal link is not valid, or no longer', 401)
export const GuestLinkUsed = define('GUEST_LINK_USED', 'This link was opened on another device already, and opens only there', 410)
export const ReservationUnauthorized = define('RESERVATION_UNAUTHORIZED', 'Only the Jitsi server may ask this: the request does not carry its secret', 401)
export const RoomNotReserved = define('ROOM_NOT_RESERVED', 'There is no consultation in this room', 404)
export const RoomNotOpenYet = define('ROOM_NOT_OPEN_YET', 'The consultation in this room has not begun yet', 403)
export const RoomOver = define('ROOM_OVER', 'The consultation in this room is over', 410)
export const PageNotBuilt = define('PAGE_NOT_BUILT', 'The pages are not built: run npm run build', 503)

export const StorageUnavailable = define('STORAGE_UNAVAILABLE', 'The storage cannot be reached at the moment; try again shortly', 503)
export const StorageTimeout = define('STORAGE_TIMEOUT', 'The storage did not answer in time', 504)
export const StorageBadAnswer = define('STORAGE_BAD_ANSWER', 'The storage gave an answer that cannot be used', 502)

/** Carries the CRUD Service's own 4xx status and sentence. */
export const StorageRefused = define('STORAGE_REFUSED', '%s', 400)

export const UserNotFound = define('USER_NOT_FOUND', 'body/%s is nobody whom the auth service knows', 400)
export const UserWithoutName = define('USER_WITHOUT_NAME', 'body/%s is somebody whom the auth service knows without a name; send fullName with it', 400)
/** Carries the auth service's own status, 401 or 403. */
export const AuthServiceRefused = define('AUTH_SERVICE_REFUSED', 'The auth service does not accept the session or the client type of this request', 401)
export const AuthServiceUnavailable = define('AUTH_SERVICE_UNAVAILABLE', 'The auth service cannot be reached at the moment; try again shortly', 503)
export const AuthServiceTimeout = define('AUTH_SERVICE_TIMEOUT', 'The auth service did not answer in time', 504)
export const AuthServiceBadAnswer = define('AUTH_SERVICE_BAD_ANSWER', 'The auth service gave an answer that cannot be used', 502)

export const ProviderBadAnswer = define('PROVIDER_BAD_ANSWER', 'The video provider gave an answer that cannot be used', 502)
export const ProviderRefusedKey = define('PROVIDER_REFUSED_KEY', 'The video provider refused the configured key', 502)
export const ProviderBusy = define('PROVIDER_BUSY', 'The video provider is busy at the moment; try again shortly', 503)
export const ProviderUnavailable = define('PROVIDER_UNAVAILABLE', 'The video provider cannot be reached at the moment; try again shortly', 503)
export const ProviderTimeout = define('PROVIDER_TIMEOUT', 'The video provider did not answer in time', 504)

export const Overloaded = define('OVERLOADED', 'The service has too much to do at the moment; try again shortly', 503)
export const PersonalDataKeyLost = define('PII_KEY_LOST', 'Personal data cannot be read: the key that it was encrypted with is not configured, or it was changed', 500)
export const InternalError = define('INTERNAL_ERROR', 'Something went wrong', 500)

/** Codes whose sentence stands in `error` as well as in `message`. */
export const DOCUMENTED_SENTENCES: ReadonlySet<string> = new Set(['TELECONSULTATION_NOT_FOUND', 'UNAUTHORIZED_USER', 'NO_PLUS_USER'])

/** Seconds that a caller is told to wait, by code: sent as `retry-after`. */
export const RETRY_AFTER_SECONDS: ReadonlyMap<string, number> = new Map([
  ['OPERATION_IN_PROGRESS', 1],
  ['CONCURRENT_CHANGE', 1],
  ['REQUEST_RUNNING', 1],
  ['MEMBER_CHANGED', 1],
  ['OVERLOADED', 2],
  ['STORAGE_UNAVAILABLE', 2],
  ['AUTH_SERVICE_UNAVAILABLE', 2],
  ['IDENTITY_UNAVAILABLE', 2],
  ['PAGE_NOT_BUILT', 60],
  ['PROVIDER_BUSY', 5],
  ['PROVIDER_UNAVAILABLE', 5]
])
