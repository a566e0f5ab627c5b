import { readFileSync } from 'node:fs'
import t from 'tap'
import { Ajv } from 'ajv'
import { taxonomiesOf, type Taxonomies } from '../../lib/domain/taxonomies.ts'
import { TAXONOMY_SET_NAMES, TaxonomyConfiguration } from '../../schemas/taxonomies.ts'

const SESSION_TAXONOMIES = ['type', 'access', 'estimatedDuration', 'streamStatus', 'kind'] as const

const valuesOf = (taxonomies: Taxonomies, name: string) => taxonomies.get(name)?.values.map(({ value }) => value)
const from = (taxonomies: Taxonomies, source: string) => taxonomies.names().map((name) =>
  [name, taxonomies.get(name)?.values.filter((one) => one.source === source).map(({ value }) => value)])
const isAccepted = new Ajv({ allErrors: true }).compile<TaxonomyConfiguration>(TaxonomyConfiguration)

// TAP's lines break at some of the characters that are tested here.
const shown = (value: unknown) => JSON.stringify(value).replace(/[^\x20-\x7e]/gu, (character) => `<${character.codePointAt(0)?.toString(16)}>`)

/** What `check` throws; undefined: nothing. */
function refusal (check: () => unknown): Error & { code?: string, statusCode?: number } | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    return error as Error
  }
}

t.test('without configuration the set is Proximie’s', async (t) => {
  const taxonomies = taxonomiesOf(undefined)
  t.equal(taxonomies.set, 'proximie')
  t.same(taxonomies.names(), ['type', 'access', 'estimatedDuration', 'streamStatus', 'kind'])
  t.same(taxonomies.names().filter((name) => taxonomies.get(name)?.several), ['type'])
})

t.test('only the examples of Proximie’s documentation are marked as Proximie’s, and all else of its set as ours', async (t) => {
  const taxonomies = taxonomiesOf({ set: 'proximie' })
  t.same(from(taxonomies, 'proximie'), [
    ['type', ['General Medicine', 'Neurosurgery']],
    ['access', ['Public']],
    ['estimatedDuration', ['Less than 1 hour', '12 - 30 hours']],
    ['streamStatus', ['Active']],
    ['kind', []]
  ])
  const others = taxonomies.names().flatMap((name) => taxonomies.get(name)?.values ?? []).filter(({ source }) => source !== 'proximie')
  t.same([...new Set(others.map(({ source }) => source))], ['ours'])
})

t.test('the Italian set has the codes of the guides, and none for specialities', async (t) => {
  const taxonomies = taxonomiesOf({ set: 'it-2026' })
  t.same(from(taxonomies, 'it-2026'), [
    ['mode', ['SINC', 'ASINC', 'PRES', 'ABS', 'SINC_PRES', 'SINC_ABS', 'ASINC_PRES', 'ASINC_ABS']],
    ['access', ['DIR', 'PROG']],
    ['type', []],
    ['estimatedDuration', []],
    ['streamStatus', []],
    ['kind', []]
  ])
  t.same(valuesOf(taxonomies, 'access'), ['DIR', 'PROG'])
})

t.test('every set has what sessions are checked against, each value once, with labels, and such as could be configured', async (t) => {
  for (const set of TAXONOMY_SET_NAMES) {
    const taxonomies = taxonomiesOf({ set })
    for (const name of SESSION_TAXONOMIES) t.ok(taxonomies.names().includes(name), `${set} ${name}`)
    for (const name of taxonomies.names()) {
      const values = taxonomies.get(name)?.values ?? []
      t.ok(values.length > 0)
      t.equal(new Set(values.map(({ value }) => value)).size, values.length, `${set} ${name}`)
      for (const { value, label } of values) {
        t.same(Object.keys(label).sort(), ['en', 'it'], value)
        t.ok(isAccepted({ values: { some: [{ value, label }] } }), value)
        t.equal(value.normalize('NFC'), value)
        t.notMatch(value, /,/, 'the message separates them with commas')
      }
    }
  }
})

t.test('the kinds are those that sessions have', async (t) => {
  for (const set of TAXONOMY_SET_NAMES) t.same(valuesOf(taxonomiesOf({ set }), 'kind'), ['teleconsultation', 'televisit', 'session'])
})

t.test('a known value passes, as the taxonomy spells it', async (t) => {
  const taxonomies = taxonomiesOf({ additionalValues: { type: [{ value: 'Cardiologie pe\u0301diatrique' }] } })
  t.equal(taxonomies.check('type', 'Neurosurgery', 'types/0'), 'Neurosurgery')
  for (const spelling of ['Cardiologie p\u00e9diatrique', 'Cardiologie pe\u0301diatrique']) {
    t.equal(taxonomies.check('type', spelling, 'types/0'), 'Cardiologie p\u00e9diatrique')
  }
})

t.test('an unknown value is refused with 422, the field and what is allowed', async (t) => {
  const taxonomies = taxonomiesOf(undefined)
  t.match(refusal(() => taxonomies.check('access', 'Secret', 'access')), {
    code: 'UNKNOWN_TAXONOMY_VALUE',
    statusCode: 422,
    message: 'body/access is not in the taxonomy; allowed are: Public, Organisation, Invited'
  })
  t.equal(refusal(() => taxonomiesOf({ set: 'it-2026' }).check('access', 'Public', 'access'))?.message,
    'body/access is not in the taxonomy; allowed are: DIR, PROG')
})

t.test('values are told apart by case, blanks and letters that only look the same', async (t) => {
  const taxonomies = taxonomiesOf(undefined)
  for (const value of ['', ' ', 'cardiology', ' Cardiology', 'Cardiology ', 'General  Medicine', 'General\u00a0Medicine', '\uff23ardiology', 'C\u0430rdiology', 'Cardiology\u0301', 'Cardio\ufb02ogy']) {
    t.match(refusal(() => taxonomies.check('type', value, 'types/0')), { code: 'UNKNOWN_TAXONOMY_VALUE', statusCode: 422 }, shown(value))
  }
})

t.test('names that every object has are no values', async (t) => {
  const taxonomies = taxonomiesOf(undefined)
  for (const value of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    t.match(refusal(() => taxonomies.check('type', value, 'types/0')), { code: 'UNKNOWN_TAXONOMY_VALUE', statusCode: 422 })
    t.equal(taxonomies.get(value), undefined)
  }
  for (const configured of [{ values: { constructor: [{ value: 'A' }] } }, { additionalValues: { constructor: [{ value: 'A' }] } }]) {
    t.ok(isAccepted(configured))
    t.same(valuesOf(taxonomiesOf(configured), 'constructor'), ['A'])
  }
})

t.test('a value with anything invisible or half a character is unknown wherever that stands, and is not repeated', async (t) => {
  const taxonomies = taxonomiesOf(undefined)
  const hidden = ['\ud800', '\udc00', '\udbff', '\udfff', '\u034f', '\u115f', '\u3164', '\ufe0f', '\u{e0100}']
  for (const [first, last] of [[0, 0x2fff], [0xfe00, 0xffff], [0x11000, 0x13fff], [0x1d100, 0x1d1ff], [0xe0000, 0xe007f]] as const) {
    for (let point = first; point <= last; point++) {
      const character = String.fromCodePoint(point)
      if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(character)) hidden.push(character)
    }
  }
  for (const needed of ['\0', '\n', '\u007f', '\u00ad', '\u061c', '\u200b', '\u200d', '\u202e', '\u2066', '\u2028', '\ufeff', '\u{e0001}']) t.ok(hidden.includes(needed), shown(needed))
  const wrong = hidden.filter((character) => [`${character}Cardiology`, `Cardio${character}logy`, `Cardiology${character}`, character].some((value) => {
    const error = refusal(() => taxonomies.check('type', value, 'types/0'))
    return error?.code !== 'UNKNOWN_TAXONOMY_VALUE' || error.message.includes(character)
  }))
  t.same(wrong.map((character) => character.codePointAt(0)), [])
})

t.test('what was sent is not repeated, however long, and per cent signs stay what they are', async (t) => {
  const taxonomies = taxonomiesOf({ values: { access: [{ value: '100 %s' }, { value: '%d %j' }] } })
  for (const value of ['<script>alert(1)</script>', 'x'.repeat(100_000), '%s', 'e\u0301'.repeat(1000)]) {
    t.equal(refusal(() => taxonomies.check('access', value, 'access'))?.message, 'body/access is not in the taxonomy; allowed are: 100 %s, %d %j')
  }
})

t.test('the message lists 60 values at most', async (t) => {
  const many = (count: number) => taxonomiesOf({ values: { access: Array.from({ length: count }, (_, index) => ({ value: `v${index}` })) } })
  const listed = (count: number) => refusal(() => many(count).check('access', 'x', 'access'))?.message.split(': ')[1]?.split(', ')
  t.equal(listed(60)?.length, 60)
  t.equal(listed(60)?.at(-1), 'v59')
  t.equal(listed(61)?.length, 61)
  t.same(listed(61)?.slice(-2), ['v59', '…'])
  t.equal(many(61).check('access', 'v60', 'access'), 'v60')
})

t.test('configured values replace the shipped ones, or make a new taxonomy', async (t) => {
  const taxonomies = taxonomiesOf({ values: { access: [{ value: 'Ward', label: { de: 'Station' } }], theatre: [{ value: 'T1' }] } })
  t.same(taxonomies.get('access'), { name: 'access', several: false, values: [{ value: 'Ward', label: { de: 'Station' }, source: 'configuration' }] })
  t.same(taxonomies.get('theatre'), { name: 'theatre', several: false, values: [{ value: 'T1', label: {}, source: 'configuration' }] })
  t.match(refusal(() => taxonomies.check('access', 'Public', 'access')), { code: 'UNKNOWN_TAXONOMY_VALUE', statusCode: 422 })
  t.same(valuesOf(taxonomiesOf(undefined), 'access'), ['Public', 'Organisation', 'Invited'], 'others are not touched')
})

t.test('additional values stand beside the others; of one that is there they add labels', async (t) => {
  const configured: TaxonomyConfiguration = {
    values: { streamless: [{ value: 'A' }] },
    additionalValues: {
      access: [{ value: 'Ward' }, { value: 'Public', label: { de: 'Öffentlich', en: 'Everybody' } }],
      streamless: [{ value: 'B' }],
      theatre: [{ value: 'T1' }, { value: 'T1', label: { en: 'Theatre 1' } }]
    }
  }
  const taxonomies = taxonomiesOf(configured)
  t.same(valuesOf(taxonomies, 'access'), ['Public', 'Organisation', 'Invited', 'Ward'])
  t.same(taxonomies.get('access')?.values[0], { value: 'Public', label: { en: 'Everybody', it: 'Pubblico', de: 'Öffentlich' }, source: 'proximie' })
  t.same(valuesOf(taxonomies, 'streamless'), ['A', 'B'])
  t.same(taxonomies.get('theatre')?.values, [{ value: 'T1', label: { en: 'Theatre 1' }, source: 'configuration' }])
})

t.test('the configuration refuses what could not be told apart, or is this service’s own', async (t) => {
  const value = (value: unknown) => ({ values: { type: [{ value }] } })
  const label = (label: unknown) => ({ additionalValues: { type: [{ value: 'A', label }] } })
  const bad: unknown[] = [
    { set: 'other' }, { values: [] }, { values: { type: [] } }, { values: { type: ['A'] } }, { values: { type: [{}] } },
    { values: { kind: [{ value: 'A' }] } }, { additionalValues: { streamStatus: [{ value: 'A' }] } },
    { values: { 'A b': [{ value: 'A' }] } }, { values: { '': [{ value: 'A' }] } }, JSON.parse('{"values":{"__proto__":[{"value":"A"}]}}'),
    value(''), value(1), value(' A'), value('A '), value(' '), value('A\u200bB'), value('A\u202eB'), value('A\nB'), value('A\0'), value('\ud800'), value('A\u2028B'), value('A\u00ad'), value('x'.repeat(101)),
    label({ 'not a language': 'A' }), label({ en: '' }), label({ en: 'A\0' }), label({ en: 1 }), label('A')
  ]
  for (const configured of bad) t.equal(isAccepted(configured), false, shown(configured))
  const good: unknown[] = [{}, { set: 'it-2026' }, value('A'), value('Ear, nose and throat'), value('Hals\u00a0Nasen'), value('x'.repeat(100)), value('耳鼻科'), value('😀'), label({ en: 'A', 'de-CH': 'B', fa: 'می\u200cخواهم' }), label({})]
  for (const configured of good) t.equal(isAccepted(configured), true, shown(configured))
})

t.test('the documentation’s example is a configuration, and its numbers and names hold', async (t) => {
  const text = readFileSync('docs/taxonomies.md', 'utf8')
  const { taxonomies: configured } = JSON.parse(/```json\n(\{\n {2}"taxonomies".*?)```/s.exec(text)?.[1] ?? '{}') as { taxonomies?: TaxonomyConfiguration }
  t.equal(isAccepted(configured), true)
  t.same(valuesOf(taxonomiesOf(configured), 'type'), ['CARD-1', 'NEUR-1'])
  t.match(text, `{ "name": "type", "several": true, "values": ${valuesOf(taxonomiesOf(undefined), 'type')?.length} }`)
  for (const set of TAXONOMY_SET_NAMES) {
    const taxonomies = taxonomiesOf({ set })
    for (const name of taxonomies.names()) t.match(text, `| \`${name}\` |`)
    for (const source of ['proximie', 'it-2026']) {
      for (const value of from(taxonomies, source).flatMap(([, values]) => values ?? [])) t.match(text, `\`${value}\``)
    }
  }
})
