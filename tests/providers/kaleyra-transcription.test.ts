import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { kaleyraProvider } from '../../lib/providers/kaleyra/provider.ts'
import type { Transcription } from '../../lib/providers/provider.ts'
import { startFakeKaleyra } from '../support/fake-kaleyra.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'

const signal = AbortSignal.timeout(60_000)

async function subject (t: Test) {
  const vendor = await startFakeKaleyra(t)
  const provider = kaleyraProvider({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 2000, userIdSecret: 'only for tests' })
  t.teardown(() => provider.close())
  const room = { providerRoomId: vendor.plantRoom({}).id }
  const plant = (transcription: string) => { vendor.sessions.set('session_1', { roomId: room.providerRoomId, transcription }) }
  plant('WEBVTT')
  return { vendor, provider, room, plant, read: async () => await provider.transcription(room, 'session_1', signal) }
}

/** Where the vendor might keep files: a host of its own that takes no key of ours. */
async function fileHost (t: Test, { status = 200, text = 'WEBVTT elsewhere' } = {}) {
  const requests: Array<{ url: string | undefined, apikey: string | string[] | undefined }> = []
  const server = createServer(({ url, headers }, response) => {
    requests.push({ url, apikey: headers['apikey'] })
    response.writeHead(status, { 'content-type': 'text/vtt' }).end(text)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file?expires=1`, requests }
}

async function textOf (found: Transcription | 'missing'): Promise<string> {
  if (found === 'missing') throw new Error('missing')
  const chunks: Uint8Array[] = []
  for await (const chunk of found.body) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

t.test('a file comes as the vendor gives it, with its type', async (t) => {
  const { plant, read } = await subject(t)
  plant('Ciao. '.repeat(1_000_000))
  const found = await read()
  t.match(found, { contentType: 'text/vtt; charset=utf-8' })
  t.equal((await textOf(found)).length, 6_000_000)
})

t.test('a transcription in JSON is handed on, however long', async (t) => {
  const { vendor, plant, read } = await subject(t)
  vendor.transcriptionAs.kind = 'json'
  for (const text of ['short', 'long '.repeat(100_000)]) {
    plant(text)
    const found = await read()
    t.match(found, { contentType: 'application/json' })
    t.same(JSON.parse(await textOf(found)), { segments: [{ text }] })
  }
})

t.test('an address of the file is followed, without our key', async (t) => {
  const { vendor, read } = await subject(t)
  const host = await fileHost(t)
  Object.assign(vendor.transcriptionAs, { kind: 'address', address: host.address })
  const found = await read()
  t.match(found, { contentType: 'text/vtt' })
  t.equal(await textOf(found), 'WEBVTT elsewhere')
  t.same(host.requests, [{ url: '/file?expires=1', apikey: undefined }])
})

t.test('an address that leads nowhere is missing or a bad answer', async (t) => {
  const { vendor, read } = await subject(t)
  const { address: gone } = await fileHost(t, { status: 404 })
  const { address: expired } = await fileHost(t, { status: 403 })
  Object.assign(vendor.transcriptionAs, { kind: 'address', address: gone })
  t.equal(await read(), 'missing')
  for (const [address, code] of [[expired, 'PROVIDER_BAD_ANSWER'], ['file:///etc/passwd', 'PROVIDER_BAD_ANSWER'], ['http://127.0.0.1:9/', 'PROVIDER_UNAVAILABLE']] as const) {
    vendor.transcriptionAs.address = address
    await t.rejects(read(), { code }, address)
  }
})

t.test('a session of another room, or none, has nothing to give', async (t) => {
  const { vendor, provider, room, read, plant } = await subject(t)
  t.equal(await provider.transcription({ providerRoomId: 'room_other' }, 'session_1', signal), 'missing')
  t.equal(await provider.transcription({ providerRoomId: '' }, 'session_1', signal), 'missing')
  t.equal(await provider.transcription(room, 'session_2', signal), 'missing')
  plant('')
  t.equal(await read(), 'missing', 'nothing was written down')
  plant('WEBVTT')
  vendor.transcriptionAs.kind = 'nothing'
  t.equal(await read(), 'missing', 'the answer is empty')
  const asked = vendor.requests.length
  for (const session of ['', '.', '..']) t.equal(await provider.transcription(room, session, signal), 'missing')
  t.equal(vendor.requests.length, asked)
  await provider.transcription(room, '../company', signal)
  t.equal(vendor.requests.at(-1)?.path, '/v2/sessions/..%2Fcompany')
})

t.test('a vendor that fails over the file fails like everywhere', async (t) => {
  const { vendor, read } = await subject(t)
  for (const [fault, code] of [['busy', 'PROVIDER_BUSY'], ['wrong key', 'PROVIDER_REFUSED_KEY'], ['failing', 'PROVIDER_UNAVAILABLE'], ['dropped', 'PROVIDER_UNAVAILABLE'], ['silent', 'PROVIDER_TIMEOUT'], ['refused', 'PROVIDER_BAD_ANSWER'], ['malformed', 'PROVIDER_BAD_ANSWER']] as const) {
    vendor.fail(fault, { on: /transcription$/ })
    await t.rejects(read(), { code }, fault)
    vendor.recover()
  }
})

t.test('who leaves early, or reads nothing, leaves no connection behind', async (t) => {
  const { provider, plant, read } = await subject(t)
  plant('Ciao. '.repeat(1_000_000))
  const left = await read()
  if (left !== 'missing') for await (const chunk of left.body) if (chunk.length > 0) break
  const unread = await read()
  if (unread !== 'missing') await unread.body[Symbol.asyncIterator]().return?.()
  await t.resolves(provider.close())
})
