import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { CrudError } from './errors.ts'

const NAMES: ReadonlyMap<number, string> = new Map([
  [400, 'Bad Request'], [403, 'Forbidden'], [413, 'Payload Too Large'], [415, 'Unsupported Media Type'], [500, 'Internal Server Error'],
])

// Fastify 4, which CRUD Service 7 runs on, gives no code for these; callers may tell bodies apart by it.
const WITHOUT_CODE: readonly string[] = ['FST_ERR_CTP_INVALID_JSON_BODY']

function schemaAnswer (error: FastifyError) {
  const [first] = error.validation ?? []
  if (first?.keyword === 'additionalProperties') {
    const message = `${error.message}. Property "${String(first.params['additionalProperty'])}" is not defined in validation schema`
    return { statusCode: 400, error: 'Bad Request', message }
  }
  return { statusCode: 400, code: 'FST_ERR_VALIDATION', error: 'Bad Request', message: error.message }
}

/** Turns whatever was thrown into the body that CRUD Service 7 answers with, key order included. */
export function answerError (error: FastifyError | CrudError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof CrudError) return reply.code(error.statusCode).send(error.body)
  if (error.validation !== undefined) return reply.code(400).send(schemaAnswer(error))
  const statusCode = error.statusCode ?? 500
  if (statusCode === 404) return reply.code(404).send({ error: 'not found' })
  if (statusCode >= 500) request.log.error({ err: error }, 'the embedded storage failed')
  const name = NAMES.get(statusCode) ?? 'Error'
  const hasCode = typeof error.code === 'string' && !WITHOUT_CODE.includes(error.code)
  return reply.code(statusCode).send(hasCode
    ? { statusCode, code: error.code, error: name, message: error.message }
    : { statusCode, error: name, message: error.message })
}
