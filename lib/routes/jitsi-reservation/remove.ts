import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { emptyResponse, errorResponses } from '../../../schemas/error.ts'
import { ConferenceParams } from './read.ts'

/**
 * Prosody tells that everybody has left, or that the time is over. A call may be begun again within its time, and
 * nothing is kept of a reservation, so that there is nothing to do.
 */
export const removeConferenceRoute: FastifyPluginAsyncTypebox = async (app) => {
  app.delete('/jitsi-reservation/conference/:id', {
    schema: {
      operationId: 'endJitsiReservation',
      tags: ['jitsi'],
      summary: 'Takes note that a room has ended',
      params: ConferenceParams,
      response: { 204: emptyResponse('Noted'), ...errorResponses(401) }
    }
  }, async (_request, reply) => await reply.code(204).send())
}
