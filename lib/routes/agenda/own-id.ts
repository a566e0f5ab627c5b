import type { FastifyRequest } from 'fastify'
import { AuthenticationRequired, NotPermitted } from '../../errors.ts'

/**
 * Who asks, for himself: somebody whom this service or the gateway in front knows. The clinic, and the holder of a personal link, have no
 * agenda.
 *
 * @throws AUTHENTICATION_REQUIRED, NOT_PERMITTED
 */
export function ownId ({ actor }: Pick<FastifyRequest, 'actor'>): string {
  if (actor?.kind === 'person') return actor.id
  if (actor !== undefined && actor.kind !== 'gateway') throw new NotPermitted()
  if (actor?.id === undefined) throw new AuthenticationRequired()
  return actor.id
}
