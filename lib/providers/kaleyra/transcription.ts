import { chunksFrom } from '../../http/chunks.ts'
import { httpClient } from '../../http/client.ts'
import { codeOf, readSessionRoom } from '../kaleyra-common/answers.ts'
import { saysMissing, type VendorCalls } from '../kaleyra-common/calls.ts'
import { segment } from '../kaleyra-common/dialect.ts'
import { linkWith } from '../kaleyra-common/links.ts'
import type { RoomState, Transcription, VideoProvider } from '../provider.ts'
import { isEntry, refused, translated, translatedChunks, unusable } from '../vendor.ts'

/** What tells where the file lies is a small answer; what is larger is the file. */
const POINTER_BYTES = 16 * 1024
const POINTER_KEYS = ['url', 'transcription_url', 'download_url', 'link']

export interface TranscriptionOptions {
  /** Milliseconds until a host that the vendor points to has to answer. */
  timeoutMs: number
  secureLinks: boolean
}

/**
 * The transcription of a session, if the session was in this room. The vendor's answer is documented nowhere: it may be
 * the file itself, or, as with recordings, JSON with a short-lived address of it. Both are taken; that address is asked
 * without our key.
 */
export function transcriptions (calls: VendorCalls, { timeoutMs, secureLinks }: TranscriptionOptions): VideoProvider['transcription'] {
  const belongs = async (room: RoomState, sessionId: string, signal: AbortSignal): Promise<boolean> => {
    const answer = await calls.call({ what: 'read session', method: 'GET', path: `/v2/sessions/${segment(sessionId)}`, expect: [400, 404] }, signal)
    if (answer.status >= 400) {
      if (saysMissing(answer, 'session')) return false
      throw refused('read session', answer)
    }
    return readSessionRoom(answer.body) === room.providerRoomId
  }

  return async (room, sessionId, signal) => {
    // The id comes from whoever asks: what makes another path of it is no session.
    if (/^\.*$/.test(sessionId) || room.providerRoomId === '') return 'missing'
    if (!await belongs(room, sessionId, signal)) return 'missing'
    const path = `/v2/sessions/${segment(sessionId)}/transcription`
    const answer = await calls.stream({ what: 'read transcription', method: 'GET', path, expect: [400, 404] }, signal)
    if (!('headers' in answer)) {
      if (saysMissing(answer, 'transcription')) return 'missing'
      throw refused('read transcription', answer)
    }
    if (answer.status === 204) {
      await unread(answer.body)
      return 'missing'
    }
    const file = fileOf(answer)
    if (!/\bjson\b/.test(file.contentType)) return file
    const begun = await beginningOf(file.body)
    const pointer = begun.whole ? pointerIn(begun.bytes) : undefined
    return pointer === undefined ? { ...file, body: begun.body } : await fetched(pointer, signal)
  }

  async function fetched (address: string, signal: AbortSignal): Promise<Transcription | 'missing'> {
    const url = new URL(linkWith(address, {}, secureLinks))
    const http = httpClient({ baseUrl: url.origin, timeoutMs })
    try {
      const answer = await translated(() => http.stream({ method: 'GET', path: url.pathname + url.search, signal, headers: { accept: '*/*' } }))
      if (answer.status === 200) return fileOf({ headers: answer.headers, body: translatedChunks(answer.body) })
      await unread(answer.body)
      if (answer.status === 404) return 'missing'
      throw refused('fetch transcription', answer)
    } finally {
      // What is still being read is let finish.
      http.close().catch(() => {})
    }
  }
}

/** Lets a body go that nobody wants. */
const unread = async (body: AsyncIterable<Uint8Array>) => { await body[Symbol.asyncIterator]().return?.() }

function fileOf ({ headers, body }: { headers: Readonly<Record<string, string | string[] | undefined>>, body: AsyncIterable<Uint8Array> }): Transcription {
  const type = headers['content-type']
  const length = headers['content-length']
  return {
    contentType: typeof type === 'string' ? type : 'application/octet-stream',
    ...(typeof length === 'string' && /^\d{1,15}$/.test(length) ? { bytes: Number(length) } : {}),
    body
  }
}

/** Reads on until it is clear that this is more than a pointer; what was read is part of the body again. */
async function beginningOf (body: AsyncIterable<Uint8Array>) {
  const chunks = body[Symbol.asyncIterator]()
  const begun: Uint8Array[] = []
  let size = 0
  let whole = false
  while (!whole && size <= POINTER_BYTES) {
    const next = await chunks.next()
    if (next.done === true) whole = true
    else {
      begun.push(next.value)
      size += next.value.length
    }
  }
  let read = 0
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    const chunk = begun[read++]
    if (chunk !== undefined) return { done: false, value: chunk }
    return whole ? { done: true, value: undefined } : await chunks.next()
  }
  return { whole, bytes: Buffer.concat(begun), body: chunksFrom(next, async () => { await chunks.return?.() }) }
}

/** The address in a small JSON object that has one; any other JSON is a transcription. */
function pointerIn (bytes: Buffer): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw unusable('a transcription that is no JSON, though it says so', {})
  }
  if (!isEntry(value)) return undefined
  if (codeOf(value) !== undefined) throw unusable('an error in place of a transcription', value)
  const address = POINTER_KEYS.map((key) => value[key]).find((found) => typeof found === 'string')
  return typeof address === 'string' ? address : undefined
}
