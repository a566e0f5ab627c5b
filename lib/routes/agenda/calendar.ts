import { createHash } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AgendaParams } from '../../../schemas/agenda.ts'
import { emptyResponse, errorResponses, type ErrorBody } from '../../../schemas/error.ts'
import { agendaOf, type AgendaSession } from '../../calendar/agenda.ts'
import { calendarText } from '../../calendar/events.ts'
import { isNamed } from '../../domain/entity-tag.ts'
import { AgendaNotFound } from '../../errors.ts'
import type { Context } from '../../teleconsultations/ports.ts'
import type { AgendaRouteOptions } from './index.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const DAYS_BACK = 30
const DAYS_AHEAD = 400
const MOST_EVENTS = 1000
const MAX_AGE_SECONDS = 300

/** For calendar programs, which say nothing of who they are: the address is all. */
export const calendarRoute: FastifyPluginAsyncTypebox<AgendaRouteOptions> = async (app, { feeds, sessionsOf, linkFor, deployment, clock }) => {
  const upcoming = async (userId: string, now: Date, context: Context): Promise<AgendaSession[]> => {
    const range = { from: daysFrom(now, -DAYS_BACK), to: daysFrom(now, DAYS_AHEAD), limit: MOST_EVENTS }
    const found = await sessionsOf(userId, range, context)
    // What is over gives way: a session lasts a day at the most.
    return found.length < MOST_EVENTS ? found : await sessionsOf(userId, { ...range, from: daysFrom(now, -1) }, context)
  }

  app.get('/agenda/:token.ics', {
    config: { action: 'look up', hasSecretPath: true },
    schema: {
      operationId: 'getAgenda',
      tags: ['agenda'],
      summary: 'The agenda as iCalendar, for programs that subscribe to it',
      params: AgendaParams,
      response: {
        200: { description: 'RFC 5545', content: { 'text/calendar': { schema: Type.String() } } },
        304: emptyResponse('If-None-Match names what is there'),
        404: Type.Unsafe<ErrorBody>(Type.Ref('Error', { description: 'There is no such address, or no longer' })),
        ...errorResponses(500, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const context = withoutCaller(request.operationContext())
    const owner = await feeds.ownerOf(request.params.token, context)
    if (owner === undefined) throw new AgendaNotFound()
    const { userId, createdAt } = owner
    const sessions = await upcoming(userId, clock(), context)
    const text = calendarText(agendaOf(sessions.slice(0, MOST_EVENTS), { userId, deployment, linkFor, since: createdAt }))
    const tag = `"${createHash('sha256').update(text).digest('base64url')}"`
    reply.headers({ etag: tag, 'cache-control': `private, max-age=${MAX_AGE_SECONDS}` })
    if (isNamed(tag, request.headers['if-none-match'])) return await reply.code(304).send()
    // Without a name a browser would save it under the secret.
    return await reply.headers({ 'content-type': 'text/calendar; charset=utf-8', 'content-disposition': 'inline; filename="agenda.ics"' }).send(text)
  })
}

const daysFrom = (now: Date, days: number) => new Date(now.getTime() + days * DAY_MS)

/** What a request says of its caller counts for nothing where the address alone decides. */
const withoutCaller = (context: Context): Context => {
  const id = context.headers['x-request-id']
  return { ...context, headers: id === undefined ? {} : { 'x-request-id': id } }
}
