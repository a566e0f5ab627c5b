import { ConfigurationError } from './config/load.ts'
import type { Configuration } from './config/configuration.ts'
import { PersonalDataKeyLost } from './errors.ts'
import { fieldCipher, type FieldCipher, type FieldKey } from './privacy/field-cipher.ts'
import { generatedKeys, keptKeys, parseKeys } from './privacy/keys.ts'
import type { CrudCollection } from './storage/crud-client.ts'

/**
 * What encrypts personal data in the storage. Keys that were generated once go on decrypting, whatever is configured since. What was
 * encrypted with a key that is not there is not shown as if it were a name.
 *
 * @throws ConfigurationError
 * @throws Error when the file of the generated keys is damaged
 */
export function openCipher ({ personalDataKeys, dataPath }: Pick<Configuration, 'personalDataKeys' | 'dataPath'>): FieldCipher {
  if (personalDataKeys === 'generated') return fieldCipher({ keys: generatedKeys(dataPath) })
  const kept = keptKeys(dataPath)
  if (personalDataKeys === 'none') return fieldCipher({ keys: kept, seals: false })
  const keys = parsed(personalDataKeys)
  return fieldCipher({ keys: [...keys, ...kept.filter(({ id }) => keys.every((key) => key.id !== id))] })
}

function parsed (personalDataKeys: string): FieldKey[] {
  try {
    return parseKeys(personalDataKeys)
  } catch (error) {
    throw new ConfigurationError([`PII_ENCRYPTION_KEYS: ${(error as Error).message}`])
  }
}

/**
 * Whether a key is missing: the oldest and the latest few documents of each collection are looked at, not all. Where that cannot be told
 * it is not said.
 *
 * @param endsAt epoch milliseconds
 */
export async function isKeyMissing (collections: readonly CrudCollection[], endsAt: number): Promise<boolean> {
  const looks = collections.flatMap((collection) => ['_id', '-_id'].map(async (sort) => {
    try {
      await collection.list({ limit: LOOKED_AT, sort, states: ['PUBLIC', 'DRAFT', 'TRASH', 'DELETED'] }, {}, endsAt)
      return false
    } catch (error) {
      return error instanceof PersonalDataKeyLost
    }
  }))
  return (await Promise.all(looks)).includes(true)
}

const LOOKED_AT = 20
