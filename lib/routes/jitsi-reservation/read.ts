import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { Conference, nameOf, reserve, type ReservationOptions } from './reserve.ts'

export const ConferenceParams = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 256, description: 'As the reservation gave it' })
})

/** Prosody asks it after a 409, which is never given; other clients of the same contract may ask it at any time. */
export const readConferenceRoute: FastifyPluginAsyncTypebox<ReservationOptions> = async (app, options) => {
  app.get('/jitsi-reservation/conference/:id', {
    schema: {
      operationId: 'readJitsiReservation',
      tags: ['jitsi'],
      summary: 'The reservation of a room',
      params: ConferenceParams,
      response: { 200: Conference, ...errorResponses(401, 403, 404, 410, 503, 504) }
    }
  }, async (request) => await reserve(options, nameOf(request.params.id, options.tenant), ''))
}
