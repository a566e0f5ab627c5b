import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { emptyResponse } from '../../../schemas/error.ts'
import type { TaxonomyList } from '../../../schemas/taxonomies.ts'
import type { TaxonomyOptions } from './index.ts'

export const listRoute: FastifyPluginAsyncTypebox<TaxonomyOptions> = async (app, { taxonomies }) => {
  app.get('/taxonomies', {
    config: { action: 'look up' },
    schema: {
      operationId: 'listTaxonomies',
      tags: ['taxonomies'],
      summary: 'Which fields of a session are limited to values',
      response: {
        200: Type.Unsafe<TaxonomyList>(Type.Ref('TaxonomyList', { description: 'All of them' })),
        304: emptyResponse('If-None-Match names what is there')
      }
    }
  }, async () => ({
    set: taxonomies.set,
    version: taxonomies.version,
    taxonomies: taxonomies.all().map(({ name, several, values }) => ({ name, several, values: values.length }))
  }))
}
