import fp from 'fastify-plugin'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

/** The OpenAPI document at `/documentation/json` and `/documentation/yaml`, and a page to read and try it at `/documentation`. */
export default fp(async function openapi (app: FastifyInstance, { version }: { version: string }) {
  await app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: 'Teleconsultation backend',
        version,
        description: 'Books, guards and opens video consultations. Compatible with the Teleconsultation Service Backend 1.x and 2.x.'
      },
      tags: [
        { name: 'teleconsultation', description: 'Booking, changing, opening and deleting teleconsultations' },
        { name: 'sessions', description: 'The same with owner, organisation, permissions and description; who may do what: docs/authorization.md' },
        { name: 'taxonomies', description: 'The values that fields of a session are limited to' },
        { name: 'organisations', description: 'Members and their roles, where this service keeps them' },
        { name: 'agenda', description: 'A person’s sessions as a calendar feed' },
        { name: 'mail', description: 'E-mails that come back' },
        { name: 'credentials', description: 'For the provider’s own SDK' },
        { name: 'settings', description: 'The company at the provider' },
        { name: 'personal link', description: 'The holder of a personal link, without any other identity' },
        { name: 'clinic', description: 'The clinic’s page, where AUTHORIZATION is local' }
      ]
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => typeof json.$id === 'string' ? json.$id : `def-${index}` }
  })
  await app.register(swaggerUi, { routePrefix: '/documentation', logLevel: 'error' })
}, { name: 'openapi' })
