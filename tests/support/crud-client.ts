import { request } from 'undici'

export interface CrudRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'OPTIONS' | 'HEAD'
  readonly path: string
  /** Sent as JSON; a text is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface CrudAnswer {
  readonly status: number
  readonly contentType: string | undefined
  readonly text: string
  /** The parsed body, undefined when it is not JSON. */
  readonly json: unknown
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Sends one request to a CRUD server and reads the whole answer. */
export async function send (origin: string, { method, path, body, headers = {} }: CrudRequest): Promise<CrudAnswer> {
  const payload = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await request(origin + path, { method, headers: { ...type, ...headers }, ...payload })
  const text = await response.body.text()
  const contentType = response.headers['content-type']
  return { status: response.statusCode, contentType: Array.isArray(contentType) ? contentType[0] : contentType, text, json: parse(text) }
}

/** A `_q` parameter. */
export function q (filter: unknown): string {
  return `_q=${encodeURIComponent(JSON.stringify(filter))}`
}

/** The `_id` of an answer. */
export function idOf ({ json }: CrudAnswer): string {
  if (typeof json === 'object' && json !== null && '_id' in json && typeof json._id === 'string') return json._id
  throw new Error('the answer holds no _id')
}

/** The body of an answer that must be an object. */
export function objectOf ({ json, text }: CrudAnswer): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json }
  throw new Error(`the answer is no object: ${text}`)
}

/** The body of an answer that must be an array of objects. */
export function listOf ({ json, text }: CrudAnswer): Array<Record<string, unknown>> {
  if (Array.isArray(json)) return json
  throw new Error(`the answer is no array: ${text}`)
}
