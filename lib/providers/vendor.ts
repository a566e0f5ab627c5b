import { setTimeout as wait } from 'node:timers/promises'
import type { Static, TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { ProviderBadAnswer, ProviderTimeout, ProviderUnavailable } from '../errors.ts'
import { chunksFrom } from '../http/chunks.ts'
import { HttpFailure } from '../http/client.ts'

/* What adapters that speak HTTP to a vendor have in common. */

/** Waits, and rejects when the signal ends. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>

/** By the process's timers, and up to a quarter longer, so that those who were refused together do not come back together. */
export const jitteredPause: Pause = async (ms, signal) => { await wait(ms * (1 + Math.random() / 4), undefined, { signal }) }

/** Of a Retry-After header in seconds; undefined: there is none, or it is a date. */
export function retryAfterMs (header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}

/** An expected 4xx that turned out to be none of those that were expected. */
export const refused = (what: string, { status, code }: { status: number, code?: string | undefined }) =>
  new ProviderBadAnswer({ cause: new Error(`${what}: ${status}${code === undefined ? '' : ` ${code}`}`) })

/** What the HTTP client throws, as an error of the catalogue. */
export async function translated<T> (work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof HttpFailure)) throw error
    const Failure = { timeout: ProviderTimeout, unreachable: ProviderUnavailable, cut: ProviderBadAnswer }[error.reason]
    throw new Failure({ cause: error })
  }
}

/** Chunks whose failures are errors of the catalogue. */
export function translatedChunks (body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]()
  return chunksFrom(() => translated(() => chunks.next()), async () => { await chunks.return?.() })
}

/** Undefined: it is no JSON. */
export function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Takes what has the schema's shape as it came, with whatever else it holds.
 *
 * @param what the thing that is looked for, as a noun
 * @throws PROVIDER_BAD_ANSWER, whose cause names the keys received and no values
 */
export function reader<T extends TSchema> (what: string, schema: T): (value: unknown) => Static<T> {
  const validator = Compile(schema)
  return (value) => {
    if (!validator.Check(value)) throw unusable(what, value)
    return value as Static<T>
  }
}

/** Undefined: it is no instant. */
export function dateOf (text: string | null | undefined): Date | undefined {
  const date = new Date(text ?? NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** @param what the thing that was looked for, as a noun */
export const unusable = (what: string, received: unknown) =>
  new ProviderBadAnswer({ cause: new Error(`The answer cannot be used: ${what}; keys received: ${keysOf(received)}`) })

/** Names only. What does not look like a name may be a value: an id, or a link. */
function keysOf (value: unknown, depth = 0): string {
  if (Array.isArray(value)) return `[${value.length === 0 ? '' : keysOf(value[0], depth + 1)}]`
  if (!isEntry(value)) return typeof value
  const names = Object.keys(value).slice(0, 40).map((key) => {
    const name = /^[A-Za-z_][A-Za-z_-]{0,39}$/.test(key) ? key : '?'
    const inner = value[key]
    return depth < 3 && typeof inner === 'object' && inner !== null ? `${name} ${keysOf(inner, depth + 1)}` : name
  })
  return `{${names.join(', ')}}`
}

export const isEntry = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
