import { ProviderBadAnswer, ProviderTimeout, ProviderUnavailable } from '../errors.ts'
import { chunksFrom } from '../http/chunks.ts'
import { HttpFailure } from '../http/client.ts'

/* What adapters that speak HTTP to a vendor have in common. */

/** Waits, and rejects when the signal ends. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>

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
