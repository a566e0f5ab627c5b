import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { PersonalDataKeyLost } from '../errors.ts'

export interface FieldKey {
  /** Lower-case letters, digits and hyphens; stands in every text that the key sealed. */
  id: string
  /** 32 bytes. */
  key: Uint8Array
}

/** How a stored text is kept: under the key that seals now, under another one (or one that is lost), or readable. */
export type Keeping = 'current' | 'other key' | 'plain'

/**
 * Seals texts one by one. A place is where a text is kept (`teleconsultations participants.fullName`): what was sealed for one
 * place opens in no other.
 */
export interface FieldCipher {
  /** Whether what is written is sealed. */
  readonly isOn: boolean
  /** Of all keys that open. */
  readonly keyIds: readonly string[]
  /** Twice the same text gives two different ones. */
  seal (text: string, place: string): string
  /** Twice the same text gives the same one, so that a filter may compare it. Shows who has the same text at the same place. */
  sealAlike (text: string, place: string, keyId?: string): string
  /**
   * A text that is not sealed comes back as it is.
   *
   * @throws PII_KEY_LOST
   */
  open (text: string, place: string): string
  keepingOf (text: string): Keeping
}

interface Subkeys {
  marker: string
  encryption: KeyObject
  nonces: KeyObject
  id: string
  /** What is authenticated, by place: places are few, and named by the code alone. */
  contexts: Map<string, Buffer>
}

const ANY_FORM = /^enc:v\d+:/
const SEALED = 'enc:v1:'
const PLAIN = 'enc:plain:'
const RESERVED = 'enc:'

const NONCE_BYTES = 12
const TAG_BYTES = 16
/** One byte says how the text is written. */
const LEAST_BYTES = NONCE_BYTES + 1 + TAG_BYTES

/**
 * `enc:v1:<key id>:<base64url>` holds nonce, ciphertext and tag of AES-256-GCM; authenticated with it are the key's id and the place.
 * A text that begins with `enc:` is never taken for one of these: where nothing is encrypted it is kept behind `enc:plain:`.
 *
 * @param keys the first one seals, every one opens; none: nothing is sealed
 * @param seals false: they only open what was sealed before
 */
export function fieldCipher ({ keys, seals = true }: { keys: readonly FieldKey[], seals?: boolean }): FieldCipher {
  const known = new Map(keys.map(({ id, key }) => [id, subkeysOf(id, key)]))
  const [first] = seals ? known.values() : []

  return {
    isOn: first !== undefined,
    keyIds: [...known.keys()],

    seal: (text, place) => first === undefined ? escaped(text) : sealed(first, randomBytes(NONCE_BYTES), bytesOf(text), place),

    sealAlike (text, place, keyId = first?.id) {
      const subkeys = keyId === undefined ? undefined : known.get(keyId)
      if (subkeys === undefined) return escaped(text)
      const bytes = bytesOf(text)
      return sealed(subkeys, digest(subkeys.nonces, bytes, place).subarray(0, NONCE_BYTES), bytes, place)
    },

    open (text, place) {
      if (!text.startsWith(RESERVED)) return text
      if (first !== undefined && text.startsWith(first.marker)) return opened(first, text, place)
      if (text.startsWith(PLAIN)) return text.slice(PLAIN.length)
      if (!ANY_FORM.test(text)) return text
      const id = idIn(text)
      const subkeys = id === undefined ? undefined : known.get(id)
      if (subkeys === undefined) throw new PersonalDataKeyLost()
      return opened(subkeys, text, place)
    },

    keepingOf (text) {
      if (!ANY_FORM.test(text)) return 'plain'
      return first !== undefined && text.startsWith(first.marker) ? 'current' : 'other key'
    }
  }
}

const escaped = (text: string) => text.startsWith(RESERVED) ? PLAIN + text : text

function idIn (text: string): string | undefined {
  if (!text.startsWith(SEALED)) return undefined
  const end = text.indexOf(':', SEALED.length)
  return end < 0 ? undefined : text.slice(SEALED.length, end)
}

/** A key for each purpose: what leaks of one says nothing about another. */
function subkeysOf (id: string, key: Uint8Array): Subkeys {
  const derived = (purpose: string) => createSecretKey(Buffer.from(hkdfSync('sha256', key, 'teleconsultation-backend', `personal data ${purpose}`, 32)))
  return { id, marker: `${SEALED}${id}:`, encryption: derived('encryption'), nonces: derived('nonces'), contexts: new Map() }
}

function contextOf ({ marker, contexts }: Subkeys, place: string): Buffer {
  let context = contexts.get(place)
  if (context === undefined) {
    context = Buffer.from(marker + place)
    contexts.set(place, context)
  }
  return context
}

function sealed (subkeys: Subkeys, nonce: Uint8Array, bytes: Uint8Array, place: string): string {
  const { marker, encryption } = subkeys
  const cipher = createCipheriv('aes-256-gcm', encryption, nonce).setAAD(contextOf(subkeys, place))
  const whole = Buffer.allocUnsafe(NONCE_BYTES + bytes.length + TAG_BYTES)
  whole.set(nonce)
  whole.set(cipher.update(bytes), NONCE_BYTES)
  cipher.final()
  whole.set(cipher.getAuthTag(), NONCE_BYTES + bytes.length)
  return marker + whole.toString('base64url')
}

function opened (subkeys: Subkeys, text: string, place: string): string {
  const { marker, encryption } = subkeys
  const whole = Buffer.from(text.slice(marker.length), 'base64url')
  if (whole.length < LEAST_BYTES) throw new PersonalDataKeyLost()
  const tagAt = whole.length - TAG_BYTES
  const cipher = createDecipheriv('aes-256-gcm', encryption, whole.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    .setAAD(contextOf(subkeys, place))
    .setAuthTag(whole.subarray(tagAt))
  const bytes = cipher.update(whole.subarray(NONCE_BYTES, tagAt))
  try {
    cipher.final()
  } catch {
    throw new PersonalDataKeyLost()
  }
  return bytes[0] === UTF_16 ? bytes.toString('utf16le', 1) : bytes.toString('utf8', 1)
}

const UTF_8 = 0
const UTF_16 = 1

/** UTF-8, but for a text with half a surrogate pair, which it cannot hold. */
function bytesOf (text: string): Buffer {
  const isWhole = text.isWellFormed()
  const encoding = isWhole ? 'utf8' : 'utf16le'
  const bytes = Buffer.allocUnsafe(1 + Buffer.byteLength(text, encoding))
  bytes[0] = isWhole ? UTF_8 : UTF_16
  bytes.write(text, 1, encoding)
  return bytes
}

const digest = (key: KeyObject, bytes: Uint8Array, place: string) =>
  createHmac('sha256', key).update(`${Buffer.byteLength(place)}:${place}`).update(bytes).digest()
