/**
 * An answer that is not a success. The body's key order is part of the contract of CRUD Service 7 and differs by case,
 * so each case builds its own body.
 */
export class CrudError extends Error {
  readonly statusCode: number
  readonly body: Readonly<Record<string, unknown>>

  constructor (statusCode: number, body: Readonly<Record<string, unknown>>, message: string) {
    super(message)
    this.name = 'CrudError'
    this.statusCode = statusCode
    this.body = body
  }
}

/** 404: an unknown route, a missing document, or a document that the filter or the states exclude; they look alike on purpose. */
export function notFound (): CrudError {
  return new CrudError(404, { error: 'not found' }, 'not found')
}

/** 400: the query language was violated. */
export function badQuery (message: string): CrudError {
  return new CrudError(400, { statusCode: 400, message, error: 'Bad Request' }, message)
}

/** 400: anything else that the caller got wrong and no schema expresses. */
export function badRequest (message: string): CrudError {
  return new CrudError(400, { statusCode: 400, error: 'Bad Request', message }, message)
}

/** 403: the request names a host that is not ours. */
export function foreignHost (): CrudError {
  const message = 'the Host header is not the address that this server is bound to'
  return new CrudError(403, { statusCode: 403, error: 'Forbidden', message }, message)
}

/** 406: no representation of an export fits the Accept header. */
export function notAcceptable (message: string): CrudError {
  return new CrudError(406, { statusCode: 406, error: 'Not Acceptable', message }, message)
}

/** 409: a unique index refused an insert. */
export function conflict (message: string): CrudError {
  return new CrudError(409, { statusCode: 409, error: 'Conflict', message }, message)
}

/** 415: a file of a type that is not read. */
export function unsupportedType (message: string): CrudError {
  return new CrudError(415, { statusCode: 415, error: 'Unsupported Media Type', message }, message)
}

/** 500, the CRUD Service's answer to what its driver or its casts throw. `code` is a text where it is given. */
export function internal (message: string, code?: string): CrudError {
  const body = code === undefined
    ? { statusCode: 500, error: 'Internal Server Error', message }
    : { statusCode: 500, code, error: 'Internal Server Error', message }
  return new CrudError(500, body, message)
}

/** A unique index refused a write. The text is MongoDB's, since callers look for its beginning. */
export class DuplicateKey extends Error {
  constructor (collection: string, index: string, values: ReadonlyArray<readonly [string, unknown]>) {
    const key = values.map(([field, value]) => `${field}: ${JSON.stringify(value ?? null)}`).join(', ')
    super(`E11000 duplicate key error collection: embedded.${collection} index: ${index} dup key: { ${key} }`)
    this.name = 'DuplicateKey'
  }
}
