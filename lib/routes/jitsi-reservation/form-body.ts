import type { FastifyInstance } from 'fastify'

/**
 * Takes forms in, in this scope alone: anywhere else a page of a foreign origin could send one with its visitor's
 * session. The last of several fields with one name counts.
 */
export function takeForms (scope: FastifyInstance): void {
  scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body.toString())))
  })
}
