import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * Whether an Authorization header carries the secret: as `Bearer`, which `reservations_api_headers` sends, or as the
 * password of `Basic` with any user name, which Prosody makes of an address like https://jitsi:secret@host/ where
 * headers cannot be configured. It leaves escapes in there as they are: the secret may need none.
 */
export function carriesSecret (authorization: string | undefined, secret: string): boolean {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(.+)$/i.exec(authorization ?? '') ?? []
  if (scheme.toLowerCase() !== 'basic') return isSame(value, secret)
  const pair = Buffer.from(value, 'base64').toString('utf8')
  return pair.includes(':') && isSame(pair.slice(pair.indexOf(':') + 1), secret)
}

// Hashes are of one length, so that the time tells nothing of the secret's.
const isSame = (given: string, secret: string) => given !== '' && timingSafeEqual(hashOf(given), hashOf(secret))
const hashOf = (text: string) => createHash('sha256').update(text).digest()
