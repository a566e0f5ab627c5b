import { readPage, type Entry } from './answers.ts'
import { saysMissing, type VendorCalls } from './calls.ts'
import { refused, unusable } from '../vendor.ts'

const PAGE_SIZE = 100
/** What is deleted while a list is read moves the rest forward: pages overlap, so that this many go unnoticed. */
const OVERLAP = 10
const PAGES_AT_THE_MOST = 1000

export interface ListQuery {
  what: string
  path: string
  /** What is listed belongs to such a thing, whose absence makes the list empty. */
  of?: string | undefined
  /** The list's key in the answer. */
  name: string
  /** `skip` in the first generation, `offset` in the second. */
  offsetName: string
  keyOf (entry: Entry): string
}

/**
 * A list's entries, page by page, each once.
 *
 * @throws PROVIDER_* and, for a list that does not move on, PROVIDER_BAD_ANSWER: an incomplete list must not pass for a
 *   whole one
 */
export async function * pagesOf (calls: VendorCalls, { what, path, of, name, offsetName, keyOf }: ListQuery, signal: AbortSignal): AsyncGenerator<Entry[]> {
  const seen = new Set<string>()
  let offset = 0
  for (let page = 0; page < PAGES_AT_THE_MOST; page++) {
    const query = `${offsetName}=${offset}&limit=${PAGE_SIZE}`
    const request = { what, method: 'GET' as const, path: `${path}${path.includes('?') ? '&' : '?'}${query}` }
    const answer = await calls.call({ ...request, expect: of === undefined ? [] : [400, 404] }, signal)
    if (answer.status >= 400) {
      if (page === 0 && of !== undefined && saysMissing(answer, of)) return
      throw refused(what, answer)
    }
    const { entries, hasMore } = readPage(answer.body, name)
    const fresh = entries.filter((entry) => !seen.has(keyOf(entry)))
    for (const entry of fresh) seen.add(keyOf(entry))
    if (fresh.length > 0) yield fresh
    if (entries.length === 0 || hasMore === false) return
    if (fresh.length === 0) {
      if (entries.length > OVERLAP) break
      return
    }
    offset += entries.length > OVERLAP ? entries.length - OVERLAP : entries.length
  }
  throw unusable(`a list of ${name} that does not move on`, {})
}
