import Fastify, { type InjectOptions } from 'fastify'
import * as errorSchemas from '../../schemas/error.ts'
import * as sessionSchemas from '../../schemas/session.ts'
import * as settingsSchemas from '../../schemas/settings.ts'
import * as teleconsultationSchemas from '../../schemas/teleconsultation.ts'
import type { PermissionName } from '../../schemas/permissions.ts'
import { loadConfiguration } from '../../lib/config/load.ts'
import { seatsOf, sessionOf, standingOf } from '../../lib/domain/session.ts'
import { taxonomiesOf } from '../../lib/domain/taxonomies.ts'
import type { Found } from '../../lib/identity/actor.ts'
import { personalLinks } from '../../lib/identity/personal-links.ts'
import { seatTokens } from '../../lib/identity/seat-tokens.ts'
import authorization from '../../lib/plugins/authorization.ts'
import errors, { schemaError } from '../../lib/plugins/errors.ts'
import requestContext from '../../lib/plugins/request-context.ts'
import requestKey from '../../lib/plugins/request-key.ts'
import { schemaController } from '../../lib/plugins/validation.ts'
import type { Services } from '../../lib/routes/services.ts'
import { cursors } from '../../lib/routes/sessions/cursors.ts'
import { sessionRoutes } from '../../lib/routes/sessions/index.ts'
import { teleconsultationRoutes } from '../../lib/routes/teleconsultation/index.ts'
import { callStates } from '../../lib/teleconsultations/call-state.ts'
import { createTeleconsultation } from '../../lib/teleconsultations/create.ts'
import { accessGiver } from '../../lib/teleconsultations/give-access.ts'
import { oncePerKey } from '../../lib/teleconsultations/once-per-key.ts'
import { authorizationRules } from '../../lib/teleconsultations/ports.ts'
import { DATES, person, world } from '../support/operations.ts'

/** What is granted by default to an organisation's own people. */
export const DEFAULTS = new Map<string, ReadonlySet<PermissionName>>([['acme', new Set(['canCloseVideoFeed'])], ['beta', new Set(['canEndSession'])]])

export interface Participation {
  id: string
  permissions: readonly PermissionName[]
  /** The number that his personal link has. */
  link: number
}

export interface GuardedSessions {
  create (organisation: string, owner: string, participants: readonly string[]): Promise<string>
  /** One request of this caller's; undefined as actor: of nobody. */
  send (caller: Found, request: InjectOptions): Promise<{ status: number, code: string | undefined }>
  /** Counts the writes of this session; undefined: it is deleted. */
  revision (id: string): number | undefined
  /** By id, with the permissions that were granted to each. */
  kept (id: string): Participation[]
  close (): Promise<void>
}

/** The routes, guards and operations of sessions as they are, over a storage in memory; who is calling is told, not proved. */
export async function guardedSessions (): Promise<GuardedSessions> {
  const { ports, documents, context, quiet } = world({ roomCreation: 'late', defaultPermissions: DEFAULTS })
  ports.provider = { ...ports.provider, capabilities: { ...ports.provider.capabilities, access: 'minted-link' } }
  const clock = ports.clock.now
  let caller: Found = { actor: undefined }
  const callState = callStates(ports)
  const seats = seatTokens({ sign: (claims) => JSON.stringify(claims), verify: () => { throw new Error('nobody reads one here') } }, () => 'of nobody')
  const services: Services = {
    ports,
    access: accessGiver(ports, callState),
    callState,
    people: {
      list: async (wanted) => 'data' in wanted ? { number: wanted.number, people: wanted.data.map(({ userExternalId }) => person(userExternalId, 'plus')) } : { number: wanted.length, people: [] },
      one: async ({ userExternalId }) => person(userExternalId, 'plus')
    },
    personalLinks: personalLinks({ sign: (claims) => JSON.stringify(claims), verify: () => { throw new Error('nobody reads one here') } }, () => 'https://service.example'),
    seats,
    once: oncePerKey({ clock: ports.clock, keptMs: 0 }),
    answered: oncePerKey({ clock: ports.clock, keptMs: 0 }),
    callerOf: ({ actor }) => actor?.id,
    knowsPeople: false,
    deletesUploads: false,
    transcriptionLimitBytes: 1,
    mayActAsClinic: () => false
  }

  const app = Fastify({ schemaController: schemaController(), schemaErrorFormatter: (faults, where) => schemaError(faults as Parameters<typeof schemaError>[0], where) })
  await app.register(errors)
  await app.register(requestContext, { headers: loadConfiguration({}).headers, timeoutMs: 3600_000, clock })
  await app.register(requestKey, { secret: 'only for tests', callerOf: services.callerOf })
  await app.register(authorization, { isGateway: false, actorOf: async () => caller, read: (id, given) => ports.store.get(id, given), rules: authorizationRules(ports), seats, linkGraceMs: 0, clock, knowsCallers: true })
  for (const schema of [errorSchemas, sessionSchemas, settingsSchemas, teleconsultationSchemas].flatMap((module) => Object.values<unknown>(module))) {
    if (typeof schema === 'object' && schema !== null && '$id' in schema) app.addSchema(schema)
  }
  await app.register(sessionRoutes, { services, taxonomies: taxonomiesOf(loadConfiguration({}).taxonomies), cursors: cursors('only for tests'), tellsPeople: false })
  await app.register(teleconsultationRoutes, { services })

  return {
    async create (organisation, owner, participants) {
      const people = async () => ({ number: participants.length, people: participants.map((id) => person(id, 'plus')) })
      return (await createTeleconsultation(ports, people, DATES, context, undefined, { organisation, owner })).id
    },
    async send (by, request) {
      caller = by
      const answer = await app.inject(request)
      return { status: answer.statusCode, code: answer.statusCode < 400 ? undefined : answer.json<{ code: string }>().code }
    },
    revision (id) {
      const document = documents.get(id)
      return document === undefined || document.trashed ? undefined : document.revision
    },
    kept (id) {
      const document = documents.get(id)
      if (document === undefined || document.trashed) return []
      const session = sessionOf(document)
      return seatsOf(document).map(({ userExternalId = '' }) => {
        const standing = standingOf(session, userExternalId)
        const permissions = Object.entries(standing?.permissions ?? {}).flatMap(([name, has]) => has ? [name as PermissionName] : [])
        return { id: userExternalId, permissions: permissions.sort(), link: standing?.link ?? 0 }
      }).sort((a, b) => a.id < b.id ? -1 : 1)
    },
    async close () {
      await app.close()
      await quiet()
    }
  }
}
