import { chunksFrom } from '../../http/chunks.ts'
import { httpClient } from '../../http/client.ts'
import type { RoomState, Transcription, VideoProvider } from '../provider.ts'
import { readMeeting, readPointer, readTranscripts } from './answers.ts'
import type { DailyCalls } from './calls.ts'
import { refused, translated, translatedChunks, unusable } from '../vendor.ts'

export interface TranscriptionOptions {
  /** Milliseconds until the host where the files lie has to answer. */
  timeoutMs: number
  /** Whether only https will do. */
  secureLinks: boolean
}

/**
 * What was said in a session of this room, as WebVTT. A session is what Daily calls a meeting, and its history names the
 * room; the room itself is gone for Daily once it is over. A transcription that was stopped and begun again is several
 * files: they come one after another.
 */
export function transcriptions (calls: DailyCalls, { timeoutMs, secureLinks }: TranscriptionOptions): VideoProvider['transcription'] {
  const belongs = async (room: RoomState, sessionId: string, signal: AbortSignal): Promise<boolean> => {
    // The id comes from whoever asks: Daily may also find that it is none.
    const answer = await calls.call({ what: 'read meeting', method: 'GET', path: `/meetings/${sessionId}`, expect: [400, 404] }, signal)
    if (answer.status >= 400) return false
    const meeting = readMeeting(answer.body)
    return meeting.id === sessionId && meeting.room === room.providerRoomId
  }

  const finished = async (sessionId: string, signal: AbortSignal): Promise<string[]> => {
    const answer = await calls.call({ what: 'list transcripts', method: 'GET', path: `/transcript?mtgSessionId=${sessionId}`, expect: [404] }, signal)
    if (answer.status === 404) return []
    return readTranscripts(answer.body).data
      .filter((one) => one.mtgSessionId === sessionId && one.status === 't_finished' && one.isVttAvailable !== false)
      .sort((a, b) => (a.created_at ?? '').localeCompare(b.created_at ?? ''))
      .map(({ transcriptId }) => transcriptId)
  }

  const open = async (id: string, signal: AbortSignal): Promise<Transcription | 'missing'> => {
    const path = `/transcript/${encodeURIComponent(id)}/access-link`
    const answer = await calls.call({ what: 'find transcript', method: 'GET', path, expect: [404] }, signal)
    return answer.status === 404 ? 'missing' : await fetched(readPointer(answer.body), signal)
  }

  return async (room, sessionId, signal) => {
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(sessionId) || !await belongs(room, sessionId, signal)) return 'missing'
    const [first, ...others] = await finished(sessionId, signal)
    if (first === undefined) return 'missing'
    const file = await open(first, signal)
    if (file === 'missing' || others.length === 0) return file
    return { contentType: file.contentType, body: joined(file.body, others, (id) => open(id, signal)) }
  }

  /** The file at an address that Daily gave, asked for without our key. */
  async function fetched (address: string, signal: AbortSignal): Promise<Transcription | 'missing'> {
    const url = URL.canParse(address) ? new URL(address) : undefined
    if (url === undefined || (url.protocol !== 'https:' && (secureLinks || url.protocol !== 'http:'))) throw unusable('an address of a transcript that is none', {})
    const http = httpClient({ baseUrl: url.origin, timeoutMs })
    try {
      const { status, headers, body } = await translated(() => http.stream({ method: 'GET', path: url.pathname + url.search, signal, headers: { accept: '*/*' } }))
      if (status === 200) return fileOf(headers, translatedChunks(body))
      await body[Symbol.asyncIterator]().return?.()
      if (status === 404) return 'missing'
      throw refused('fetch transcript', { status })
    } finally {
      // What is still being read is let finish.
      http.close().catch(() => {})
    }
  }
}

function fileOf (headers: Readonly<Record<string, string | string[] | undefined>>, body: AsyncIterable<Uint8Array>): Transcription {
  const type = headers['content-type']
  const length = headers['content-length']
  return {
    // A bucket may know no more than that these are bytes.
    contentType: typeof type === 'string' && type.startsWith('text/') ? type : 'text/vtt; charset=utf-8',
    ...(typeof length === 'string' && /^\d{1,15}$/.test(length) ? { bytes: Number(length) } : {}),
    body
  }
}

function joined (first: AsyncIterable<Uint8Array>, others: readonly string[], open: (id: string) => Promise<Transcription | 'missing'>): AsyncIterable<Uint8Array> {
  async function * all (): AsyncGenerator<Uint8Array, undefined> {
    yield * first
    for (const id of others) {
      const file = await open(id)
      if (file === 'missing') continue
      yield Buffer.from('\n\n')
      yield * file.body
    }
  }
  const chunks = all()
  return chunksFrom(() => chunks.next(), async () => {
    await chunks.return(undefined)
    // A generator that was never begun ends nothing.
    await first[Symbol.asyncIterator]().return?.()
  })
}
