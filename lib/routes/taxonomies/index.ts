import { createHash } from 'node:crypto'
import type { FastifyPluginAsync } from 'fastify'
import { isNamed } from '../../domain/entity-tag.ts'
import type { Taxonomies } from '../../domain/taxonomies.ts'
import { listRoute } from './list.ts'
import { readRoute } from './read.ts'

export interface TaxonomyOptions { taxonomies: Taxonomies }

const MAX_AGE_SECONDS = 300

/** For everybody: they hold nothing about anybody, and change with the configuration only. */
export const taxonomyRoutes: FastifyPluginAsync<TaxonomyOptions> = async (app, options) => {
  await app.register(async function cached (scope) {
    scope.addHook('onSend', async (request, reply, payload) => {
      if (reply.statusCode !== 200 || typeof payload !== 'string') return payload
      const tag = `"${createHash('sha1').update(payload).digest('base64url')}"`
      reply.headers({ etag: tag, 'cache-control': `public, max-age=${MAX_AGE_SECONDS}` })
      if (!isNamed(tag, request.headers['if-none-match'])) return payload
      reply.code(304)
      // Fastify itself takes the text from the answer to HEAD, and needs it for content-length.
      return request.method === 'HEAD' ? payload : null
    })
    await scope.register(listRoute, options)
    await scope.register(readRoute, options)
  })
}
