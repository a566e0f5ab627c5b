import t, { type Test } from 'tap'
import type { Transcription } from '../../lib/providers/provider.ts'
import { dailySubject } from '../support/fake-daily.ts'
import { roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)

async function subject (t: Test) {
  const { daily, provider } = await dailySubject(t)
  const room = await provider.createRoom(await roomSpec(provider, { durationSeconds: 1800, recording: 'manual' }), signal)
  daily.meetings.set('mtg-1', room.providerRoomId)
  const plant = (text: string, more = {}) => { daily.transcripts.push({ id: `transcript-${daily.transcripts.length}`, sessionId: 'mtg-1', status: 't_finished', text, vtt: true, ...more }) }
  return { daily, provider, room, plant, read: async (id = 'mtg-1') => await provider.transcription(room, id, signal) }
}

async function textOf (found: Transcription | 'missing'): Promise<string> {
  if (found === 'missing') return found
  const chunks: Uint8Array[] = []
  for await (const chunk of found.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

t.test('a file comes as it lies there, also when the room is over, under either name of its address', async (t) => {
  for (const pointerKey of ['link', 'download_link'] as const) {
    const { daily, plant, read } = await subject(t)
    daily.switches.pointerKey = pointerKey
    daily.switches.expiredRead = 'missing'
    daily.advance(24 * 3600_000)
    plant('WEBVTT '.repeat(300_000))
    const found = await read()
    t.match(found, { contentType: 'text/vtt' })
    t.equal((await textOf(found)).length, 2_100_000)
  }
})

t.test('bytes of no type are WebVTT, which was asked for', async (t) => {
  const { daily, plant, read } = await subject(t)
  daily.switches.fileType = 'binary/octet-stream'
  plant('WEBVTT')
  const found = await read()
  t.match(found, { contentType: 'text/vtt; charset=utf-8' })
  t.equal(await textOf(found), 'WEBVTT')
})

t.test('what was stopped and begun again comes in its order', async (t) => {
  const { plant, read } = await subject(t)
  for (const text of ['first', 'second', 'third']) plant(text)
  t.equal(await textOf(await read()), 'first\n\nsecond\n\nthird')
})

t.test('who wants no more of several files ends it, also before the first', async (t) => {
  const { daily, plant, read } = await subject(t)
  plant('first')
  plant('second')
  const found = await read()
  if (found === 'missing') throw new Error('it is there')
  await found.body[Symbol.asyncIterator]().return?.()
  t.equal(daily.requests.filter(({ path }) => path.endsWith('/access-link')).length, 1)
})

t.test('what is not finished, kept or there is missing', async (t) => {
  const { daily, plant, read, provider, room } = await subject(t)
  t.equal(await read(), 'missing', 'nothing was said')
  plant('a', { status: 't_in_progress' })
  plant('b', { status: 't_deleted' })
  plant('c', { vtt: false })
  t.equal(await read(), 'missing')
  t.equal(await read('mtg-2'), 'missing', 'no such session')
  for (const id of ['', '..', 'a/b', 'a?b', 'x'.repeat(65)]) t.equal(await read(id), 'missing')
  plant('d')
  t.equal(await provider.transcription({ providerRoomId: 'tcm-other' }, 'mtg-1', signal), 'missing', 'another room’s')
  daily.fail('refused', { on: /meetings/ })
  t.equal(await provider.transcription(room, 'mtg-1', signal), 'missing', 'Daily says that the id is none')
})

t.test('an address that is none is not followed', async (t) => {
  for (const address of ['file:///etc/passwd', 'javascript:1', 'nowhere']) {
    const { daily, plant, read } = await subject(t)
    plant('WEBVTT')
    daily.switches.pointer = address
    await t.rejects(read(), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
  }
})

t.test('a file that is gone is missing, and one that cannot be had is an error', async (t) => {
  const { daily, plant, read } = await subject(t)
  plant('WEBVTT')
  daily.switches.pointer = `${new URL(daily.baseUrl).origin}/files/nothing.vtt`
  t.equal(await read(), 'missing')
  daily.switches.pointer = `${new URL(daily.baseUrl).origin}/refused`
  await t.rejects(read(), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'fetch transcript: 403' } })
})
