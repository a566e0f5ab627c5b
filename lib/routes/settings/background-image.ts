import multipart, { type MultipartFile } from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { IdempotencyHeaders } from '../../../schemas/headers.ts'
import type { BackgroundImage } from '../../../schemas/settings.ts'
import { CapabilityUnsupported, ImageMissing, ImageTooLarge } from '../../errors.ts'
import { whereIs } from '../../teleconsultations/places.ts'
import { callProvider } from '../../teleconsultations/ports.ts'
import type { RouteOptions } from '../services.ts'

const FIELD = 'virtual_background'
const LARGEST_BYTES = 10_000_000

export const backgroundImageRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, answered } }) => {
  // Only multipart is meant here.
  app.removeContentTypeParser('application/json')
  await app.register(multipart, { limits: { fileSize: LARGEST_BYTES, files: 1, fields: 0, parts: 2, headerPairs: 20 }, throwFileSizeLimit: false })

  app.post('/settings/background-image', {
    config: { action: 'administer' },
    // The file's own limit, and what the parts' heads need.
    bodyLimit: LARGEST_BYTES + 64 * 1024,
    schema: {
      operationId: 'uploadBackgroundImage',
      tags: ['settings'],
      summary: 'Uploads a background for the company: multipart, one file in the field virtual_background, at most 10 MB',
      headers: IdempotencyHeaders,
      consumes: ['multipart/form-data'],
      response: {
        200: Type.Unsafe<BackgroundImage>(Type.Ref('BackgroundImage', { description: 'Uploaded; PATCH /settings/update puts it to use' })),
        ...errorResponses(400, 401, 403, 409, 413, 415, 422, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const there = whereIs(ports, 'background')
    if (there === undefined) throw new CapabilityUnsupported('backgrounds')
    const context = request.operationContext()
    const image = await imageOf(request)
    const { alias, url, createdAt } = await answered.run(request.requestKey(image.data), () =>
      callProvider(there, async (provider, signal) => await provider.uploadBackground(image, signal), context))
    return { virtual_background: { background_alias: alias, url, creation_date: createdAt.toISOString() } }
  })
}

async function imageOf (request: FastifyRequest): Promise<{ data: Uint8Array, mime: string, filename: string }> {
  let file: MultipartFile | undefined
  let data: Buffer
  try {
    file = await request.file()
    if (file === undefined || file.fieldname !== FIELD) throw new ImageMissing()
    data = await file.toBuffer()
  } catch (error) {
    if (isTooLarge(error)) throw new ImageTooLarge()
    throw isMultipartError(error) ? new ImageMissing() : error
  }
  if (file.file.truncated) throw new ImageTooLarge()
  return { data, mime: file.mimetype, filename: file.filename }
}

const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code)
const isTooLarge = (error: unknown) => ['FST_REQ_FILE_TOO_LARGE', 'FST_ERR_CTP_BODY_TOO_LARGE'].includes(codeOf(error))
// A part that is no file, too many of them, or a body that is no multipart at all once its type said so.
const isMultipartError = (error: unknown) =>
  /^FST_(PARTS|FILES|FIELDS|PROTO|MULTIPART|NO_FORM)/.test(codeOf(error)) || (error instanceof Error && /multipart|boundary|form/i.test(error.message) && codeOf(error) === 'undefined')
