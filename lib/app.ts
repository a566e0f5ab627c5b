import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import Fastify, { LogController, type FastifyInstance } from 'fastify'
import * as errorSchemas from '../schemas/error.ts'
import * as pageSchemas from '../schemas/pages.ts'
import * as teleconsultationSchemas from '../schemas/teleconsultation.ts'
import * as settingsSchemas from '../schemas/settings.ts'
import { openPeople } from './compose-people.ts'
import { openVideo } from './compose-video.ts'
import type { Configuration } from './config/configuration.ts'
import { loggableError } from './http/redact.ts'
import { callerFinder } from './identity/caller.ts'
import { clinicCheck } from './identity/clinic.ts'
import { dataFile } from './identity/data-file.ts'
import { linkSecret } from './identity/link-secret.ts'
import { personalLinks } from './identity/personal-links.ts'
import errors, { schemaError } from './plugins/errors.ts'
import metrics from './plugins/metrics.ts'
import openapi from './plugins/openapi.ts'
import reconciler from './plugins/reconciler.ts'
import requestContext from './plugins/request-context.ts'
import requestLog from './plugins/request-log.ts'
import status from './plugins/status.ts'
import tokens from './plugins/tokens.ts'
import { schemaController } from './plugins/validation.ts'
import type { Hub } from './providers/embedded/hub.ts'
import { clinicRoutes } from './routes/clinic/index.ts'
import { pageRoutes } from './routes/pages/index.ts'
import { personalLinkRoute } from './routes/personal-link/access.ts'
import type { Services } from './routes/services.ts'
import { teleconsultationRoutes } from './routes/teleconsultation/index.ts'
import { openStorage } from './storage/storage.ts'
import { teleconsultationStore } from './storage/teleconsultation-store.ts'
import { userMapStore } from './storage/user-map-store.ts'
import { accessGiver } from './teleconsultations/give-access.ts'
import { systemDeadline } from './teleconsultations/deadline.ts'
import type { Ports } from './teleconsultations/ports.ts'
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

const BODY_LIMIT_BYTES = 64 * 1024

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
  const secret = linkSecret(configuration.linkSecret, configuration.dataPath)

  await app.register(errors)
  await app.register(requestLog)
  await app.register(metrics)
  await app.register(requestContext, { headers: configuration.headers })
  await app.register(tokens, { secret, clock })
  await app.register(openapi, { version })

  app.addHook('onRequest', (request, reply, next) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    // Clients of the platform send a content type with requests that have no body.
    if (request.method === 'DELETE' && request.headers['content-length'] === '0') delete request.headers['content-type']
    next()
  })

  const live: { hub?: Hub, closing: boolean } = { closing: false }
  app.addHook('preClose', async () => {
    live.closing = true
    // Before the sockets are cut: the browsers learn that they may come back.
    live.hub?.close()
  })
  // Otherwise a connection whose request was under way stays open, idle, and holds the closing up.
  app.addHook('onSend', (_request, reply, payload, next) => {
    if (live.closing) reply.header('connection', 'close')
    next(null, payload)
  })

  const crud = stored.url === undefined ? await startOwnStorage(app, configuration, clock) : undefined
  const storage = openStorage({ url: crud?.origin ?? stored.url ?? '', teleconsultations: stored.teleconsultations, userIdMaps: stored.userIdMaps, timeoutMs: stored.timeoutMs, clock })

  const { provider, hub, routes: roomRoutes } = await openVideo({ configuration, secret, tokens: app.tokens.room, publicUrl, clock, log: app.log })
  if (hub !== undefined) live.hub = hub
  const people = openPeople(configuration)

  const background = backgroundWork()
  const ports: Ports = {
    store: teleconsultationStore(storage.teleconsultations, storage.layout, provider.name),
    userMap: userMapStore(storage.userIdMaps),
    provider,
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
      deletesOrphans: configuration.teleconsultations.deletesOrphans,
      groupsWithBackground: new Set(configuration.groupsWithBackground)
    }
  }

  const callerOf = callerFinder(identity.callerSteps)
  const isClinic = clinicCheck({ networks: identity.clinicNetworks, trustsProxies: http.trustedProxies.length > 0, publicUrl })
  const services: Services = {
    ports,
    access: accessGiver(ports),
    people: people.people,
    knowsPeople: people.knowsPeople,
    deletesUploads: configuration.teleconsultations.deleteUploads,
    transcriptionLimitBytes: configuration.teleconsultations.transcriptionLimitBytes,
    personalLinks: personalLinks(app.tokens.personalLink, publicUrl),
    callerOf,
    mayActAsClinic: identity.mode === 'gateway' ? () => true : isClinic
  }

  await app.register(reconciler, { ports, everyMs: configuration.teleconsultations.reconcileEveryMs })

  const choices = { storage: stored.mode, video: provider.name, identity: identity.mode }
  await app.register(status, {
    name,
    version,
    ready: async () => ({ ok: await storage.check() }),
    checkUp: async () => {
      const [storageAnswers, videoAnswers] = await Promise.all([
        storage.check(),
        provider.check(AbortSignal.timeout(video.timeoutMs)).then(() => true, () => false)
      ])
      const missing = storageAnswers ? await storage.missing().catch(() => []) : []
      return { ok: storageAnswers && videoAnswers, details: { ...choices, storageAnswers, videoAnswers, undeclaredFields: missing, unsettled: app.reconciler.last()?.result.backlog ?? null } }
    }
  })

  for (const schema of [errorSchemas.ErrorBody, ...sharedSchemas(teleconsultationSchemas), ...sharedSchemas(settingsSchemas), ...sharedSchemas(pageSchemas)]) app.addSchema(schema)
  const drawn = { services, graceMs: identity.personalLinkGraceMs }
  await app.register(async function api (scope) {
    await scope.register(teleconsultationRoutes, drawn)
    await scope.register(personalLinkRoute, drawn)
  }, { prefix: http.prefix })
  await app.register(async function pages (scope) {
    await scope.register(pageRoutes, { services, webRoot, configuration, publicUrl })
    if (roomRoutes !== undefined) await scope.register(roomRoutes)
    if (identity.mode === 'local') {
      const groups = (['plus', 'basic'] as const).flatMap((privilege) => [...configuration.privileges[privilege].groups].map((group) => ({ name: group, privilege })))
      await scope.register(clinicRoutes, {
        services,
        overview: () => ({ name, version, ...choices, publicUrl: publicUrl(), maxParticipants: provider.capabilities.maxParticipants, groups })
      })
    }
  }, { prefix: http.prefix })

  app.addHook('onClose', async () => {
    await background.finished()
    await provider.close()
    await people.close()
    await storage.close()
    await crud?.close()
  })
  return app
}

const FRONTEND_PATH = '/api/v1/telecons-be'

/** Where frontends look for the routes, without a gateway that rewrites: the same routes, once more under that path. */
function frontendUrls (prefix: string): (request: { url?: string | undefined }) => string {
  const theirs = new RegExp(`^${prefix}${FRONTEND_PATH}(?=/(teleconsultation|personal-link|credentials|settings|transcription)([/?]|$))`)
  return ({ url = '/' }) => url.startsWith(prefix + FRONTEND_PATH) ? url.replace(theirs, prefix) : url
}

const sharedSchemas = (module: object) =>
  Object.values(module).filter((schema: unknown): schema is { $id: string } => typeof schema === 'object' && schema !== null && '$id' in schema)

// Loaded only where it is used: a replica in front of a CRUD Service has no use for its weight.
async function startOwnStorage (app: FastifyInstance, configuration: Configuration, clock: () => Date) {
  const [{ startEmbeddedCrud }, { TELECONSULTATIONS, USER_ID_MAPS }] = await Promise.all([import('./storage/embedded/server.ts'), import('./storage/collections.ts')])
  return await startEmbeddedCrud({
    file: dataFile(configuration.dataPath, 'teleconsultations.sqlite'),
    collections: [TELECONSULTATIONS, USER_ID_MAPS],
    userIdHeaderKey: configuration.headers.userId,
    clock,
    logger: app.log.child({ part: 'embedded storage' }, { level: 'warn' })
  })
}

/** Where the service listens, as a browser on this machine reaches it. */
function ownAddress (app: FastifyInstance, host: string): string {
  const address = app.server.address() as AddressInfo | null
  const name = ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost'].includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${name}:${address?.port ?? 0}`
}
