import t from 'tap'
import { callerFinder } from '../../lib/identity/caller.ts'
import { clinicCheck } from '../../lib/identity/clinic.ts'

t.test('the caller is found by steps through objects, JSON texts and arrays', async (t) => {
  const request = { headers: { plain: 'u1', json: '{"users":[{"id":"u2"}]}' }, query: { id: ['u3'] } }
  const find = (...steps: Array<['object' | 'json' | 'array', string | number]>) => callerFinder(steps.map(([from, extract]) => ({ from, extract })))(request)
  t.equal(find(['object', 'headers'], ['object', 'plain']), 'u1')
  t.equal(find(['object', 'headers'], ['object', 'json'], ['json', 'users'], ['array', 0], ['object', 'id']), 'u2')
  t.equal(find(['object', 'query'], ['object', 'id'], ['array', 0]), 'u3')
})

t.test('what is no text in the end is nobody', async (t) => {
  const find = (headers: Record<string, unknown>, ...steps: Array<['object' | 'json' | 'array', string | number]>) =>
    callerFinder([{ from: 'object', extract: 'headers' }, ...steps.map(([from, extract]) => ({ from, extract }))])({ headers })
  t.equal(find({ id: '' }, ['object', 'id']), undefined)
  t.equal(find({ id: 7 }, ['object', 'id']), undefined)
  t.equal(find({ id: 'x'.repeat(257) }, ['object', 'id']), undefined)
  t.equal(find({ id: '{"a":{"b":1}}' }, ['object', 'id'], ['json', 'a']), undefined)
  t.equal(find({ id: 'no json' }, ['object', 'id'], ['json', 'a']), undefined)
  t.equal(find({}, ['object', 'constructor'], ['object', 'name']), undefined, 'nothing inherited')
  t.equal(find({ id: '{}' }, ['object', 'id'], ['json', '__proto__'], ['object', 'x']), undefined)
})

const check = (request: { ip?: string, headers?: Record<string, string> }, options: { networks?: string[], trustsProxies?: boolean } = {}) =>
  clinicCheck({ networks: options.networks ?? ['127.0.0.0/8', '::1/128'], trustsProxies: options.trustsProxies ?? false, publicUrl: () => 'https://clinic.example/telecons' })({
    ip: request.ip ?? '127.0.0.1', headers: { host: 'localhost:3000', ...request.headers }
  })

t.test('the clinic is whoever comes from its networks', async (t) => {
  t.equal(check({}), true)
  t.equal(check({ ip: '::1' }), true)
  t.equal(check({ ip: '::ffff:127.0.0.1' }), true)
  t.equal(check({ ip: '192.168.1.7' }), false)
  t.equal(check({ ip: '192.168.1.7', headers: { host: '192.168.1.2:3000' } }, { networks: ['192.168.0.0/16'] }), true)
  t.equal(check({ ip: 'nonsense' }), false)
})

t.test('a forwarded request is nobody’s word for an address, unless proxies are trusted', async (t) => {
  t.equal(check({ headers: { 'x-forwarded-for': '127.0.0.1' } }), false)
  t.equal(check({ headers: { forwarded: 'for=127.0.0.1' } }), false)
  t.equal(check({ headers: { 'x-forwarded-for': '127.0.0.1' } }, { trustsProxies: true }), true)
})

t.test('a foreign name that points here is refused, and so is a foreign page', async (t) => {
  t.equal(check({ headers: { host: 'evil.example' } }), false)
  t.equal(check({ headers: { host: 'localhost.evil.example' } }), false)
  t.equal(check({ headers: { host: 'clinic.example' } }), true)
  t.equal(check({ headers: { host: '127.0.0.1:3000' } }), true)
  t.equal(check({ headers: { host: '[::1]:3000' } }), true)
  t.equal(check({ headers: { origin: 'https://evil.example' } }), false)
  t.equal(check({ headers: { origin: 'null' } }), false)
  t.equal(check({ headers: { origin: 'http://localhost:3001' } }), false, 'another port is another origin')
  t.equal(check({ headers: { origin: 'http://localhost:3000' } }), true)
  t.equal(check({ headers: { origin: 'https://clinic.example' } }), true)
})
