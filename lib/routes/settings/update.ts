import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import type { CompanyChange, CompanySettings } from '../../../schemas/settings.ts'
import { CapabilityUnsupported } from '../../errors.ts'
import { whereIs } from '../../teleconsultations/places.ts'
import { callProvider } from '../../teleconsultations/ports.ts'
import type { RouteOptions } from '../services.ts'

export const updateSettingsRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports } }) => {
  app.patch('/settings/update', {
    config: { action: 'administer' },
    schema: {
      operationId: 'updateSettings',
      tags: ['settings'],
      summary: 'Chooses the company’s background',
      body: Type.Unsafe<CompanyChange>(Type.Ref('CompanyChange')),
      response: {
        200: Type.Unsafe<CompanySettings>(Type.Ref('CompanySettings', { description: 'The company as it is now' })),
        ...errorResponses(400, 401, 403, 413, 415, 422, 501, 502, 503, 504)
      }
    }
  }, async (request) => {
    const there = whereIs(ports, 'background')
    if (there === undefined) throw new CapabilityUnsupported('backgrounds')
    const backgroundAlias = request.body.background_alias
    const company = await callProvider(there, async (provider, signal) => await provider.updateCompany({ backgroundAlias }, signal), request.operationContext())
    const background = company.defaultBackground
    return {
      company: {
        name: company.name,
        default_language: company.defaultLanguage,
        default_background: background === null ? null : { alias: background.alias, url: background.url, creation_date: background.createdAt.toISOString() },
        end_call_redirect_url: company.endCallRedirectUrl,
        user_details_provider_url: company.userDetailsProviderUrl,
        end_call_redirect_timeout_ms: company.endCallRedirectTimeoutMs
      }
    }
  })
}
