import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { emptyResponse, type ErrorBody } from '../../../schemas/error.ts'
import { TaxonomyParams, type Taxonomy } from '../../../schemas/taxonomies.ts'
import { TaxonomyNotFound } from '../../errors.ts'
import type { TaxonomyOptions } from './index.ts'

export const readRoute: FastifyPluginAsyncTypebox<TaxonomyOptions> = async (app, { taxonomies }) => {
  app.get('/taxonomies/:name', {
    config: { action: 'look up' },
    schema: {
      operationId: 'getTaxonomy',
      tags: ['taxonomies'],
      summary: 'The values that a field is limited to',
      params: TaxonomyParams,
      response: {
        200: Type.Unsafe<Taxonomy>(Type.Ref('Taxonomy', { description: 'All its values' })),
        304: emptyResponse('If-None-Match names what is there'),
        404: Type.Unsafe<ErrorBody>(Type.Ref('Error', { description: 'There is no such taxonomy' }))
      }
    }
  }, async (request) => {
    const taxonomy = taxonomies.get(request.params.name)
    if (taxonomy === undefined) throw new TaxonomyNotFound()
    return taxonomy
  })
}
