import type { FastifyInstance, FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import fp from 'fastify-plugin'
import { may, mayInGeneral, type Action, type Actor, type AuthorizationRules, type Verdict } from '../domain/authorization.ts'
import { isHisLink, opensFor, seatOf, sessionOf, standingOf } from '../domain/session.ts'
import type { Teleconsultation } from '../domain/teleconsultation.ts'
import { AuthenticationRequired, InvalidPersonalLink, NotPermitted, NotTheClinic, RoomNotFound } from '../errors.ts'
import type { Found } from '../identity/actor.ts'
import type { Seats } from '../identity/seat-tokens.ts'
import type { Context } from '../teleconsultations/ports.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; undefined: nobody says so, or nobody has to. */
    actor: Actor | undefined
    /** The session of the address as the guard read it; undefined where it had no need to. */
    guarded: Teleconsultation | undefined
  }
  interface FastifyContextConfig {
    /** What the route does, which decides who may call it. */
    action?: Action
  }
}

export interface AuthorizationOptions {
  /** Whether a gateway in front decides who may do what. */
  isGateway: boolean
  actorOf (request: FastifyRequest): Promise<Found>
  read (id: string, context: Context): Promise<Teleconsultation | undefined>
  rules: AuthorizationRules
  seats: Pick<Seats, 'read' | 'proofOf'>
  /** Milliseconds after the end for which a personal link proves who somebody is. */
  linkGraceMs: number
  clock: () => Date
  /** Whether there is anything by which somebody who is not the clinic could say who he is. */
  knowsCallers: boolean
}

/** Hooks for scopes whose routes say in `config.action` what they do; a route that does not say it ends the start. */
export interface Guards {
  /** Of the drop-in's routes: behind a gateway nothing is asked. */
  dropIn (scope: FastifyInstance): void
  /** Of this service's own routes, which know their caller behind a gateway as well. */
  own (scope: FastifyInstance): void
}

declare module 'fastify' {
  interface FastifyInstance { guards: Guards }
}

const DOCUMENT_ID = /^[A-Za-z0-9-]{1,64}$/

/** Decides for every route who may call it, by the one table of lib/domain/authorization.ts, before a body is read. */
export default fp(function authorization (app: FastifyInstance, options: AuthorizationOptions, done) {
  const { isGateway, actorOf, read, rules, seats, linkGraceMs, clock, knowsCallers } = options
  app.decorateRequest('actor', undefined)
  app.decorateRequest('guarded', undefined)

  const refusal = (verdict: Exclude<Verdict, 'allowed'>, id: string | undefined) => {
    if (verdict === 'hidden') return new RoomNotFound(id ?? '')
    if (verdict === 'forbidden') return new NotPermitted()
    return knowsCallers ? new AuthenticationRequired() : new NotTheClinic()
  }

  /** A personal link says who somebody is as long as it opens; a one-time link on its own device only. */
  const checkLink = (link: NonNullable<Found['link']>, document: Teleconsultation | undefined, seat: unknown) => {
    if (document === undefined || document.control.phase === 'DELETING' ||
      !isHisLink(sessionOf(document), link.sub, link.link ?? 0) || seatOf(document, link.sub) === undefined ||
      clock().getTime() > document.content.endAt.getTime() + linkGraceMs) throw new InvalidPersonalLink()
    const standing = standingOf(sessionOf(document), link.sub)
    if (standing?.oneTime !== true) return
    const held = seats.read(seat, link)
    if (!opensFor(standing, held === undefined ? undefined : seats.proofOf(held.nonce))) throw new InvalidPersonalLink()
  }

  const decide = async (request: FastifyRequest): Promise<void> => {
    const action = request.routeOptions.config.action ?? 'administer'
    const { actor, link } = await actorOf(request)
    request.actor = actor
    const id = sessionIn(request)
    if (id !== undefined && !DOCUMENT_ID.test(id)) throw actor === undefined ? refusal('unknown caller', id) : new RoomNotFound(id.slice(0, 100))
    // Whoever takes part opens it, and to find that out is the operation's own first step, which many share.
    if (action === 'open' && link === undefined && (actor?.kind === 'person' || actor?.kind === 'gateway' || (actor?.kind === 'clinic' && !knowsCallers))) return
    const context = request.operationContext()
    const document = id === undefined || actor === undefined ? undefined : await read(id, context)
    request.guarded = document
    if (link !== undefined) checkLink(link, link.room === id ? document : await read(link.room, context), request.headers['x-seat'])
    if (id === undefined) {
      const verdict = mayInGeneral(action, actor, rules.defaultOrganisation)
      if (verdict !== 'allowed') throw refusal(verdict, id)
      return
    }
    if (actor !== undefined && (document === undefined || document.control.phase === 'DELETING')) throw new RoomNotFound(id)
    const verdict = document === undefined ? 'unknown caller' : may(action, actor, document, rules, (request.params as { userExternalId?: string }).userExternalId)
    if (verdict !== 'allowed') throw refusal(verdict, id)
  }

  const guard = (request: FastifyRequest, reply: FastifyReply, next: HookHandlerDoneFunction) => {
    reply.header('cache-control', 'no-store')
    decide(request).then(() => { next() }, next)
  }
  const pass = (request: FastifyRequest, reply: FastifyReply, next: HookHandlerDoneFunction) => {
    reply.header('cache-control', 'no-store')
    // What can be no document's id reaches no upstream.
    const id = sessionIn(request)
    if (id !== undefined && !DOCUMENT_ID.test(id)) throw new RoomNotFound(id.slice(0, 100))
    next()
  }
  const put = (scope: FastifyInstance, hook: typeof guard) => {
    scope.addHook('onRoute', ({ config, url }) => {
      if (config?.action === undefined) throw new Error(`The route ${url} does not say who may call it (config.action)`)
    })
    scope.addHook('onRequest', hook)
  }

  app.decorate('guards', {
    dropIn: (scope) => { put(scope, isGateway ? pass : guard) },
    own: (scope) => { put(scope, guard) }
  })
  done()
}, { name: 'authorization', dependencies: ['request-context'] })

const sessionIn = ({ params }: FastifyRequest): string | undefined => {
  const { roomId, sessionId } = params as { roomId?: string, sessionId?: string }
  return roomId ?? sessionId
}
