import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { Conference, reserve, type ReservationOptions } from './reserve.ts'

const Wish = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 256, description: 'The room; `[tenant]room` where the server has tenants' }),
  start_time: Type.Optional(Type.String({ maxLength: 64, description: 'When Prosody was asked for the room; ours is known' })),
  mail_owner: Type.Optional(Type.String({ maxLength: 1024, description: 'Who asked Prosody for it' }))
})

export const createConferenceRoute: FastifyPluginAsyncTypebox<ReservationOptions> = async (app, options) => {
  app.post('/jitsi-reservation/conference', {
    schema: {
      operationId: 'reserveJitsiRoom',
      tags: ['jitsi'],
      summary: 'Tells Prosody whether a room may be begun now, and when it ends; takes a form or JSON',
      body: Wish,
      response: { 200: Conference, ...errorResponses(400, 401, 403, 404, 410, 503, 504) }
    }
  }, async (request) => await reserve(options, request.body.name, request.body.mail_owner ?? ''))
}
