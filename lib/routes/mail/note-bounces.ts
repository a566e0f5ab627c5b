import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { BouncesNoted } from '../../../schemas/mail.ts'
import { MOST_BYTES, readBounce } from '../../mail/bounce.ts'
import { noteBounce } from '../../teleconsultations/note-bounce.ts'
import type { MailRouteOptions } from './index.ts'

export const noteBouncesRoute: FastifyPluginAsyncTypebox<MailRouteOptions> = async (app, { ports, ids }) => {
  app.removeAllContentTypeParsers()
  // One character for each octet: a notification may be in any encoding, or in several.
  app.addContentTypeParser('message/rfc822', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, Buffer.from(body).toString('latin1'))
  })

  app.post('/mail/bounces', {
    config: { action: 'administer' },
    bodyLimit: MOST_BYTES,
    schema: {
      operationId: 'noteBounces',
      tags: ['mail'],
      summary: 'Takes one message that came back to the sender of the e-mails, as the mail server has it; a delivery status notification is noted on the participant. At most 1 MiB',
      consumes: ['message/rfc822'],
      body: Type.String({ minLength: 1, description: 'RFC 5322, with its head' }),
      response: {
        200: Type.Unsafe<BouncesNoted>(Type.Ref('BouncesNoted', { description: 'Read' })),
        ...errorResponses(400, 401, 403, 409, 413, 415, 500, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const context = request.operationContext()
    const counts = { noted: 0, ignored: 0 }
    for (const bounce of await readBounce(Buffer.from(request.body, 'latin1'))) {
      const outcome = await noteBounce(ports, ids, bounce, context)
      counts[outcome === 'unknown' ? 'ignored' : 'noted']++
      if (outcome === 'noted') app.telling.countBounce()
    }
    return counts
  })
}
