import t, { type Test } from 'tap'
import { bandyerProvider } from '../../lib/providers/bandyer/provider.ts'
import { kaleyraProvider } from '../../lib/providers/kaleyra/provider.ts'
import type { Person } from '../../lib/providers/provider.ts'
import { startFakeBandyer } from '../support/fake-bandyer.ts'
import { startFakeKaleyra } from '../support/fake-kaleyra.ts'
import { VENDOR_KEY } from '../support/fake-vendor.ts'
import { recordedPause } from '../support/vendor-subject.ts'

const signal = AbortSignal.timeout(60_000)
const doctor: Person = { externalId: 'doctor-1', privilege: 'plus', fullName: 'Ada Rossi' }

const GENERATIONS = {
  bandyer: { start: startFakeBandyer, make: bandyerProvider, deletes: 'DELETE /user/delete/', reads: 'GET /user/list/' },
  kaleyra: { start: startFakeKaleyra, make: kaleyraProvider, deletes: 'DELETE /v2/users/', reads: 'GET /v2/users/' }
}

/** The doctor is registered. */
async function subject (t: Test, { start, make, deletes, reads }: typeof GENERATIONS['bandyer' | 'kaleyra']) {
  const vendor = await start(t)
  const { pause, pauses } = recordedPause()
  const provider = make({ baseUrl: vendor.baseUrl, apiKey: VENDOR_KEY, timeoutMs: 2000, userIdSecret: 'only for tests', pause })
  t.teardown(() => provider.close())
  const { providerUserId: id } = await provider.ensureUser(doctor, signal)
  vendor.requests.length = 0
  const sent = () => vendor.requests.map(({ method, path }) => `${method} ${path}`)
  return { vendor, provider, pauses, id, sent, deletion: `${deletes}${id}`, reading: `${reads}${id}` }
}

for (const [name, generation] of Object.entries(GENERATIONS)) {
  t.test(`${name}: a person is forgotten with one request, and only in the role that the id is of`, async (t) => {
    const { vendor, provider, id, sent, deletion } = await subject(t, generation)
    const asPatient = await provider.ensureUser({ ...doctor, privilege: 'basic' }, signal)
    vendor.requests.length = 0
    await provider.forgetPerson(id, signal)
    t.same(sent(), [deletion])
    t.same([...vendor.users.keys()], [asPatient.providerUserId])
  })

  t.test(`${name}: somebody whom the vendor does not know is forgotten once a read says so too, however both are refused`, async (t) => {
    const { vendor, provider, id, sent, deletion, reading } = await subject(t, generation)
    vendor.users.clear()
    for (const missing of [400, 404] as const) {
      for (const errorBody of ['nested', 'flat', 'text'] as const) {
        Object.assign(vendor.switches, { missing, errorBody })
        vendor.requests.length = 0
        await t.resolves(provider.forgetPerson(id, signal), `${missing} ${errorBody}`)
        t.same(sent(), [deletion, reading])
      }
    }
  })

  t.test(`${name}: a refusal that leaves the account there is an error`, async (t) => {
    for (const [fault, message] of [['refused', 'delete user: 400 operation_failed'], ['nowhere', 'delete user: 404']] as const) {
      const { vendor, provider, id } = await subject(t, generation)
      vendor.fail(fault, { on: /^DELETE / })
      await t.rejects(provider.forgetPerson(id, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502, cause: { message } })
      t.ok(vendor.users.has(id))
    }
  })

  t.test(`${name}: a refusal that does not say that he is missing is not taken for it`, async (t) => {
    const { vendor, provider, id } = await subject(t, generation)
    vendor.fail('refused')
    await t.rejects(provider.forgetPerson(id, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
    t.ok(vendor.users.has(id))
  })

  t.test(`${name}: a busy vendor is asked again, and given up when it stays busy`, async (t) => {
    const { vendor, provider, pauses, id, sent, deletion } = await subject(t, generation)
    vendor.fail('busy', { times: 3, on: /^DELETE / })
    await t.rejects(provider.forgetPerson(id, signal), { code: 'PROVIDER_BUSY', statusCode: 503 })
    t.same([sent(), pauses], [[deletion, deletion, deletion], [500, 1000]])
    vendor.fail('busy', { times: 1, on: /^DELETE /, retryAfter: '1' })
    await provider.forgetPerson(id, signal)
    t.same([vendor.users.size, pauses], [0, [500, 1000, 1000]])
  })

  t.test(`${name}: who was forgotten is registered anew, also where the answer got lost`, async (t) => {
    for (const fault of [undefined, 'malformed', 'dropped', 'failing'] as const) {
      const { vendor, provider, id, sent } = await subject(t, generation)
      if (fault === undefined) await provider.forgetPerson(id, signal)
      else {
        vendor.fail(fault, { times: 1, on: /^DELETE / })
        await t.rejects(provider.forgetPerson(id, signal), { code: /^PROVIDER_/ }, fault)
        vendor.users.clear()
      }
      vendor.requests.length = 0
      t.same(await provider.ensureUser(doctor, signal), { providerUserId: id })
      t.same([sent().length, vendor.users.size], [1, 1], fault ?? 'no fault')
    }
  })

  t.test(`${name}: an id that would make another path of it is refused, and nothing is sent`, async (t) => {
    const { provider, sent } = await subject(t, generation)
    for (const id of ['.', '..']) await t.rejects(provider.forgetPerson(id, signal), { code: 'PROVIDER_BAD_ANSWER', statusCode: 502 })
    await t.resolves(provider.forgetPerson('', signal))
    t.same(sent(), [])
    await t.resolves(provider.forgetPerson('a/../b?c', signal))
    t.match(sent()[0], /a%2F\.\.%2Fb%3Fc$/)
  })
}
