import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { ClinicOverview } from '../../../schemas/pages.ts'
import type { ClinicOptions } from './index.ts'

export const overviewRoute: FastifyPluginAsyncTypebox<ClinicOptions> = async (app, { overview }) => {
  app.get('/clinic/overview', {
    schema: {
      operationId: 'getClinicOverview',
      tags: ['clinic'],
      summary: 'What runs',
      response: { 200: Type.Unsafe<ClinicOverview>(Type.Ref('ClinicOverview', { description: 'What runs' })), ...errorResponses(403) }
    }
  }, async () => overview())
}
