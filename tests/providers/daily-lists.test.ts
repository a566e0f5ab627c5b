import t from 'tap'
import { dailySubject, type FakeDaily } from '../support/fake-daily.ts'
import { roomSpec } from '../support/vendor-rooms.ts'

const signal = AbortSignal.timeout(60_000)
const NINE = new Date('2026-11-21T09:00:00Z')

const lists = (daily: FakeDaily) => daily.requests.filter(({ method, path }) => method === 'GET' && path === '/rooms').length
const plantMany = (daily: FakeDaily, count: number, createdAt = NINE) => { for (let i = 0; i < count; i++) daily.plantRoom({ createdAt }) }

t.test('rooms are found on any page, with or without a count', async (t) => {
  for (const listOmitsCount of [false, true]) {
    const { daily, provider } = await dailySubject(t)
    daily.switches.listOmitsCount = listOmitsCount
    const room = await provider.createRoom(await roomSpec(provider), signal)
    plantMany(daily, 250)
    t.same(await provider.findRooms('clinic', NINE, signal), [room])
    t.equal(lists(daily), 3)
  }
})

t.test('reading ends where rooms are older than asked for', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const old = new Date('2026-11-20T09:00:00Z')
  plantMany(daily, 300, old)
  const room = await provider.createRoom(await roomSpec(provider), signal)
  t.same(await provider.findRooms('clinic', NINE, signal), [room])
  t.equal(lists(daily), 1)
})

t.test('an empty account has no rooms, and exactly one page is read to its end', async (t) => {
  const { daily, provider } = await dailySubject(t)
  t.same(await provider.findRooms('clinic', NINE, signal), [])
  plantMany(daily, 100)
  t.same(await provider.findRooms('clinic', NINE, signal), [])
})

t.test('a list that does not move on does not pass for a whole one', async (t) => {
  const { daily, provider } = await dailySubject(t)
  daily.switches.listIgnoresCursor = true
  plantMany(daily, 150)
  await t.rejects(provider.findRooms('clinic', NINE, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('rooms of another secret or another deployment are not ours', async (t) => {
  const { daily, provider } = await dailySubject(t)
  const { provider: stranger } = await dailySubject(t, { baseUrl: daily.baseUrl, nameSecret: 'another secret' })
  const spec = await roomSpec(provider)
  await stranger.createRoom(spec, signal)
  await provider.createRoom({ ...spec, marker: 'clinic-2|doc-1|op-1|1' }, signal)
  t.same(await provider.findRooms('clinic', NINE, signal), [])
  t.equal((await provider.findRooms('clinic-2', NINE, signal)).length, 1)
})
