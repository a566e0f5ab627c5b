import type { FastifyRequest } from 'fastify'
import type { Actor } from '../../domain/authorization.ts'
import { AuthenticationRequired } from '../../errors.ts'

/** Who is calling; the guard lets nobody through who is nobody. */
export function actorOf ({ actor }: FastifyRequest): Actor {
  if (actor === undefined) throw new AuthenticationRequired()
  return actor
}
