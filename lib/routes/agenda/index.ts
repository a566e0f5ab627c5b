import type { FastifyPluginAsync } from 'fastify'
import type { AgendaSession } from '../../calendar/agenda.ts'
import type { FeedStore } from '../../storage/feed-store.ts'
import { FeedsNotKept } from '../../errors.ts'
import type { Context } from '../../teleconsultations/ports.ts'
import { calendarRoute } from './calendar.ts'
import { createFeedRoute } from './create-feed.ts'
import { readFeedRoute } from './read-feed.ts'
import { revokeFeedRoute } from './revoke-feed.ts'

export interface AgendaRouteOptions extends Omit<AgendaOptions, 'feeds'> { feeds: FeedStore }

export interface AgendaOptions {
  /** Undefined: no collection of feeds is configured. */
  feeds: FeedStore | undefined
  /** Sessions in which he takes part and that begin in that time, the earliest first. */
  sessionsOf: (userId: string, range: { from: Date, to: Date, limit: number }, context: Context) => Promise<AgendaSession[]>
  /** His personal way in. */
  linkFor: (documentId: string, userId: string, session: AgendaSession) => string
  /** Of the deployment, for the events' ids; see DEPLOYMENT_ID. */
  deployment: string
  publicUrl: () => string
  clock: () => Date
}

/** A person's agenda for calendar programs: he asks for its address himself, and whoever has that address reads it. */
export const agendaRoutes: FastifyPluginAsync<AgendaOptions> = async (app, given) => {
  const refuse = async () => {
    if (given.feeds === undefined) throw new FeedsNotKept()
  }
  const options = { ...given, feeds: given.feeds ?? NOTHING }
  await app.register(async function byHimself (scope) {
    scope.guards.own(scope)
    scope.addHook('onRequest', refuse)
    await scope.register(createFeedRoute, options)
    await scope.register(readFeedRoute, options)
    await scope.register(revokeFeedRoute, options)
  })
  await app.register(async function byAddress (scope) {
    scope.addHook('onRequest', refuse)
    await scope.register(calendarRoute, options)
  })
}

const notKept = async (): Promise<never> => { throw new FeedsNotKept() }
const NOTHING: FeedStore = { issue: notKept, revoke: notKept, find: notKept, ownerOf: notKept, forget: notKept }
