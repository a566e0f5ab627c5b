import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { SessionParams, type RecordingChange, type SessionView } from '../../../schemas/session.ts'
import { recordSession } from '../../teleconsultations/session-call.ts'
import { actorOf } from './caller.ts'
import type { SessionRouteOptions } from './index.ts'
import { sessionBody } from './session-body.ts'

export const recordingRoute: FastifyPluginAsyncTypebox<SessionRouteOptions> = async (app, { services }) => {
  app.post('/sessions/:sessionId/recording', {
    config: { action: 'record' },
    schema: {
      operationId: 'recordSession',
      tags: ['sessions'],
      summary: 'Begins or ends recording the call that runs, where the provider can do that on request',
      params: SessionParams,
      body: Type.Unsafe<RecordingChange>(Type.Ref('RecordingChange')),
      response: {
        200: Type.Unsafe<SessionView>(Type.Ref('Session', { description: 'recordedSince tells whether it is recorded' })),
        ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const document = await recordSession(services.ports, request.params.sessionId, request.body.record, request.operationContext())
    return sessionBody(services, document, actorOf(request))
  })
}
