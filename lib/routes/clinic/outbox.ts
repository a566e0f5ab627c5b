import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { ClinicOutbox } from '../../../schemas/pages.ts'
import type { ClinicOptions } from './index.ts'

const PAGE = 25

export const outboxRoute: FastifyPluginAsyncTypebox<ClinicOptions> = async (app, { outbox }) => {
  app.get('/clinic/outbox', {
    schema: {
      operationId: 'listKeptMessages',
      tags: ['clinic'],
      summary: 'The e-mails that nobody sent because no SMTP server is configured, the latest first',
      querystring: Type.Object({ skip: Type.Integer({ minimum: 0, maximum: 1_000_000, default: 0 }) }),
      response: {
        200: Type.Unsafe<ClinicOutbox>(Type.Ref('ClinicOutbox', { description: 'One page' })),
        ...errorResponses(400, 403, 500, 502, 503, 504)
      }
    }
  }, async (request) => {
    if (outbox === undefined) return { inUse: false, messages: [], next: null }
    const { skip } = request.query
    const found = await outbox.list({ limit: PAGE + 1, skip }, request.operationContext())
    return {
      inUse: true,
      messages: found.slice(0, PAGE).map((message) => ({ ...message, at: message.at.toISOString() })),
      next: found.length > PAGE ? skip + PAGE : null
    }
  })
}
