import { randomBytes, randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { Counter } from 'prom-client'
import Fastify, { LogController, type FastifyInstance, type FastifyRequest } from 'fastify'
import * as agendaSchemas from '../schemas/agenda.ts'
import * as errorSchemas from '../schemas/error.ts'
import * as mailSchemas from '../schemas/mail.ts'
import * as organisationSchemas from '../schemas/organisations.ts'
import * as personSchemas from '../schemas/people.ts'
import * as pageSchemas from '../schemas/pages.ts'
import * as sessionSchemas from '../schemas/session.ts'
import * as taxonomySchemas from '../schemas/taxonomies.ts'
import * as teleconsultationSchemas from '../schemas/teleconsultation.ts'
import * as settingsSchemas from '../schemas/settings.ts'
import { openMail, readMailTexts } from './compose-mail.ts'
import { openPeople } from './compose-people.ts'
import { isKeyMissing, openCipher } from './compose-privacy.ts'
import { startOwnStorage } from './compose-storage.ts'
import { openTokens } from './compose-tokens.ts'
import { openVideo } from './compose-video.ts'
import type { Configuration } from './config/configuration.ts'
import { ConfigurationError } from './config/load.ts'
import { sessionOf, standingOf } from './domain/session.ts'
import { taxonomiesOf } from './domain/taxonomies.ts'
import { linkFrom } from './domain/window.ts'
import { loggableError } from './http/redact.ts'
import { actorFinder } from './identity/actor.ts'
import { callerFinder } from './identity/caller.ts'
import { clinicCheck } from './identity/clinic.ts'
import { derivedKey, linkSecret } from './identity/link-secret.ts'
import { memberships } from './identity/memberships.ts'
import { personalLinks } from './identity/personal-links.ts'
import { seatTokens } from './identity/seat-tokens.ts'
import authorization from './plugins/authorization.ts'
import errors, { schemaError } from './plugins/errors.ts'
import load from './plugins/load.ts'
import metrics from './plugins/metrics.ts'
import openapi from './plugins/openapi.ts'
import reconciler from './plugins/reconciler.ts'
import requestContext from './plugins/request-context.ts'
import requestKey from './plugins/request-key.ts'
import requestLog from './plugins/request-log.ts'
import status from './plugins/status.ts'
import upstreams from './plugins/upstreams.ts'
import telling from './plugins/telling.ts'
import tokens from './plugins/tokens.ts'
import { schemaController } from './plugins/validation.ts'
import type { VideoProvider } from './providers/provider.ts'
import type { Hub } from './providers/embedded/hub.ts'
import { agendaRoutes } from './routes/agenda/index.ts'
import { clinicRoutes } from './routes/clinic/index.ts'
import { jitsiReservationRoutes } from './routes/jitsi-reservation/index.ts'
import { mailRoutes } from './routes/mail/index.ts'
import { organisationRoutes } from './routes/organisations/index.ts'
import { pageRoutes } from './routes/pages/index.ts'
import { peopleRoutes } from './routes/people/index.ts'
import { personalLinkRoute } from './routes/personal-link/access.ts'
import type { Services } from './routes/services.ts'
import { cursors } from './routes/sessions/cursors.ts'
import { sessionRoutes } from './routes/sessions/index.ts'
import { taxonomyRoutes } from './routes/taxonomies/index.ts'
import { teleconsultationRoutes } from './routes/teleconsultation/index.ts'
import { erasuresInMemory, erasureStore } from './storage/erasure-store.ts'
import { feedStore } from './storage/feed-store.ts'
import { memberStore } from './storage/member-store.ts'
import { openStorage } from './storage/storage.ts'
import { teleconsultationStore } from './storage/teleconsultation-store.ts'
import { userMapStore } from './storage/user-map-store.ts'
import { accessGiver } from './teleconsultations/give-access.ts'
import { callStates } from './teleconsultations/call-state.ts'
import { erasures } from './teleconsultations/erasures.ts'
import { sessionsOf } from './teleconsultations/list-sessions.ts'
import { oncePerKey } from './teleconsultations/once-per-key.ts'
import { systemDeadline } from './teleconsultations/deadline.ts'
import { unsupportedBy } from './teleconsultations/places.ts'
import { authorizationRules, type Ports } from './teleconsultations/ports.ts'
import { backgroundWork } from './teleconsultations/background.ts'

export interface AppOptions {
  configuration: Configuration
  name: string
  version: string
  /** Folder with the built pages. */
  webRoot: string
  clock?: () => Date
  /** Where log lines go; default: standard output. */
  logTo?: { write (line: string): void }
}

const ANSWERS_KEPT_MS = 24 * 60 * 60 * 1000
/** Longer than a person is waited for whose traces an index finds. */
const ERASURE_WAIT_MS = 5000
const BODY_LIMIT_BYTES = 64 * 1024
const KEYS_CHECKED_WITHIN_MS = 1000

/** The whole service, not yet listening. Closing it closes everything that it opened. */
export async function buildApp ({ configuration, name, version, webRoot, clock = () => new Date(), logTo }: AppOptions): Promise<FastifyInstance> {
  const { http, storage: stored, video, identity } = configuration
  let requests = 0
  const app = Fastify({
    logger: {
      level: configuration.log.level,
      serializers: { err: loggableError, error: loggableError },
      redact: { paths: ['email', 'password', 'username', 'authorization', 'Authorization', 'cookie', 'Cookie'].flatMap((key) => [key, `*.${key}`]), censor: '[REDACTED]' },
      ...(logTo === undefined ? {} : { stream: logTo })
    },
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: http.trustedProxies.length === 0 ? false : [...http.trustedProxies],
    bodyLimit: BODY_LIMIT_BYTES,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    rewriteUrl: frontendUrls(http.prefix),
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 512 },
    genReqId: (request) => {
      const given = request.headers['x-request-id']
      return typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given) ? given : `req-${++requests}`
    },
    schemaController: schemaController(),
    schemaErrorFormatter: (problems, where) => schemaError(problems as Parameters<typeof schemaError>[0], where)
  })
  app.removeContentTypeParser('text/plain')

  let known = http.publicUrl
  const publicUrl = () => {
    // Without a configured one it is known once the service listens, and does not change then.
    const address = known ?? ownAddress(app, http.host)
    if (app.server.listening) known = address
    return address + http.prefix
  }
  // What is configured wrongly ends the start before anything is opened.
  const cipher = openCipher(configuration)
  const mailTexts = configuration.mail === undefined ? undefined : readMailTexts(configuration.mail)
  const secret = linkSecret(configuration.linkSecret, configuration.dataPath)

  await app.register(errors)
  await app.register(requestLog)
  await app.register(metrics)
  await app.register(upstreams)
  await app.register(requestContext, { headers: configuration.headers, timeoutMs: http.requestTimeoutMs, clock })
  await app.register(tokens, { secret, clock })
  await app.register(openapi, { version })

  app.addHook('onRequest', (request, reply, next) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    // Clients of the platform send a content type with requests that have no body.
    if (request.method === 'DELETE' && request.headers['content-length'] === '0') delete request.headers['content-type']
    next()
  })

  await app.register(load, { maxInFlight: http.maxInFlight, maxEventLoopDelayMs: http.maxEventLoopDelayMs })

  const live: { hub?: Hub } = {}
  app.addHook('preClose', async () => {
    // Before the sockets are cut: the browsers learn that they may come back.
    live.hub?.close()
  })
  const crud = stored.url === undefined ? await startOwnStorage(configuration, clock, app.log.child({ part: 'embedded storage' }, { level: 'warn' })) : undefined
  const storage = openStorage({ url: crud?.origin ?? stored.url ?? '', teleconsultations: stored.teleconsultations, userIdMaps: stored.userIdMaps, organisationMembers: stored.organisationMembers, agendaFeeds: stored.agendaFeeds, erasures: stored.erasures, cipher, timeoutMs: stored.timeoutMs, clock, onEvent: app.upstreamEvent })
  const misses = stored.mode === 'embedded' && await isKeyMissing([storage.teleconsultations, storage.outbox, ...storage.organisationMembers === undefined ? [] : [storage.organisationMembers]], clock().getTime() + KEYS_CHECKED_WITHIN_MS)
  if (misses) app.log.error('Personal data are stored that no key here decrypts: add the lost key to PII_ENCRYPTION_KEYS, or to pii-keys in DATA_PATH')

  const { provider, others, fallback, hub, livekitSources, reservations, routes: roomRoutes } = await openVideo({ configuration, secret, tokens: app.tokens.room, publicUrl, clock, log: app.log, onEvent: app.upstreamEvent })
  if (hub !== undefined) live.hub = hub
  const people = openPeople(configuration, { clock, onEvent: app.upstreamEvent })

  const fallbacks = new Counter({ name: 'video_fallbacks_total', help: 'rooms that one provider failed to make and another one made', labelNames: ['from', 'to'] as const, registers: [app.metrics] })
  const background = backgroundWork()
  const ports: Ports = {
    store: teleconsultationStore(storage.teleconsultations, storage.layout, originalsProvider([provider, ...others]), { tellsPeople: configuration.mail !== undefined, searchesTexts: cipher.keyIds.length === 0 }),
    userMap: userMapStore(storage.userIdMaps),
    provider,
    others,
    fallback,
    fellBack: (from, to) => { fallbacks.inc({ from, to }) },
    clock: { now: clock, deadline: systemDeadline },
    ids: { operation: randomUUID },
    inBackground: background.run,
    settings: {
      deployment: configuration.teleconsultations.deployment,
      window: { periodMs: configuration.teleconsultations.immutablePeriodMs, skewMs: configuration.teleconsultations.clockSkewMs },
      leaseMs: configuration.teleconsultations.operationLeaseMs,
      roomCreation: configuration.teleconsultations.roomCreation,
      unlimited: configuration.teleconsultations.unlimited,
      live: configuration.teleconsultations.live,
      providerTimeoutMs: video.timeoutMs,
      detailsBudgetMs: video.detailsBudgetMs,
      privileges: configuration.privileges,
      recording: configuration.teleconsultations.recording,
      defaultPermissions: new Map([...configuration.organisations].map(([id, { defaultPermissions }]) => [id, defaultPermissions])),
      defaultOrganisation: identity.defaultOrganisation,
      deletesOrphans: configuration.teleconsultations.deletesOrphans,
      groupsWithBackground: new Set(configuration.groupsWithBackground),
      choice: { default: provider.name, ...video.choice },
      wishes: { tools: new Set([...configuration.privileges.plus.namedTools ?? [], ...configuration.privileges.basic.namedTools ?? []]), accepted: video.acceptsUnsupported }
    }
  }

  refuseLackingFallback(ports)

  const headersCallerOf = callerFinder(identity.callerSteps)
  const callerOf = (request: FastifyRequest) => request.actor === undefined ? headersCallerOf(request) : request.actor.id
  await app.register(requestKey, { secret: derivedKey(secret, 'idempotency-key'), callerOf })
  const isClinic = clinicCheck({ networks: identity.clinicNetworks, trustsProxies: http.trustedProxies.length > 0, publicUrl })
  const links = personalLinks(app.tokens.personalLink, publicUrl)
  const seats = seatTokens(app.tokens.seat, () => randomBytes(18).toString('base64url'))
  const members = storage.organisationMembers === undefined ? undefined : memberStore(storage.organisationMembers)
  const kept = members === undefined ? undefined : memberships({ store: members, clock })
  const bearer = identity.tokens === undefined ? undefined : await openTokens(identity.tokens, { clock, onEvent: app.upstreamEvent })
  await app.register(authorization, {
    isGateway: identity.mode === 'gateway',
    actorOf: actorFinder<FastifyRequest>({
      mode: identity.mode === 'gateway' ? 'gateway' : 'sessions',
      callerOf: headersCallerOf,
      trustsHeaders: identity.trustsHeaders,
      headers: configuration.headers,
      bearer,
      personalLinks: links,
      isClinic: identity.mode === 'local' ? isClinic : () => false,
      defaultOrganisation: identity.defaultOrganisation,
      membershipsOf: async (userId, request) => await kept?.of(userId, request.operationContext()) ?? new Map()
    }),
    read: (id, context) => ports.store.get(id, context),
    rules: authorizationRules(ports),
    seats,
    linkGraceMs: identity.personalLinkGraceMs,
    clock,
    knowsCallers: bearer !== undefined || identity.trustsHeaders
  })
  const mail = configuration.mail === undefined || mailTexts === undefined
    ? undefined
    : await openMail({
      ...mailTexts,
      mail: configuration.mail,
      kept: stored.mode === 'embedded' ? storage.outbox : undefined,
      key: derivedKey(secret, 'message-id'),
      deployment: configuration.teleconsultations.deployment,
      linkFor: (room, sub, link) => links.linkFor({ room, sub, link }),
      clock
    })
  if (mail !== undefined && configuration.mail !== undefined) {
    await app.register(telling, { ports, post: mail.post, reminders: configuration.mail.reminders, everyMs: configuration.mail.everyMs, atOnce: 5 })
  }
  const callState = callStates(ports)
  const waiting = { clock: ports.clock, waitMs: Math.min(3000, http.requestTimeoutMs) }
  const services: Services = {
    ports,
    access: accessGiver(ports, callState),
    callState,
    people: people.people,
    knowsPeople: people.knowsPeople,
    deletesUploads: configuration.teleconsultations.deleteUploads,
    transcriptionLimitBytes: configuration.teleconsultations.transcriptionLimitBytes,
    personalLinks: links,
    seats,
    once: oncePerKey({ ...waiting, keptMs: 0 }),
    answered: oncePerKey({ ...waiting, keptMs: ANSWERS_KEPT_MS }),
    callerOf,
    mayActAsClinic: identity.mode === 'gateway' ? () => true : isClinic
  }

  const choices = { storage: stored.mode, video: provider.name, identity: identity.mode }
  await app.register(status, {
    name,
    version,
    ready: async () => ({ ok: await storage.check() }),
    checkUp: async () => {
      const [storageAnswers, answers] = await Promise.all([
        storage.check(),
        Promise.all([provider, ...others].map(({ name, check }) => check(AbortSignal.timeout(video.timeoutMs)).then(() => [name, true] as const, () => [name, false] as const)))
      ])
      const videoAnswers = answers.every(([, answered]) => answered)
      const missing = storageAnswers ? await storage.missing().catch(() => []) : []
      return { ok: storageAnswers && videoAnswers, details: { ...choices, storageAnswers, videoAnswers, ...(others.length === 0 ? {} : { videoProviders: Object.fromEntries(answers) }), undeclaredFields: missing, ...(misses ? { personalDataKeyMissing: true } : {}), unsettled: app.reconciler.last()?.result.backlog ?? null } }
    }
  })

  for (const schema of [errorSchemas.ErrorBody, ...sharedSchemas(teleconsultationSchemas), ...sharedSchemas(settingsSchemas), ...sharedSchemas(pageSchemas), ...sharedSchemas(sessionSchemas), ...sharedSchemas(taxonomySchemas), ...sharedSchemas(organisationSchemas), ...sharedSchemas(agendaSchemas), ...sharedSchemas(mailSchemas), ...sharedSchemas(personSchemas)]) app.addSchema(schema)
  const feeds = storage.agendaFeeds === undefined ? undefined : feedStore(storage.agendaFeeds, { key: derivedKey(secret, 'agenda-feed'), clock })
  const erasing = erasures(ports, {
    members,
    feeds,
    outbox: mail?.outbox,
    erasures: storage.erasures === undefined ? erasuresInMemory(clock) : erasureStore(storage.erasures, clock)
  }, async () => { await crud?.emptyLog() })
  const taxonomies = taxonomiesOf(configuration.taxonomies)
  const drawn = { services, graceMs: identity.personalLinkGraceMs }
  await app.register(async function api (scope) {
    await scope.register(teleconsultationRoutes, drawn)
    await scope.register(personalLinkRoute, drawn)
    await scope.register(sessionRoutes, { services, taxonomies, cursors: cursors(derivedKey(secret, 'cursor')), tellsPeople: mail !== undefined })
    await scope.register(taxonomyRoutes, { taxonomies })
    await scope.register(organisationRoutes, { members })
    await scope.register(mailRoutes, { ports, ids: mail?.ids })
    await scope.register(peopleRoutes, { erasures: erasing, waitMs: Math.min(ERASURE_WAIT_MS, http.requestTimeoutMs / 2), backOfficeHeader: configuration.headers.backOffice })
    await scope.register(agendaRoutes, {
      feeds,
      sessionsOf: (userId, range, context) => sessionsOf(ports, userId, range, context),
      linkFor: (room, sub, session) => links.linkFor({ room, sub, link: standingOf(sessionOf(session), sub)?.link }),
      deployment: configuration.teleconsultations.deployment,
      publicUrl,
      clock
    })
    if (reservations !== undefined) {
      await scope.register(jitsiReservationRoutes, {
        ...reservations,
        entryFrom: (startAt) => linkFrom(ports.settings.window, startAt),
        roomStands: (providerRoomId) => ports.store.hasRoom(providerRoomId, { headers: {} }),
        clock
      })
    }
  }, { prefix: http.prefix })
  await app.register(async function pages (scope) {
    await scope.register(pageRoutes, { services, webRoot, livekitSources, configuration, publicUrl })
    if (roomRoutes !== undefined) await scope.register(roomRoutes)
    if (identity.mode === 'local') {
      const groups = (['plus', 'basic'] as const).flatMap((privilege) => [...configuration.privileges[privilege].groups].map((group) => ({ name: group, privilege })))
      await scope.register(clinicRoutes, {
        services,
        outbox: mail?.outbox,
        overview: () => ({ name, version, ...choices, mail: mail === undefined ? 'none' : mail.outbox === undefined ? 'smtp' : 'outbox', publicUrl: publicUrl(), maxParticipants: provider.capabilities.maxParticipants, groups })
      })
    }
  }, { prefix: http.prefix })

  app.addHook('onClose', async () => {
    await app.requestsFinished()
    await background.finished()
    await Promise.all([provider, ...others].map((opened) => opened.close()))
    await people.close()
    await bearer?.close()
    await mail?.close()
    await storage.close()
    await crud?.close()
  })
  // Closing goes backwards: a run that is under way ends before what it uses is closed.
  await app.register(reconciler, { ports, everyMs: configuration.teleconsultations.reconcileEveryMs, also: (context) => erasing.resume(context) })
  return app
}

/**
 * Nobody would learn before a call that it is held without what was configured.
 *
 * @throws ConfigurationError
 */
function refuseLackingFallback (ports: Ports): void {
  const { fallback, settings: { wishes } } = ports
  if (fallback === undefined || wishes?.accepted !== false) return
  const missing = unsupportedBy(ports, fallback.capabilities)
  if (missing.length > 0) throw new ConfigurationError([`VIDEO_FALLBACK names a provider without ${missing.join(', ')}, which is configured: take that out, or set UNSUPPORTED_WISHES to accept`])
}

/** Documents of the original have no record of their provider: theirs was Bandyer or Kaleyra. */
const originalsProvider = (providers: readonly VideoProvider[]): string =>
  providers.find(({ capabilities }) => capabilities.registersPeople)?.name ?? 'bandyer'

const FRONTEND_PATH = '/api/v1/telecons-be'

/** Where frontends look for the routes, without a gateway that rewrites: the same routes, once more under that path. */
function frontendUrls (prefix: string): (request: { url?: string | undefined }) => string {
  const theirs = new RegExp(`^${prefix}${FRONTEND_PATH}(?=/(teleconsultation|personal-link|credentials|settings|transcription)([/?]|$))`)
  return ({ url = '/' }) => url.startsWith(prefix + FRONTEND_PATH) ? url.replace(theirs, prefix) : url
}

const sharedSchemas = (module: object) =>
  Object.values(module).filter((schema: unknown): schema is { $id: string } => typeof schema === 'object' && schema !== null && '$id' in schema)

/** Where the service listens, as a browser on this machine reaches it. */
function ownAddress (app: FastifyInstance, host: string): string {
  const address = app.server.address() as AddressInfo | null
  const name = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${address?.port ?? 0}`
}
