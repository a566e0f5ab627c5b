import Fastify from 'fastify'
import t from 'tap'
import { taxonomiesOf } from '../../lib/domain/taxonomies.ts'
import errors from '../../lib/plugins/errors.ts'
import { taxonomyRoutes } from '../../lib/routes/taxonomies/index.ts'
import { ErrorBody } from '../../schemas/error.ts'
import { Taxonomy, TaxonomyList, TaxonomyValue, type TaxonomyConfiguration } from '../../schemas/taxonomies.ts'
import type { Teardown } from '../support/service.ts'

async function start (t: Teardown, configured?: TaxonomyConfiguration) {
  const app = Fastify()
  t.teardown(async () => { await app.close() })
  for (const schema of [ErrorBody, TaxonomyValue, Taxonomy, TaxonomyList]) app.addSchema(schema)
  await app.register(errors)
  await app.register(taxonomyRoutes, { taxonomies: taxonomiesOf(configured) })
  return app
}

t.test('the list names every taxonomy of the set', async (t) => {
  const app = await start(t, { set: 'it-2026', values: { access: [{ value: 'DIR' }] }, additionalValues: { theatre: [{ value: 'T1' }, { value: 'T2' }] } })
  const answer = await app.inject('/taxonomies')
  t.equal(answer.statusCode, 200)
  const { set, version, taxonomies } = answer.json<TaxonomyList>()
  t.same({ set, version }, { set: 'it-2026', version: '1' })
  t.same(taxonomies.map(({ name, several }) => [name, several]), [
    ['mode', false], ['access', false], ['type', true], ['estimatedDuration', false], ['streamStatus', false], ['kind', false], ['theatre', false]
  ])
  const count = (name: string) => taxonomies.find((one) => one.name === name)?.values
  t.same([count('mode'), count('access'), count('theatre')], [8, 1, 2])
})

t.test('one taxonomy has its values, their labels and who named them', async (t) => {
  const app = await start(t, { additionalValues: { access: [{ value: 'Ward' }] } })
  const answer = await app.inject('/taxonomies/access')
  t.equal(answer.statusCode, 200)
  t.same(answer.json(), {
    name: 'access',
    several: false,
    values: [
      { value: 'Public', label: { en: 'Public', it: 'Pubblico' }, source: 'proximie' },
      { value: 'Organisation', label: { en: 'Organisation', it: 'Organizzazione' }, source: 'ours' },
      { value: 'Invited', label: { en: 'Invited', it: 'Su invito' }, source: 'ours' },
      { value: 'Ward', label: {}, source: 'configuration' }
    ]
  })
})

t.test('every listed taxonomy can be read, and has as many values as the list says', async (t) => {
  const app = await start(t)
  for (const { name, several, values } of (await app.inject('/taxonomies')).json<TaxonomyList>().taxonomies) {
    const answer = await app.inject(`/taxonomies/${name}`)
    t.equal(answer.statusCode, 200, name)
    const taxonomy = answer.json<Taxonomy>()
    t.same([taxonomy.name, taxonomy.several, taxonomy.values.length], [name, several, values])
  }
})

t.test('an unknown name is answered 404 TAXONOMY_NOT_FOUND, which is not to be kept and does not repeat it', async (t) => {
  const app = await start(t)
  for (const name of ['mode', 'Type', 'type%20', 'constructor', '__proto__', 'toString', '%E2%80%AEepyt', 'type%00', 'type%E2%80%8B', '%EF%BB%BFtype', '%3Cscript%3E', '..%2Ftype', 'x'.repeat(100)]) {
    const answer = await app.inject(`/taxonomies/${name}`)
    t.equal(answer.statusCode, 404, name)
    t.same(answer.json(), { statusCode: 404, error: 'Not Found', message: 'There is no such taxonomy', code: 'TAXONOMY_NOT_FOUND' })
    t.equal(answer.headers['cache-control'], undefined)
    t.equal(answer.headers.etag, undefined)
  }
})

t.test('answers may be kept for five minutes by anybody, and asked for again by their tag', async (t) => {
  const app = await start(t)
  for (const url of ['/taxonomies', '/taxonomies/type']) {
    const first = await app.inject(url)
    t.equal(first.statusCode, 200)
    t.equal(first.headers['cache-control'], 'public, max-age=300')
    const tag = String(first.headers.etag)
    t.match(tag, /^"[A-Za-z0-9_-]{20,}"$/)
    for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const again = await app.inject({ url, headers: { 'if-none-match': known } })
      t.equal(again.statusCode, 304, known)
      t.equal(again.body, '')
      t.equal(again.headers.etag, tag)
      t.equal(again.headers['cache-control'], 'public, max-age=300')
    }
    for (const other of ['"other"', tag.slice(1, -1), '', '"*"']) {
      const again = await app.inject({ url, headers: { 'if-none-match': other } })
      t.equal(again.statusCode, 200, other)
      t.equal(again.body, first.body)
    }
  }
})

t.test('the tag is the same for the same configuration, and another one for another', async (t) => {
  const tagOf = async (configured?: TaxonomyConfiguration) => (await (await start(t, configured)).inject('/taxonomies/access')).headers.etag
  t.equal(await tagOf(), await tagOf({ set: 'proximie' }))
  t.not(await tagOf(), await tagOf({ set: 'it-2026' }))
  t.not(await tagOf(), await tagOf({ additionalValues: { access: [{ value: 'Public', label: { de: 'Öffentlich' } }] } }))
})

t.test('HEAD tells the tag without the body', async (t) => {
  const app = await start(t)
  const [head, get] = [await app.inject({ method: 'HEAD', url: '/taxonomies/type' }), await app.inject('/taxonomies/type')]
  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  t.equal(head.headers.etag, get.headers.etag)
  t.equal(head.headers['content-length'], get.headers['content-length'])
  const again = await app.inject({ method: 'HEAD', url: '/taxonomies/type', headers: { 'if-none-match': String(head.headers.etag) } })
  t.equal(again.statusCode, 304)
  t.equal(again.body, '')
  t.equal(again.headers.etag, head.headers.etag)
})
