import t, { type Test } from 'tap'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import type { Person } from '../../lib/providers/provider.ts'
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { recordedPause } from '../support/vendor-subject.ts'

const signal = AbortSignal.timeout(60_000)
const doctor: Person = { externalId: 'doctor-1', privilege: 'plus', fullName: 'Ada Rossi' }

async function subject (t: Test) {
  const vendor = await startFakeBandyer(t)
  const provider = (userIdSecret = 'only for tests') => {
    const made = bandyerProvider({ baseUrl: `${vendor.baseUrl}/`, apiKey: VENDOR_KEY, timeoutMs: 2000, userIdSecret, pause: recordedPause().pause })
    t.teardown(() => made.close())
    return made
  }
  return { vendor, provider, paths: () => vendor.requests.map(({ method, path }) => `${method} ${path.replace(/usr_.*/, ':id')}`) }
}

t.test('a person is registered once, with an id that the vendor takes and the role of the privilege', async (t) => {
  const { vendor, provider, paths } = await subject(t)
  const bandyer = provider()
  const { providerUserId } = await bandyer.ensureUser(doctor, signal)
  t.match(providerUserId, /^usr_[0-9a-f]{64}$/)
  t.same(vendor.requests[0]?.json, { id: providerUserId, role: 'plus' })
  t.equal(vendor.requests[0]?.headers['apikey'], VENDOR_KEY)
  t.same(await bandyer.ensureUser({ ...doctor, fullName: 'Ada Bianchi' }, signal), { providerUserId })
  t.same(paths(), ['POST /user/create'])
})

t.test('ids follow from person, privilege and secret', async (t) => {
  const { provider } = await subject(t)
  const [one, same, other] = [provider(), provider(), provider('another secret')]
  const id = async (who: typeof one, person: Person) => (await who.ensureUser(person, signal)).providerUserId
  t.equal(await id(one, doctor), await id(same, doctor))
  t.not(await id(one, doctor), await id(other, doctor))
  t.not(await id(one, doctor), await id(one, { ...doctor, privilege: 'basic' }))
})

t.test('who is there already is a success once a read confirms it', async (t) => {
  const { vendor, provider, paths } = await subject(t)
  const { providerUserId } = await provider().ensureUser(doctor, signal)
  for (const errorBody of ['nested', 'flat', 'text', 'none'] as const) {
    vendor.switches.errorBody = errorBody
    vendor.requests.length = 0
    t.same(await provider().ensureUser(doctor, signal), { providerUserId }, errorBody)
    t.same(paths(), ['POST /user/create', 'GET /user/list/:id'])
  }
})

t.test('whom a read does not confirm is not registered: missing, deactivated, or in another role', async (t) => {
  const { vendor, provider } = await subject(t)
  const { providerUserId } = await provider().ensureUser(doctor, signal)
  const user = { id: providerUserId, role: 'plus', active: true }
  for (const changes of [{ active: false }, { role: 'basic' }, { id: 'usr_other' }]) {
    vendor.users.set(providerUserId, { ...user, ...changes })
    await t.rejects(provider().ensureUser(doctor, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 }, JSON.stringify(changes))
  }
  vendor.users.clear()
  await t.rejects(provider().ensureUser({ ...doctor, privilege: 'boss' as 'plus' }, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})

t.test('a user who was deleted at the vendor is registered again after a room could not be made', async (t) => {
  const { vendor, provider, paths } = await subject(t)
  const bandyer = provider()
  const people = [doctor, { externalId: 'patient-1', privilege: 'basic' as const }]
  const participants = await Promise.all(people.map(async (person) => ({ ...person, ...await bandyer.ensureUser(person, signal), tools: new Set<never>() })))
  const spec = { marker: 'd|1|1|1', participants, startAt: vendor.time.now, endAt: vendor.time.now, live: false, recording: 'none' as const }
  vendor.users.clear()
  await t.rejects(bandyer.createRoom(spec, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message: 'create room: 400 invalid_user_id' } })
  vendor.requests.length = 0
  for (const person of people) await bandyer.ensureUser(person, signal)
  t.same(paths(), ['POST /user/create', 'POST /user/create'])
  await t.resolves(bandyer.createRoom(spec, signal))
})

t.test('credentials are asked for with their life, and only within the vendor’s limits', async (t) => {
  const { vendor, provider } = await subject(t)
  const bandyer = provider()
  const { providerUserId } = await bandyer.ensureUser(doctor, signal)
  t.same(await bandyer.credentials(providerUserId, 360, signal), {
    accessToken: `token.of.${providerUserId}`, expiresAt: new Date(vendor.time.now.getTime() + 360_000), providerUserId
  })
  for (const seconds of [359, 86_401]) {
    await t.rejects(bandyer.credentials(providerUserId, seconds, signal), { code: 'CAPABILITY_LIMIT', statusCode: 422 })
  }
  await t.rejects(bandyer.credentials('usr_unknown', 3600, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
})
