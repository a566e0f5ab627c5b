import t, { type Test } from 'tap'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'

const signal = AbortSignal.timeout(60_000)
const MINUTE_MS = 60_000

async function subject (t: Test) {
  const vendor = await startFakeBandyer(t)
  const provider = bandyerProvider({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 2000, userIdSecret: 'only for tests' })
  t.teardown(() => provider.close())
  const { now } = vendor.time
  const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * MINUTE_MS)
  return {
    vendor,
    provider,
    minutesAgo,
    /** One room a minute, the last one now; of those ours that the function names. */
    plantRooms (count: number, markerOf: (minutes: number) => string | null) {
      for (let minutes = count - 1; minutes >= 0; minutes--) vendor.plantRoom({ createdAt: minutesAgo(minutes), description: markerOf(minutes) })
    },
    found: async (marker: string, since: Date) => (await provider.findRooms(marker, since, signal)).map((room) => room.marker),
    offsets: () => vendor.requests.map(({ query }) => query.get('skip'))
  }
}

t.test('rooms are read in whole pages that overlap, down to the time asked for', async (t) => {
  const { plantRooms, found, offsets, minutesAgo } = await subject(t)
  plantRooms(400, (minutes) => minutes % 150 === 0 ? `clinic|doc-${minutes}|op|1` : null)
  t.same(await found('clinic', minutesAgo(160)), ['clinic|doc-0|op|1', 'clinic|doc-150|op|1'])
  t.same(offsets(), ['0', '90'])
  t.same(await found('clinic|doc-300', minutesAgo(1000)), ['clinic|doc-300|op|1'])
})

t.test('a room is found though the vendor’s clock is some minutes behind', async (t) => {
  const { vendor, found, minutesAgo } = await subject(t)
  vendor.plantRoom({ createdAt: minutesAgo(4), description: 'clinic|doc|op|1' })
  vendor.plantRoom({ createdAt: minutesAgo(6), description: 'clinic|doc|op|2' })
  t.same(await found('clinic', minutesAgo(0)), ['clinic|doc|op|1'])
})

t.test('what is deleted while a list is read hides nothing', async (t) => {
  const { vendor, plantRooms, found, minutesAgo } = await subject(t)
  plantRooms(120, (minutes) => minutes === 101 ? 'clinic|doc|op|1' : null)
  const { length } = vendor.rooms
  const push = vendor.requests.push.bind(vendor.requests)
  // Between the first page and the second, the five newest rooms go.
  vendor.requests.push = (...requests) => {
    if (vendor.requests.length === 1) vendor.rooms.splice(length - 5)
    return push(...requests)
  }
  t.same(await found('clinic', minutesAgo(500)), ['clinic|doc|op|1'])
})

t.test('a list that is oldest first, or without dates, is read to its end', async (t) => {
  for (const listed of [{ oldestFirst: true }, { omit: ['creationDate'] }, { envelope: false }]) {
    const { vendor, plantRooms, found, minutesAgo } = await subject(t)
    Object.assign(vendor.switches.listed, listed)
    plantRooms(250, (minutes) => minutes === 0 ? 'clinic|doc|op|1' : null)
    t.same(await found('clinic', minutesAgo(1)), ['clinic|doc|op|1'], JSON.stringify(listed))
  }
})

t.test('pages may be smaller than asked for', async (t) => {
  const { vendor, plantRooms, found, minutesAgo } = await subject(t)
  vendor.switches.pageSize = 7
  plantRooms(30, (minutes) => `clinic|doc-${minutes}|op|1`)
  t.equal((await found('clinic', minutesAgo(500))).length, 30)
})

t.test('rooms are read one by one where the list leaves their description out', async (t) => {
  const { vendor, plantRooms, found, minutesAgo } = await subject(t)
  vendor.switches.listed.omit = ['description']
  plantRooms(20, (minutes) => minutes === 3 ? 'clinic|doc|op|1' : null)
  t.same(await found('clinic', minutesAgo(500)), ['clinic|doc|op|1'])
  plantRooms(100, () => null)
  await t.rejects(found('clinic', minutesAgo(500)), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('a list that does not move on is not taken for a whole one', async (t) => {
  const { vendor, plantRooms, found, minutesAgo } = await subject(t)
  vendor.switches.listed.ignoresOffset = true
  plantRooms(150, () => null)
  await t.rejects(found('clinic', minutesAgo(500)), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: /does not move on/ } })
})

t.test('uploads are found under both names of their key, and deleted by body', async (t) => {
  const { vendor, provider } = await subject(t)
  const room = { providerRoomId: vendor.plantRoom({}).id }
  for (const n of [1, 2]) vendor.uploads.push({ key: `sandbox/cmpny/usr/${n}`, roomId: room.providerRoomId, userId: 'usr' })
  t.same(await provider.listUploads(room, signal), [{ key: 'sandbox/cmpny/usr/1', kind: 'file_upload' }, { key: 'sandbox/cmpny/usr/2', kind: 'file_upload' }])
  await provider.deleteUpload({ key: 'sandbox/cmpny/usr/2' }, signal)
  t.match(vendor.requests.at(-1), { method: 'DELETE', path: '/upload/resource', json: { upload_key: 'sandbox/cmpny/usr/2' } })
  t.equal(vendor.uploads.length, 1)
})

t.test('an eleventh background, and one that the vendor cannot show, is a limit', async (t) => {
  const { provider } = await subject(t)
  const image = { data: Buffer.from('image'), mime: 'image/jpeg', filename: 'a.jpg' }
  for (let n = 0; n < 10; n++) await provider.uploadBackground(image, signal)
  await t.rejects(provider.uploadBackground(image, signal), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  await t.rejects(provider.uploadBackground({ ...image, mime: 'image/png' }, signal), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
})

t.test('a company has what the vendor says of it', async (t) => {
  const { vendor, provider } = await subject(t)
  const { alias } = await provider.uploadBackground({ data: Buffer.from('image'), mime: 'image/jpeg', filename: 'a.jpg' }, signal)
  t.same(await provider.updateCompany({ backgroundAlias: alias }, signal), {
    name: 'Clinic',
    defaultLanguage: 'it',
    defaultBackground: { alias, url: 'https://images.vendor.example/background.jpeg', createdAt: vendor.time.now },
    endCallRedirectUrl: null,
    userDetailsProviderUrl: null,
    endCallRedirectTimeoutMs: 5000
  })
})
