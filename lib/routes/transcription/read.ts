import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
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
    config: { action: 'rule' },
    schema: {
      operationId: 'getTranscription',
      tags: ['teleconsultation'],
      summary: 'The transcription of one session, as the provider has it',
      params: Params,
      response: {
        200: Type.Unsafe<Readable>({ description: 'The file, with the provider’s content type', type: 'string', format: 'binary' }),
        ...errorResponses(401, 403, 404, 409, 413, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    const { roomId, sessionId } = request.params
    if (!SESSION_ID.test(sessionId)) throw new TranscriptionNotFound()
    await readTranscription(ports, roomId, sessionId, request.operationContext(), async ({ contentType, bytes, body }) => {
      if (bytes !== undefined && bytes > transcriptionLimitBytes) throw new TranscriptionTooLarge()
      // Without a size beforehand it is read to its end first: only then a status can still say that it is too large.
      const file = bytes === undefined ? await piecesOf(body, transcriptionLimitBytes) : { bytes, pieces: noMoreThan(body, bytes) }
      reply.headers({ 'content-type': contentType, 'content-disposition': 'attachment', 'content-length': file.bytes })
      reply.send(Readable.from(file.pieces, { objectMode: false }))
      await finished(reply.raw).catch(() => {})
    })
    return reply
  })
}

async function piecesOf (body: Transcription['body'], limitBytes: number): Promise<{ bytes: number, pieces: Uint8Array[] }> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.byteLength
    if (bytes > limitBytes) throw new TranscriptionTooLarge()
    pieces.push(piece)
  }
  return { bytes, pieces }
}

/** Breaks off where the provider sends more than it said. */
async function * noMoreThan (body: Transcription['body'], bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const piece of body) {
    left -= piece.byteLength
    if (left < 0) throw new TranscriptionTooLarge()
    yield piece
  }
}
