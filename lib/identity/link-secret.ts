import { hkdfSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dataFile } from './data-file.ts'

/**
 * The secret behind personal links: the configured one, or one that is made once and kept in the data folder, readable
 * by its owner alone. Two processes that start at once end up with the same one.
 */
export function linkSecret (configured: string | undefined, dataPath: string): string {
  if (configured !== undefined) return configured
  const file = dataFile(dataPath, 'link-secret')
  try {
    writeFileSync(file, randomBytes(48).toString('base64url'), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  const secret = readFileSync(file, 'utf8').trim()
  if (secret.length < 32) throw new Error(`The key file ${file} is damaged: restore it from a backup, or remove it, after which every link given out so far is void`)
  return secret
}

/** A key of its own for every purpose, so that a token of one kind is never one of another. */
export const derivedKey = (secret: string, purpose: string): string =>
  Buffer.from(hkdfSync('sha256', secret, 'teleconsultation-backend', purpose, 32)).toString('base64url')
