import t from 'tap'
import { fieldCipher, type FieldKey } from '../../lib/privacy/field-cipher.ts'

const keyOf = (id: string, byte: number): FieldKey => ({ id, key: Buffer.alloc(32, byte) })
const OLD = keyOf('2025', 1)
const NEW = keyOf('2026', 2)
const PLACE = 'teleconsultations participants.fullName'
const LOST = { code: 'PII_KEY_LOST', statusCode: 500 }

const TEXTS = {
  empty: '',
  'one letter': 'A',
  'with accents': 'Zoë Müller-Łukasiewicz',
  decomposed: 'Zoe\u0308',
  'right to left': 'محمد بن عبد الله',
  Chinese: '王小明',
  'with joined emoji': '👩‍⚕️ Dr. 🇮🇹',
  'with NUL': 'a\0b\0',
  'with half a surrogate pair': 'a\ud800b',
  'with the halves the wrong way round': '\udc00\ud800',
  'with a byte order mark': '\ufeffAda\ufffe',
  'with lines and control characters': 'a\r\nb\u2028\u0007',
  long: 'Ω'.repeat(20_000),
  'that begins like a sealed one': 'enc:v1:2026:AAAA',
  'that begins like an escaped one': 'enc:plain:Ada',
  'that begins like neither': 'enc:Ada'
}

t.test('every text comes back as it was', async (t) => {
  const on = fieldCipher({ keys: [NEW] })
  const off = fieldCipher({ keys: [] })
  for (const [name, text] of Object.entries(TEXTS)) {
    t.equal(on.open(on.seal(text, PLACE), PLACE), text, name)
    t.equal(on.open(on.sealAlike(text, PLACE), PLACE), text, `${name}, alike`)
    t.equal(off.open(off.seal(text, PLACE), PLACE), text, `${name}, without a key`)
  }
})

t.test('a sealed text names its key, and twice the same text gives two', async (t) => {
  const cipher = fieldCipher({ keys: [NEW, OLD] })
  const sealed = cipher.seal('Ada Lovelace', PLACE)
  t.match(sealed, /^enc:v1:2026:[A-Za-z0-9_-]+$/)
  t.notMatch(Buffer.from(sealed.split(':')[3] ?? '', 'base64url').toString('latin1'), /Lovelace/)
  t.not(sealed, cipher.seal('Ada Lovelace', PLACE))
  t.equal(new Set(Array.from({ length: 1000 }, () => cipher.seal('', PLACE))).size, 1000)
})

t.test('what is sealed alike is the same text again, under each key and place its own', async (t) => {
  const cipher = fieldCipher({ keys: [NEW, OLD] })
  const sealed = cipher.sealAlike('Ada', PLACE)
  t.equal(fieldCipher({ keys: [NEW] }).sealAlike('Ada', PLACE), sealed)
  t.equal(new Set([sealed, cipher.sealAlike('Ada', PLACE, '2025'), cipher.sealAlike('Ada', 'elsewhere'), cipher.sealAlike('Eve', PLACE)].map((text) => text.split(':')[3]?.slice(0, 16))).size, 4, 'no nonce is used twice')
})

t.test('what is not sealed is read as it is', async (t) => {
  const cipher = fieldCipher({ keys: [NEW] })
  for (const text of ['Ada', '', 'enc', 'enc:', 'enc:Ada', 'ENC:v1:2026:AAAA', 'encore: v1', 'enc:v:1', ' enc:v1:2026:AAAA']) t.equal(cipher.open(text, PLACE), text)
})

t.test('a text with one byte changed is never another text', async (t) => {
  const cipher = fieldCipher({ keys: [NEW] })
  for (const text of ['Ada Lovelace', 'a\ud800']) {
    const sealed = cipher.seal(text, PLACE)
    const marker = 'enc:v1:2026:'
    const bytes = Buffer.from(sealed.slice(marker.length), 'base64url')
    for (const [index, byte] of bytes.entries()) {
      for (const bit of [1, 128]) {
        const changed = Buffer.from(bytes)
        changed[index] = byte ^ bit
        t.throws(() => cipher.open(marker + changed.toString('base64url'), PLACE), LOST, `byte ${index}`)
      }
    }
    for (const length of bytes.keys()) t.throws(() => cipher.open(marker + bytes.subarray(0, length).toString('base64url'), PLACE), LOST, `cut at ${length}`)
    t.throws(() => cipher.open(marker + Buffer.concat([bytes, Buffer.of(0)]).toString('base64url'), PLACE), LOST)
  }
})

t.test('a sealed text opens in no other place, and under no other key', async (t) => {
  const both = fieldCipher({ keys: [NEW, OLD] })
  const sealed = both.seal('Ada', PLACE)
  t.throws(() => both.open(sealed, 'teleconsultations participants.email'), LOST)
  t.throws(() => both.open(sealed, 'organisation_members participants.fullName'), LOST)
  t.throws(() => both.open(sealed.replace('2026', '2025'), PLACE), LOST, 'the id of another key that is known')
  t.throws(() => fieldCipher({ keys: [OLD] }).open(sealed, PLACE), LOST)
  t.throws(() => fieldCipher({ keys: [{ ...OLD, id: '2026' }] }).open(sealed, PLACE), LOST, 'another key of the same id')
  t.throws(() => fieldCipher({ keys: [] }).open(sealed, PLACE), LOST, 'without any key')
})

t.test('a text that looks sealed and cannot be opened is an error that holds nothing of it', async (t) => {
  const cipher = fieldCipher({ keys: [NEW] })
  for (const text of ['enc:v1:', 'enc:v1:2026', 'enc:v1:2026:', 'enc:v1:2026:Lovelace', 'enc:v1::Lovelace', 'enc:v1:Lovelace:AAAA', 'enc:v2:2026:Lovelace', 'enc:v1:__proto__:Lovelace']) {
    try {
      cipher.open(text, PLACE)
      t.fail(text)
    } catch (error) {
      t.match(error, LOST)
      t.notMatch(`${error instanceof Error ? error.stack : ''}${JSON.stringify(error)}`, /Lovelace|2026/)
    }
  }
})

t.test('an added key opens what the others sealed, and is told from them', async (t) => {
  const before = fieldCipher({ keys: [OLD] })
  const after = fieldCipher({ keys: [NEW, OLD] })
  const old = before.seal('Ada', PLACE)
  t.equal(after.open(old, PLACE), 'Ada')
  t.equal(after.keepingOf(old), 'other key')
  t.equal(after.keepingOf(after.seal('Ada', PLACE)), 'current')
  t.equal(after.keepingOf('Ada'), 'plain')
  t.equal(after.keepingOf('enc:plain:enc:'), 'plain')
  t.equal(fieldCipher({ keys: [] }).keepingOf(old), 'other key')
})
