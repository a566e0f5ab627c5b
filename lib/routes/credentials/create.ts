import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { errorResponses } from '../../../schemas/error.ts'
import { IdempotencyHeaders } from '../../../schemas/headers.ts'
import type { CredentialsWish, GivenCredentials } from '../../../schemas/settings.ts'
import { CredentialsNeedAuthService, UnauthorizedUser } from '../../errors.ts'
import { giveCredentials } from '../../teleconsultations/credentials.ts'
import type { RouteOptions } from '../services.ts'

export const credentialsRoute: FastifyPluginAsyncTypebox<RouteOptions> = async (app, { services: { ports, people, callerOf, knowsPeople, answered } }) => {
  app.post('/credentials', {
    config: { action: 'be oneself' },
    // Everything in the body has a default, so that none is one too.
    preValidation: async (request) => { request.body ??= { expiresIn: 3600 } },
    schema: {
      operationId: 'createCredentials',
      tags: ['credentials'],
      summary: 'Gives the caller credentials for the provider’s own SDK',
      headers: IdempotencyHeaders,
      body: Type.Unsafe<CredentialsWish>(Type.Ref('CredentialsWish')),
      response: {
        201: Type.Unsafe<GivenCredentials>(Type.Ref('GivenCredentials', { description: 'Given' })),
        ...errorResponses(400, 401, 403, 409, 413, 415, 422, 501, 502, 503, 504)
      }
    }
  }, async (request, reply) => {
    if (!knowsPeople) throw new CredentialsNeedAuthService()
    const caller = callerOf(request)
    if (caller === undefined) throw new UnauthorizedUser()
    const context = request.operationContext()
    const { accessToken, expiresAt, providerUserId } = await answered.run(request.requestKey(request.body), () =>
      giveCredentials(ports, () => people.one({ userExternalId: caller }, context.headers, context.endsAt), request.body.expiresIn, context),
    (given) => given.expiresAt)
    return await reply.code(201).send({ accessToken, expiresAt: expiresAt.toISOString(), bandyerUserId: providerUserId })
  })
}
