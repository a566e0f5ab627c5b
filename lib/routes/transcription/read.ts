import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { TranscriptionNotFound, TranscriptionTooLarge } from '../../errors.ts'
import type { Transcription } from '../../providers/provider.ts'
import { readTranscription } from '../../teleconsultations/transcription.ts'
import type { RouteOptions } from '../services.ts'

const Params = Type.Object({ roomId: Type.String(), sessionId: Type.String() })
const SESSION_ID = /^[A-Za-z0-9._-]{1,128}$/

export const transcriptionRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, transcriptionLimitBytes } }) => {
  app.get('/transcription/:roomId/:sessionId', {
    schema: {
      operationId: 'getTranscription',
      tags: ['teleconsultation'],
      summary: 'The transcription of one session, as the provider has it',
      params: Params,
      response: {
        200: Type.Unsafe<Buffer>({ description: 'The file, with the provider’s content type', type: 'string', format: 'binary' }),
        ...errorResponses(403, 404, 409, 413, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { roomId, sessionId } = request.params
    if (!SESSION_ID.test(sessionId)) throw new TranscriptionNotFound()
    const { contentType, data } = await readTranscription(ports, roomId, sessionId, request.operationContext(), async (transcription) => await wholeOf(transcription, transcriptionLimitBytes))
    return await reply.type(contentType).header('content-disposition', 'attachment').send(data)
  })
}

/** Read to its end before the answer begins: a status can still say then that it is too large, or that the provider broke off. */
async function wholeOf ({ contentType, bytes, body }: Transcription, limitBytes: number): Promise<{ contentType: string, data: Buffer }> {
  if (bytes !== undefined && bytes > limitBytes) throw new TranscriptionTooLarge()
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    size += piece.byteLength
    if (size > limitBytes) throw new TranscriptionTooLarge()
    pieces.push(piece)
  }
  return { contentType, data: Buffer.concat(pieces) }
}
