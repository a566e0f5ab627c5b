import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { FieldKey } from './field-cipher.ts'

const KEY_BYTES = 32
const ID = /^[a-z0-9-]{1,32}$/
const DOUBTFUL_ENTRY = 'must be an id (1 to 32 lower-case letters, digits or hyphens), a colon, and 32 bytes in base64'

/**
 * Keys as configured: `id:base64,id2:base64`, 32 bytes each; the first one encrypts.
 *
 * @throws Error that names every wrong entry by its number, and holds nothing of it
 */
export function parseKeys (text: string): FieldKey[] {
  const keys: FieldKey[] = []
  const problems: string[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const key = keyOf(entry)
    if (key === undefined) problems.push(`entry ${index + 1} ${DOUBTFUL_ENTRY}`)
    else if (keys.some(({ id }) => id === key.id)) problems.push(`entry ${index + 1} has the id of an earlier one`)
    else if (keys.some((other) => Buffer.compare(other.key, key.key) === 0)) problems.push(`entry ${index + 1} has the key of an earlier one`)
    else keys.push(key)
  }
  if (problems.length > 0) throw new Error(problems.join('; '))
  return keys
}

function keyOf (entry: string): FieldKey | undefined {
  const at = entry.indexOf(':')
  const id = entry.slice(0, Math.max(at, 0))
  const given = entry.slice(at + 1)
  const key = Buffer.from(given, 'base64')
  return ID.test(id) && key.length === KEY_BYTES && key.toString('base64') === given ? { id, key } : undefined
}

/**
 * Keys that are made once and kept in the data folder, in the form of the configured ones and readable by their owner alone. Two
 * processes that start at once end up with the same one.
 *
 * @throws Error when the file cannot be read or made, or is damaged
 */
export function generatedKeys (dataPath: string): FieldKey[] {
  mkdirSync(dataPath, { recursive: true, mode: 0o700 })
  const file = fileIn(dataPath)
  if (!existsSync(file)) make(file)
  return read(file)
}

/**
 * Those that `generatedKeys` made earlier; none where it did not.
 *
 * @throws Error when the file cannot be read, or is damaged
 */
export const keptKeys = (dataPath: string): FieldKey[] => existsSync(fileIn(dataPath)) ? read(fileIn(dataPath)) : []

const fileIn = (dataPath: string) => join(dataPath, 'pii-keys')

function read (file: string): FieldKey[] {
  try {
    return parseKeys(readFileSync(file, 'utf8').trim())
  } catch (error) {
    throw new Error(`The key file ${file} is damaged: restore it from a backup; without it names and addresses that are stored cannot be read any more`, { cause: error })
  }
}

/** The file is there as a whole or not at all, also for who looks meanwhile and after a loss of power. */
function make (file: string): void {
  // An id of its own: should the file get lost, what it sealed is told from what its successor seals.
  const text = `k${randomBytes(4).toString('hex')}:${randomBytes(KEY_BYTES).toString('base64')}\n`
  const temporary = `${file}.${randomBytes(8).toString('hex')}`
  const descriptor = openSync(temporary, 'wx', 0o600)
  try {
    writeSync(descriptor, text)
    fsyncSync(descriptor)
    linkSync(temporary, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(descriptor)
    unlinkSync(temporary)
  }
}
